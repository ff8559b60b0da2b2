"""Two or more computers of one person, each with a folder and a user's list of its own, and a bare repository between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dotscience_jlab.model.remote import Remote
from dotscience_jlab.recording.activity import Activity
from dotscience_jlab.recording.remotes import Remotes
from dotscience_jlab.recording.restore import IN_PLACE_ABOVE
from dotscience_jlab.recording.workspaces import Workspaces
from dotscience_jlab.settings import load_settings
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.widen import widen_history

from .folder import ROOMY, Project


class Machine(Project):
    """`self.store` is its folder's history; files, snapshots, runs as in `Project`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "churn"
        self.root.mkdir(parents=True)
        (self.root / "pyproject.toml").write_text("")
        self.in_place_above = IN_PLACE_ABOVE
        self.rules, self.now, self.n = ROOMY, 1_795_000_000.0 + 1000 * len(home.name), 0
        settings = load_settings({"HOME": str(home), "JUPYTER_DATA_DIR": str(home / "data")})
        self.workspaces = Workspaces(settings, open_store, widen_history)
        self.activities: dict[str, Activity] = {}
        self.remotes = Remotes(self.workspaces, self.activity)

    def activity(self, store: Any) -> Activity:
        return self.activities.setdefault(store.workspace.id, Activity())

    @property
    def store(self) -> History:
        return self.workspaces.at_root(self.root, create=True)  # type: ignore[return-value]

    def add(self, url: Path | str, **fields: Any) -> None:
        self.remotes.add(self.store, Remote("origin", str(url), is_unscanned_allowed=True, **fields), is_new_repository=False)

    def work(self, name: str, data: str | bytes = "") -> None:
        """One cell: a file written, a snapshot, an execution and a run of it."""
        self.n += 1
        self.write(name, data or name)
        self.snapshot(f"cell {name}")
        self.executed(self.n * 10 + len(self.home.name), source=name, snapshot=self.store.head().id)  # type: ignore[union-attr]
        self.ran(self.n)

    def push(self, **options: Any) -> dict[str, Any]:
        return self.remotes.push(self.store, None, progress=lambda *_: None, **options)

    def pull(self, **options: Any) -> dict[str, Any]:
        return self.remotes.pull(self.store, None, progress=lambda *_: None, **options)

    def get_back(self, url: Path | str | None = None, **options: Any) -> dict[str, Any]:
        told = self.remotes.get_back(str(self.root), None if url is None else str(url), progress=lambda *_: None, **options)
        return told[1]

    def messages(self, line: str = "main") -> list[str]:
        return [each.message for each in self.store.snapshots(line)]

    def sources(self) -> list[str]:
        return sorted(each.source for each in self.store.index.executions(limit=1000).items)

    def line(self, name: str = "origin:main") -> str:
        rows = self.remotes.list(self.store)[0]["lines"]
        return next(row["state"] for row in rows if row["remote_line"] == name)

    def close(self) -> None:
        self.workspaces.close()

"""The user's list of project folders: what is known of a history after its folder is gone.

`workspaces.json` in the data folder: id -> root, or id -> {root, recorded_at, remote} once more is known.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import InvalidRequest, StoreError
from ..model.codec import from_json, to_json
from ..model.ids import StoreId
from ..model.instant import Instant
from ..model.remote import Remote, checked_remote


@dataclass(frozen=True)
class KnownWorkspace:
    id: StoreId
    root: str
    recorded_at: Instant | None = None
    """When something was last recorded there, to about a minute."""
    remote: Remote | None = None
    """Where to get the history back from."""


class WorkspaceList:
    """Read anew at each question: another host's recorder may write it too. The last writer wins; it is only an overview."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._busy = threading.RLock()

    def all(self) -> dict[StoreId, KnownWorkspace]:
        try:
            body = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        found = (_read(StoreId(key), value) for key, value in body.items()) if isinstance(body, dict) else ()
        return {each.id: each for each in found}

    def keep(self, known: KnownWorkspace) -> None:
        """What is not known of it this time stays as it was. Nothing is written if nothing differs."""
        with self._busy:
            listed = self.all()
            old = listed.get(known.id)
            if old is not None:
                known = replace(known, recorded_at=max(known.recorded_at or "", old.recorded_at or "") or None)  # type: ignore[arg-type]
            if known != old:
                self._write({**listed, known.id: known})

    def note(self, workspace: StoreId, recorded_at: Instant) -> None:
        """Of a history that is gone, if it is listed still: one that was forgotten is not."""
        with self._busy:
            known = self.all().get(workspace)
            if known is not None:
                self.keep(replace(known, recorded_at=recorded_at))

    def drop(self, workspace: StoreId) -> None:
        with self._busy:
            listed = self.all()
            if listed.pop(workspace, None) is not None:
                self._write(listed)

    def at_root(self, root: Path, but: StoreId | None = None) -> KnownWorkspace | None:
        """The history that was last recorded in this folder, other than `but`."""
        found = [each for each in self.all().values() if each.root == str(root) and each.id != but]
        return max(found, key=lambda each: each.recorded_at or "", default=None)

    def _write(self, listed: dict[StoreId, KnownWorkspace]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            draft.write_text(json.dumps({key: _written(each) for key, each in listed.items()}, indent=1), encoding="utf-8")
            os.replace(draft, self._path)
        except OSError as error:
            raise StoreError(f"The list of project folders cannot be written: {error.strerror}.") from error


def _read(workspace: StoreId, value: Any) -> KnownWorkspace:
    if not isinstance(value, dict):
        return KnownWorkspace(workspace, str(value))
    at, remote = value.get("recorded_at"), None
    try:
        remote = checked_remote(from_json(Remote, value["remote"])) if value.get("remote") else None
    except (InvalidRequest, TypeError, AttributeError):
        remote = None  # edited by hand into what is none
    return KnownWorkspace(workspace, str(value.get("root", "")), at if isinstance(at, str) else None, remote)  # type: ignore[arg-type]


def _written(known: KnownWorkspace) -> Any:
    more = {"recorded_at": known.recorded_at, "remote": to_json(known.remote)}
    return {"root": known.root, **{name: value for name, value in more.items() if value}} if any(more.values()) else known.root

"""Writes spools as a kernel would, and drives a real session recorder over them."""

from __future__ import annotations

import time
from pathlib import Path

from dotscience_jlab.model.frames import json_frame, points_frame
from dotscience_jlab.recording.activity import Activity
from dotscience_jlab.recording.inbox import Inbox
from dotscience_jlab.recording.kernels import Kernels
from dotscience_jlab.recording.recorder import SessionRecorder, Surroundings
from dotscience_jlab.recording.workspaces import Workspaces
from dotscience_jlab.settings import load_settings
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.widen import widen_history

SESSION = "k-0123456789abcdef"


class Bench:
    """A project folder, a spool, and the recorder that reads it; `write` appends events, `take_in` lets it read."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "churn"
        self.root.mkdir(exist_ok=True)
        self.settings = load_settings()
        self.workspaces = Workspaces(self.settings, open_store, widen_history)
        self.kernels = Kernels()
        self.activities: dict[str, Activity] = {}
        self.told: list[tuple] = []
        self.acknowledged: list[int] = []
        self.order = 0
        self.new_session(SESSION)

    def new_session(self, session: str) -> None:
        self.session = session
        self.spool = self.settings.spool_dir / session
        self.spool.mkdir(parents=True, exist_ok=True)
        self.file = self.spool / f"{0:016d}.spool"
        if not self.file.exists():
            self.write(
                "session_started", session=session, kind="kernel", pid=1, host="h", python="3.11.7", executable="python",
                cwd=str(self.root), package_version="0", kernel_id="kid", notebook_disk_path=str(self.root / "train.ipynb"),
            )
        self.recorder = self.new_recorder()

    def new_recorder(self) -> SessionRecorder:
        """As after a restart of the recorder: nothing in memory."""
        inbox = Inbox(self.spool)
        assert inbox.take()
        around = Surroundings(
            self.workspaces, self.kernels, lambda store: self.activities.setdefault(store.workspace.id, Activity()),
            lambda *told: self.told.append(told), lambda session, offset: self.acknowledged.append(offset), time.time,
        )
        return SessionRecorder(inbox, around)

    def restart(self) -> None:
        self.recorder.inbox.release(is_stored=False)
        self.workspaces.close()
        self.activities.clear()
        self.recorder = self.new_recorder()

    def write(self, event: str, **fields) -> None:
        self._append(json_frame({"event": event, "at": fields.pop("at", time.time()), **fields}))

    def points(self, name_set: int, step: int, values: tuple[float, ...]) -> None:
        self._append(points_frame(name_set, step, time.time(), values))

    def _append(self, data: bytes) -> None:
        with open(self.file, "ab") as file:
            file.write(data)

    def begin(self, source: str, cell: str | None = "c1", **fields) -> str:
        self.order += 1
        execution = f"{self.session}:m{self.order}"
        self.write("execution_started", execution=execution, source=source, order=self.order, cell_id=cell,
                   execution_count=self.order, **fields)
        return execution

    def end(self, execution: str, outcome: str = "ok", **fields) -> None:
        self.write("execution_finished", execution=execution, outcome=outcome, **fields)

    def cell(self, source: str, cell: str | None = "c1", outcome: str = "ok", prints: str = "", **fields) -> str:
        """A whole execution, taken in."""
        execution = self.begin(source, cell, **fields)
        if prints:
            self.write("output_seen", execution=execution, output={"output_type": "stream", "name": "stdout", "text": prints})
        self.end(execution, outcome)
        self.recorder.take_in()
        return execution

    @property
    def store(self):
        return self.workspaces.at_root(self.root, create=True)

"""What goes on in one workspace at this moment, across sessions: who runs, what waits, what was the last problem."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import DotscienceError
from ..model.ids import ExecutionId, SnapshotId, session_of
from ..model.paths import WorkspacePath
from ..store.base import ScanResult
from .documents import Documents
from .saves import Saves

if TYPE_CHECKING:
    from .arrivals import Arrival

ENDED_KEPT = 200
"""Of the executions that ended last: those a running one may have overlapped."""


@dataclass
class Activity:
    """In memory only. Guarded by the workspace's turn (`Workspaces.writer`), but for what is only shown."""

    documents: Documents = field(default_factory=Documents)
    saves: Saves = field(default_factory=Saves)
    running: dict[ExecutionId, float] = field(default_factory=dict)
    """execution -> when it started"""
    ended: deque[tuple[ExecutionId, float, float]] = field(default_factory=lambda: deque(maxlen=ENDED_KEPT))
    """(execution, started, ended)"""
    being_stored: dict[ExecutionId, float] = field(default_factory=dict)
    """Ended, not yet in the store: execution -> when it ended."""
    versions: dict[WorkspacePath, SnapshotId | None] = field(default_factory=dict)
    """path -> the snapshot that last changed it; filled as it is asked and as snapshots are made."""
    problem: DotscienceError | None = None
    """Why the last attempt to record failed; None when it worked."""
    copy_problem: DotscienceError | None = None
    """Why the last attempt to bring the kept copy up to date failed; None when it worked."""
    scan: ScanResult | None = None
    """The last look at the folder, for the status."""
    arrival: Arrival | None = None
    """How far the files of a fork are; None: they are all there."""
    recorded_at: float | None = None
    watch_checked_at: float | None = None
    """When every file was last held against the system's news of changes."""

    def begins(self, execution: ExecutionId, at: float) -> None:
        self.running[execution] = at

    def ends(self, execution: ExecutionId, started_at: float, ended_at: float) -> None:
        self.running.pop(execution, None)
        self.ended.append((execution, started_at, ended_at))
        self.being_stored[execution] = ended_at

    def is_stored(self, execution: ExecutionId) -> None:
        self.being_stored.pop(execution, None)

    def behind_s(self, now: float) -> float:
        """How long the oldest ended execution has been waiting for the store."""
        return max((now - ended for ended in self.being_stored.values()), default=0.0)

    def running_since(self, started_at: float) -> float:
        """When the first of the executions began that run now, or began at `started_at`."""
        return min((started_at, *self.running.values()))

    def others_during(self, execution: ExecutionId, started_at: float, ended_at: float) -> tuple[ExecutionId, ...]:
        """Executions of other sessions that overlapped it."""
        now = [each for each, began in self.running.items() if began < ended_at]
        past = [each for each, began, ended in self.ended if began < ended_at and ended > started_at]
        mine = session_of(execution)
        return tuple(sorted({each for each in (*now, *past) if session_of(each) != mine}))

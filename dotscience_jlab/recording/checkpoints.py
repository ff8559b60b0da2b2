"""Snapshots in the middle of a long cell: what it writes is kept as it goes, so that a cell that is killed can be gone on from.

Taken where `ds.checkpoint()` asks for one, and every `checkpoint_every_s` of what a cell declared or was seen writing. The
cell never waits for it: the recorder reads the files while it goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..model.events import RunRecorded
from ..model.ids import ExecutionId, RunId, SnapshotId
from ..model.instant import instant
from ..model.paths import WorkspacePath, relative_to_root
from ..model.snapshot import Snapshot, SnapshotDraft
from ..store.base import Store
from .activity import Activity
from .assemble import OpenExecution, OpenRun
from .workspaces import Workspaces
from .writers import writers_of

CHECKPOINT = "checkpoint"
"""The reason of such a snapshot, and the word by which a kernel asks for one (`RunRecorded.what`)."""
LEAST_PAUSE_S = 1.0
WORK_SHARE = 0.1
"""Of the time, at most, for checkpoints that are asked for: more of them become one."""
PROMISE_S = 5.0
"""After `ds.checkpoint()` its files count as whole for this long."""
MAX_FILES = 10_000
"""Of a declared folder."""
MAX_LOOKED_BACK = 500
"""Snapshots, for the last checkpoint of a cell that was cut off."""


@dataclass
class _Wish:
    run: RunId | None
    disk_paths: dict[str, None] = field(default_factory=dict)
    """Empty: what the run declared."""
    step: int | None = None
    heard_at: float = 0.0


@dataclass
class _Turn:
    """One running execution's."""

    next_at: float
    """When it is due without being asked for."""
    allowed_at: float = 0.0
    """Not before, even if it is asked for."""
    wish: _Wish | None = None
    snapshot: SnapshotId | None = None
    """The last that holds what was to be kept."""


@dataclass(frozen=True)
class Due:
    execution: OpenExecution
    run: RunId | None
    disk_paths: tuple[str, ...]
    """Files or folders."""
    step: int | None
    is_promised: bool
    """The cell said just now that they are whole."""


class Checkpoints:
    """Of one session: whose turn it is."""

    def __init__(self, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """every_s: 0 for never unasked. The clock stands still while the computer sleeps, as the cell does."""
        self._every_s = every_s
        self._clock = clock
        self._turns: dict[ExecutionId, _Turn] = {}

    def ask(self, event: RunRecorded, age_s: float) -> None:
        """`items`: disk path -> step or None; '' stands for what the run declared. age_s: of the event, as the clocks say."""
        turn = self._turn(event.execution) if event.execution is not None else None
        if turn is None:
            return
        before = turn.wish.disk_paths if turn.wish is not None else {}
        named = {os.path.normpath(path): None for path in event.items if path}
        step = next((each for each in event.items.values() if isinstance(each, int)), None)
        is_all = "" in event.items or (turn.wish is not None and not before)
        turn.wish = _Wish(event.run, {} if is_all else {**before, **named}, step, self._clock() - age_s)

    def due(self, executions: Mapping[ExecutionId, OpenExecution], run_of: Callable[[RunId], OpenRun | None]) -> Iterator[Due]:
        """Those whose turn it is; each is to be followed by `taken`. executions: those that run."""
        for gone in self._turns.keys() - executions.keys():
            del self._turns[gone]
        now = self._clock()
        for execution in executions.values():
            turn = self._turn(execution.id)
            if turn.wish is not None and now >= turn.allowed_at:
                wish, turn.wish = turn.wish, None
                runs = [wish.run] if wish.run else []
                paths = tuple(wish.disk_paths) or _declared(execution, run_of, runs) or _written(execution)
                yield Due(execution, wish.run, paths, wish.step, now - wish.heard_at < PROMISE_S)
            elif self._every_s and now >= turn.next_at and now >= turn.allowed_at:
                paths = tuple(dict.fromkeys((*_declared(execution, run_of, execution.runs), *_written(execution))))
                yield Due(execution, execution.runs[-1] if execution.runs else None, paths, None, False)

    def taken(self, due: Due, cost_s: float, snapshot: Snapshot | None) -> None:
        now = self._clock()
        turn = self._turn(due.execution.id)
        turn.next_at = now + self._every_s
        turn.allowed_at = now + max(LEAST_PAUSE_S, cost_s * (1 / WORK_SHARE - 1))
        turn.snapshot = snapshot.id if snapshot is not None else turn.snapshot

    def last_of(self, execution: OpenExecution, store: Store) -> SnapshotId | None:
        """The last one of that execution, also if a recorder before this one took it."""
        turn = self._turns.get(execution.id)
        return turn.snapshot if turn is not None and turn.snapshot is not None else _last_in(store, execution)

    def _turn(self, execution: ExecutionId) -> _Turn:
        if execution not in self._turns:
            self._turns[execution] = _Turn(self._clock() + self._every_s)
        return self._turns[execution]


def take_checkpoint(due: Due, store: Store, workspaces: Workspaces, activity: Activity, now: float) -> Snapshot | None:
    """The snapshot that holds them: the last one, where nothing differs from it; None if there is nothing to keep.

    Looks at these files alone. One that changed while it was read is left to the next time, and one that somebody has open for
    writing, unless the cell said just now that it is whole: half a model is nothing to go on from.
    """
    with workspaces.writer(store):
        paths = list(_files(due.disk_paths, store.root))
        if not due.is_promised:
            busy = writers_of(store.root / path for path in paths)
            paths = [path for path in paths if store.root / path not in busy]
        if not paths:
            return None
        scan = store.scan(workspaces.rules(store), paths, only=paths)
        edits = {path: entry for path, entry in scan.edits.items() if entry is not None and not entry.is_torn}
        if not edits:
            return store.head()
        execution = due.execution
        draft = SnapshotDraft(
            _message(due), instant(now), {**edits}, reason=CHECKPOINT, notebook=execution.notebook, run=due.run,
        )
        snapshot = store.publish(draft)
        activity.versions.update({path: snapshot.id for path in edits})
    return snapshot


def _last_in(store: Store, execution: OpenExecution) -> SnapshotId | None:
    """None if there is none. Reads up to MAX_LOOKED_BACK commits."""
    began_at = instant(execution.started.at)
    for snapshot in store.snapshots(limit=MAX_LOOKED_BACK):
        if snapshot.created_at < began_at:
            return None
        is_its_own = snapshot.run in execution.runs if snapshot.run else snapshot.notebook == execution.notebook
        if snapshot.reason == CHECKPOINT and is_its_own:
            return snapshot.id
    return None


def _declared(
    execution: OpenExecution, run_of: Callable[[RunId], OpenRun | None], runs: Iterable[RunId]
) -> tuple[str, ...]:
    """Disk paths of outputs that the runs, or the execution itself, declared."""
    own = [path for path, opening in execution.openings.items() if opening.is_declared and "output" in opening.roles]
    found = (run_of(each) for each in runs)
    of_runs = [path for run in found if run is not None for path, roles in run.declared.items() if "output" in roles]
    return tuple(dict.fromkeys((*own, *of_runs)))


def _written(execution: OpenExecution) -> tuple[str, ...]:
    """Disk paths that it was seen writing."""
    return tuple(path for path, opening in execution.openings.items() if "output" in opening.roles)


def _files(disk_paths: Iterable[str], root: Path) -> Iterator[WorkspacePath]:
    """The regular files among them and in their folders that lie in the workspace, each once; links are not followed."""
    seen: set[str] = set()
    for disk_path in disk_paths:
        for each in _below(disk_path):
            path = relative_to_root(os.path.join(os.path.realpath(os.path.dirname(each)), os.path.basename(each)), str(root))
            if path is not None and path not in seen and len(seen) < MAX_FILES:
                seen.add(path)
                yield path


def _below(disk_path: str) -> Iterator[str]:
    if os.path.islink(disk_path) or os.path.isfile(disk_path):
        yield disk_path
        return
    for folder, _, names in os.walk(disk_path):
        for name in sorted(names):
            if os.path.isfile(os.path.join(folder, name)):
                yield os.path.join(folder, name)


def _message(due: Due) -> str:
    """`train.ipynb In [12] checkpoint at step 1200`"""
    started = due.execution.started
    number = f" In [{started.execution_count}]" if started.execution_count is not None and started.kind != "script" else ""
    step = f" at step {due.step}" if due.step is not None else ""
    return f"{due.execution.path or started.kind}{number} checkpoint{step}"

"""How one session ends: the cause, which execution it cut off, and what has to be said again because of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..errors import NotFound
from ..model import events as ev
from ..model import execution as outcomes
from ..model import run as states
from ..model.certificate import Certificate, LastMetric
from ..model.execution import Failure
from ..model.ids import ExecutionId, SnapshotId
from ..model.instant import instant
from ..store.base import Record, Store
from .assemble import OpenExecution
from .certificate import Cause, decide_cause
from .kernels import Kernel
from .run_book import RunBook
from .witness import Seen, Witness

ORDER_SLACK_S = 0.5
"""A server's word that it ends a kernel and the kernel's that its cell was interrupted come by two sockets."""

Stores = Mapping[ExecutionId, Store]


class Ending:
    """Of one session: told of its executions as they end, asked once the process is gone."""

    def __init__(self) -> None:
        self._cause: Cause | None = None
        self._seen = Seen()
        self._is_decided = False
        self._has_said_goodbye = False
        self._last: tuple[OpenExecution, float] | None = None
        """The execution that ended last, and when that was heard of."""
        self._cut: OpenExecution | None = None
        self._checkpoint: SnapshotId | None = None

    def execution_ended(self, execution: OpenExecution, heard_at: float) -> None:
        self._last = execution, heard_at

    def decide(self, started: ev.SessionStarted | None, finished: ev.SessionFinished | None, told: Kernel | None,
               witness: Witness) -> None:
        """Once and for all: what the system can tell goes stale. told: the server's word on the end of this life."""
        if self._is_decided:
            return
        self._is_decided = True
        self._has_said_goodbye = finished is not None
        self._seen = witness.seen()
        kind = started.kind if started is not None else "kernel"
        self._cause = decide_cause(told, self._seen, kind, said_goodbye=self._has_said_goodbye)
        if self._cause is not None and self._cause.is_order and self._last is not None and told is not None:
            execution, heard_at = self._last
            is_meant = told.ended_at is not None and heard_at >= told.ended_at - ORDER_SLACK_S
            if execution.outcome == outcomes.INTERRUPTED and is_meant:
                self._cut = execution  # a server interrupts the cell before it ends the kernel

    def cut(self, execution: OpenExecution, checkpoint: SnapshotId | None) -> None:
        """It was running when the process ended. checkpoint: its last one."""
        self._cut, self._checkpoint = execution, checkpoint

    @property
    def death(self) -> str:
        """Why the process ended without a goodbye, in a sentence; '' if it said one."""
        return self._cause.sentence if self._cause is not None and not self._has_said_goodbye else ""

    def certificate(self, at: float, store: Store, last_metric: LastMetric | None) -> Certificate | None:
        """None: it ended by itself, and well."""
        cause, cut = self._cause, self._cut
        if cause is None:
            return None
        return Certificate(
            cause=cause.cause,
            sentence=cause.sentence,
            at=instant(at),
            signal=cause.signal,
            exit_status=cause.exit_status,
            peak_memory_bytes=self._seen.peak_memory_bytes,
            execution=cut.id if cut is not None else None,
            cell_id=cut.cell_id if cut is not None else None,
            last_metric=last_metric,
            resume_from=self._checkpoint or (_own_snapshot(store, cut) if cut is not None else None),
        )

    def corrections(self, runs: RunBook, stores: Stores) -> Iterator[tuple[Store, Record]]:
        """Records said again. Runs that are still open are told in place; `runs` says them when it closes them."""
        if self._cause is None or not self._has_said_goodbye:
            return
        if self._cut is not None:
            yield from self._interrupted_runs(self._cut, runs, stores)
        elif self._cause.exit_status and self._last is not None and self._last[0].started.kind == "script":
            yield from self._failed_script(self._last[0], runs, stores)

    def _interrupted_runs(self, cut: OpenExecution, runs: RunBook, stores: Stores) -> Iterator[tuple[Store, Record]]:
        assert self._cause is not None
        for run_id in cut.runs:
            run = runs.get(run_id)
            if run is not None:
                run.reason = self._cause.sentence if run.state(set()) == states.INTERRUPTED else run.reason
                continue
            store = stores[cut.id]
            known = store.index.run(run_id) if store.is_there() else None
            if known is not None and known.state == states.INTERRUPTED:
                yield store, replace(known, state_reason=self._cause.sentence)

    def _failed_script(self, script: OpenExecution, runs: RunBook, stores: Stores) -> Iterator[tuple[Store, Record]]:
        """`sys.exit(3)` reaches no hook of Python: the script reported itself as well ended, and its exit status says otherwise."""
        assert self._cause is not None
        store = stores[script.id]
        if script.outcome != outcomes.OK or not store.is_there():
            return
        try:
            known = store.index.execution(script.id)
        except NotFound:
            return
        failure = Failure("SystemExit", str(self._cause.exit_status))
        yield store, replace(known, outcome=outcomes.ERROR, error=failure)
        for run_id in script.runs:
            run = runs.get(run_id)
            if run is not None and run.is_closed_by_end and run.closed_as == states.FINISHED:
                run.closed_as, run.reason = states.FAILED, self._cause.sentence


def _own_snapshot(store: Store, cut: OpenExecution) -> SnapshotId | None:
    try:
        return store.index.execution(cut.id).snapshot
    except NotFound:
        return None

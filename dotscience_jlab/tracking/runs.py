"""Which run a value belongs to, and when runs begin and end: a pure state machine that returns the events to report.

    started by           ds.start(), with ds.run(), @ds.track, %ds_run start, %%ds_run, or the first value recorded without one
    an implicit run ends when a cell that recorded into it runs again, at start(), publish(), end() or the kernel's end
    its successor        takes over the parameters and labels that *other* cells recorded, never metrics or files
    its end state        is that of the last execution that recorded into it: finished, failed (with the error), interrupted

So five runs of a training cell are five runs, and parameters set once above stand in each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from ..model.events import Event, RunClosed, RunOpened, RunPublished
from ..model.ids import ExecutionId, RunId, new_run_id
from ..model.states import FAILED, FINISHED, INTERRUPTED
from ..model.values import Scalar

CARRIED_OVER = {"parameter": "parameters", "label": "labels"}
"""What of `RunRecorded` a successor inherits, and under which name in `RunOpened.carried_over`."""


N_REMEMBERED = 1000
"""Executions whose own run is remembered, for what their threads and tasks record later."""
NO_SUCCESSOR = "\0"
"""In the place of a cell: a value that belongs to this run alone."""


class Where(NamedTuple):
    """From which execution something was recorded, and which cell that is: the same cell run twice has one key."""

    execution: Optional[ExecutionId] = None
    cell: Optional[str] = None
    """Cell id, else a digest of the source; None for a console or outside any cell: such a place is never 'run again'."""


NOWHERE = Where()


@dataclass
class OpenRun:
    id: RunId
    opened_by: str
    name: Optional[str] = None
    is_scoped: bool = False
    """Belongs to a block (with, magic, track): ends with it, and does not become anybody's predecessor."""
    is_open: bool = True
    cells: Set[str] = field(default_factory=set)
    executions: Set[ExecutionId] = field(default_factory=set)
    values: Dict[str, Dict[str, Tuple[Scalar, Optional[str]]]] = field(default_factory=dict)
    """'parameters' | 'labels' -> name -> (value, the cell that recorded it)"""
    shown: Dict[str, Dict[str, object]] = field(default_factory=dict)
    """what -> name -> value, for the summary that publish shows."""
    newest_points: Dict[Tuple[str, ...], Tuple[float, ...]] = field(default_factory=dict)
    """names -> values of the last point of these names; the names used last stand last."""
    error: Optional[str] = None
    last_outcome: Tuple[str, Optional[str]] = ("ok", None)
    """Of the last execution that recorded into it: ok | error | interrupted, and the error in words."""
    automatic: Any = None
    """What autologging has put into it: `autolog.ledger.Page`, once there is something."""

    def metrics(self) -> Dict[str, object]:
        """name -> its newest value, a number or a text."""
        numbers = {name: value for names, values in self.newest_points.items() for name, value in zip(names, values)}
        return {**numbers, **self.shown.get("metric_text", {})}


class RunBook:
    """Not safe for threads by itself: the session holds a lock around every call."""

    def __init__(self, clock: Callable[[], float], new_id: Callable[[], RunId] = new_run_id) -> None:
        self._clock = clock
        self._new_id = new_id
        self._ambient: Optional[OpenRun] = None
        """The last run outside any block, open or closed: the predecessor of the next."""
        self._scoped: List[OpenRun] = []
        self._late: List[OpenRun] = []
        """Of executions that go on recording (a thread, a task) while the ambient run has become another's."""
        self._own: Dict[ExecutionId, OpenRun] = {}
        """execution -> the last run outside any block that it recorded into"""

    def current(self, scope: Optional[OpenRun] = None, execution: Optional[ExecutionId] = None) -> Optional[OpenRun]:
        """The run that a value would go to now: this task's own block, else the innermost block of this execution, else the
        ambient run. None: one is to be opened. A run that another execution has opened since this one recorded is not its own."""
        if scope is not None and scope.is_open:
            return scope
        for run in reversed(self._scoped):
            if execution is None or execution in run.executions:
                return run
        ambient = self._ambient
        if ambient is None or not ambient.is_open:
            return None
        if execution is None or execution in ambient.executions:
            return ambient
        own = self._own.get(execution)
        return ambient if own is None else own if own.is_open else None

    def enter(self, where: Where, scope: Optional[OpenRun] = None) -> Tuple[OpenRun, List[Event]]:
        """The run for something recorded at `where`, opened implicitly if there is none; remembers that this cell recorded."""
        run = self.current(scope, where.execution)
        events: List[Event] = []
        if run is None:
            is_late = self._ambient is not None and self._ambient.is_open
            run, events = self.start(where, "implicit", is_scoped=is_late, is_late=is_late)
        if where.cell is not None:
            run.cells.add(where.cell)
        if where.execution is not None and where.execution not in run.executions:
            run.executions.add(where.execution)
            run.last_outcome = ("ok", None)
        self._remember(run, where)
        return run, events

    def _remember(self, run: OpenRun, where: Where) -> None:
        if where.execution is not None and run not in self._scoped:
            self._own.pop(where.execution, None)
            self._own[where.execution] = run
            while len(self._own) > N_REMEMBERED:
                del self._own[next(iter(self._own))]

    def start(self, where: Where, opened_by: str, name: Optional[str] = None, description: Optional[str] = None,
              *, is_scoped: bool = False, is_late: bool = False) -> Tuple[OpenRun, List[Event]]:
        """Open a run; one that stands for no block closes its predecessor first."""
        events: List[Event] = []
        if not is_scoped and self._ambient is not None and self._ambient.is_open:
            events += self.close(self._ambient, where)
        run = OpenRun(self._new_id(), opened_by, name, is_scoped)
        run.values = {} if opened_by == "dotscience" else self._inheritance(where)  # the old library's start() discards
        carried = {group: {name: value for name, (value, _) in items.items()} for group, items in run.values.items() if items}
        events.append(RunOpened(self._clock(), run.id, opened_by, where.execution, name, description, carried))
        if is_late:
            self._late.append(run)
        elif is_scoped:
            self._scoped.append(run)
        else:
            self._ambient = run
        if where.execution is not None:
            run.executions.add(where.execution)
        if where.cell is not None:
            run.cells.add(where.cell)
        self._remember(run, where)
        return run, events

    def note(self, run: OpenRun, what: str, items: Dict[str, Scalar], where: Where) -> None:
        """Remember values for the successor, for the summary and for the end state."""
        if what in CARRIED_OVER:
            group = run.values.setdefault(CARRIED_OVER[what], {})
            for name, value in items.items():
                group[name] = (value, where.cell)
        elif what == "error":
            run.error = str(items.get("", "")) or None
        run.shown.setdefault(what, {}).update(items)

    def keep_to_itself(self, run: OpenRun, what: str, names: Iterable[str]) -> None:
        """What was noted under these names is not for the successor: a fit's parameters are of that fit."""
        group = run.values.get(CARRIED_OVER.get(what, ""), {})
        for name in names:
            if name in group:
                group[name] = (group[name][0], NO_SUCCESSOR)

    def publish(self, where: Where, description: Optional[str] = None,
                scope: Optional[OpenRun] = None) -> Tuple[OpenRun, List[Event]]:
        run, events = self.enter(where, scope)
        events.append(RunPublished(self._clock(), run.id, where.execution, description))
        return run, events + self.close(run, where)

    def close(self, run: OpenRun, where: Where = NOWHERE, outcome: Optional[str] = None,
              error: Optional[str] = None) -> List[Event]:
        """outcome: ok | error | interrupted of the block that ends; None: of the last execution that recorded. [] if closed."""
        if not run.is_open:
            return []
        run.is_open = False
        for blocks in (self._scoped, self._late):
            if run in blocks:
                blocks.remove(run)
        if outcome is None:
            outcome, error = run.last_outcome
        state = {"error": FAILED, "interrupted": INTERRUPTED}.get(outcome, FINISHED)
        if run.error is not None:
            state, error = FAILED, run.error
        return [RunClosed(self._clock(), run.id, state, where.execution, error)]

    def execution_started(self, cell: Optional[str]) -> List[Event]:
        """A cell begins: an implicit run it already recorded into is over."""
        run = self._ambient
        if cell is not None and run is not None and run.is_open and run.opened_by == "implicit" and cell in run.cells:
            return self.close(run)
        return []

    def execution_finished(self, execution: ExecutionId, outcome: str, error: Optional[str] = None) -> None:
        for run in [self._ambient, *self._scoped, *self._late]:
            if run is not None and run.is_open and execution in run.executions:
                run.last_outcome = (outcome, error)

    def open_of(self, execution: ExecutionId) -> List[RunId]:
        """Open runs into which it recorded."""
        runs = (each for each in (self._ambient, *self._scoped) if each is not None and each.is_open)
        return [run.id for run in runs if execution in run.executions]

    def finish(self) -> List[Event]:
        """The process ends normally: every open run ends with it, the innermost first."""
        open_runs = [*reversed(self._scoped), *reversed(self._late), *([self._ambient] if self._ambient is not None else [])]
        return [event for run in open_runs for event in self.close(run)]

    def _inheritance(self, where: Where) -> Dict[str, Dict[str, Tuple[Scalar, Optional[str]]]]:
        if self._ambient is None:
            return {}
        return {
            group: {name: kept for name, kept in items.items() if kept[1] is None or kept[1] not in (where.cell, NO_SUCCESSOR)}
            for group, items in self._ambient.values.items()
        }

"""One life of one kernel or script process: what it reports, in which order, and what it waits for.

    a cell begins   wait until the one before is staged (waiting.py), report `execution_started`, ring
    while it runs   values, opened files and outputs go to the spool as they happen
    a cell ends     report `execution_finished`, ring; the acknowledgement is asked for when the next cell begins

A session that records nothing leaves no trace: its spool is made by its first event.
"""

from __future__ import annotations

import contextvars
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from .. import __version__
from ..link.client import Link
from ..link.launch import connect_or_launch
from ..model.events import (
    CaptureFault,
    Event,
    ExecutionFinished,
    ExecutionStarted,
    FileOpened,
    NamesChanged,
    NamesDeclared,
    OutputCleared,
    OutputSeen,
    RemoteOpened,
    RunRecorded,
    SessionFinished,
    SessionStarted,
)
from ..model.frames import NO_STEP, json_frame, points_frame
from ..model.ids import ExecutionId, RunId, execution_id, new_session_id
from ..model.values import Scalar
from ..settings import Settings
from .cell_number import CellNumber
from .child import go_on_after_fork
from .doorbell import Doorbell
from .fault_log import note_fault
from .outbox import Outbox, is_forked
from .outputs import Cleared, OutputFilter, Shown
from .runs import NOWHERE, OpenRun, RunBook, Where
from .secrets import Secrets
from .surroundings import Surroundings
from .waiting import Patience
from .working_folder import working_folder, working_folder_if_any
from .writing import Writing

LOOK_S = 10.0
"""For the recorder's part of the environment; a background thread waits for it."""
MAX_SOURCE_CHARACTERS = 10_000_000

About = Mapping[str, Any]
"""Fields of SessionStarted that only the surroundings know: kernel_id, notebook_disk_path, script_disk_path, capture_reasons."""


class OpenExecution:
    """A cell that runs: what is known of it until it is closed."""

    def __init__(self, id: ExecutionId, cell: Optional[str], kind: str, outputs: OutputFilter, *, is_muted: bool) -> None:
        self.id = id
        self.cell = cell
        self.kind = kind
        self.outputs = outputs
        self.is_muted = is_muted
        """Private or paused: nothing of it is kept but that it happened."""
        self.outcome = "ok"
        self.error: Tuple[Optional[str], Optional[str], List[str]] = (None, None, [])
        """name, value, traceback"""
        self.is_closed = threading.Event()
        self.writing = Writing()
        self.names: Optional[NamesChanged] = None
        """Told with its end: one write for both."""
        self.end_offset = -1
        """Of the spool, once closed: what the recorder acknowledges."""


class PointsRow(NamedTuple):
    """Where the next points of the same names go: asked for once, so that a step of a training loop costs one write."""

    execution: Optional[OpenExecution]
    run: OpenRun
    name_set: int


class Session:
    """All of it may be called from any thread. Nothing raises but a KeyboardInterrupt in `wait_for_recorder`."""

    def __init__(self, settings: Settings, kind: str = "kernel", *, about: Optional[About] = None,
                 environ: Optional[Mapping[str, str]] = None, clock: Callable[[], float] = time.time,
                 connect: Optional[Callable[[], Link]] = None) -> None:
        self.id = new_session_id()
        self.settings = settings
        self.kind = kind
        self.secrets = Secrets()
        self.runs = RunBook(clock)
        self.is_paused = False
        self.is_finished = False
        self.foreground: Callable[[], Optional[OpenExecution]] = lambda: None
        """Asked for the execution when no cell runs: a widget's callback, opened only now that it records something."""
        self._about = dict(about or {})
        self._environ = os.environ if environ is None else environ
        self._clock = clock
        self._started = clock()
        self._outbox: Optional[Outbox] = None
        self._cell_number: Optional[CellNumber] = None
        self._lock = threading.RLock()
        self._latest: Optional[OpenExecution] = None
        self._open: Dict[str, OpenExecution] = {}
        self._order = 0
        self._running: "contextvars.ContextVar[Optional[OpenExecution]]" = contextvars.ContextVar("execution", default=None)
        self._scope: "contextvars.ContextVar[Optional[OpenRun]]" = contextvars.ContextVar("run", default=None)
        self._name_sets: Dict[Tuple[Any, ...], int] = {}
        self._next_name_set = 1
        self._rows: Dict[Tuple[str, ...], PointsRow] = {}
        self._patience = Patience(settings.ack_wait_s)
        self._to_stage: Optional[OpenExecution] = None
        self._last_end = -1
        self._surroundings = Surroundings(self._environ, clock, self._emit_if_open, self.fault, self._ask_recorder)
        self._is_fault_told = False
        self._doorbell = Doorbell(self.id, settings, connect or (lambda: connect_or_launch(settings, "kernel", self.id)),
                                  self.secrets.learned)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    # -- executions ----------------------------------------------------------------------------------

    def wait_for_recorder(self) -> None:
        """Before a cell: let the one before be staged, within the rule of waiting.py. KeyboardInterrupt goes through."""
        previous, self._to_stage = self._to_stage, None
        if previous is None or not self._doorbell.is_connected:
            return
        if previous.is_closed.is_set() and self._doorbell.is_staged(previous.end_offset):
            self._patience.note(0.0, is_answered=True)
            return
        allowance = self._patience.allowance_s(self._clock() - self._started)
        began = time.monotonic()
        is_answered = False
        try:
            if allowance > 0 and previous.is_closed.wait(allowance):
                left = allowance - (time.monotonic() - began)
                is_answered = self._doorbell.wait(previous.end_offset, max(0.0, left))
        finally:
            self._patience.note(time.monotonic() - began, is_answered=is_answered)

    def catch_up(self, timeout_s: float) -> bool:
        """Before a question to the recorder: let it take in every cell that has ended. True if it has."""
        return self._last_end < 0 or self._doorbell.wait(self._last_end, timeout_s)

    def start_execution(self, msg_id: str, source: str, *, kind: str = "cell", cell_id: Optional[str] = None,
                        cell: Optional[str] = None, execution_count: Optional[int] = None,
                        is_private: bool = False) -> OpenExecution:
        """Report that a cell begins. cell: its key for the rules of runs (runs.Where.cell)."""
        with self._lock:
            self.learn_secrets(source)
            self._order += 1
            is_muted = is_private or self.is_paused
            if kind != "nested":
                self._surroundings.cell_begins()
            execution = OpenExecution(
                execution_id(self.id, msg_id), cell, kind, OutputFilter(self.secrets, self.settings.limits.output_bytes),
                is_muted=is_muted,
            )
            if len(source) > MAX_SOURCE_CHARACTERS:
                source = f"{source[:MAX_SOURCE_CHARACTERS]}\n# … cut here: {len(source)} characters"
            closed = [] if is_muted or kind == "nested" else self.runs.execution_started(cell)
            started = ExecutionStarted(
                self._clock(), execution.id, "" if is_muted else source, self._order, kind,
                None if cell_id is None else str(cell_id), execution_count, is_private, self.is_paused and not is_private,
            )
            self.emit(*closed, started)
            self._number_cell()
            execution.writing.begin(self.position())
            if kind != "nested":
                self._open[msg_id] = execution
                self._latest = execution
                self._running.set(execution)
                self._to_stage = execution
            self._ring()
            return execution

    def note_outcome(self, execution: OpenExecution, outcome: str, name: Optional[str] = None, value: Optional[str] = None,
                     traceback: Iterable[str] = ()) -> None:
        """How its code ended; the execution stays open until everything it shows is out."""
        execution.outcome = outcome
        execution.error = (name, value, list(traceback))

    def leave(self, execution: OpenExecution) -> None:
        """Its code is over: from here on this thread works for no cell."""
        if self._running.get() is execution:
            self._running.set(None)

    def finish_execution(self, execution: OpenExecution) -> None:
        """Close it: report what is left of its outputs and how it ended, and ring. Closing twice is closing once."""
        with self._lock:
            if execution.is_closed.is_set():
                return
            events: List[Event] = []
            name, value, traceback = execution.error
            if execution.is_muted:
                value, traceback = None, []
            else:
                events += self._output_events(execution, execution.outputs.rest())
                self.runs.execution_finished(execution.id, execution.outcome, f"{name}: {value}" if name else None)
                events += self._surroundings.loaded_by(self.runs.open_of(execution.id))
                events += [execution.names] if execution.names is not None else []
            n_written, n_children = execution.writing.end(self.position())
            events.append(ExecutionFinished(self._clock(), execution.id, execution.outcome, name, value, traceback,
                                            n_written, n_children))
            self.emit(*events)
            for msg_id in [key for key, each in self._open.items() if each is execution]:
                del self._open[msg_id]
            if self._latest is execution:
                self._latest = next(reversed(list(self._open.values())), None)
            execution.end_offset = self._last_end = self.position()
            execution.is_closed.set()
        self._ring(execution.end_offset)
        self._surroundings.cell_ended()

    def execution_of(self, msg_id: str) -> Optional[OpenExecution]:
        return self._open.get(msg_id)

    def take_output(self, execution: OpenExecution, msg_type: str, content: Dict[str, Any]) -> None:
        """One iopub message of an execution, as the kernel published it."""
        if execution.is_muted:
            return
        if msg_type == "error" and execution.outcome == "ok":
            execution.outcome = "error"
            execution.error = (content.get("ename"), content.get("evalue"), list(content.get("traceback") or []))
        events = self._output_events(execution, execution.outputs.take(msg_type, content))
        if events:
            self.emit(*events)

    def current(self) -> Optional[OpenExecution]:
        """The execution that the calling code belongs to: its own task's, else the newest one that runs."""
        return self._running.get() or self._latest or self.foreground()

    def carried(self) -> "Tuple[contextvars.ContextVar[Any], ...]":
        """What a thread takes along from where it was started: its execution and its run's block."""
        return self._running, self._scope

    # -- runs ----------------------------------------------------------------------------------------

    def where(self) -> Where:
        execution = self.current()
        return NOWHERE if execution is None else Where(execution.id, execution.cell)

    def is_muted(self) -> bool:
        """True while what is recorded here goes nowhere: paused, private, switched off or at the end."""
        if self.is_finished or self.settings.is_disabled:
            return True
        execution = self.current()
        return self.is_paused if execution is None else execution.is_muted

    def record(self, what: str, items: Dict[str, Any]) -> None:
        """Values or declarations of the current run; `what` and `items` as in events.RunRecorded."""
        if self.is_muted():
            return
        with self._lock:
            where = self.where()
            run, events = self.runs.enter(where, self._scope.get())
            self.runs.note(run, what, items, where)
            self.emit(*events, RunRecorded(self._clock(), run.id, what, items, where.execution))

    def enter_run(self) -> Optional[OpenRun]:
        """The run that what is recorded here and now goes to, opened if there is none; None while nothing is recorded."""
        if self.is_muted():
            return None
        with self._lock:
            run, events = self.runs.enter(self.where(), self._scope.get())
            self.emit(*events)
            return run

    def record_points(self, names: Tuple[str, ...], values: Tuple[float, ...], step: Optional[int]) -> None:
        """Numbers of the current run at one step: one frame, about 4 µs. names and values: same length and order."""
        execution = self._running.get() or self._latest or self.foreground()
        if execution.is_muted if execution is not None else self.is_paused:
            return
        if self.is_finished or self.settings.is_disabled:
            return
        with self._lock:
            scope, row = self._scope.get(), self._rows.get(names)
            mine = None if execution is None else execution.id
            if row is None or row.execution is not execution or row.run is not self.runs.current(scope, mine):
                row = self._rows[names] = self._new_row(execution, scope, names)
            self._outbox.append(  # type: ignore[union-attr]  # a row is declared through it
                points_frame(row.name_set, NO_STEP if step is None else step, self._clock(), values))
            newest = row.run.newest_points
            newest.pop(names, None)  # so that what was recorded last stands last
            newest[names] = values

    def start_run(self, opened_by: str, name: Optional[str] = None, description: Optional[str] = None) -> Optional[OpenRun]:
        if self.is_muted():
            return None
        with self._lock:
            run, events = self.runs.start(self.where(), opened_by, name, description)
            self.emit(*events)
            self._ring()
            return run

    def open_scope(self, opened_by: str, name: Optional[str] = None) -> Optional[Tuple[OpenRun, Any]]:
        """A run for a block of code; hand the result to `close_scope`."""
        if self.is_muted():
            return None
        with self._lock:
            run, events = self.runs.start(self.where(), opened_by, name, is_scoped=True)
            self.emit(*events)
            return run, self._scope.set(run)

    def close_scope(self, scope: Tuple[OpenRun, Any], outcome: str = "ok", error: Optional[str] = None) -> None:
        run, token = scope
        try:
            self._scope.reset(token)
        except ValueError:  # left in another task than it was entered in
            self._scope.set(None)
        with self._lock:
            self.emit(*self.runs.close(run, self.where(), outcome, error))
            self._ring()

    def current_run(self) -> Optional[OpenRun]:
        execution = self._running.get() or self._latest
        return self.runs.current(self._scope.get(), None if execution is None else execution.id)

    def end_run(self) -> Optional[OpenRun]:
        """Close the current run; None if none is open."""
        with self._lock:
            run = self.current_run()
            if run is not None:
                self.emit(*self.runs.close(run, self.where()))
                self._ring()
            return run

    def publish(self, description: Optional[str] = None) -> Optional[OpenRun]:
        if self.is_muted():
            return None
        with self._lock:
            run, events = self.runs.publish(self.where(), description, self._scope.get())
            self.emit(*events)
            self._ring()
            return run

    # -- files, artifacts, faults --------------------------------------------------------------------

    def file_opened(self, disk_path: str, role: str, seen_by: str, was_there: Optional[bool] = None) -> None:
        """Called from inside somebody's `open`: no lock, no waiting, one write. Before the first event nothing is reported."""
        if self._outbox is None or self.is_finished:
            return
        execution = self._running.get() or self._latest
        if execution.is_muted if execution is not None else self.is_paused:
            return
        self.emit(FileOpened(self._clock(), disk_path, role, self.working_for(), seen_by, was_there=was_there))

    def remote_opened(self, url: str, role: str, found: Mapping[str, Any]) -> None:
        """As `file_opened`, of something that lies elsewhere; found: fields of events.RemoteOpened."""
        if self._outbox is None or self.is_finished:
            return
        execution = self._running.get() or self._latest
        if execution.is_muted if execution is not None else self.is_paused:
            return
        self.emit(RemoteOpened(self._clock(), url, role, self.working_for(), **found))

    def working_for(self) -> Optional[ExecutionId]:
        """The cell that the calling thread works for; None between cells."""
        execution = self._running.get() or self._latest
        return None if execution is None or execution.is_closed.is_set() else execution.id

    def keep_artifact(self, name: str, data: bytes) -> Optional[Path]:
        with self._lock:
            self._begin()
            assert self._outbox is not None
            return self._outbox.keep_artifact(name, data)

    def fault(self, reason: str, *, trace: bool = True) -> None:
        """Something of ours went wrong: logged with its trace, and the execution becomes partial with this reason."""
        if trace:
            note_fault(self.settings, reason, self.secrets.clean)
        if self._outbox is None:
            return
        execution = self._running.get() or self._latest
        self.emit(CaptureFault(self._clock(), reason, None if execution is None else execution.id))

    # -- the process ---------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """Of its spool; made by its first event."""
        return self.settings.spool_dir / self.id

    @property
    def has_recorded(self) -> bool:
        return self._outbox is not None

    @property
    def recorder_problem(self) -> str:
        return self._doorbell.problem

    def learn_secrets(self, source: str) -> None:
        try:
            self.secrets.learn_environ(self._environ)
            self.secrets.learn_dotenv(working_folder(), os.fspath(self.settings.home))
            self.secrets.learn_from_source(source)
        except OSError:  # the working folder is gone
            pass

    def emit(self, *events: Event) -> None:
        """Append events in one write, known secrets replaced."""
        if not events:
            return
        if self._outbox is None:
            self._begin()
        assert self._outbox is not None
        clean = self.secrets.clean_value
        told = self._surroundings.around(events)
        is_written = self._outbox.append(b"".join([json_frame(clean(event.to_json())) for event in told]))
        if is_written and self._outbox.n_lost:
            n_lost, self._outbox.n_lost = self._outbox.n_lost, 0
            self.emit(CaptureFault(self._clock(), f"{n_lost} reports could not be written: the disk was full or read-only."))

    def position(self) -> int:
        return -1 if self._outbox is None else self._outbox.position()

    def finish(self, reason: str = "exit") -> None:
        """The process ends by itself: close what is open and say so. Doing it twice is doing it once."""
        if self.is_finished or is_forked():
            return
        if self._outbox is None:
            self.is_finished = True
            return
        with self._lock:
            for execution in list(self._open.values()):
                self.finish_execution(execution)
            self._surroundings.finish()
            self.emit(*self.runs.finish())
            self.emit(SessionFinished(self._clock(), reason))
            self.is_finished = True
            self._ring()
            self._outbox.close()
            self._doorbell.close()

    # -- inside --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        with self._lock:
            if self._outbox is not None:
                return
            self._outbox = Outbox(self.folder, self._tell_fault)
            started = SessionStarted(
                self._started, self.id, self.kind, os.getpid(), socket.gethostname(), sys.version.split()[0], sys.executable,
                working_folder_if_any(), __version__, argv=list(sys.argv), **self._about,
            )
            self.emit(started)
        self._surroundings.list_later()

    def _number_cell(self) -> None:
        if self._cell_number is None:
            self._cell_number = CellNumber(self.folder, is_writer=True)
        self._cell_number.write(self._order)

    def _emit_if_open(self, *events: Event) -> None:
        with self._lock:
            if not self.is_finished:
                self.emit(*events)

    def _ask_recorder(self, params: Dict[str, Any]) -> Dict[str, Any]:
        """What the recorder sees of the environment. DotscienceError if there is none, or none that knows the question."""
        link = connect_or_launch(self.settings, "kernel")
        try:
            return dict(link.request("environments.look", params, timeout_s=LOOK_S))
        finally:
            link.close()

    def _output_events(self, execution: OpenExecution, shown: Iterable[Any]) -> List[Event]:
        now = self._clock()
        events: List[Event] = []
        for each in shown:
            if isinstance(each, Cleared):
                events.append(OutputCleared(now, execution.id, each.wait))
            elif isinstance(each, Shown):
                events.append(OutputSeen(now, execution.id, each.output, each.display_id, each.is_update, each.n_cut_bytes))
        return events

    def _new_row(self, execution: Optional[OpenExecution], scope: Optional[OpenRun], names: Tuple[str, ...]) -> PointsRow:
        """The row for points of these names from here on: its run is entered, its names are declared once."""
        where = NOWHERE if execution is None else Where(execution.id, execution.cell)
        run, events = self.runs.enter(where, scope)
        key = (run.id, where.execution, names)
        name_set = self._name_sets.get(key)
        if name_set is None:
            name_set = self._name_sets[key] = self._new_name_set()
            events = [*events, NamesDeclared(self._clock(), name_set, run.id, list(names), where.execution)]
        self.emit(*events)
        return PointsRow(execution, run, name_set)

    def _new_name_set(self) -> int:
        """Unique over this process and its forked children: a child counts in a range of its own."""
        number, self._next_name_set = self._next_name_set, self._next_name_set + 1
        return number if not is_forked() else ((os.getpid() & 0x7FFF) + 1) << 16 | (number & 0xFFFF)

    def _ring(self, offset: Optional[int] = None) -> None:
        self._doorbell.ring(self.position() if offset is None else offset)

    def _tell_fault(self, sentence: str) -> None:
        """Said where the user looks, once: the recorder may not be able to say it."""
        note_fault(self.settings, sentence)
        if not self._is_fault_told:
            self._is_fault_told = True
            print(f"dotscience: {sentence} Your code is not affected.", file=sys.stderr)

    def _after_fork(self) -> None:
        self._lock = threading.RLock()
        self._name_sets = {}
        self._next_name_set = 1
        self._rows = {}
        if self._outbox is not None and not self.is_finished:
            execution = self._running.get() or self._latest
            is_muted = execution.is_muted if execution is not None else self.is_paused
            go_on_after_fork(self.folder, self.working_for(), is_muted=is_muted)


def shown_values(run: OpenRun) -> Dict[str, Dict[str, Scalar]]:
    """What the summary shows: {'parameters', 'metrics', 'summary', 'labels'} -> name -> value."""
    inherited = {
        group: {name: value for name, (value, _) in items.items()} for group, items in run.values.items()
    }
    return {
        "parameters": inherited.get("parameters", {}),
        "metrics": run.metrics(),  # type: ignore[dict-item]
        "summary": dict(run.shown.get("summary", {})),  # type: ignore[arg-type]
        "labels": inherited.get("labels", {}),
    }


__all__ = ["About", "OpenExecution", "RunId", "Session", "shown_values"]

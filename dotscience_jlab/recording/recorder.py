"""The main story: one session's reports come in, in order, and become executions, runs and snapshots.

    events -> what is open now -> (a cell ends) stage the folder -> acknowledge -> build the notebook -> publish -> tell

One `SessionRecorder` per session, driven by one thread (`process.py`). Sessions of one workspace take turns while they stage
and publish. Replaying a spool from its start is harmless: what is in the store already is recognised by its id.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable

from ..errors import Conflict, DotscienceError, Forgotten, NotFound, StoreError
from ..model import events as ev
from ..model import execution as outcomes
from ..model.execution import Session
from ..model.frames import Points
from ..model.ids import ExecutionId, NotebookId, RunId, StoreId, new_notebook_id
from ..model.instant import instant
from ..model.paths import WorkspacePath, relative_to_root
from ..model.run import Run
from ..store.base import Record, Store
from . import notebook as notebooks
from .activity import Activity
from .assemble import OpenExecution
from .checkpoints import CHECKPOINT, Checkpoints, take_checkpoint
from .claims import Claims
from .ending import Ending
from .environments import SessionEnvironment
from .inbox import Inbox, Received, is_alive
from .kernels import Kernels
from .late_outputs import with_late_outputs
from .mappings import mapped_for_writing
from .open_cells import OpenCells
from .process_tree import has_children
from .publication import Aftermath, Circumstances, publish_execution
from .resources.sampler import Resources
from .run_book import RunBook
from .side_reports import SideReports
from .unopened import Writing
from .uses import CLOCK_SLACK_S
from .whereabouts import Whereabouts
from .witness import Witness
from .workspaces import Workspaces

REFUSALS = (StoreError, Conflict)
"""What passes: a full disk, a missing right, another program in the way. What met one is tried again, never dropped."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What a session recorder is handed: the rest of the recorder process, as plain functions where one will do."""

    workspaces: Workspaces
    kernels: Kernels
    activity: Callable[[Store], Activity]
    notify: Callable[..., None]
    """(topic, workspace, ids, path)"""
    acknowledge: Callable[[str, int], None]
    """(session, offset): everything before it is staged."""
    clock: Callable[[], float]
    resources: Resources = field(default_factory=Resources)
    claims: Claims = field(default_factory=Claims)
    """Of all sessions that this recorder looks after."""


class SessionRecorder:
    def __init__(self, inbox: Inbox, around: Surroundings) -> None:
        self.inbox = inbox
        self.around = around
        self.finished: ev.SessionFinished | None = None
        self._environment = SessionEnvironment()
        self._queue: deque[Received] = deque()
        self._where = Whereabouts(around.kernels)
        self._cells = OpenCells(inbox.session, inbox.folder, around.claims)
        self._runs = RunBook(inbox.session, self._cells.running, around.resources.summary_so_far)
        self._backlog: list[OpenExecution] = []
        """Ended, but not in the store: it refused (a full disk, no permission)."""
        self._last_cell: dict[str, str] = {}
        """notebook's disk path -> the cell executed last"""
        self._last_store: Store | None = None
        self._is_session_stored = False
        self.mapped: frozenset[str] = frozenset()
        """Disk paths that the session's processes had in their memory for writing when its last cell ended."""
        self._unopened: dict[RunId, ev.RunOpened] = {}
        """Opened by a cell that is not kept (paused, or its history is deleted); a cell that is may still record into them."""
        self._is_news_to_settle = False
        self.witness = Witness(inbox, around.workspaces.settings.node)
        self._ending = Ending()
        self._checkpoints = Checkpoints(around.workspaces.settings.checkpoint_every_s)

    # -- taking in ---------------------------------------------------------------------------------

    def take_in(self) -> bool:
        """Handle all that has arrived; True if there was something. Never raises for a bad event."""
        is_new = False
        self.witness.look()
        self._retry_backlog()
        while self._work_off_queue() and (received := self.inbox.read()):
            is_new = True
            self._queue.extend(received)
        self._note_refusal(self._runs.flush_points)
        for store in self.stores():
            store.listen()
        for fault in self.inbox.faults:
            log.warning("%s: %s", self.inbox.session, fault)
            self._note_fault(fault)
        self.inbox.faults.clear()
        self._store_late_outputs()
        self._note_refusal(self._show_runs)
        self._note_refusal(self._take_checkpoints)
        if not self._queue:
            self.around.acknowledge(self.inbox.session, self.inbox.position)
            self.around.claims.taken_in(self.inbox.session, self.inbox.folder, self.inbox.position)
            self._cells.look_at_inputs(self.around.workspaces.fingerprints)
            self._settle()
        return is_new

    def stores(self) -> set[Store]:
        """Of the cells that are running, and the one used last."""
        last = [self._last_store] if self._last_store is not None else []
        used = {*(self._cells.stores[each] for each in self._cells.running), *last}
        return {store for store in used if store.is_there()}

    @property
    def started(self) -> ev.SessionStarted | None:
        return self._where.started

    @property
    def children(self) -> SideReports:
        return self._cells.children

    @property
    def is_end_explained(self) -> bool:
        """Its server, or `ds run`, has said how it ended."""
        return self.started is None or self._where.told_end() is not None

    @property
    def is_running(self) -> bool:
        return bool(self._cells.running)

    @property
    def is_busy(self) -> bool:
        """A cell is running, or something waits for the store."""
        return bool(self._cells.running or self._backlog or self._queue)

    def finish(self) -> bool:
        """The process is gone: close what it left open, truthfully. True if all of it is durable."""
        if self._queue:
            return False
        at = self.finished.at if self.finished is not None else self.around.clock()
        self._cells.hear_children(at)
        self._ending.decide(self.started, self.finished, self._where.told_end(), self.witness)
        for execution in list(self._cells.running.values()):
            self._ending.cut(execution, self._checkpoints.last_of(execution, self._cells.stores[execution.id]))
            execution.ended_as = outcomes.INTERRUPTED if self.finished is not None else outcomes.KILLED
            execution.ended_at = at
            execution.faults.append(self._ending.death or "The process ended in the middle of it.")
            self._runs.cut_off(execution, execution.faults[-1])
            self._end(execution)
        self._retry_backlog()
        self._let_go_of_vanished()
        try:
            self._runs.flush_points()
            self._close_session(at)
        except DotscienceError as error:
            self._note_problem(error)
            return False
        return not self._backlog

    def _work_off_queue(self) -> bool:
        """Handle what has been read. False if the store refuses: what waits then stays, in its order, for the next time."""
        while self._queue:
            item = self._queue.popleft()
            if not self._handle_safely(item):
                self._queue.appendleft(item)
                return False
        return True

    def _handle_safely(self, item: Received) -> bool:
        """False: to be handled again."""
        try:
            self._handle(item)
        except REFUSALS as error:
            self._note_problem(error)
            return False
        except DotscienceError as error:
            self._note_problem(error)
        except Exception as error:  # one bad event must not cost the rest; it is named on its execution
            log.exception("event at %s of %s", item.position, self.inbox.session)
            self._note_fault(f"The recorder failed on one report: {type(error).__name__}.")
        return True

    def _note_refusal(self, write: Callable[[], None]) -> None:
        """Of a write that the next `take_in` does again."""
        try:
            write()
        except DotscienceError as error:
            self._note_problem(error)

    def _show_runs(self) -> None:
        self._runs.feed(self._environment.known, lambda store, run: self._tell("run", store, [run.id], run.path))

    def _handle(self, item: Received) -> None:
        if isinstance(item.frame, Points):
            self._runs.points(item.frame, item.position)
            return
        event = ev.event_from_json(item.frame)
        if isinstance(event, ev.ExecutionFinished):
            execution = self._cells.running.get(event.execution)
            if execution is not None:
                self._cells.hear_children(event.at)
                execution.finished = event
                self._end(execution, item.end)
        elif isinstance(event, ev.ExecutionStarted):
            self._is_news_to_settle = True
            self._cells.hear_children(event.at)
            if not self._is_over(event, item.position):
                self._on_execution_started(event)
        elif event is not None and not self._cells.hear(event):
            handler = self._HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)

    # -- what is open now --------------------------------------------------------------------------

    def _on_session_started(self, event: ev.SessionStarted) -> None:
        self._where.started = event

    def _on_session_finished(self, event: ev.SessionFinished) -> None:
        self.finished = event

    def _on_environment(self, event: ev.EnvironmentSeen) -> None:
        self._environment.see(event.environment)

    def _on_execution_started(self, event: ev.ExecutionStarted) -> None:
        with self.around.kernels.moving:
            self._begin(event)

    def _begin(self, event: ev.ExecutionStarted) -> None:
        disk_path = self._where.disk_path(event)
        store = self.around.workspaces.for_path(disk_path or self._where.folder(), create=True)
        self._follow_moves()
        if store.workspace.is_paused:
            return
        self._last_store = store
        execution = OpenExecution(event, self.inbox.session, disk_path, cell_id=event.cell_id)
        if disk_path is not None:
            execution.path = _path_in(store, disk_path)
        if execution.path is not None and event.kind in ("cell", "nested"):
            execution.notebook = NotebookId(store.index.notebook_for(execution.path) or new_notebook_id())
            self._match_cell(execution, store)
        elif event.kind == "cell":
            execution.cell_id_from = "message" if event.cell_id else "unknown"
        if event.is_private or event.is_paused:
            execution.faults.append("The cell is private." if event.is_private else "Recording was paused in this notebook.")
        self._cells.begin(execution, store)
        self.around.activity(store).begins(execution.id, event.at)
        self.around.resources.begins(self.inbox.session, self.inbox.process(), execution.id, self.inbox.folder)
        if not self._is_stored(store, execution.id):
            store.index.feed([store.cleaning.record(execution.record())])
            self._tell("execution", store, [execution.id], execution.path)

    def _on_run_opened(self, event: ev.RunOpened) -> None:
        store = self._store_of(event.execution)
        if store is None:
            self._unopened[event.run] = event
            return
        execution = self._cells.running.get(event.execution) if event.execution else None
        self._runs.opened(event, store, execution.disk_path if execution else self._where.script_path())

    def _on_run_event(self, event: ev.Event) -> None:
        if isinstance(event, (ev.RunRecorded, ev.NamesDeclared)):
            if event.execution in self._cells.running and event.run in self._unopened:
                self._on_run_opened(replace(self._unopened.pop(event.run), execution=event.execution))
        if isinstance(event, ev.RunRecorded):
            self._runs.recorded(event)
            if event.what == CHECKPOINT and event.execution in self._cells.running:
                self._checkpoints.ask(event, self.around.clock() - event.at)
        elif isinstance(event, ev.NamesDeclared):
            self._runs.names(event)
        elif isinstance(event, ev.RunClosed):
            self._runs.closed(event)
        elif isinstance(event, ev.RunPublished):
            self._runs.published(event)

    # -- a cell ends -------------------------------------------------------------------------------

    def _end(self, execution: OpenExecution, end_position: int | None = None) -> None:
        """Stage, acknowledge, publish. A store that refuses puts the execution on the backlog; nothing is dropped."""
        self._follow_moves()
        self._follow_rename(execution)
        self._cells.end(execution)
        self._is_news_to_settle = True
        store = self._cells.stores[execution.id]
        activity = self.around.activity(store)
        ended_at = self._ended_at(execution)
        activity.ends(execution.id, execution.started.at, ended_at)
        self._runs.execution_ended(execution, ended_at, self.around.resources.ends(self.inbox.session, execution.id))
        self._ending.execution_ended(execution, self.around.clock())
        if self._is_stored(store, execution.id):
            activity.is_stored(execution.id)
            self._runs.drop_closed()
            return
        self._publish_or_wait(execution, end_position)

    def _publish_or_wait(self, execution: OpenExecution, end_position: int | None) -> None:
        store = self._cells.stores[execution.id]
        try:
            try:
                self._publish(execution, end_position)
            except DotscienceError:
                raise
            except Exception as error:  # a fault of ours: at least what was executed is kept, and says that it is not whole
                log.exception("publishing %s", execution.id)
                reason = f"The recorder failed while storing it: {type(error).__name__}; it has no snapshot."
                execution.faults.append(reason)
                store.append([execution.record(reasons=self._partial_reasons(execution))])
        except Exception as error:  # not even that: it waits, and is tried again; nothing is dropped
            named = isinstance(error, DotscienceError)
            self._note_problem(error if named else StoreError(f"The history does not answer: {error}."), store)
            self._backlog.append(execution)

    def _publish(self, execution: OpenExecution, end_position: int | None) -> None:
        """end_position: of the spool behind its last event, to acknowledge; None: it was acknowledged before."""
        store = self._cells.stores[execution.id]
        self._runs.flush_points()

        def staged() -> Aftermath:
            if end_position is not None:
                self.around.acknowledge(self.inbox.session, end_position)

            def claimed(executions: tuple[ExecutionId, ...]) -> Iterable[str]:
                yield from self._written_by(executions)
                since = execution.started.at - CLOCK_SLACK_S
                yield from self.around.claims.of_others(self.inbox.session, since, executions)

            return Aftermath(self._begun_since(execution), claimed)

        before, self.mapped = self.mapped, self._mapped_now()
        told = Circumstances(
            ended_at=self._ended_at(execution),
            now=self.around.clock(),
            environment=self._environment.put(store),
            reasons=self._partial_reasons(execution),
            is_late=end_position is None,
            after_cell=self._last_cell.get(execution.disk_path or ""),
            mapped=before | self.mapped,
            writing=self._writing_of(execution),
            staged=staged,
        )
        activity = self.around.activity(store)
        snapshot = publish_execution(execution, store, self.around.workspaces, activity, self._runs, told)
        if execution.disk_path is not None and execution.cell_id is not None:
            self._last_cell[execution.disk_path] = execution.cell_id
        self._runs.drop_closed()
        self._tell("execution", store, [execution.id], execution.path)
        if execution.runs:
            self._tell("run", store, list(execution.runs), execution.path)
        if snapshot is not None:
            self._tell("snapshot", store, [snapshot.id], execution.path)

    def _retry_backlog(self) -> None:
        if self._backlog:
            self._follow_moves()
        waiting, self._backlog = self._backlog, []
        for execution in waiting:
            self._publish_or_wait(execution, None)

    def _take_checkpoints(self) -> None:
        process = self.inbox.process() if self._cells.running else None
        if process is not None and not is_alive(process):
            return  # what lies there now is what its end left
        for due in self._checkpoints.due(self._cells.running, self._runs.get):
            store, began_s, taken = self._cells.stores[due.execution.id], time.monotonic(), None
            try:
                taken = take_checkpoint(due, store, self.around.workspaces, self.around.activity(store), self.around.clock())
            finally:
                self._checkpoints.taken(due, time.monotonic() - began_s, taken)
            if taken is not None:
                self._tell("snapshot", store, [taken.id], due.execution.path)

    # -- a history that is not there any more ------------------------------------------------------

    def _follow_moves(self) -> None:
        """A history deleted under a living kernel, or widened to the parent folder: what is open goes on in the one there now.

        It is made for what runs or waits, not for what once was: a history that was forgotten does not come back with the
        next thing said about it. Where the folder itself is gone, nothing can be kept, until it is back. One stat for each
        store in use.
        """
        in_use = {self._cells.stores[each.id] for each in (*self._cells.running.values(), *self._backlog)}
        for gone in {*in_use, *self._runs.stores(), *([self._last_store] if self._last_store else [])}:
            if gone.is_there() or not gone.root.is_dir():
                continue
            try:
                store = self.around.workspaces.for_path(str(gone.root), create=gone in in_use)
            except NotFound:
                continue
            log.warning("%s: the history in %s is gone; what is open goes on in %s", self.inbox.session, gone.root, store.root)
            self._cells.stores = {each: store if where is gone else where for each, where in self._cells.stores.items()}
            for execution in (*self._cells.running.values(), *self._backlog):
                if self._cells.stores[execution.id] is store and execution.disk_path is not None:
                    execution.path = _path_in(store, execution.disk_path)
            self._runs.move(gone, store)
            if self._last_store is gone:
                self._last_store = store

    def _follow_rename(self, execution: OpenExecution) -> None:
        """A notebook that got another name while its cell ran: the file lies under that name now, and so does what is recorded."""
        store = self._cells.stores[execution.id]
        with self.around.kernels.moving:
            disk_path = self._where.disk_path(execution.started)
            if execution.path is None or disk_path in (None, execution.disk_path):
                return
            path = _path_in(store, disk_path)
            if path is not None and store.index.notebook_for(path) == execution.notebook:
                execution.disk_path, execution.path = disk_path, path

    def _let_go_of_vanished(self) -> None:
        """A history lies in its folder: who deletes it has deleted what this session could still add to it."""
        self._follow_moves()
        last = [self._last_store] if self._last_store is not None else []
        vanished = {store for store in (*self._cells.stores.values(), *self._runs.stores(), *last) if not store.is_there()}
        if vanished:
            n_lost = sum(self._cells.stores[each.id] in vanished for each in self._backlog)
            roots = ", ".join(str(each.root) for each in vanished)
            log.warning("%s: the history in %s is gone, and with it %d cells not yet stored", self.inbox.session, roots, n_lost)
            self._backlog = [each for each in self._backlog if self._cells.stores[each.id] not in vanished]
            self._runs.drop(vanished)
            self._last_store = None if self._last_store in vanished else self._last_store

    def _is_over(self, event: ev.ExecutionStarted, position: int) -> bool:
        """A replay of a cell that was dealt with before and is not in the history: forgotten since, or it was paused then."""
        if not self.inbox.settled.covers(event.execution, position):
            return False
        try:
            store = self.around.workspaces.for_path(self._where.disk_path(event) or self._where.folder(), create=False)
            store.index.execution(ExecutionId(event.execution))
        except NotFound:
            return True
        return False

    def _settle(self) -> None:
        if self._is_news_to_settle and not self._backlog:
            self.inbox.settle(self._cells.running)
            self._is_news_to_settle = False
            if not self._cells.running:
                self._cells.children.forget_ended()

    def _store_late_outputs(self) -> None:
        for execution in self._cells.take_late():
            store = self._cells.stores[execution.id]
            if not store.is_there():
                continue
            try:
                if not self._is_stored(store, execution.id):
                    continue  # still on the backlog: it will be stored with all it printed
                record = with_late_outputs(store.index.execution(execution.id), execution, store)
                if record is not None:
                    store.append([record])
                    self._tell("execution", store, [execution.id], execution.path)
            except DotscienceError as error:
                self._note_problem(error, store)

    def _partial_reasons(self, execution: OpenExecution) -> tuple[str, ...]:
        reasons = self._where.partial_reasons(execution.started.execution_count)
        if execution.outputs.n_cut_bytes:
            reasons.append(f"{execution.outputs.n_cut_bytes:,} bytes of output were left out; it is larger than the limit.")
        if execution.started.kind == "cell" and execution.cell_id_from == "unknown":
            reasons.append("The program that ran the cell does not say which cell of which notebook it was.")
        return tuple(reasons)

    def _begun_since(self, execution: OpenExecution) -> tuple[ExecutionId, ...]:
        """Cells of this session that began after it, as far as has been reported, handled or not.

        A kernel that works off a queue of cells may begin the next one before its other thread has reported the end of this one.
        """
        if self.inbox.has_more():
            self._queue.extend(self.inbox.read())
        running = (each.id for each in self._cells.running.values() if each.started.at > execution.started.at)
        return (*running, *(ExecutionId(event["execution"]) for event in self._waiting("execution_started")))

    def _written_by(self, executions: tuple[ExecutionId, ...]) -> Iterable[str]:
        """Disk paths they, or threads of no cell, were seen writing, whether their reports were handled yet or not."""
        yield from self._cells.writes(executions)
        for event in self._waiting("file_opened"):
            if event.get("execution") in executions and event.get("role") in ("output", "both"):
                yield os.path.normpath(event["disk_path"])

    def _waiting(self, kind: str) -> list[dict[str, Any]]:
        """Events of one kind that have arrived and wait to be handled."""
        frames = (item.frame for item in self._queue)
        return [frame for frame in frames if isinstance(frame, dict) and frame.get("event") == kind]

    # -- the session ends --------------------------------------------------------------------------

    def _close_session(self, at: float) -> None:
        by_store: dict[StoreId, tuple[Store, list[Record]]] = {}

        def add(store: Store, record: Record) -> None:
            by_store.setdefault(store.workspace.id, (store, []))[1].append(record)

        for where, record in self._ending.corrections(self._runs, self._cells.stores) if not self._is_session_stored else ():
            add(where, record)
        for store, run in self._runs.close_all(at, self._ending.death, self._environment.put):
            add(store, run)
        if self._last_store is not None and not self._is_session_stored:
            add(self._last_store, self._session_record(self._last_store, at))
        for store, records in by_store.values():
            store.append(records)
            self._tell("run", store, [record.id for record in records if isinstance(record, Run)], None)
        self._runs.clear()
        self.around.claims.ended(self.inbox.session)
        self._is_session_stored = True

    def _session_record(self, store: Store, at: float) -> Session:
        started, cause = self.started, self._ending.death
        certificate = self._ending.certificate(at, store, self._runs.last_point)
        if started is None:
            return Session(
                self.inbox.session, "kernel", instant(at), finished_at=instant(at), end="lost", end_reason=cause,
                certificate=certificate,
            )
        return Session(
            id=self.inbox.session,
            kind=started.kind,
            started_at=instant(started.at),
            python=started.python,
            executable=started.executable,
            host=started.host,
            pid=started.pid,
            kernel_id=started.kernel_id,
            finished_at=instant(at),
            end="exit" if self.finished is not None else "killed",
            end_reason=self.finished.reason if self.finished is not None else cause,
            capture_reasons=tuple(started.capture_reasons),
            environment=self._environment.put(store),
            details={"written_outside_cells": list(self._cells.background)} if self._cells.background else {},
            certificate=certificate,
        )

    # -- where it belongs --------------------------------------------------------------------------

    def _store_of(self, execution: ExecutionId | None) -> Store | None:
        """None: its workspace is paused."""
        if execution is not None:
            return self._cells.stores.get(execution)
        if self._last_store is None and self.started is not None:
            self._last_store = self.around.workspaces.for_path(self._where.script_path() or self._where.folder(), create=True)
        return self._last_store

    def _match_cell(self, execution: OpenExecution, store: Store) -> None:
        """An executor that names no cell is matched by source with the notebook it runs."""
        if execution.cell_id is None and execution.disk_path is not None:
            base = self.around.activity(store).documents.base(execution.disk_path)
            after = self._last_cell.get(execution.disk_path)
            execution.cell_id = notebooks.find_cell(base.document, None, execution.started.source, after)
            execution.cell_id_from = "matched" if execution.cell_id else "unknown"

    # -- small questions ---------------------------------------------------------------------------

    def _is_stored(self, store: Store, execution: ExecutionId) -> bool:
        """For good: a crash between the records and the line leaves one whose snapshot is not there, to be done again."""
        try:
            found = store.index.execution(execution)
            if found.snapshot is not None:
                store.snapshot(found.snapshot)
        except NotFound as error:
            return isinstance(error, Forgotten)
        return found.finished_at is not None

    def _ended_at(self, execution: OpenExecution) -> float:
        return execution.finished.at if execution.finished else execution.ended_at or self.around.clock()

    def _mapped_now(self) -> frozenset[str]:
        process = self.inbox.process()
        return mapped_for_writing(process.pid) if process is not None else frozenset()

    def _writing_of(self, execution: OpenExecution) -> Writing:
        finished, process = execution.finished, self.inbox.process()
        if finished is None:
            return Writing(None, False, is_known=False)
        is_helped = bool(finished.n_children) or (process is not None and has_children(process.pid))
        return Writing(finished.n_written_bytes, is_helped)

    def _note_fault(self, reason: str) -> None:
        for execution in self._cells.running.values():
            execution.faults.append(reason)

    def _note_problem(self, error: DotscienceError, store: Store | None = None) -> None:
        """Said once: what is tried again several times a second and refused each time is one problem."""
        store = store or self._last_store
        known = self.around.activity(store).problem if store is not None else None
        if known is None or str(known) != str(error):
            log.warning("%s: %s", self.inbox.session, error)
        if store is not None:
            self.around.activity(store).problem = error
            self._tell("status", store, [], None)

    def _tell(self, topic: str, store: Store, ids: list[Any], path: str | None) -> None:
        self.around.notify(topic, store.workspace.id, ids, path)

    _HANDLERS: dict[type, Callable[[SessionRecorder, Any], None]] = {
        ev.SessionStarted: _on_session_started,
        ev.SessionFinished: _on_session_finished,
        ev.EnvironmentSeen: _on_environment,
        ev.RunOpened: _on_run_opened,
        ev.RunRecorded: _on_run_event,
        ev.NamesDeclared: _on_run_event,
        ev.RunClosed: _on_run_event,
        ev.RunPublished: _on_run_event,
    }


def _path_in(store: Store, disk_path: str) -> WorkspacePath | None:
    """None: it lies elsewhere, links followed."""
    return relative_to_root(os.path.realpath(disk_path), str(store.root))

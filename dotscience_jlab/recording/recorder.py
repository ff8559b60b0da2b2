"""The main story: one session's reports come in, in order, and become executions, runs and snapshots.

    events -> what is open now -> (a cell ends) stage the folder -> acknowledge -> build the notebook -> publish -> tell

One `SessionRecorder` per session, driven by one thread (`process.py`). Sessions of one workspace take turns while they stage
and publish. Replaying a spool from its start is harmless: what is in the store already is recognised by its id.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Iterable

from ..errors import DotscienceError, NotFound, NotRecorded, StoreError
from ..model import events as ev
from ..model import execution as outcomes
from ..model import run as states
from ..model.execution import Execution, Session
from ..model.frames import NO_STEP, Points
from ..model.ids import BlobDigest, ExecutionId, NotebookId, RunId, SnapshotId, StoreId, new_notebook_id
from ..model.instant import instant
from ..model.paths import WorkspacePath, relative_to_root
from ..model.run import Artifact, Run
from ..model.snapshot import Snapshot, SnapshotDraft, TreeEntry
from ..store.base import Record, ScanResult, Store
from . import notebook as notebooks
from .assemble import OpenExecution, OpenRun, marked_run, outputs_json
from .documents import Documents
from .environments import environment_bytes
from .inbox import Inbox, Received
from .kernels import Kernels, cause_of_death
from .uses import FolderView, file_uses
from .workspaces import Workspaces

INLINE_OUTPUT_BYTES = 4096
"""Outputs up to this lie in the execution's record itself; larger ones in a blob of their own."""
LEFT_OUT_REASON = "Some output was left out because it is larger than the limit."

log = logging.getLogger(__name__)


@dataclass
class Activity:
    """What goes on in one workspace, across sessions. Guarded by the workspace's turn."""

    documents: Documents = field(default_factory=Documents)
    running: dict[ExecutionId, float] = field(default_factory=dict)
    """execution -> when it started"""
    ended: deque[tuple[ExecutionId, float, float]] = field(default_factory=lambda: deque(maxlen=200))
    versions: dict[WorkspacePath, SnapshotId | None] = field(default_factory=dict)
    """path -> the snapshot that last changed it; filled as it is asked and as snapshots are made."""
    problem: DotscienceError | None = None
    """Why the last attempt to record failed; None when it worked."""
    scan: ScanResult | None = None
    """The last look at the folder, for the status."""
    recorded_at: float | None = None
    being_stored: dict[ExecutionId, float] = field(default_factory=dict)
    """Ended, not yet in the store: execution -> when it ended."""

    def behind_s(self, now: float) -> float:
        """How long the oldest of them waits."""
        return max((now - ended for ended in self.being_stored.values()), default=0.0)

    def others_during(self, execution: OpenExecution, until: float) -> tuple[ExecutionId, ...]:
        """Executions of other sessions that overlapped it."""
        begun = execution.started.at
        now = [each for each, started in self.running.items() if started < until]
        past = [each for each, started, ended in self.ended if started < until and ended > begun]
        mine = execution.session + ":"
        return tuple(sorted({each for each in (*now, *past) if not each.startswith(mine)}))


@dataclass(frozen=True)
class Surroundings:
    """What a session recorder is handed: the rest of the recorder process, as plain functions where one will do."""

    workspaces: Workspaces
    kernels: Kernels
    activity: Callable[[Store], Activity]
    notify: Callable[..., None]
    """(topic, workspace, ids, path)"""
    acknowledge: Callable[[str, int], None]
    """(session, offset)"""
    clock: Callable[[], float]
    output_bytes: int


class SessionRecorder:
    def __init__(self, inbox: Inbox, around: Surroundings) -> None:
        self.inbox = inbox
        self.around = around
        self.started: ev.SessionStarted | None = None
        self.finished: ev.SessionFinished | None = None
        self.environment: dict[str, Any] | None = None
        self._environment_digests: dict[StoreId, BlobDigest] = {}
        self._queue: deque[Received] = deque()
        self._executions: dict[ExecutionId, OpenExecution] = {}
        self._stores: dict[ExecutionId | RunId, Store] = {}
        self._runs: dict[RunId, OpenRun] = {}
        self._names: dict[int, ev.NamesDeclared] = {}
        self._points: dict[RunId, list[tuple[int, str, int | None, float, float]]] = {}
        self._backlog: list[OpenExecution] = []
        """Finished, staged or not, but not yet in the store: it refused (full disk, no permission)."""
        self._last_cell: dict[str, str] = {}
        """notebook's disk path -> the cell executed last, where an unknown cell is put in behind."""
        self._last_store: Store | None = None

    # -- taking in ---------------------------------------------------------------------------------

    def take_in(self) -> bool:
        """Handle all that has arrived; True if there was something. Never raises for a bad event."""
        is_new = False
        self._retry_backlog()
        while received := self.inbox.read():
            is_new = True
            self._queue.extend(received)
            while self._queue:
                item = self._queue.popleft()
                try:
                    self._handle(item)
                except DotscienceError as error:
                    self._note_problem(error)
                except Exception as error:  # one bad event must not cost the rest; it is named on its execution
                    log.exception("event at %s of %s", item.position, self.inbox.session)
                    self._note_fault(f"The recorder failed on one report: {type(error).__name__}.")
            self._flush_points()
        for fault in self.inbox.faults:
            log.warning("%s: %s", self.inbox.session, fault)
            self._note_fault(fault)
        self.inbox.faults.clear()
        self._feed_runs()
        self.around.acknowledge(self.inbox.session, self.inbox.position)
        return is_new

    @property
    def is_busy(self) -> bool:
        """A cell is running, or something waits for the store."""
        return bool(self._executions or self._backlog)

    def finish(self) -> bool:
        """The process is gone: close what it left open, truthfully. True if all of it is durable."""
        at = self.finished.at if self.finished is not None else self.around.clock()
        kernel = self.around.kernels.get(self.started.kernel_id if self.started else None)
        for execution in list(self._executions.values()):
            execution.ended_as = outcomes.KILLED if self.finished is None else outcomes.INTERRUPTED
            execution.ended_at = at
            execution.faults.append(cause_of_death(kernel) if self.finished is None else "The process ended in the middle.")
            self._end(execution)
        self._flush_points()
        try:
            self._close_session(at, cause_of_death(kernel) if self.finished is None else "")
        except DotscienceError as error:
            self._note_problem(error)
            return False
        return not self._backlog

    def _handle(self, item: Received) -> None:
        if isinstance(item.frame, Points):
            self._on_points(item.frame, item.position)
            return
        event = ev.event_from_json(item.frame)
        if isinstance(event, ev.ExecutionFinished):
            execution = self._executions.get(event.execution)
            if execution is not None:
                execution.finished = event
                self._end(execution, item.end)
        elif event is not None:
            handler = self._HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)

    # -- executions --------------------------------------------------------------------------------

    def _on_session_started(self, event: ev.SessionStarted) -> None:
        self.started = event

    def _on_session_finished(self, event: ev.SessionFinished) -> None:
        self.finished = event

    def _on_environment(self, event: ev.EnvironmentSeen) -> None:
        self.environment = event.environment

    def _on_execution_started(self, event: ev.ExecutionStarted) -> None:
        disk_path = self._disk_path(event)
        store = self.around.workspaces.for_path(disk_path or self._folder(), create=True)
        if store.workspace.is_paused:
            return
        self._last_store = store
        execution = OpenExecution(event, self.inbox.session, disk_path, cell_id=event.cell_id)
        if disk_path is not None:
            execution.path = relative_to_root(os.path.realpath(disk_path), str(store.root))
        if execution.path is not None and event.kind in ("cell", "nested"):
            execution.notebook = self._notebook_id(store, execution.path)
            self._match_cell(execution, store)
        elif event.kind == "cell":
            execution.cell_id_from = "message" if event.cell_id else "unknown"
        if event.is_private or event.is_paused:
            execution.faults.append("The cell is private." if event.is_private else "Recording was paused in this notebook.")
        self._executions[execution.id] = execution
        self._stores[execution.id] = store
        activity = self.around.activity(store)
        activity.running[execution.id] = event.at
        if not self._is_stored(store, execution.id):
            store.index.feed([execution.record()])
            self._tell("execution", store, [execution.id], execution.path)

    def _on_output(self, event: ev.OutputSeen) -> None:
        execution = self._executions.get(event.execution)
        if execution is not None:
            execution.outputs.add(event)

    def _on_output_cleared(self, event: ev.OutputCleared) -> None:
        execution = self._executions.get(event.execution)
        if execution is not None:
            execution.outputs.clear(event)

    def _on_file(self, event: ev.FileOpened) -> None:
        execution = self._executions.get(event.execution) if event.execution else None
        if execution is not None:
            execution.opened(os.path.normpath(event.disk_path), event.role, event.seen_by)

    def _on_fault(self, event: ev.CaptureFault) -> None:
        execution = self._executions.get(event.execution) if event.execution else None
        for each in [execution] if execution else list(self._executions.values()):
            each.faults.append(event.reason)

    # -- runs --------------------------------------------------------------------------------------

    def _on_run_opened(self, event: ev.RunOpened) -> None:
        store = self._store_of(event.execution)
        if store is None:
            return
        execution = self._executions.get(event.execution) if event.execution else None
        disk_path = execution.disk_path if execution else self._script_path()
        stem = Path(disk_path).stem if disk_path else "run"
        try:
            known = store.index.run(event.run)
            number, name = known.number, known.name
        except NotFound:
            number = store.index.next_run_number()
            name = f"{stem} · {number}"
        run = OpenRun(event, self.inbox.session, number, name, disk_path)
        if execution is not None:
            run.path, run.notebook = execution.path, execution.notebook
        elif disk_path:
            run.path = relative_to_root(os.path.realpath(disk_path), str(store.root))
        self._runs[run.id] = run
        self._stores[run.id] = store
        self._join(run, event.execution)
        self._feed_runs()

    def _on_run_recorded(self, event: ev.RunRecorded) -> None:
        run = self._runs.get(event.run)
        if run is None:
            return
        self._join(run, event.execution)
        run.recorded(event)
        execution = self._executions.get(event.execution) if event.execution else None
        if event.what in ("input", "output") and execution is not None:
            for disk_path in event.items:
                execution.opened(os.path.normpath(disk_path), event.what, "declared")
        elif event.what in ("image", "table", "text", "model"):
            store = self._stores[run.id]
            for name, item in event.items.items():
                artifact = self._artifact(store, event.what, name, item if isinstance(item, dict) else {})
                run.artifacts[event.what, name, artifact.step] = artifact

    def _on_names(self, event: ev.NamesDeclared) -> None:
        self._names[event.name_set] = event

    def _on_points(self, points: Points, position: int) -> None:
        declared = self._names.get(points.name_set)
        run = self._runs.get(declared.run) if declared else None
        if declared is None or run is None:
            return
        self._join(run, declared.execution)
        step = None if points.step == NO_STEP else points.step
        rows = self._points.setdefault(run.id, [])
        for number, (name, value) in enumerate(zip(declared.names, points.values)):
            rows.append((position + number, name, step, points.time, value))
            run.add_point(name, step, value)

    def _on_run_closed(self, event: ev.RunClosed) -> None:
        run = self._runs.get(event.run)
        if run is not None:
            run.closed_as, run.error, run.ended_at = event.state, event.error or run.error, event.at
            run.is_changed = True

    def _on_run_published(self, event: ev.RunPublished) -> None:
        run = self._runs.get(event.run)
        if run is not None:
            run.published_at = event.at
            run.description = event.description or run.description
            run.is_changed = True

    def _join(self, run: OpenRun, execution_id: ExecutionId | None) -> None:
        execution = self._executions.get(execution_id) if execution_id else None
        if execution is not None:
            if run.id not in execution.runs:
                execution.runs.append(run.id)
            run.joined_by(execution.id)

    def _artifact(self, store: Store, kind: str, name: str, item: dict[str, Any]) -> Artifact:
        """What a run showed or saved; its bytes lie in a file beside the spool until they are in the store."""
        step = item.get("step")
        if kind == "model":
            disk_path = str(item.get("disk_path") or "")
            details = {key: str(value) for key, value in item.items() if key in ("module", "classes") and value is not None}
            path = relative_to_root(os.path.realpath(disk_path), str(store.root)) if disk_path else None
            return Artifact(name, kind, step, path=path, details=details)
        if item.get("disk_path"):
            data = Path(item["disk_path"]).read_bytes()
            return Artifact(name, kind, step, str(item.get("mime", "")), store.put_bytes(data))
        return Artifact(name, kind, step, str(item.get("mime", "text/plain")), value=str(item.get("value", "")))

    # -- a cell ends -------------------------------------------------------------------------------

    def _end(self, execution: OpenExecution, end_position: int | None = None) -> None:
        """Stage, acknowledge, publish. A store that refuses puts the execution on the backlog; nothing is dropped."""
        del self._executions[execution.id]
        store = self._stores[execution.id]
        activity = self.around.activity(store)
        ended_at = execution.finished.at if execution.finished else execution.ended_at or self.around.clock()
        activity.running.pop(execution.id, None)
        activity.ended.append((execution.id, execution.started.at, ended_at))
        activity.being_stored[execution.id] = ended_at
        for run_id in execution.runs:
            run = self._runs.get(run_id)
            if run is not None:
                run.last_outcome, run.is_changed = execution.outcome, True
                run.ended_at = ended_at if run.closed_as is None else run.ended_at
        if self._is_stored(store, execution.id):
            activity.being_stored.pop(execution.id, None)
            self._forget_closed_runs()
            return
        self._flush_points()
        try:
            self._publish(execution, store, activity, end_position)
        except StoreError as error:
            self._note_problem(error, store)
            self._backlog.append(execution)

    def _publish(self, execution: OpenExecution, store: Store, activity: Activity, end_position: int | None) -> None:
        workspaces = self.around.workspaces
        root = str(store.root)
        is_late = end_position is None
        with workspaces.writer(store):
            touched = [path for path in (relative_to_root(each, root) for each in execution.openings) if path]
            head = store.head()
            scan = store.scan(workspaces.rules(store), touched)
            if end_position is not None:
                self.around.acknowledge(self.inbox.session, end_position)
            ended_at = execution.finished.at if execution.finished else execution.ended_at or self.around.clock()
            execution.overlaps |= set(activity.others_during(execution, ended_at))
            followers = self._begun_after()
            execution.is_overlapped = is_late or bool(followers)
            edits = {path: entry for path, entry in scan.edits.items() if not self._is_old_notebook(activity, root, path)}
            come_from = self._put_notebook(execution, store, activity, edits)
            others = (*sorted(execution.overlaps), *followers)
            view = self._view(others, execution, store, activity, replace(scan, edits=edits), head, ended_at)
            files = file_uses(execution.openings, view, execution.id)
            reasons = self._partial_reasons(execution)
            environment = self._environment(store)
            outputs_blob = self._put_outputs(execution, store)
            marked = [each for each in execution.marked_runs() if each[0] not in self._runs and not self._has_run(store, each[0])]
            execution.runs += [run for run, _ in marked]

            def records(snapshot: Snapshot) -> Iterable[Record]:
                yield execution.record(
                    files=files,
                    snapshot=snapshot.id,
                    notebook_from=come_from,
                    reasons=reasons,
                    environment=environment,
                    outputs_blob=outputs_blob,
                )
                for run_id, body in marked:
                    number = store.index.next_run_number()
                    stem = Path(execution.disk_path).stem if execution.disk_path else "run"
                    yield marked_run(run_id, body, execution, number, f"{stem} · {number}", snapshot.id)
                for run in self._changed_runs(store):
                    if execution.id in run.executions:
                        run.snapshot = snapshot.id
                        run.files.update({(use.role, use.disk_path): use for use in files})
                    yield self._run_record(run, environment)

            before = head.id if head else None
            snapshot = store.publish(self._draft(execution, edits), records)
            if snapshot.id != before:
                activity.versions.update({path: snapshot.id for path in edits})
            activity.problem, activity.scan, activity.recorded_at = None, scan, self.around.clock()
            activity.being_stored.pop(execution.id, None)
        for run in self._runs.values():
            if self._stores[run.id] is store:
                run.is_changed = False
        self._forget_closed_runs()
        self._tell("execution", store, [execution.id], execution.path)
        if execution.runs:
            self._tell("run", store, list(execution.runs), execution.path)
        if snapshot.id != before:
            self._tell("snapshot", store, [snapshot.id], execution.path)

    def _put_notebook(
        self, execution: OpenExecution, store: Store, activity: Activity, edits: dict[WorkspacePath, TreeEntry | None]
    ) -> str:
        """Build the notebook as of this execution and make it part of the snapshot; returns what it was built on."""
        path, disk_path = execution.path, execution.disk_path
        if path is None or disk_path is None or execution.notebook is None:
            return "none"
        base = activity.documents.base(disk_path)
        document = base.document
        if execution.cell_id is not None and execution.started.kind == "cell" and not execution.started.is_private:
            document = notebooks.with_execution(
                document,
                execution.cell_id,
                execution.started.source,
                execution.outputs.outputs,
                execution.started.execution_count,
                self._last_cell.get(disk_path),
            )
            self._last_cell[disk_path] = execution.cell_id
            activity.documents.keep(disk_path, document, base.come_from if base.come_from != "disk" else "disk+executed")
        data = notebooks.write_document(document)
        edits[WorkspacePath(path)] = TreeEntry(store.put_bytes(data), len(data))
        return base.come_from.split("+", 1)[0]

    def _is_old_notebook(self, activity: Activity, root: str, path: WorkspacePath) -> bool:
        """The file on disk is older than what the history holds of that notebook: executed, not yet saved."""
        return path.endswith(".ipynb") and activity.documents.is_newer_than_disk(os.path.join(root, path))

    def _view(
        self,
        others: tuple[ExecutionId, ...],
        execution: OpenExecution,
        store: Store,
        activity: Activity,
        scan: ScanResult,
        head: Snapshot | None,
        ended_at: float,
    ) -> FolderView:
        def version(path: WorkspacePath) -> SnapshotId | None:
            if path not in activity.versions:
                activity.versions[path] = store.last_change(head.id, path) if head else None
            return activity.versions[path]

        def changed_at(path: WorkspacePath) -> float | None:
            try:
                return os.lstat(store.root / path).st_ctime
            except OSError:
                return None

        return FolderView(
            root=str(store.root),
            started_at=execution.started.at,
            ended_at=ended_at,
            scan=scan,
            before=lambda path: store.entry(head.id, path) if head else None,
            changed_at=changed_at,
            version=version,
            outside_digest=lambda disk_path: _fingerprint(disk_path, self.around.workspaces.rules(store).touched_file_bytes),
            others=others,
            claimed=frozenset(self._opened_by(others)),
            editor_paths=frozenset(path for path in scan.edits if path.endswith(".ipynb")),
        )

    def _draft(self, execution: OpenExecution, edits: dict[WorkspacePath, TreeEntry | None]) -> SnapshotDraft:
        return SnapshotDraft(
            message=_message(execution),
            created_at=instant(self.around.clock()),
            edits=edits,
            execution=execution.id,
            notebook=execution.notebook,
            run=execution.runs[-1] if execution.runs else None,
        )

    def _put_outputs(self, execution: OpenExecution, store: Store) -> BlobDigest | None:
        if not execution.outputs.outputs:
            return None
        data = outputs_json(execution.outputs.outputs)
        return store.put_bytes(data) if len(data) > INLINE_OUTPUT_BYTES else None

    def _partial_reasons(self, execution: OpenExecution) -> tuple[str, ...]:
        reasons = list(self.started.capture_reasons) if self.started else ["The beginning of the session is not known."]
        if execution.outputs.n_cut_bytes:
            reasons.append(LEFT_OUT_REASON)
        if execution.started.kind == "cell" and execution.cell_id_from == "unknown":
            reasons.append("The program that ran the cell does not say which cell of which notebook it was.")
        told = self.around.kernels.get(self.started.kernel_id if self.started else None).capture_reason
        return (*reasons, told) if told else tuple(reasons)

    def _begun_after(self) -> list[ExecutionId]:
        """Cells that began before the folder was staged: then the snapshot may hold some of their work."""
        if self.inbox.has_more():
            self._queue.extend(self.inbox.read())
        return [ExecutionId(event["execution"]) for event in self._waiting("execution_started")]

    def _opened_by(self, executions: tuple[ExecutionId, ...]) -> Iterable[str]:
        """Disk paths that those executions were seen writing, whether their reports were taken in yet or not."""
        for each in executions:
            known = self._executions.get(each)
            if known is not None:
                yield from (disk_path for disk_path, opening in known.openings.items() if "output" in opening.roles)
        for event in self._waiting("file_opened"):
            if event.get("execution") in executions and event.get("role") in ("output", "both"):
                yield os.path.normpath(event["disk_path"])

    def _waiting(self, kind: str) -> list[dict[str, Any]]:
        """Events of one kind that have arrived and wait to be handled."""
        frames = (item.frame for item in self._queue)
        return [frame for frame in frames if isinstance(frame, dict) and frame.get("event") == kind]

    def _retry_backlog(self) -> None:
        waiting, self._backlog = self._backlog, []
        for execution in waiting:
            store = self._stores[execution.id]
            try:
                self._publish(execution, store, self.around.activity(store), None)
            except DotscienceError as error:
                self._note_problem(error, store)
                self._backlog.append(execution)

    # -- sessions and runs, written ----------------------------------------------------------------

    def _close_session(self, at: float, cause: str) -> None:
        by_store: dict[StoreId, tuple[Store, list[Record]]] = {}
        for run in self._runs.values():
            store = self._stores[run.id]
            if run.closed_as is None and run.state(set()) == states.RUNNING:
                run.closed_as, run.reason = states.INCOMPLETE, cause
            if run.closed_as is None and cause and run.last_outcome == outcomes.KILLED:
                run.closed_as, run.reason = states.KILLED, cause
            run.ended_at = run.ended_at or at
            by_store.setdefault(store.workspace.id, (store, []))[1].append(
                self._run_record(run, self._environment(store))
            )
        if self._last_store is not None:
            store = self._last_store
            by_store.setdefault(store.workspace.id, (store, []))[1].append(self._session_record(store, at, cause))
        for store, records in by_store.values():
            store.append(records)
            self._tell("run", store, [record.id for record in records if isinstance(record, Run)], None)
        self._runs.clear()

    def _session_record(self, store: Store, at: float, cause: str) -> Session:
        started = self.started
        return Session(
            id=self.inbox.session,
            kind=started.kind if started else "kernel",
            started_at=instant(started.at if started else at),
            python=started.python if started else "",
            executable=started.executable if started else "",
            host=started.host if started else "",
            pid=started.pid if started else None,
            kernel_id=started.kernel_id if started else None,
            finished_at=instant(at),
            end="exit" if self.finished is not None else "killed",
            end_reason=self.finished.reason if self.finished is not None else cause,
            capture_reasons=tuple(started.capture_reasons) if started else (),
            environment=self._environment(store),
        )

    def _run_record(self, run: OpenRun, environment: BlobDigest | None) -> Run:
        return run.record(set(self._executions), environment)

    def _changed_runs(self, store: Store) -> list[OpenRun]:
        return [run for run in self._runs.values() if run.is_changed and self._stores[run.id] is store]

    def _forget_closed_runs(self) -> None:
        for run in [each for each in self._runs.values() if each.closed_as is not None and not each.is_changed]:
            del self._runs[run.id]

    def _feed_runs(self) -> None:
        """Show live runs now; they become durable when their cell ends."""
        for run in self._runs.values():
            store = self._stores[run.id]
            if run.is_changed and not self._is_stored_run(store, run):
                store.index.feed([run.record(set(self._executions), self._environment_digests.get(store.workspace.id))])
                self._tell("run", store, [run.id], run.path)
                run.is_changed = run.closed_as is not None or any(each in self._executions for each in run.executions)

    def _flush_points(self) -> None:
        for run_id, rows in self._points.items():
            self._stores[run_id].index.add_points(run_id, rows)
        self._points.clear()

    # -- small questions ---------------------------------------------------------------------------

    def _disk_path(self, event: ev.ExecutionStarted) -> str | None:
        """Of the notebook or script that this execution belongs to: the server knows best, then what the kernel was told."""
        if self.started is None or event.kind in ("console", "widget"):
            return None
        told = self.around.kernels.get(self.started.kernel_id).disk_path
        hint = told or self.started.notebook_disk_path or self.started.script_disk_path
        return hint if hint and os.path.isabs(hint) else None

    def _script_path(self) -> str | None:
        return self.started.script_disk_path or self.started.notebook_disk_path if self.started else None

    def _folder(self) -> str:
        """Where a session without a notebook belongs: to its working folder. Its kernel may still serve a notebook (a console)."""
        if self.started is None:
            raise NotRecorded("The beginning of this session is not known.")
        told = self.around.kernels.get(self.started.kernel_id).disk_path or self.started.notebook_disk_path
        return told if told and os.path.isabs(told) else self.started.cwd

    def _store_of(self, execution: ExecutionId | None) -> Store | None:
        if execution is not None:
            return self._stores.get(execution)
        if self._last_store is None and self.started is not None:
            self._last_store = self.around.workspaces.for_path(self._script_path() or self._folder(), create=True)
        return self._last_store

    def _notebook_id(self, store: Store, path: str) -> NotebookId:
        return NotebookId(store.index.notebook_for(path) or new_notebook_id())

    def _match_cell(self, execution: OpenExecution, store: Store) -> None:
        """An executor that names no cell is matched by source with the notebook it runs."""
        if execution.cell_id is None and execution.disk_path is not None:
            base = self.around.activity(store).documents.base(execution.disk_path)
            after = self._last_cell.get(execution.disk_path)
            execution.cell_id = notebooks.find_cell(base.document, None, execution.started.source, after)
            execution.cell_id_from = "matched" if execution.cell_id else "unknown"

    def _is_stored(self, store: Store, execution: ExecutionId) -> bool:
        """For good: a crash between the records and the line leaves an execution whose snapshot is not there, to be done again."""
        try:
            found = store.index.execution(execution)
            if found.snapshot is not None:
                store.snapshot(found.snapshot)
        except NotFound as error:
            return error.kind == "forgotten"
        return found.finished_at is not None

    def _is_stored_run(self, store: Store, run: OpenRun) -> bool:
        """A replay: the store knows this run at least as far as the spool has been read."""
        try:
            known = store.index.run(run.id)
        except NotFound:
            return False
        return len(known.executions) > len(run.executions) or any(
            known.metrics[name].n_points > metric.n_points for name, metric in run.metrics.items() if name in known.metrics
        )

    def _has_run(self, store: Store, run: RunId) -> bool:
        try:
            store.index.run(run)
        except NotFound as error:
            return error.kind == "forgotten"
        return True

    def _environment(self, store: Store) -> BlobDigest | None:
        if self.environment is None:
            return None
        if store.workspace.id not in self._environment_digests:
            self._environment_digests[store.workspace.id] = store.put_bytes(environment_bytes(self.environment))
        return self._environment_digests[store.workspace.id]

    def _note_fault(self, reason: str) -> None:
        for execution in self._executions.values():
            execution.faults.append(reason)

    def _note_problem(self, error: DotscienceError, store: Store | None = None) -> None:
        log.warning("%s: %s", self.inbox.session, error)
        store = store or self._last_store
        if store is not None:
            self.around.activity(store).problem = error
            self._tell("status", store, [], None)

    def _tell(self, topic: str, store: Store, ids: list[Any], path: str | None) -> None:
        self.around.notify(topic, store.workspace.id, ids, path)

    _HANDLERS: dict[type, Callable[[SessionRecorder, Any], None]] = {
        ev.SessionStarted: _on_session_started,
        ev.SessionFinished: _on_session_finished,
        ev.EnvironmentSeen: _on_environment,
        ev.ExecutionStarted: _on_execution_started,
        ev.OutputSeen: _on_output,
        ev.OutputCleared: _on_output_cleared,
        ev.FileOpened: _on_file,
        ev.CaptureFault: _on_fault,
        ev.RunOpened: _on_run_opened,
        ev.RunRecorded: _on_run_recorded,
        ev.NamesDeclared: _on_names,
        ev.RunClosed: _on_run_closed,
        ev.RunPublished: _on_run_published,
    }


def _message(execution: OpenExecution) -> str:
    """`train.ipynb In [12]: model.fit(X, y)`: what a reader of `git log` sees."""
    count = execution.started.execution_count
    where = f"{execution.path or execution.started.kind}"
    first = next((line.strip() for line in execution.started.source.splitlines() if line.strip()), "")
    number = f" In [{count}]" if count is not None and execution.started.kind != "script" else ""
    outcome = "" if execution.outcome == outcomes.OK else f" ({execution.outcome})"
    return f"{where}{number}{outcome}: {first[:60]}".rstrip(": ")


def _fingerprint(disk_path: str, max_bytes: int) -> tuple[int, BlobDigest | None] | None:
    """(size, git's digest of the bytes, or None above max_bytes); None if there is no such regular file."""
    try:
        size = os.stat(disk_path).st_size
        if not os.path.isfile(disk_path):
            return None
        if size > max_bytes:
            return size, None
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        with open(disk_path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return None
    return size, BlobDigest(digest.hexdigest())


__all__ = ["Activity", "Execution", "SessionRecorder", "Surroundings"]

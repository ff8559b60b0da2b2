"""The runs that one session has open: values, points and files as they are reported, a record of each at any moment."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping

from ..errors import DotscienceError, NotFound
from ..model import events as ev
from ..model import execution as outcomes
from ..model import run as states
from ..model.certificate import LastMetric
from ..model.frames import NO_STEP, Points
from ..model.ids import BlobDigest, ExecutionId, RunId, SessionId
from ..model.paths import relative_to_root
from ..model.run import Artifact, Run
from ..store.base import Store
from ..store.series import read_series, series_bytes
from .assemble import OpenExecution, OpenRun
from .environments import environment_bytes
from .resources.trace import Trace, restored

FILE_KINDS = ("input", "output")
OPENED_ON_PURPOSE = ("start", "magic")
"""Runs that go on from cell to cell until somebody ends them; an implicit one is over with its last cell."""
ARTIFACT_KINDS = ("image", "table", "text", "model")

EnvironmentOf = Callable[[Store], "BlobDigest | None"]


class RunBook:
    def __init__(
        self, session: SessionId, executions: Mapping[ExecutionId, OpenExecution],
        taken_so_far: Callable[[ExecutionId], Trace | None] = lambda _: None,
    ) -> None:
        """executions: those open now, the session recorder's own table. taken_so_far: by one of them, of the machine."""
        self._session = session
        self._taken_so_far = taken_so_far
        self._executions = executions
        self._runs: dict[RunId, OpenRun] = {}
        self._stores: dict[RunId, Store] = {}
        self._names: dict[int, ev.NamesDeclared] = {}
        self._points: dict[RunId, list[tuple[int, str, int | None, float, float]]] = {}
        self.last_point: LastMetric | None = None
        """Of the session: the first of the names that were logged together last."""

    def __contains__(self, run: object) -> bool:
        return run in self._runs

    # -- as it is reported ---------------------------------------------------------------------------

    def opened(self, event: ev.RunOpened, store: Store, disk_path: str | None) -> None:
        """disk_path: of the notebook or script. A run seen before (a replayed spool) keeps its number and name, and what its
        executions used: those are stored, and are not staged again."""
        execution = self._executions.get(event.execution) if event.execution else None
        known = self._known(store, event.run)
        number = known.number if known else self._next_number(store)
        name = known.name if known else run_name(disk_path, number)
        run = OpenRun(event, self._session, number, name, disk_path)
        if known is not None:
            run.files = {(use.role, use.disk_path): use for use in (*known.inputs, *known.outputs)}
            run.snapshot = known.snapshot
            run.trace, run.resources_blob, run.loaded_blob = _kept_trace(store, known), known.resources_blob, known.loaded
            run.seeds = dict(known.seeds)
        if execution is not None:
            run.path, run.notebook = execution.path, execution.notebook
        elif disk_path:
            run.path = relative_to_root(os.path.realpath(disk_path), str(store.root))
        self._runs[run.id], self._stores[run.id] = run, store
        self._join(run, event.execution)

    def recorded(self, event: ev.RunRecorded) -> None:
        run = self._runs.get(event.run)
        if run is None:
            return
        self._join(run, event.execution)
        run.recorded(event)
        execution = self._executions.get(event.execution) if event.execution else None
        if event.what in FILE_KINDS and execution is not None:
            for disk_path, how in event.items.items():
                opening = execution.opened(os.path.normpath(disk_path), event.what, "declared")
                opening.is_copy_wanted |= isinstance(how, dict) and bool(how.get("copy"))
        elif event.what in ARTIFACT_KINDS:
            for name, item in event.items.items():
                artifact = _artifact(self._stores[run.id], event.what, name, item if isinstance(item, dict) else {})
                run.artifacts[event.what, name, artifact.step] = artifact

    def names(self, event: ev.NamesDeclared) -> None:
        self._names[event.name_set] = event

    def points(self, points: Points, position: int) -> None:
        """position: of the frame in the spool; names it for ever, so a replay counts nothing twice."""
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
        if declared.names and points.values:
            self.last_point = LastMetric(declared.names[0], points.values[0], step)

    def closed(self, event: ev.RunClosed) -> None:
        run = self._runs.get(event.run)
        if run is not None:
            run.closed_as, run.error = event.state, event.error or run.error
            if run.opened.opened_by != "implicit" or run.ended_at is None:
                run.ended_at = event.at  # nobody closed an implicit run: it ended with its last cell, not when the next began
            run.is_closed_by_end = event.execution is None
            run.is_changed = True

    def published(self, event: ev.RunPublished) -> None:
        run = self._runs.get(event.run)
        if run is not None:
            run.published_at = event.at
            run.description = event.description or run.description
            run.is_changed = True

    def cut_off(self, execution: OpenExecution, reason: str) -> None:
        """The process ended in the middle of it: said with the first record that shows its open runs as killed."""
        for run in (self._runs[each] for each in execution.runs if each in self._runs):
            run.reason = reason if run.closed_as is None else run.reason

    def execution_ended(self, execution: OpenExecution, ended_at: float, taken: Trace | None = None) -> None:
        """taken: of the machine, by that cell."""
        for run_id in execution.runs:
            run = self._runs.get(run_id)
            if run is not None:
                if taken:
                    run.trace, run.resources_blob = run.trace.joined(taken), None
                run.last_outcome, run.is_changed = execution.outcome, True
                run.ended_at = ended_at if run.closed_as is None else run.ended_at

    def get(self, run: RunId) -> OpenRun | None:
        return self._runs.get(run)

    def _join(self, run: OpenRun, execution_id: ExecutionId | None) -> None:
        execution = self._executions.get(execution_id) if execution_id else None
        if execution is not None:
            if run.id not in execution.runs:
                execution.runs.append(run.id)
            run.joined_by(execution.id)

    # -- where they are kept -------------------------------------------------------------------------

    def stores(self) -> set[Store]:
        return {self._stores[run] for run in self._runs}

    def move(self, gone: Store, store: Store) -> None:
        """Its runs go on in another store. One that is not known there keeps its values, not what was deleted with the history."""
        for run in [each for each in self._runs.values() if self._stores[each.id] is gone]:
            self._stores[run.id] = store
            if run.disk_path is not None:
                run.path = relative_to_root(os.path.realpath(run.disk_path), str(store.root))
            try:
                store.index.run(run.id)
            except NotFound:
                run.number = 0
                run.number = self._next_number(store)
                run.name = run_name(run.disk_path, run.number)
                run.executions = [each for each in run.executions if each in self._executions]
                run.artifacts = {key: each for key, each in run.artifacts.items() if each.blob is None}
                run.files, run.metrics, run.snapshot = {}, {}, None
                run.resources_blob = run.loaded_blob = None
                for _, name, step, _, value in self._points.get(run.id, ()):
                    run.add_point(name, step, value)
            run.is_changed = True

    def _next_number(self, store: Store) -> int:
        """The store knows those recorded; of several opened by one cell the first are here only."""
        ours = (run.number for run in self._runs.values() if self._stores[run.id] is store)
        return max(store.index.next_run_number(), 1 + max(ours, default=0))

    def drop(self, stores: set[Store]) -> None:
        for run_id in [each for each in self._runs if self._stores[each] in stores]:
            del self._runs[run_id]
            self._points.pop(run_id, None)

    # -- as it is shown and stored -------------------------------------------------------------------

    def flush_points(self) -> None:
        """StoreError keeps those that could not be written for the next time; a deleted history, until there is a new one."""
        for run_id in [each for each in self._points if self._stores[each].is_there()]:
            self._stores[run_id].index.add_points(run_id, self._points[run_id])
            del self._points[run_id]

    def feed(self, environment_of: EnvironmentOf, tell: Callable[[Store, OpenRun], None]) -> None:
        """Show live runs now; they become durable when their cell ends."""
        for run in self._runs.values():
            store = self._stores[run.id]
            if not run.is_changed or not store.is_there():
                continue
            known = self._known(store, run.id)
            if known is None or not _is_further(known, run):
                record = self._record(run, environment_of(store))
                if known is not None:  # what the store put in, and a replay cannot know
                    record = replace(record, series_blob=known.series_blob, environment=record.environment or known.environment)
                store.index.feed([store.cleaning.record(record)])
                tell(store, run)
                run.is_changed = run.closed_as is not None or any(each in self._executions for each in run.executions)

    def changed(self, store: Store) -> list[OpenRun]:
        """Those of that store that have news since they were stored."""
        return [run for run in self._runs.values() if run.is_changed and self._stores[run.id] is store]

    def records(self, runs: Iterable[OpenRun], environment: BlobDigest | None) -> list[Run]:
        """To be kept: the points of what they took of the machine are put into the store first."""
        return [self._kept_record(run, environment) for run in runs]

    def are_stored(self, runs: Iterable[OpenRun]) -> None:
        for run in runs:
            run.is_changed = False

    def drop_closed(self) -> None:
        """Let go of those that are closed and stored."""
        for run in [each for each in self._runs.values() if each.closed_as is not None and not each.is_changed]:
            del self._runs[run.id]

    def close_all(self, at: float, cause: str, environment_of: EnvironmentOf) -> list[tuple[Store, Run]]:
        """The process is gone: records that say how each run ended. cause: why it was killed; '' if it ended by itself."""
        found = []
        for run in self._runs.values():
            if run.closed_as is None and run.state(set()) == states.RUNNING:
                run.closed_as, run.reason = states.INCOMPLETE, cause
            if run.closed_as is None and cause and run.last_outcome == outcomes.KILLED:
                run.closed_as, run.reason = states.KILLED, cause
            if run.closed_as is None and cause and run.opened.opened_by in OPENED_ON_PURPOSE and run.last_outcome == outcomes.OK:
                run.closed_as, run.reason = states.INCOMPLETE, f"{cause} The run had not been finished."
            run.ended_at = run.ended_at or at
            store = self._stores[run.id]
            found.append((store, self._kept_record(run, environment_of(store))))
        return found

    def clear(self) -> None:
        self._runs.clear()

    def _record(self, run: OpenRun, environment: BlobDigest | None) -> Run:
        live = [trace for each in run.executions if each in self._executions and (trace := self._taken_so_far(each))]
        return run.record(set(self._executions), environment, live[-1] if live else None)

    def _kept_record(self, run: OpenRun, environment: BlobDigest | None) -> Run:
        if run.trace and run.resources_blob is None:
            run.resources_blob = self._stores[run.id].put_bytes(series_bytes(run.trace.points()))
        if run.loaded is not None and run.loaded_blob is None:
            store = self._stores[run.id]
            run.loaded_blob = store.put_bytes(environment_bytes(run.loaded, store.cleaning))
        return self._record(run, environment)

    def _known(self, store: Store, run: RunId) -> Run | None:
        try:
            return store.index.run(run)
        except NotFound:
            return None


def _is_further(known: Run, run: OpenRun) -> bool:
    """A replay: the store knows this run further than the spool has been read."""
    return len(known.executions) > len(run.executions) or any(
        known.metrics[name].n_points > metric.n_points for name, metric in run.metrics.items() if name in known.metrics
    )


def _kept_trace(store: Store, known: Run) -> Trace:
    """What the run had taken of the machine when it was stored; where it cannot be read, it begins anew."""
    try:
        points = read_series(store.read_blob(known.resources_blob)) if known.resources_blob is not None else ()
        return restored(points, known.resources, known.resources_note)
    except (DotscienceError, ValueError, KeyError):
        return Trace()


def run_name(disk_path: str | None, number: int) -> str:
    """('/w/train.ipynb', 7) -> 'train · 7'"""
    return f"{Path(disk_path).stem if disk_path else 'run'} · {number}"


def _artifact(store: Store, kind: str, name: str, item: dict[str, Any]) -> Artifact:
    """What a run showed or saved; its bytes lie in a file beside the spool until they are in the store."""
    step = item.get("step")
    if kind == "model":
        disk_path = str(item.get("disk_path") or "")
        details = {key: str(value) for key, value in item.items() if key in ("module", "classes") and value is not None}
        path = relative_to_root(os.path.realpath(disk_path), str(store.root)) if disk_path else None
        return Artifact(name, kind, step, path=path, details=details)
    if item.get("disk_path"):
        data = Path(item["disk_path"]).read_bytes()
        mime = str(item.get("mime", ""))
        return Artifact(name, kind, step, mime, store.put_bytes(_cleaned(store, mime, data)))
    return Artifact(name, kind, step, str(item.get("mime", "text/plain")), value=str(item.get("value", "")))


def _cleaned(store: Store, mime: str, data: bytes) -> bytes:
    """Of a table or a text; the bytes of an image are its own."""
    if not (mime.startswith("text/") or mime.endswith(("json", "xml"))):
        return data
    try:
        return store.cleaning.text(data.decode("utf-8")).encode("utf-8")
    except UnicodeError:
        return data

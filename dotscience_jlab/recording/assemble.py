"""Gathers the events of one execution, or of one run, and makes the record of it.

These two are the only half-built things in the recorder: they live from the first event to the last, and `record()` makes
the finished, frozen record at any moment in between. They decide nothing about files or snapshots; the recorder hands those in.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import Any

from ..model import execution as outcomes
from ..model import run as states
from ..model.codec import to_json
from ..model.events import ExecutionFinished, ExecutionStarted, OutputCleared, OutputSeen, RunOpened, RunRecorded
from ..model.execution import Execution, Failure, FileUse, NamesSeen
from ..model.ids import BlobDigest, ExecutionId, NotebookId, RunId, SessionId, SnapshotId
from ..model.instant import instant
from ..model.marker import find_markers
from ..model.run import Artifact, MetricSummary, Run
from ..model.values import Scalar
from .cleaning import placeholders_in
from .opening import Opening
from .remote_uses import RemoteUses
from .resources.trace import Trace

OUTPUTS_TEXT_CHARACTERS = 300


@dataclass
class OutputList:
    """Outputs as a notebook would show them at this moment: streams joined, cleared and updated displays handled."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    n_cut_bytes: int = 0
    _display_ids: list[str | None] = field(default_factory=list)
    _clears_next: bool = False

    def add(self, event: OutputSeen) -> None:
        self.n_cut_bytes += event.n_cut_bytes
        if event.is_update:
            for number, display_id in enumerate(self._display_ids):
                if display_id is not None and display_id == event.display_id:
                    bundle = {key: event.output.get(key, {}) for key in ("data", "metadata")}
                    self.outputs[number] = {**self.outputs[number], **bundle}
            return
        if self._clears_next:
            self._clear()
        last = self.outputs[-1] if self.outputs else None
        is_stream = event.output.get("output_type") == "stream"
        if is_stream and last and last.get("output_type") == "stream" and last.get("name") == event.output.get("name"):
            last["text"] += event.output.get("text", "")
            return
        self.outputs.append(dict(event.output))
        self._display_ids.append(event.display_id)

    def clear(self, event: OutputCleared) -> None:
        if event.wait:
            self._clears_next = True
        else:
            self._clear()

    def text(self) -> str:
        """The plain text of all outputs, for lists, search and numbers."""
        return "\n".join(filter(None, (_plain_text(output) for output in self.outputs)))

    def _clear(self) -> None:
        self.outputs, self._display_ids, self._clears_next = [], [], False


def _plain_text(output: dict[str, Any]) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        return str(output.get("text", ""))
    if kind == "error":
        return f"{output.get('ename', '')}: {output.get('evalue', '')}"
    text = (output.get("data") or {}).get("text/plain", "")
    return "".join(text) if isinstance(text, list) else str(text)


@dataclass
class OpenExecution:
    started: ExecutionStarted
    session: SessionId
    disk_path: str | None
    """Of the notebook or script."""
    path: str | None = None
    notebook: NotebookId | None = None
    cell_id: str | None = None
    cell_id_from: str = "message"
    finished: ExecutionFinished | None = None
    outputs: OutputList = field(default_factory=OutputList)
    openings: dict[str, Opening] = field(default_factory=dict)
    """By absolute disk path."""
    remote: RemoteUses = field(default_factory=RemoteUses)
    runs: list[RunId] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    overlaps: set[ExecutionId] = field(default_factory=set)
    is_overlapped: bool = False
    ended_as: str | None = None
    """killed or incomplete, when the process ended first."""
    ended_at: float | None = None
    names: NamesSeen | None = None

    @property
    def id(self) -> ExecutionId:
        return self.started.execution

    @property
    def outcome(self) -> str:
        if self.finished is not None:
            return self.finished.outcome
        return self.ended_as or outcomes.RUNNING

    def opened(
        self, disk_path: str, role: str, seen_by: str, at: float | None = None, was_there: bool | None = None
    ) -> Opening:
        opening = self.openings.setdefault(disk_path, Opening())
        opening.see(role, seen_by, at, was_there)
        return opening

    def marked_runs(self) -> list[tuple[RunId, dict[str, Any]]]:
        """Markers of the original library in this execution's printed output."""
        streams = (output.get("text", "") for output in self.outputs.outputs if output.get("output_type") == "stream")
        return [found for text in streams if "[[DOTSCIENCE-RUN:" in text for found in find_markers(text)]

    def record(
        self,
        *,
        files: tuple[FileUse, ...] = (),
        unexplained: tuple[str, ...] = (),
        snapshot: SnapshotId | None = None,
        notebook_from: str = "none",
        reasons: tuple[str, ...] = (),
        environment: str | None = None,
        outputs_blob: str | None = None,
    ) -> Execution:
        end = self.finished.at if self.finished is not None else self.ended_at
        reasons = tuple(dict.fromkeys((*reasons, *self.faults)))
        return Execution(
            id=self.id,
            session=self.session,
            source=self.started.source,
            order=self.started.order,
            started_at=instant(self.started.at),
            outcome=self.outcome,
            kind=self.started.kind,
            finished_at=None if end is None else instant(end),
            duration_s=None if end is None else max(0.0, round(end - self.started.at, 6)),
            notebook=self.notebook,
            path=self.path,  # type: ignore[arg-type]
            cell_id=self.cell_id,
            cell_id_from=self.cell_id_from,
            execution_count=self.started.execution_count,
            error=_failure(self.finished),
            outputs=() if outputs_blob else tuple(self.outputs.outputs),
            outputs_blob=outputs_blob,  # type: ignore[arg-type]
            outputs_text=shown_text(self),
            n_outputs=len(self.outputs.outputs),
            n_cut_bytes=self.outputs.n_cut_bytes,
            files=files,
            unexplained=unexplained,
            runs=tuple(self.runs),
            snapshot=snapshot,
            notebook_from=notebook_from,
            overlaps=tuple(sorted(self.overlaps)),
            is_overlapped=self.is_overlapped,
            capture="partial" if reasons else "complete",
            capture_reasons=reasons,
            environment=environment,  # type: ignore[arg-type]
            names=self.names,
            redactions=tuple(sorted(set(placeholders_in(self.outputs.outputs)))),
        )


def shown_text(execution: OpenExecution) -> str:
    """The beginning of its printed output, for lists and search."""
    return execution.outputs.text().strip()[:OUTPUTS_TEXT_CHARACTERS]


def _failure(finished: ExecutionFinished | None) -> Failure | None:
    if finished is None or finished.error_name is None:
        return None
    return Failure(finished.error_name, finished.error_value or "", tuple(finished.traceback))


def outputs_json(outputs: list[dict[str, Any]]) -> bytes:
    return json.dumps(to_json(outputs), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


@dataclass
class OpenRun:
    opened: RunOpened
    session: SessionId
    number: int
    name: str
    disk_path: str | None
    path: str | None = None
    notebook: NotebookId | None = None
    executions: list[ExecutionId] = field(default_factory=list)
    parameters: dict[str, Scalar] = field(default_factory=dict)
    labels: dict[str, Scalar] = field(default_factory=dict)
    summary: dict[str, Scalar] = field(default_factory=dict)
    metric_texts: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, MetricSummary] = field(default_factory=dict)
    artifacts: dict[tuple[str, str, int | None], Artifact] = field(default_factory=dict)
    declared: dict[str, set[str]] = field(default_factory=dict)
    """disk path -> roles declared for the run."""
    files: dict[tuple[str, str], FileUse] = field(default_factory=dict)
    """(role, disk path) -> what its executions used, newest kept."""
    description: str = ""
    error: str = ""
    closed_as: str | None = None
    is_closed_by_end: bool = False
    """Closed by nobody but the process, when it ended by itself."""
    reason: str = ""
    published_at: float | None = None
    ended_at: float | None = None
    snapshot: SnapshotId | None = None
    trace: Trace = field(default_factory=Trace)
    """What its cells that are over took of the machine."""
    resources_blob: BlobDigest | None = None
    """The points of `trace`, once they are kept."""
    seeds: dict[str, str] = field(default_factory=dict)
    loaded: dict[str, Any] | None = None
    """As reported last; put into the store with the run's record."""
    loaded_blob: BlobDigest | None = None
    is_changed: bool = True
    """Something came since the last record was fed."""
    last_outcome: str = outcomes.OK

    def __post_init__(self) -> None:
        self.parameters.update(self.opened.carried_over.get("parameters", {}))
        self.labels.update(self.opened.carried_over.get("labels", {}))
        self.description = self.opened.description or ""

    @property
    def id(self) -> RunId:
        return self.opened.run

    def joined_by(self, execution: ExecutionId | None) -> None:
        """That execution recorded something here."""
        if execution is not None and execution not in self.executions:
            self.executions.append(execution)
        self.is_changed = True

    def recorded(self, event: RunRecorded) -> None:
        self.joined_by(event.execution)
        table = {"parameter": self.parameters, "label": self.labels, "summary": self.summary}.get(event.what)
        if table is not None:
            table.update(event.items)
        elif event.what == "metric_text":
            self.metric_texts.update({name: str(value) for name, value in event.items.items()})
        elif event.what in ("input", "output"):
            for disk_path in event.items:
                self.declared.setdefault(disk_path, set()).add(event.what)
        elif event.what == "description":
            self.description = str(event.items.get("") or "")
        elif event.what == "error":
            self.error = str(event.items.get("") or "")
        elif event.what == "mode":
            self.labels.setdefault("mode", str(event.items.get("") or ""))
        elif event.what == "seeds":
            self.seeds.update({name: str(state) for name, state in event.items.items()})
        elif event.what == "loaded":
            self.loaded, self.loaded_blob = event.items, None
        elif event.what == "script":
            self.labels.setdefault("script", event.items.get(""))

    def add_point(self, name: str, step: int | None, value: float) -> None:
        before = self.metrics.get(name)
        self.metrics[name] = with_point(before, step, value)
        self.is_changed = True

    def state(self, running: set[ExecutionId]) -> str:
        """Running means: one of its cells is executing, and nobody closed it. Else how its last cell, or its closing, went."""
        if self.closed_as is not None:
            return self.closed_as
        if any(execution in running for execution in self.executions):
            return states.RUNNING
        if self.error:
            return states.FAILED
        return {
            outcomes.ERROR: states.FAILED,
            outcomes.INTERRUPTED: states.INTERRUPTED,
            outcomes.KILLED: states.KILLED,
            outcomes.INCOMPLETE: states.INCOMPLETE,
        }.get(self.last_outcome, states.FINISHED)

    def record(self, running: set[ExecutionId], environment: str | None, live: Trace | None = None) -> Run:
        """live: what its cells that still run have taken so far."""
        state = self.state(running)
        is_over = state != states.RUNNING and self.ended_at is not None
        inputs = [use for (role, _), use in sorted(self.files.items()) if role == "input"]
        outputs = [use for (role, _), use in sorted(self.files.items()) if role == "output"]
        carried = self.opened.carried_over
        return Run(
            id=self.id,
            name=self.opened.name or self.name,
            number=self.number,
            session=self.session,
            state=state,
            started_at=instant(self.opened.at),
            opened_by=self.opened.opened_by,
            finished_at=instant(self.ended_at) if is_over and self.ended_at is not None else None,
            duration_s=round(max(0.0, self.ended_at - self.opened.at), 6) if is_over and self.ended_at is not None else None,
            state_reason=self.reason or self.error,
            description=self.description,
            notebook=self.notebook,
            path=self.path,  # type: ignore[arg-type]
            executions=tuple(self.executions),
            parameters=dict(self.parameters),
            metrics=dict(self.metrics),
            metric_texts=dict(self.metric_texts),
            summary=dict(self.summary),
            labels=dict(self.labels),
            carried_over=tuple(sorted({name for table in carried.values() for name in table})),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            artifacts=tuple(self.artifacts.values()),
            snapshot=self.snapshot,
            published_at=None if self.published_at is None else instant(self.published_at),
            environment=environment,  # type: ignore[arg-type]
            resources=self.trace.summary(live),
            resources_blob=self.resources_blob,
            resources_note=(live.note if live else "") or self.trace.note,
            seeds=dict(self.seeds),
            loaded=self.loaded_blob,
        )


def with_point(before: MetricSummary | None, step: int | None, value: float) -> MetricSummary:
    """The summary with one more value: NaN counts as a point, and leaves minimum and maximum alone."""
    if before is None:
        return MetricSummary(value, value, value, 1, step, 0 if math.isfinite(value) else 1)
    return replace(
        before,
        last=value,
        min=_lesser(before.min, value),
        max=-_lesser(-before.max, -value),
        n_points=before.n_points + 1,
        last_step=step if step is not None else before.last_step,
        n_non_finite=before.n_non_finite + (0 if math.isfinite(value) else 1),
    )


def _lesser(a: float, b: float) -> float:
    if math.isnan(a):
        return b
    return a if math.isnan(b) or a <= b else b


def marked_run(
    run: RunId, body: dict[str, Any], execution: OpenExecution, number: int, name: str, snapshot: SnapshotId | None
) -> Run:
    """The run that a printed marker tells of: all its values are texts, numbers among them become numbers again."""
    end = execution.finished.at if execution.finished is not None else execution.started.at

    def texts(key: str) -> dict[str, Scalar]:
        table = body.get(key)
        return {str(k): _number_or_text(v) for k, v in table.items()} if isinstance(table, dict) else {}

    def uses(role: str) -> tuple[FileUse, ...]:
        paths = body.get(role)
        listed = paths if isinstance(paths, list) else []
        return tuple(FileUse(str(p), role, evidence="declared", seen_by=("declared",), kept="stored") for p in listed)

    summary = texts("summary")
    return Run(
        id=run,
        name=name,
        number=number,
        session=execution.session,
        state=states.FAILED if body.get("error") else states.FINISHED,
        state_reason=str(body.get("error") or ""),
        started_at=instant(execution.started.at),
        finished_at=instant(end),
        duration_s=round(max(0.0, end - execution.started.at), 6),
        opened_by="marker",
        description=str(body.get("description") or ""),
        notebook=execution.notebook,
        path=execution.path,  # type: ignore[arg-type]
        executions=(execution.id,),
        parameters=texts("parameters"),
        metrics={k: with_point(None, None, float(v)) for k, v in summary.items() if isinstance(v, (int, float))},
        summary=summary,
        labels=texts("labels"),
        inputs=uses("input"),
        outputs=uses("output"),
        snapshot=snapshot,
        published_at=instant(end),
    )


def _number_or_text(value: Any) -> Scalar:
    text = str(value)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text

"""Executions of kernels that cannot report themselves (R, Julia, a remote one): what a browser saw of them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Mapping

from ..errors import InvalidRequest, NotFound
from ..model import execution as outcomes
from ..model.execution import Execution, Failure
from ..model.ids import ExecutionId, NotebookId, SessionId, execution_id, new_notebook_id
from ..model.instant import epoch_s
from ..model.paths import WorkspacePath, relative_to_root
from ..model.snapshot import Snapshot, SnapshotDraft
from ..store.base import Store
from . import notebook as notebooks
from .activity import Activity
from .assemble import OUTPUTS_TEXT_CHARACTERS
from .unkept import put_unless_purged
from .uses import CLOCK_SLACK_S
from .workspaces import Workspaces

REASON = (
    "The kernel ({kernel_name}) does not report itself: code and output are as the browser saw them, "
    "opened files are not known."
)

REMEDY = "To have everything recorded there: %pip install dotscience-jlab (needs Python 3.11), then restart the kernel."
"""For a kernel of Python that cannot report itself, or could not yet."""


def record_foreign(
    store: Store, workspaces: Workspaces, activity: Activity, params: Mapping[str, Any], now: float, why: str = ""
) -> Execution:
    """Record it once: a second browser's report of the same message changes nothing. Costs one scan.

    why: what the server knows about why this kernel does not report itself.
    """
    execution = _execution(store, params, why)
    try:
        return store.index.execution(execution.id)
    except NotFound:
        n_before = store.index.executions(session=execution.session, limit=1).total
        execution = replace(execution, order=n_before + 1)
    disk_path = str(params["disk_path"])
    with workspaces.writer(store):
        since = activity.running_since(epoch_s(execution.started_at)) - CLOCK_SLACK_S
        scan = store.scan(workspaces.rules(store), changed_since=since)
        edits = dict(scan.edits)
        if execution.path is not None and execution.cell_id is not None:
            base = activity.documents.base(disk_path)
            document = notebooks.with_execution(
                base.document, execution.cell_id, execution.source, list(execution.outputs), execution.execution_count
            )
            activity.documents.keep(disk_path, document, "browser")
            data = notebooks.write_document(document)
            edits[WorkspacePath(execution.path)] = put_unless_purged(store, execution.path, data)
            execution = replace(execution, notebook_from=base.come_from)
        first_line = next((line.strip() for line in execution.source.splitlines() if line.strip()), "")
        draft = SnapshotDraft(
            f"{execution.path or params['kernel_name']}: {first_line[:60]}",
            execution.finished_at or execution.started_at,
            edits,
            execution=execution.id,
            notebook=execution.notebook,
        )

        def records(snapshot: Snapshot) -> list[Execution]:
            return [replace(execution, snapshot=snapshot.id)]

        head = store.head()
        snapshot = store.publish(draft, records)
        if head is None or snapshot.id != head.id:
            activity.versions.update({path: snapshot.id for path in edits})
        activity.scan, activity.problem, activity.recorded_at = scan, None, now
    return replace(execution, snapshot=snapshot.id)


def _reasons(params: Mapping[str, Any], why: str) -> tuple[str, ...]:
    """What is missing, why, and for a kernel of Python the one line that mends it."""
    missing = REASON.format(kernel_name=params.get("kernel_name") or "unknown")
    return (missing, f"{why} {REMEDY}".lstrip()) if params.get("only_if_unheard") else (missing,)


def _execution(store: Store, params: Mapping[str, Any], why: str) -> Execution:
    """The record in the message, checked; InvalidRequest says what is wrong with it."""
    for name in ("kernel_id", "msg_id", "source", "started_at", "finished_at", "outcome"):
        if not isinstance(params.get(name), str):
            raise InvalidRequest(f"The report of an execution needs a text {name!r}.")
    if params["outcome"] not in outcomes.OUTCOMES:
        raise InvalidRequest(f"{params['outcome']!r} is not an outcome.")
    outputs = params.get("outputs") or []
    if not isinstance(outputs, list) or not all(isinstance(each, dict) for each in outputs):
        raise InvalidRequest("'outputs' is a list of notebook outputs.")
    try:
        duration_s = epoch_s(params["finished_at"]) - epoch_s(params["started_at"])
    except ValueError as error:
        raise InvalidRequest(f"A time cannot be read: {error}.") from error
    session = SessionId("k-" + "".join(c for c in params["kernel_id"].lower() if c in "0123456789abcdef")[:16].ljust(16, "0"))
    path = relative_to_root(os.path.realpath(str(params["disk_path"])), str(store.root))
    notebook = None
    if path is not None:
        notebook = NotebookId(store.index.notebook_for(path) or new_notebook_id())
    error = params.get("error") if isinstance(params.get("error"), dict) else None
    text = "\n".join(str(each.get("text", "")) for each in outputs if each.get("output_type") == "stream").strip()
    return Execution(
        id=ExecutionId(execution_id(session, params["msg_id"])),
        session=session,
        source=params["source"],
        order=0,
        started_at=params["started_at"],
        finished_at=params["finished_at"],
        duration_s=max(0.0, duration_s),
        outcome=params["outcome"],
        notebook=notebook,
        path=path,
        cell_id=params.get("cell_id"),
        execution_count=params.get("execution_count"),
        error=Failure(str(error.get("name", "")), str(error.get("value", ""))) if error else None,
        outputs=tuple(outputs),
        outputs_text=text[:OUTPUTS_TEXT_CHARACTERS],
        n_outputs=len(outputs),
        capture="partial",
        capture_reasons=_reasons(params, why),
    )

"""Every execution of a cell: lists, one whole, why it happened, and keeping one as a run."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from ...model.codec import to_json
from ...model.execution import Execution
from ...store.base import Store
from .. import foreign, keep, why
from .answering import Answers
from .params import MAX_PAGE, Params, Progress, number, optional, table, text


class ExecutionAnswers(Answers):
    def _executions_list(self, params: Params, _: Progress) -> Any:
        index, being_read = self.index(params)
        page = index.executions(
            path=optional(params, "path"),
            cell_id=optional(params, "cell_id"),
            outcome=optional(params, "outcome"),
            text=optional(params, "text"),
            file=optional(params, "file"),
            session=optional(params, "session"),  # type: ignore[arg-type]
            after=optional(params, "after"),
            limit=number(params, "limit", 100, MAX_PAGE),
        )
        items = [to_json(replace(each, outputs=())) for each in page.items]
        return {"items": items, "total": page.total, "next": page.next, "being_read": being_read}

    def _executions_get(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        execution = self.execution(store, params)
        return to_json(replace(execution, outputs=tuple(_outputs(store, execution))))

    def _executions_why(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        return to_json(why.explain_execution(store, self.execution(store, params).id))

    def _executions_numbers(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        execution = self.execution(store, params)
        return {"items": to_json(keep.printed_numbers(_outputs(store, execution)))}

    def _executions_keep(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        run = keep.keep_execution_as_run(
            store,
            self.execution(store, params).id,
            name=optional(params, "name"),
            metrics=table(params, "metrics"),
            parameters=table(params, "parameters"),
            labels=table(params, "labels"),
        )
        self.tell("run", store, [run.id], run.path)
        return to_json(run)

    def _foreign_execution(self, params: Params, _: Progress) -> Any:
        kernel_id, msg_id = text(params, "kernel_id"), text(params, "msg_id")
        is_spare = bool(params.get("only_if_unheard"))
        if is_spare and not self.desk.kernels.is_unheard(kernel_id, params.get("execution_count")):
            return {"execution": None}  # before a history is opened: this may come after it was forgotten, and begins none
        store = self.desk.workspaces.for_path(text(params, "disk_path"), create=True)
        if store.workspace.is_paused or (is_spare and store.index.has_message(msg_id)):
            return {"execution": None}
        why = self.desk.kernels.get(kernel_id).capture_reason
        execution = foreign.record_foreign(store, self.desk.workspaces, self.desk.activity(store), params, time.time(), why)
        self.tell("execution", store, [execution.id], execution.path)
        return {"execution": execution.id}

    METHODS = {
        "executions.list": _executions_list,
        "executions.get": _executions_get,
        "executions.why": _executions_why,
        "executions.numbers": _executions_numbers,
        "executions.keep": _executions_keep,
        "foreign.execution": _foreign_execution,
    }


def _outputs(store: Store, execution: Execution) -> list[dict[str, Any]]:
    if execution.outputs_blob is None:
        return list(execution.outputs)
    return json.loads(store.read_blob(execution.outputs_blob).decode("utf-8", "surrogatepass"))

"""What threads printed after their cell had ended belongs to that cell: its record is said again, with it."""

from __future__ import annotations

from dataclasses import replace

from ..model.execution import Execution
from ..store.base import Store
from .assemble import OpenExecution, shown_text
from .publication import clean_outputs, put_outputs


def with_late_outputs(known: Execution, execution: OpenExecution, store: Store) -> Execution | None:
    """The record with all that it printed by now; None: it holds that already (a replay). Large outputs are stored."""
    if known.n_outputs == len(execution.outputs.outputs) and known.outputs_text == shown_text(execution):
        return None
    clean_outputs(execution, store)
    blob = put_outputs(execution, store)
    outputs = () if blob else tuple(execution.outputs.outputs)
    text, count = shown_text(execution), len(execution.outputs.outputs)
    return replace(known, outputs=outputs, outputs_blob=blob, outputs_text=text, n_outputs=count)

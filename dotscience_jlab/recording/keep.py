""""Keep this number": an execution that logged nothing becomes a run, from what it printed, without being run again."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, Mapping, Sequence

from ..errors import InvalidRequest
from ..model.execution import Execution
from ..model.ids import ExecutionId, new_run_id
from ..model.instant import instant
from ..model.run import FAILED, FINISHED, INCOMPLETE, INTERRUPTED, KILLED, MetricSummary, Run
from ..model.values import metric_value, scalar
from ..store.base import Store

MAX_NUMBERS = 50
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NAMED = re.compile(rf"(?P<name>[A-Za-z_][\w @/%.()-]{{0,40}}?)\s*(?:[:=]|\bis\b|\s)\s*(?P<value>{_NUMBER})\s*(?P<percent>%)?")
_BARE = re.compile(rf"^\s*(?P<value>{_NUMBER})\s*(?P<percent>%)?\s*$")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

_STATES = {"ok": FINISHED, "error": FAILED, "interrupted": INTERRUPTED, "killed": KILLED}


def printed_numbers(outputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Numbers in the printed output, the newest of each name: [{name, value, text}].

    'acc: 0.93' -> acc 0.93; 'loss=0.2' -> loss 0.2; 'Accuracy 93.1 %' -> Accuracy 0.931; a line that is only a number, or a
    result that is one, -> 'value'.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in map(_plain, outputs):
        for line in _COLOURS.sub("", text).splitlines():
            matches = list(_NAMED.finditer(line)) or [match for match in [_BARE.match(line)] if match]
            for match in matches:
                name = (match.groupdict().get("name") or "value").strip()
                value = float(match["value"]) / (100 if match["percent"] else 1)
                found.pop(name, None)
                found[name] = {"name": name, "value": value, "text": line.strip()[:120]}
    return list(found.values())[-MAX_NUMBERS:]


def keep_execution_as_run(
    store: Store,
    execution_id: ExecutionId,
    *,
    name: str | None = None,
    metrics: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    labels: Mapping[str, Any] | None = None,
) -> Run:
    """A run of `opened_by` kept: the execution's files, snapshot and end state, with the numbers the user chose."""
    execution = store.index.execution(execution_id)
    if execution.finished_at is None:
        raise InvalidRequest("This cell is still running.", "Keep it once it has ended.")
    number = store.index.next_run_number()
    run = Run(
        id=new_run_id(),
        name=" ".join((name or "").split())[:200] or f"{_stem(execution)} · {number}",
        number=number,
        session=execution.session,
        state=_STATES.get(execution.outcome, INCOMPLETE),
        started_at=execution.started_at,
        finished_at=execution.finished_at,
        duration_s=execution.duration_s,
        opened_by="kept",
        notebook=execution.notebook,
        path=execution.path,
        executions=(execution.id,),
        parameters={str(key): scalar(value) for key, value in (parameters or {}).items()},
        metrics={str(key): _summary(str(key), value) for key, value in (metrics or {}).items()},
        labels={"kept at": instant(time.time()), **{str(key): scalar(value) for key, value in (labels or {}).items()}},
        inputs=tuple(use for use in execution.files if use.role == "input"),
        outputs=tuple(use for use in execution.files if use.role == "output"),
        snapshot=execution.snapshot,
        environment=execution.environment,
    )
    store.append([run])
    return run


def _summary(name: str, value: Any) -> MetricSummary:
    number, is_number = metric_value(value)
    if not is_number:
        raise InvalidRequest(f"{value!r} is not a number, so it cannot be the metric {name!r}.", "Keep it as a label.")
    return MetricSummary(number, number, number, 1)


def _stem(execution: Execution) -> str:
    return Path(execution.path).stem if execution.path else execution.kind


def _plain(output: Mapping[str, Any]) -> str:
    if output.get("output_type") == "stream":
        text = output.get("text", "")
    else:
        text = (output.get("data") or {}).get("text/plain", "")
    return "".join(text) if isinstance(text, list) else str(text)

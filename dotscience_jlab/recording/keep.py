""""Keep this number": an execution that logged nothing becomes a run, from what it printed, without being run again."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

from ..errors import InvalidRequest
from ..model.execution import Execution
from ..model.ids import ExecutionId, new_run_id
from ..model.instant import epoch_s, instant
from ..model.run import FAILED, FINISHED, INCOMPLETE, INTERRUPTED, KILLED, MetricSummary, Run
from ..model.values import metric_value, scalar
from ..store.base import Store

MAX_NUMBERS = 50
MAX_CHARACTERS = 200_000
"""Looked at, from the end: what a training loop printed last counts."""
MAX_LINE = 2_000
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NO_NUMBER = re.compile(r"\d+(?:[:/-]\d+)+(?:\.\d+)?|\d+(?:\.\d+){2,}")
"""Times, dates, `3/10`, versions."""
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?!\w)")
_NAME = re.compile(r"([A-Za-z_][\w @/.()-]{0,40}?)\s*(?:[:=]|\bis)?\s*$")
_NAME_REACH = 60

_STATES = {"ok": FINISHED, "error": FAILED, "interrupted": INTERRUPTED, "killed": KILLED}


def printed_numbers(outputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Numbers in the printed output, the newest of each name, as printed: [{name, value, text}].

    'acc: 0.93' -> acc 0.93; 'loss=0.2' -> loss 0.2; 'Accuracy 93.1 %' -> 'Accuracy (%)' 93.1; a line that is only a number,
    or a result that is one, -> 'value'. Times, dates and fractions such as 3/10 are none. Costs one pass over the text.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in map(_plain, outputs):
        for line in _COLOURS.sub("", text[-MAX_CHARACTERS:]).splitlines():
            for name, value in _numbers_of(line[:MAX_LINE]):
                found.pop(name, None)
                found[name] = {"name": name, "value": value, "text": line.strip()[:120]}
    return list(found.values())[-MAX_NUMBERS:]


def _numbers_of(line: str) -> Iterator[tuple[str, float]]:
    """(name, value) from left to right."""
    line = _NO_NUMBER.sub(lambda match: "|" * len(match[0]), line)
    end = 0
    for match in _NUMBER.finditer(line):
        before, end = line[max(end, match.start() - _NAME_REACH) : match.start()], match.end()
        unit = " (%)" if line[end:].lstrip().startswith("%") else ""
        named = _NAME.search(before)
        is_alone = not line[: match.start()].strip() and line[end:].strip() in ("", "%")
        if named or is_alone:
            value = float(match[0].replace(",", ""))
            if math.isfinite(value):  # 1e999
                yield (named[1].strip(" -") if named else "value") + unit, value


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
    ended_at = epoch_s(execution.finished_at)
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
        labels={str(key): scalar(value) for key, value in (labels or {}).items()},
        inputs=tuple(use for use in execution.files if use.role == "input"),
        outputs=tuple(use for use in execution.files if use.role == "output"),
        snapshot=execution.snapshot,
        environment=execution.environment,
        published_at=instant(time.time()),
        state_reason=f"{execution.error.name}: {execution.error.value}" if execution.error else "",
    )
    # Points first: the store keeps the series of an ended run with the run's record.
    store.index.add_points(run.id, [(n, name, None, ended_at, each.last) for n, (name, each) in enumerate(run.metrics.items())])
    store.append([run, replace(execution, runs=(*execution.runs, run.id))])
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

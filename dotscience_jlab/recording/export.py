"""Runs as a table for a spreadsheet, a paper or a program: headers are parameter and metric names, numbers are bare numbers."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any, Sequence

from ..errors import InvalidRequest
from ..model.codec import to_json
from ..model.run import Run

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "markdown": "text/markdown",
}
FIRST_COLUMNS = ("run", "started_at", "duration_s", "state")
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
"""A spreadsheet takes a text that begins so for a formula, and a recorded text may come from anywhere. Source: OWASP, CSV
injection. Such a text gets an apostrophe in front, which spreadsheets take for "this is text"."""


def export_runs(runs: Sequence[Run], form: str) -> dict[str, Any]:
    """{text, media_type}. A name used by several groups gets its group in front: `parameters.loss`, `metrics.loss`."""
    if form not in MEDIA_TYPES:
        raise InvalidRequest(f"There is no export format {form!r}.", f"Formats: {', '.join(MEDIA_TYPES)}.")
    if form == "json":
        return {"text": json.dumps(to_json(list(runs)), indent=2), "media_type": MEDIA_TYPES[form]}
    header, rows = table_of(runs)
    write = {"csv": _csv, "tsv": _tsv, "markdown": _markdown}[form]
    return {"text": write(header, rows), "media_type": MEDIA_TYPES[form]}


def table_of(runs: Sequence[Run]) -> tuple[list[str], list[list[Any]]]:
    """(header, rows): rows (n_runs, n_columns), None where a run has no such value; columns in order of first use."""
    columns: dict[tuple[str, str], None] = {}
    tables = [_values(run) for run in runs]
    for group in ("parameters", "metrics", "summary", "labels"):
        columns.update(dict.fromkeys((group, name) for table in tables for name in table[group]))
    names = [name for _, name in columns]
    header = [
        *FIRST_COLUMNS,
        *(f"{group}.{name}" if names.count(name) > 1 or name in FIRST_COLUMNS else name for group, name in columns),
        "note",
    ]
    rows = [
        [run.name, run.started_at, run.duration_s, run.state, *(table[group].get(name) for group, name in columns), run.note]
        for run, table in zip(runs, tables)
    ]
    return header, rows


def _values(run: Run) -> dict[str, dict[str, Any]]:
    metrics = {name: summary.last for name, summary in run.metrics.items()}
    return {
        "parameters": run.parameters,
        "metrics": {**run.metric_texts, **metrics},
        "summary": {name: value for name, value in run.summary.items() if name not in run.metrics},
        "labels": run.labels,
    }


def _csv(header: list[str], rows: list[list[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_safe(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _tsv(header: list[str], rows: list[list[Any]]) -> str:
    """What a spreadsheet pastes. Tabs and line breaks inside a text become spaces: pasting has no way to say them."""
    lines = [[_pasted(name) for name in header], *([_pasted(value) for value in row] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def _pasted(value: Any) -> str:
    text = _cell(" ".join(value.split()) if isinstance(value, str) else value)
    # A quote at the start would open a quoted cell that swallows those behind it.
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if text.startswith('"') else text


def _markdown(header: list[str], rows: list[list[Any]]) -> str:
    def cell(value: Any) -> str:
        text = " ".join(str(_number_text(value)).split())
        for special in "\\|<>*_`[]":
            text = text.replace(special, "\\" + special)
        return text

    lines = ["| " + " | ".join(map(cell, header)) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(map(cell, row)) + " |" for row in rows)]) + "\n"


def _cell(value: Any) -> str:
    return _safe(value) if isinstance(value, str) else _number_text(value)


def _number_text(value: Any) -> str:
    """0.93 -> '0.93'; None -> ''; nan -> 'NaN'"""
    if value is None:
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return str(to_json(value))
    return repr(value) if isinstance(value, float) else str(value)


def _safe(text: str) -> str:
    if not text.lstrip(" ").startswith(FORMULA_STARTS):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text

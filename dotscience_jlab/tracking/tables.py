"""What the magics show: runs, a comparison, a restore plan, as escaped HTML in a notebook and as text elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any, Callable, Dict, List, Optional, Sequence

MAX_TEXT = 80


class RunTable:
    """Runs as rows. Columns: name, state, started_at, duration_s, then parameters, metrics (last value), summary, labels.

    A parameter, metric or label of the same name as another column is told apart by its group: `metrics.loss`.
    """

    def __init__(self, runs: Sequence[Dict[str, Any]], total: int) -> None:
        self.runs = list(runs)
        self.total = total

    def to_dataframe(self) -> Any:
        """One row a run, in the order shown, indexed by run id; numbers are numbers, what is missing is None. Needs pandas."""
        import pandas  # late: only who asks for a DataFrame needs it

        rows = self.rows()
        return pandas.DataFrame(rows, columns=self.columns(), index=pandas.Index([run["id"] for run in self.runs], name="id"))

    def columns(self) -> List[str]:
        return list(dict.fromkeys(name for row in self.rows() for name in row)) or ["name", "state", "started_at", "duration_s"]

    def rows(self) -> List[Dict[str, Any]]:
        """column -> value, for each run."""
        groups = [_groups(run) for run in self.runs]
        owners: Dict[str, set] = {}
        for each in groups:
            for group, values in each.items():
                for name in values:
                    owners.setdefault(name, set()).add(group)
        fixed = ("name", "state", "started_at", "duration_s")
        rows = []
        for run, each in zip(self.runs, groups):
            row = {name: run.get(name) for name in fixed}
            for group, values in each.items():
                for name, value in values.items():
                    is_clear = len(owners[name]) == 1 and name not in fixed
                    row[name if is_clear else f"{group}.{name}"] = value
            rows.append(row)
        return rows

    def __len__(self) -> int:
        return len(self.runs)

    def _repr_html_(self) -> str:
        if not self.runs:
            return "<div>No runs yet. <code>ds.metric(\"acc\", 0.93)</code> in a cell makes one.</div>"
        more = f"<div>{len(self.runs)} of {self.total} runs</div>" if self.total > len(self.runs) else ""
        return _html_table(self.columns(), self.rows()) + more

    def __repr__(self) -> str:
        if not self.runs:
            return 'No runs yet. ds.metric("acc", 0.93) in a cell makes one.'
        return _text_table(self.columns(), self.rows())


class Comparison:
    """What differs between runs; `rows` as in docs/requests.md, runs.compare."""

    def __init__(self, body: Dict[str, Any]) -> None:
        self.runs = body.get("runs", [])
        self.rows = body.get("rows", [])
        self.code = body.get("code", [])
        self.files = body.get("files", [])

    def _table(self) -> "tuple[List[str], List[Dict[str, Any]]]":
        names = [str(run.get("name") or str(run.get("id"))[:8]) for run in self.runs]
        keys = [name if names.count(name) == 1 else f"{name} ({number})" for number, name in enumerate(names, 1)]
        differing = [row for row in self.rows if row.get("is_different")]
        return ["", *keys], [
            {"": f"{row.get('group', '')} · {row.get('name', '')}", **dict(zip(keys, row.get("values", [])))} for row in differing
        ]

    def _repr_html_(self) -> str:
        columns, rows = self._table()
        parts = [_html_table(columns, rows) if rows else "<div>No value differs.</div>"]
        for each in self.code:
            if each.get("unified"):
                parts.append(f"<div><b>{escape(str(each.get('title', '')))}</b><pre>{escape(str(each['unified']))}</pre></div>")
        return "".join(parts)

    def __repr__(self) -> str:
        columns, rows = self._table()
        parts = [_text_table(columns, rows) if rows else "No value differs."]
        parts += [f"{each.get('title', '')}\n{each['unified']}" for each in self.code if each.get("unified")]
        return "\n".join(parts)


class Plan:
    """What a restore would do, or did."""

    def __init__(self, plan: Dict[str, Any], how_to_apply: Optional[str], done: Optional[Dict[str, Any]] = None) -> None:
        self.plan = plan
        self.done = done
        self._how_to_apply = how_to_apply

    def lines(self) -> List[str]:
        if self.done is not None:
            return [str(self.done.get("sentence") or f"Restored {len(self.done.get('written', []))} files.")]
        steps = [step for step in self.plan.get("steps", []) if step.get("act") != "keep"]
        lines = [f"{step['act']:>7}  {step['path']}  {step.get('reason', '')}".rstrip() for step in steps[:50]]
        if len(steps) > 50:
            lines.append(f"… {len(steps) - 50} more")
        if not any(step.get("act") in ("write", "remove") for step in steps):
            return [*lines, "Nothing would change."]
        return [*lines, f"Nothing has changed yet. {self._how_to_apply} does it, after taking a snapshot."]

    def _repr_html_(self) -> str:
        return f"<pre>{escape(chr(10).join(self.lines()))}</pre>"

    def __repr__(self) -> str:
        return "\n".join(self.lines())


def _groups(run: Dict[str, Any]) -> Dict[str, Dict[str, Any]]:
    metrics = {name: _number(each.get("last")) for name, each in (run.get("metrics") or {}).items()}
    return {
        "parameters": run.get("parameters") or {},
        "metrics": {**metrics, **(run.get("metric_texts") or {})},
        "summary": run.get("summary") or {},
        "labels": run.get("labels") or {},
    }


def _number(value: Any) -> Any:
    """'NaN' and the infinities travel as texts."""
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


def _html_table(columns: Sequence[str], rows: Sequence[Dict[str, Any]]) -> str:
    head = "".join(f"<th style='text-align:left'>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:{_side(row.get(column))}'>{escape(_text(row.get(column)))}</td>"
                         for column in columns) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text_table(columns: Sequence[str], rows: Sequence[Dict[str, Any]]) -> str:
    cells = [list(columns)] + [[_text(row.get(column)).replace("\n", " ") for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    pad: Callable[[str, int], str] = str.ljust
    return "\n".join("  ".join(pad(text, width) for text, width in zip(line, widths)).rstrip() for line in cells)


def _side(value: Any) -> str:
    return "right" if isinstance(value, (int, float)) and not isinstance(value, bool) else "left"


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"

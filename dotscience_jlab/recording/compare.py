"""Compares runs, what differs first; and two snapshots, file by file."""

from __future__ import annotations

import difflib
import json
from typing import Any, Iterable, Sequence

from ..errors import DotscienceError, InvalidRequest, NotFound
from ..model.change import ADDED, REMOVED, UPDATED
from ..model.codec import to_json
from ..model.execution import Execution, FileUse
from ..model.ids import SnapshotId
from ..model.run import Run
from ..model.snapshot import TreeEntry
from ..store.base import Store
from .notebook import cell_source, read_document

MAX_RUNS = 50
MAX_DIFF_BYTES = 2_000_000
"""Of one file: larger ones are compared by digest only."""
MAX_NOTEBOOK_BYTES = 200_000_000
"""A larger one is not parsed for its code: what was executed is recorded apart from it."""
MAX_LINE_PAIRS = 100_000_000


def compare_runs(store: Store, references: Sequence[str]) -> dict[str, Any]:
    """{runs, rows, code, files}; values stand in the order the runs were asked for.

    rows: {group, name, values, is_different}, groups in the order parameters, metrics, summary, labels, environment; those
    that differ first within each. code: executed cells that differ between the first run and each other.
    """
    if not 2 <= len(references) <= MAX_RUNS:
        raise InvalidRequest(f"Comparing takes 2 to {MAX_RUNS} runs.", "Tick at least two.")
    runs = [store.index.find_run(reference) for reference in references]
    rows: list[dict[str, Any]] = []
    for group in ("parameters", "metrics", "summary", "labels"):
        rows += _rows(group, [_table(run, group) for run in runs])
    rows += _rows("environment", [_environment(store, run) for run in runs], only_different=True)
    return {
        "runs": to_json(runs),
        "rows": rows,
        "code": [each for other in runs[1:] for each in _code_changes(store, runs[0], other)],
        "files": _file_rows(runs),
    }


def _rows(group: str, tables: list[dict[str, Any]], *, only_different: bool = False) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for table in tables for name in table)
    rows = []
    for name in names:
        values = [to_json(table.get(name)) for table in tables]
        is_different = any(not _is_same(value, values[0]) for value in values[1:])
        if is_different or not only_different:
            rows.append({"group": group, "name": name, "values": values, "is_different": is_different})
    return sorted(rows, key=lambda row: not row["is_different"])


def _is_same(a: Any, b: Any) -> bool:
    """1 and 1.0 are the same number; 1 and True, 1 and '1' are not the same value."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _table(run: Run, group: str) -> dict[str, Any]:
    if group == "metrics":
        return {**run.metric_texts, **{name: summary.last for name, summary in run.metrics.items()}}
    return getattr(run, group)


def _environment(store: Store, run: Run) -> dict[str, Any]:
    """Flat: {'python': '3.11.7', 'numpy': '2.1', …}; {} if none was recorded."""
    if run.environment is None:
        return {}
    try:
        found = json.loads(store.read_blob(run.environment))
    except (DotscienceError, ValueError):
        return {}
    flat = {name: value for name, value in found.items() if isinstance(value, (str, int, float))}
    for package in found.get("packages") or []:
        if isinstance(package, dict) and package.get("name"):
            flat[str(package["name"])] = package.get("version")
    return flat


def _code_changes(store: Store, first: Run, second: Run) -> list[dict[str, Any]]:
    """Cells matched by id, those without one by their order; equal sources are left out."""
    before, after = _sources(store, first), _sources(store, second)
    found = []
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key, ""), after.get(key, "")
        if old.rstrip() != new.rstrip():
            title = f"{first.name} → {second.name}: {_first_line(new) or _first_line(old)}"
            found.append({"title": title, "before": old, "after": new, "unified": _unified(old, new, first.name, second.name)})
    return found


def _sources(store: Store, run: Run) -> dict[str, str]:
    """Code cells of the run's notebook as of its end, so that a changed cell counts though the run did not execute it; and,
    before all else, what the run did execute."""
    found = _notebook_sources(store, run)
    for number, execution_id in enumerate(run.executions):
        try:
            execution: Execution = store.index.execution(execution_id)
        except NotFound:
            continue
        found[execution.cell_id or f"#{number}"] = execution.source
    return found


def _notebook_sources(store: Store, run: Run) -> dict[str, str]:
    if run.snapshot is None or run.path is None or not run.path.endswith(".ipynb"):
        return {}
    try:
        entry = store.entry(run.snapshot, run.path)
        is_read = entry is not None and entry.size_bytes <= MAX_NOTEBOOK_BYTES
        document = read_document(b"".join(store.read_file(entry.digest))) if is_read else None  # type: ignore[union-attr]
    except DotscienceError:  # forgotten since: what was executed is still there
        return {}
    cells = document["cells"] if document is not None else []
    return {str(cell["id"]): cell_source(cell) for cell in cells if cell.get("cell_type") == "code" and cell.get("id")}


def _first_line(source: str) -> str:
    return next((line.strip()[:60] for line in source.splitlines() if line.strip()), "")


def _file_rows(runs: list[Run]) -> list[dict[str, Any]]:
    """{path, role, kind, digests, sizes, is_different}; digests and sizes by run, None where the run has no such file.

    kind: added, updated or removed from the first run to the last; 'same' else.
    """
    uses: list[dict[tuple[str, str], FileUse]] = [
        {(use.role, use.path or use.disk_path): use for use in (*run.inputs, *run.outputs)} for run in runs
    ]
    rows = []
    for role, path in sorted({key for table in uses for key in table}):
        found = [table.get((role, path)) for table in uses]
        digests = [use.digest if use else None for use in found]
        rows.append(
            {
                "path": path,
                "role": role,
                "kind": _kind(found[0], found[-1]),
                "digests": digests,
                "sizes": [use.size_bytes if use else None for use in found],
                "is_different": len(set(digests)) > 1,
            }
        )
    return sorted(rows, key=lambda row: not row["is_different"])


def _kind(first: FileUse | None, last: FileUse | None) -> str:
    if first is None or last is None:
        return ADDED if last is not None else REMOVED if first is not None else "same"
    return "same" if first.digest == last.digest else UPDATED


def diff_snapshots(store: Store, before: SnapshotId | None, after: SnapshotId) -> dict[str, Any]:
    """{items: [{path, kind, before, after, unified}]}; unified is '' for what is not text, or too large to be read at once."""
    items = []
    for change in store.changes(before, after):
        old, new = (_text(store, change.path, entry) for entry in (change.before, change.after))
        unified = "" if old is None or new is None else _unified(old, new, f"a/{change.path}", f"b/{change.path}")
        items.append({**to_json(change), "unified": unified})
    return {"items": items}


def _text(store: Store, path: str, entry: TreeEntry | None) -> str | None:
    """The text to compare; of a notebook, its sources alone; None if it is not text."""
    if entry is None:
        return ""
    if entry.size_bytes > MAX_DIFF_BYTES:
        return None
    data = b"".join(store.read_file(entry.digest))
    if path.endswith(".ipynb"):
        document = read_document(data)
        if document is not None:
            return "\n\n".join(_marked_cells(document["cells"]))
    try:
        return data.decode("utf-8") if b"\0" not in data else None
    except UnicodeDecodeError:
        return None


def _marked_cells(cells: Iterable[dict[str, Any]]) -> Iterable[str]:
    for cell in cells:
        kind = "" if cell.get("cell_type") == "code" else f" [{cell.get('cell_type')}]"
        yield f"# %%{kind}\n{cell_source(cell)}"


def _unified(old: str, new: str, old_name: str, new_name: str) -> str:
    """'' if there is too much to compare line by line: difflib takes time in the square of it."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) * len(after) > MAX_LINE_PAIRS:
        return ""
    return "\n".join(difflib.unified_diff(before, after, old_name, new_name, lineterm=""))

"""The table of docs/capture.md: a row an operation, made of what `pytest tests/capture --whole` has seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping

from .operation import Operation

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "capture.md"
BEGIN, END = "<!-- table: made by `pytest tests/capture --whole` -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class Seen:
    operation: Operation
    is_beside: bool
    is_right: bool
    """All it reads and writes is recorded, nothing else."""
    seen_by: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        seen_by = sorted(self.seen_by)
        return {"name": self.operation.name, "is_beside": self.is_beside, "is_right": self.is_right, "seen_by": seen_by}

    @staticmethod
    def from_json(row: dict[str, Any], operations: Mapping[str, Operation]) -> Seen:
        return Seen(operations[row["name"]], row["is_beside"], row["is_right"], frozenset(row["seen_by"]))


_noted: list[Seen] = []


def note(seen: Seen) -> None:
    _noted.append(seen)


def noted() -> list[Seen]:
    return list(_noted)


def lines_of(seen: Iterable[Seen]) -> list[str]:
    """Markdown, by library and name; – where an operation was not run that way."""
    both: dict[Operation, dict[bool, Seen]] = {}
    for each in seen:
        both.setdefault(each.operation, {})[each.is_beside] = each
    lines = ["| library | operation | reads | writes | alone | beside | seen by | what is missing |", "|---|" + "---|" * 7]
    for operation, ways in sorted(both.items(), key=lambda item: (item[0].library, item[0].name)):
        seen_by = {by for each in ways.values() for by in each.seen_by}
        cells = [
            operation.library, operation.name, _names(operation.reads), _names(operation.writes),
            *("–" if way not in ways else "✓" if ways[way].is_right else "✗" for way in (False, True)),
            ", ".join(sorted(seen_by)), operation.missed,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |".replace("  ", " "))
    return lines


def summary_of(seen: Iterable[Seen]) -> str:
    """One sentence a goal of issue 4: how many of which kind were seen, both ways counted."""
    kinds = {
        "writes in the workspace": lambda each: each.writes_inside,
        "reads in the workspace": lambda each: each.reads_inside,
        "reads outside of it": lambda each: each.reads_outside,
        "operations that touch no file of the user's": lambda each: not each.reads and not each.writes,
    }
    parts = []
    listed = list(seen)
    for kind, is_of in kinds.items():
        mine = [each for each in listed if is_of(each.operation)]
        right = sum(each.is_right for each in mine)
        parts.append(f"{right} of {len(mine)} {kind} ({len({each.operation for each in mine})} operations)")
    return "; ".join(parts) + "."


def put_into_document(seen: list[Seen]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = "\n".join([before + BEGIN, "", f"Right: {summary_of(seen)}", "", *lines_of(seen), "", END]) + after
    if made != text:
        DOCUMENT.write_text(made, encoding="utf-8")


def named_in_document() -> set[str]:
    """The names of the operations that the document has a row for."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    return {row[2].strip() for row in rows[1:]}


def _names(paths: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{path}`" for path in paths[:3])
    return shown + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")

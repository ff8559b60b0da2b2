"""What the columns of `state.db` hold of a stored record: from its JSON, so that a rebuild builds no records."""

from __future__ import annotations

import math
from typing import Any, Iterator, overload

from ..model.execution import RUNNING
from ..model.values import NON_FINITE, Scalar

VALUE_FIELDS = ("parameters", "metrics", "summary", "labels")
"""Fields of a run whose values it can be sorted by."""

Body = dict[str, Any]


def execution_row(body: Body, checked: str) -> tuple[Any, ...]:
    """checked: the text with its checksum, as the last column has it."""
    path = body.get("path")
    named = (use.get("path") or use["disk_path"] for use in body.get("files", ()))
    words = "\n".join((body["source"], body.get("outputs_text", ""), path or "", *named))
    return (
        body["id"], body["session"], body["order"], body["started_at"], body.get("notebook"), plain(path),
        body.get("cell_id"), body.get("outcome", RUNNING), plain(words.lower()), checked,
    )  # fmt: skip


def use_rows(body: Body) -> Iterator[tuple[Any, ...]]:
    for use in body.get("files", ()):
        yield plain(use.get("path") or use["disk_path"]), use["role"], body["id"], body["started_at"]


def run_row(body: Body, checked: str) -> tuple[Any, ...]:
    """body: with later words applied; checked: of what was recorded."""
    path = body.get("path")
    values = [f"{name} {value}" for field in ("parameters", "labels") for name, value in body.get(field, {}).items()]
    words = "\n".join((body["name"], body.get("note", ""), body.get("description", ""), path or "", *values))
    return (
        body["id"], body["number"], plain(body["name"]), body["state"], body["started_at"], body.get("notebook"),
        plain(path), plain(words.lower()), checked,
    )  # fmt: skip


def value_rows(body: Body) -> Iterator[tuple[Any, ...]]:
    """A metric's is its last."""
    run = body["id"]
    for field in VALUE_FIELDS:
        for name, value in body.get(field, {}).items():
            if field == "metrics":
                value = value["last"]
            if type(value) is float:
                yield run, field, plain(name), stored_float(value), None
            else:
                yield run, field, plain(name), *_number_and_text(value)


def _number_and_text(value: Scalar) -> tuple[float | None, str | None]:
    """What it is sorted by: its number, or if it has none its text."""
    if isinstance(value, int):
        try:
            return float(value), None
        except OverflowError:  # an integer beyond the largest float
            return (math.inf if value > 0 else -math.inf), None
    if isinstance(value, str) and value in NON_FINITE:
        return stored_float(NON_FINITE[value]), value
    return None, None if value is None else plain(str(value))


@overload
def plain(value: str) -> str: ...
@overload
def plain(value: None) -> None: ...
def plain(value: str | None) -> str | None:
    """SQLite refuses half characters (a file's name that is not UTF-8): '\\udcff' -> the six characters, both ways alike."""
    if value is None or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def stored_float(value: float) -> float | None:
    """SQLite keeps infinities, and turns NaN into NULL: said here, so that nobody wonders."""
    return None if value != value else value

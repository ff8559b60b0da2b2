"""A record as it is written: one line of a segment, and what the index keeps of it, so that a rebuild builds no records.

    {"record":"run","id":"823b…","name":"train · 7",…}\\n   ->   Line("run", "823b…", {…}, '{"record":"run",…}')

The text goes into `state.db` as it stands, where it is what `from_stored` reads without a surprise; else it is written anew.
"""

from __future__ import annotations

import json
from typing import Any, Iterable, Iterator, NamedTuple

from ..errors import StoreDamaged
from ..model.codec import from_stored, is_as_written, stored_text, to_stored
from .base import Record


class Line(NamedTuple):
    kind: str
    id: str
    body: dict[str, Any]
    """Its JSON; fields equal to their default may be missing."""
    text: str
    """Of the same JSON, without the end of the line."""

    def record(self) -> Record:
        return from_stored(self.body)  # type: ignore[return-value]


def line_of(record: Record) -> Line:
    body = to_stored(record)
    return Line(body["record"], str(body.get("id")), body, stored_text(body))


def read_lines(path: str, data: bytes) -> Iterator[Line]:
    """path, data: of a segment. Kinds of record that this version does not know are left out; StoreDamaged if a line is none."""
    for raw in data.split(b"\n"):  # not splitlines: text may hold U+2028 and its like, which are no line ends here
        if raw:
            line = _as_it_stands(raw) or _written_anew(path, raw)
            if line is not None:
                yield line


def named_blobs(body: dict[str, Any]) -> Iterator[str]:
    """Digests of the bytes that a stored record is not whole without. Files of snapshots are not among them: trees hold those."""
    kind = body["record"]
    if kind == "run":
        artifacts = (each.get("blob") for each in body.get("artifacts", ()))
        found = (*map(body.get, ("environment", "series_blob", "resources_blob", "loaded")), *artifacts)
    elif kind in ("execution", "session"):
        copied = (use.get("blob") for use in body.get("files") or () if isinstance(use, dict))
        found = (body.get("outputs_blob"), body.get("environment"), *copied)
    else:
        found = ()
    yield from filter(None, found)


def used_files(body: dict[str, Any]) -> Iterator[str]:
    """Digests of the files that a stored record used."""
    kind = body["record"]
    if kind == "execution":
        uses: Iterable[dict[str, Any]] = body.get("files", ())
    else:
        uses = (*body.get("inputs", ()), *body.get("outputs", ())) if kind == "run" else ()
    yield from filter(None, (use.get("digest") for use in uses))


def _refuse(constant: str) -> Any:
    """Python reads NaN and Infinity, which are no JSON: SQLite would stumble over them."""
    raise ValueError(constant)


_SCAN = json.JSONDecoder(parse_constant=_refuse).scan_once
"""Reads one value; `json.loads` does the same, and takes a quarter longer to begin and end."""


def _as_it_stands(raw: bytes) -> Line | None:
    """None if it is not one object in UTF-8 of a shape that this version knows, and nothing else."""
    try:
        text = raw.decode("utf-8")
        body, end = _SCAN(text, 0)
        if end == len(text) and is_as_written(body) and type(body.get("id")) is str:
            return Line(body["record"], body["id"], body, text)
    except (ValueError, StopIteration, RecursionError):
        pass
    return None


def _written_anew(path: str, raw: bytes) -> Line | None:
    try:
        record = from_stored(json.loads(raw))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StoreDamaged(f"A line of {path} cannot be read: {error}.", "Restore the store from a copy.") from error
    return None if record is None else line_of(record)

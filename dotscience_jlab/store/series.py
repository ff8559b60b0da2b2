"""The points of a finished run as one document: JSON up to 1,000 points, columns in Parquet above.

Parquet columns: name (dictionary), step (int64, null where none was given), time (float64, epoch s), value (float64),
position (int64). A point's position is its name: read twice, from here or from the kernel's spool, it is kept once.
"""

from __future__ import annotations

import io
import json
from typing import Iterable, Iterator

from ..model.values import from_json_float, json_float

INLINE_POINTS = 1000
Point = tuple[int, str, int | None, float, float]
"""(position, name, step, time, value)"""


def series_bytes(points: Iterable[Point]) -> bytes:
    """In the order logged. A Parquet file begins with `PAR1`, the JSON with `{`."""
    rows = list(points)
    if len(rows) <= INLINE_POINTS:
        body = {
            "points": [[name, step, time, json_float(value)] for _, name, step, time, value in rows],
            "positions": [row[0] for row in rows],
        }
        return json.dumps(body, separators=(",", ":")).encode()
    import pyarrow
    import pyarrow.parquet

    positions, names, steps, times, values = zip(*rows)
    table = pyarrow.table(
        {
            "name": pyarrow.array(names).dictionary_encode(),
            "step": pyarrow.array(steps, pyarrow.int64()),
            "time": pyarrow.array(times, pyarrow.float64()),
            "value": pyarrow.array(values, pyarrow.float64()),
            "position": pyarrow.array(positions, pyarrow.int64()),
        }
    )
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def read_series(data: bytes) -> Iterator[Point]:
    """A document without positions counts them from 0."""
    if data[:4] != b"PAR1":
        body = json.loads(data)
        points = body["points"]
        for position, (name, step, time, value) in zip(body.get("positions") or range(len(points)), points):
            yield position, name, step, time, from_json_float(value)
        return
    import pyarrow.parquet

    columns = pyarrow.parquet.read_table(io.BytesIO(data)).to_pydict()
    positions = columns.get("position") or range(len(columns["name"]))
    yield from zip(positions, columns["name"], columns["step"], columns["time"], columns["value"])

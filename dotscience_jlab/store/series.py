"""The points of a finished run as one document: JSON up to 1,000 points, columns in Parquet above.

Parquet columns: name (dictionary), step (int64, null where none was given), time (float64, epoch s), value (float64).
"""

from __future__ import annotations

import io
import json
from typing import Iterable, Iterator

from ..model.values import from_json_float, json_float

INLINE_POINTS = 1000
Point = tuple[str, int | None, float, float]
"""(name, step, time, value)"""


def series_bytes(points: Iterable[Point]) -> bytes:
    """In the order logged. A Parquet file begins with `PAR1`, the JSON with `{`."""
    rows = list(points)
    if len(rows) <= INLINE_POINTS:
        body = {"points": [[name, step, time, json_float(value)] for name, step, time, value in rows]}
        return json.dumps(body, separators=(",", ":")).encode()
    import pyarrow
    import pyarrow.parquet

    names, steps, times, values = zip(*rows)
    table = pyarrow.table(
        {
            "name": pyarrow.array(names).dictionary_encode(),
            "step": pyarrow.array(steps, pyarrow.int64()),
            "time": pyarrow.array(times, pyarrow.float64()),
            "value": pyarrow.array(values, pyarrow.float64()),
        }
    )
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def read_series(data: bytes) -> Iterator[Point]:
    if data[:4] != b"PAR1":
        for name, step, time, value in json.loads(data)["points"]:
            yield name, step, time, from_json_float(value)
        return
    import pyarrow.parquet

    columns = pyarrow.parquet.read_table(io.BytesIO(data)).to_pydict()
    yield from zip(columns["name"], columns["step"], columns["time"], columns["value"])

"""polars. A scan is told of where it is made, not where it is collected: the plan does not say its files cheaply."""

from __future__ import annotations

from typing import Dict, Tuple

from .opener import INPUT, OUTPUT, Opener


def _reads(*names: str, keyword: str = "source") -> Tuple[Opener, ...]:
    return tuple(Opener(name, 0, keyword, INPUT) for name in names)


_FORMATS = ("csv", "parquet", "ipc", "ipc_stream", "json", "ndjson", "avro")
OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "polars.io.csv.functions": _reads("read_csv", "read_csv_batched", "scan_csv"),
    "polars.io.parquet.functions": _reads("read_parquet", "scan_parquet", "read_parquet_schema", "read_parquet_metadata"),
    "polars.io.ipc.functions": _reads("read_ipc", "read_ipc_stream", "read_ipc_schema", "scan_ipc"),
    "polars.io.ndjson": _reads("read_ndjson", "scan_ndjson"),
    "polars.io.json.read": _reads("read_json"),
    "polars.io.avro": _reads("read_avro"),
    "polars.io.lines": _reads("read_lines", "scan_lines"),
    "polars.io.delta.functions": _reads("read_delta", "scan_delta"),
    "polars.dataframe.frame": (
        *(Opener(f"DataFrame.write_{kind}", 1, "file", OUTPUT) for kind in _FORMATS),
        Opener("DataFrame.write_delta", 1, "target", OUTPUT),
    ),
    "polars.lazyframe.frame": tuple(Opener(f"LazyFrame.sink_{kind}", 1, "path", OUTPUT) for kind in _FORMATS),
}

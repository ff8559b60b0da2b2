"""pyarrow; `pandas.read_parquet` and its like are told of through it."""

from __future__ import annotations

from typing import Dict, Tuple

from .opener import INPUT, OUTPUT, Opener

OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "pyarrow": (
        Opener("OSFile", 0, "path", ""),
        Opener("memory_map", 0, "path", ""),
        Opener("create_memory_map", 0, "path", OUTPUT),
        Opener("input_stream", 0, "source", INPUT),
        Opener("output_stream", 0, "source", OUTPUT),
    ),
    "pyarrow.parquet.core": (
        Opener("ParquetFile.__init__", 1, "source", INPUT),
        Opener("ParquetDataset.__init__", 1, "path_or_paths", INPUT),
        Opener("ParquetWriter.__init__", 1, "where", OUTPUT),
        Opener("read_metadata", 0, "where", INPUT),
        Opener("read_schema", 0, "where", INPUT),
        Opener("write_to_dataset", 1, "root_path", OUTPUT),
    ),
    "pyarrow.feather": (
        Opener("read_feather", 0, "source", INPUT),
        Opener("read_table", 0, "source", INPUT),
        Opener("write_feather", 1, "dest", OUTPUT),
    ),
    "pyarrow.csv": (
        Opener("read_csv", 0, "input_file", INPUT),
        Opener("open_csv", 0, "input_file", INPUT),
        Opener("write_csv", 1, "output_file", OUTPUT),
    ),
    "pyarrow.json": (Opener("read_json", 0, "input_file", INPUT),),
    "pyarrow.orc": (
        Opener("ORCFile.__init__", 1, "source", INPUT),
        Opener("ORCWriter.__init__", 1, "where", OUTPUT),
        Opener("read_table", 0, "source", INPUT),
    ),
    "pyarrow.dataset": (
        Opener("dataset", 0, "source", INPUT),
        Opener("write_dataset", 1, "base_dir", OUTPUT),
    ),
}

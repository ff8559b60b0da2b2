"""*Run All* that rewrites a large file in every cell: its time as a ratio to untracked, and what the disk loses to the history.

    python bench/lunch.py [--json] [--cells 50] [--megabytes 400] [--passes 1]

The folder holds 30 GB of sparse data and one Parquet file of random numbers, which each cell reads, changes in every row and
writes again: no version shares a byte with another, and only the first ones fit under the cap of 5 GB.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pyarrow.parquet
from _kernels import environment, stop_recorders, timed_cells

from dotscience_jlab.store.base import KeepRules

LIMIT = 1.05
CAP_BYTES = KeepRules().data_bytes
BESIDE_BYTES = 50_000_000
"""Code, outputs and records, which go on when data stop."""
STORED_WITHIN_S = 300
CELL = """
import pandas
frame = pandas.read_parquet("data/readings.parquet")
frame["value"] = frame["value"] * 1.25 + {n}
frame.to_parquet("data/readings.parquet", compression=None)
print(len(frame), frame["value"].mean())
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cells", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--passes", type=int, default=1)
    asked = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="ds-bench-"))
    try:
        row = measure(base, asked)
    finally:
        stop_recorders(base)
        shutil.rmtree(base, ignore_errors=True)
    print(json.dumps(row, indent=1) if asked.json else words(row))
    return 0 if row["ratio"] <= row["limit"] and row["store_bytes"] <= row["cap_bytes"] else 1


def measure(base: Path, asked: argparse.Namespace) -> dict[str, Any]:
    folder = base / "project"
    cells = [CELL.format(n=n) for n in range(asked.cells)]
    untracked, tracked = [], []
    for number in range(asked.passes):
        make_folder(folder, asked.megabytes)
        untracked.append(timed_cells(folder, environment(base, f"plain{number}", DOTSCIENCE_DISABLE="1"), cells))
        make_folder(folder, asked.megabytes)
        environ = environment(base, f"tracked{number}")
        tracked.append(timed_cells(folder, environ, cells))
        entries = stored(folder, environ, asked.cells)
    return {
        "n_cells": asked.cells,
        "untracked_s": round(statistics.median(untracked), 2),
        "tracked_s": round(statistics.median(tracked), 2),
        "ratio": round(statistics.median(tracked) / statistics.median(untracked), 4),
        "limit": LIMIT,
        "store_bytes": disk_bytes(folder / ".dotscience"),
        "cap_bytes": CAP_BYTES + BESIDE_BYTES,
        "n_entries": len(entries),
        "n_versions_kept": sum(is_kept(each) for each in entries),
    }


def make_folder(folder: Path, megabytes: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    (folder / "requirements.txt").write_text("")
    for n in range(3):
        with open(folder / "data" / f"archive-{n}.bin", "wb") as file:
            file.truncate(10_000_000_000)
    values = numpy.random.default_rng(0).random(megabytes * 1_000_000 // 8)
    pyarrow.parquet.write_table(pyarrow.table({"value": values}), folder / "data/readings.parquet", compression="none")


def stored(folder: Path, environ: dict[str, str], n_cells: int) -> list[dict[str, Any]]:
    """The cells' entries, newest first, once each has its snapshot. RuntimeError if that takes too long."""
    deadline = time.monotonic() + STORED_WITHIN_S
    while time.monotonic() < deadline:
        said = subprocess.run(["ds", "log", "-n", "1000", "--json"], cwd=folder, env=environ, capture_output=True, text=True)
        entries = [each for each in json.loads(said.stdout or "[]") if "to_parquet" in each["source"]]
        if len(entries) == n_cells and all(each["snapshot"] for each in entries):
            return entries
        time.sleep(1)
    raise RuntimeError(f"Not all {n_cells} cells were stored within {STORED_WITHIN_S} s: {said.stderr}")


def is_kept(entry: dict[str, Any]) -> bool:
    """True if the version that this cell wrote can be restored."""
    uses = [each for each in entry["files"] if (each["role"], each["path"]) == ("output", "data/readings.parquet")]
    return any(each["kept"] == "stored" for each in uses)


def disk_bytes(folder: Path) -> int:
    return sum(each.stat().st_blocks * 512 for each in folder.rglob("*") if each.is_file() and not each.is_symlink())


def words(row: dict[str, Any]) -> str:
    return (
        f"{row['n_cells']} cells: untracked {row['untracked_s']} s, tracked {row['tracked_s']} s, ratio {row['ratio']}, "
        f"at most {row['limit']}\nthe history takes {row['store_bytes'] / 1e9:.2f} GB, at most {row['cap_bytes'] / 1e9:.2f} GB; "
        f"{row['n_versions_kept']} of {row['n_entries']} versions are kept"
    )


if __name__ == "__main__":
    sys.exit(main())

"""What a fork costs: `python bench/fork.py [--files 10000] [--mib 1024] [--forks 1000] [--json]`.

The store of it beside 5 ms, its way to the disk beside one fsync of the same run, and what a thousand of them take on the disk.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from _measure import Report, Spent, measured

from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.recording.fork import apply_fork
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.durable import sync_together
from dotscience_jlab.store.fork_index import copy_index
from dotscience_jlab.store.fork_store import files_to_sync, make_history, make_store
from dotscience_jlab.store.gather import gather_loose
from dotscience_jlab.store.git import GitObjects
from dotscience_jlab.store.history import History
from dotscience_jlab.store.objects import RECORDS_REF
from dotscience_jlab.store.open import open_store

GOAL = Spent(0.005, 0.005)
ROUNDS = 15
RULES = KeepRules(data_bytes=1 << 40, free_bytes=0, free_share=0.0)


def make_workspace(root: Path, n_files: int, n_bytes: int) -> History:
    """Random files of one size, five snapshots."""
    for n in range(n_files):
        folder = root / f"d{n // 100:03}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{n}.bin").write_bytes(os.urandom(n_bytes // n_files))
    store = open_store(root, create=True)
    for n in range(5):
        (root / "train.ipynb").write_text(f'{{"n": {n}}}')
        store.publish(SnapshotDraft("a cell", instant(time.time()), dict(store.scan(RULES).edits)))
    return store


def bench_store(base: Path, store: History, report: Report) -> None:
    head = store.head()
    assert head is not None and isinstance(store.objects, GitObjects)
    commit, records = store.commit_of(head.id), store.objects.ref(RECORDS_REF)
    objects = store.objects
    report.row("loose objects since the last tidying, packed once", measured(lambda _: gather_loose(objects), 1), "5 ms", GOAL)

    def draft(n: int) -> Path:
        return base / f"fork{n}/.dotscience/store.git.draft"

    def make(n: int) -> None:
        make_store(store, draft(n), draft(n).parents[1], head.id)

    made = measured(make, ROUNDS, lambda n: draft(n).parents[1].mkdir())
    report.row("the store of a fork", made, "5 ms", GOAL, limit=1.0)
    copied = measured(lambda n: copy_index(store.index, draft(n) / "state.db", head.id, commit, records), ROUNDS)
    report.row("its index, copied", copied, "5 ms", GOAL)
    (base / "one").write_bytes(b"x")

    def one_sync(n: int) -> None:
        with open(base / "one", "ab") as file:
            file.write(b"x" * 200)
            file.flush()
            os.fsync(file.fileno())

    limit = measured(one_sync, ROUNDS)
    synced = measured(lambda n: sync_together(files_to_sync(draft(n))), ROUNDS)
    report.row("its way to the disk", synced, "one write and fsync", limit)


def bench_many(base: Path, store: History, report: Report, n_forks: int) -> None:
    head = store.head()
    assert head is not None
    before = sum(path.stat().st_size for path in (store.root / ".dotscience").rglob("*") if path.is_file())
    began = time.perf_counter()
    for n in range(n_forks):
        make_history(store, base / f"one of many {n}", head.id)
    took_s = time.perf_counter() - began
    sizes = [disk_bytes(base / f"one of many {n}") for n in range(n_forks)]
    report.amount(f"store of one of {n_forks:,} forks, on the disk", statistics.median(sizes) / 1024, "KiB", 256)
    report.amount(f"{n_forks:,} forks beside their origin's store", sum(sizes) / max(before, 1), "x", 1.0)
    report.amount(f"each of {n_forks:,} forks, whole and on the disk", 1e3 * took_s / n_forks, "ms", 100)


def disk_bytes(folder: Path) -> int:
    """Of folders, and of files that no other history has too."""
    found = [(path.is_dir(), path.lstat()) for path in folder.rglob("*")]
    return sum(each.st_blocks * 512 for is_folder, each in found if is_folder or each.st_nlink == 1)


def bench_files(base: Path, store: History, report: Report) -> None:
    """Small files are there when the fork is told of."""
    head = store.head()
    assert head is not None
    copied = measured(lambda _: shutil.copytree(store.root, base / "copy", ignore=lambda *_: [".dotscience"]), 1)
    whole = measured(lambda _: apply_fork(store, head.id, base / "whole", progress=lambda *_: None), 1)
    report.row("a fork with all its small files", whole, "a copy of the folder's files", copied)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--mib", type=int, default=1024, help="of all files together")
    parser.add_argument("--forks", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    report = Report(chosen.json)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        store = make_workspace(base / "churn", chosen.files, chosen.mib << 20)
        bench_store(base, store, report)
        bench_many(base, store, report, chosen.forks)
        bench_files(base, store, report)
        store.close()
    report.finish()


if __name__ == "__main__":
    main()

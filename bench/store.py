"""What the store costs, each row beside a peer or a limit taken in the same run: `python bench/store.py [--files 10000] [--json]`.

Large files have a benchmark of their own, `store_large.py`, the index too, `store_index.py`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from _measure import Report, measured, measured_in_turn

from dotscience_jlab.model.execution import Execution
from dotscience_jlab.model.ids import new_run_id
from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.run import MetricSummary, Run
from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store

ROUNDS_OF_ONE = 21
SESSION = "k-0123456789abcdef"


def make_folder(root: Path, n_files: int) -> Path:
    """100 files a folder, and one notebook."""
    for n in range(n_files):
        folder = root / f"d{n // 100:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{n}.txt").write_text(f"{n}\n" * 20)
    notebook = root / "train.ipynb"
    notebook.write_text("{}")
    return notebook


def snapshot(store: History, only: list[str] | None = None) -> None:
    edits = dict(store.scan(KeepRules(), only=only).edits)  # type: ignore[arg-type]
    store.publish(SnapshotDraft("a cell", instant(time.time()), edits))


def bench_snapshots(root: Path, report: Report, n_files: int) -> None:
    notebook = make_folder(root, n_files)

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=y", *words], check=True, capture_output=True)

    git("init", "-q")
    (root / ".git/info/exclude").write_text(".dotscience\n")
    first_git = measured(lambda _: (git("add", "-A"), git("commit", "-qm", "first")), 1)
    store = open_store(root, create=True)
    report.row(f"first snapshot of {n_files:,} files", measured(lambda _: snapshot(store), 1), "git add -A, commit", first_git)
    time.sleep(0.1)
    snapshot(store)

    def change(n: int) -> None:
        notebook.write_text(f'{{"n": {n}, "at": {time.time()}}}')

    one_git, known, scanned = measured_in_turn(
        [
            lambda _: (git("add", "-A"), git("commit", "-qm", "one")),
            lambda _: snapshot(store, ["train.ipynb"]),
            lambda _: snapshot(store),
        ],
        ROUNDS_OF_ONE,
        before=change,
    )
    report.row("one notebook changed, its path known", known, "git add -A, commit", one_git)
    report.row("one notebook changed, everything scanned", scanned, "git add -A, commit", one_git)
    none_git = measured(lambda _: git("status", "--porcelain"))
    report.row("nothing changed", measured(lambda _: snapshot(store)), "git status", none_git)

    def stats(_: int) -> None:
        for folder, _folders, names in os.walk(root):
            if ".git" not in folder and ".dotscience" not in folder:
                for name in names:
                    os.lstat(os.path.join(folder, name))

    report.row("nothing changed", measured(lambda _: snapshot(store)), "a bare walk with one stat a file", measured(stats))
    store.close()


def bench_records(root: Path, report: Report) -> None:
    store = open_store(root, create=True)

    def execution(n: int) -> Execution:
        return Execution(f"{SESSION}:m{n}", SESSION, "model.fit(X, y)\n" * 5, n, instant(time.time()), "ok")  # type: ignore[arg-type]

    data = b"x" * 500

    def write_line(n: int) -> None:
        with open(root / "lines", "ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    limit = measured(write_line, 20)
    one = measured(lambda n: store.append([execution(n)]), 20)
    report.row("append of one record, durable", one, "write and fsync of a line", limit)
    many = measured(lambda n: store.append([execution(10**6 * (n + 1) + m) for m in range(1000)]), 3)
    report.row("append of 1,000 records at once", many, "1,000 writes and fsyncs", limit * 1000)
    store.close()


def bench_queries(root: Path, report: Report, n_runs: int) -> None:
    store = open_store(root, create=True)

    def run(n: int) -> Run:
        metrics = {name: MetricSummary(n / 7 % 1, 0.0, 1.0, 10) for name in ("acc", "loss", "auc", "f1", "mae")}
        parameters = {f"p{m}": n * m / 3 for m in range(10)}
        return Run(new_run_id(), f"train · {n}", n, None, "finished", instant(1.7e9 + n), parameters=parameters, metrics=metrics)

    store.append([run(n) for n in range(n_runs)])
    index = store.index
    ids = [each.id for each in index.runs(limit=100).items]
    by_id, limit = "the same number of runs by id", measured(lambda _: [index.run(each) for each in ids])
    report.row(f"100 newest of {n_runs:,} runs", measured(lambda _: index.runs()), by_id, limit)
    report.row(f"100 best of {n_runs:,} runs by a metric", measured(lambda _: index.runs(sort="-metrics.acc")), by_id, limit)
    report.row(f"100 of {n_runs:,} runs that hold a word", measured(lambda _: index.runs(text="train · 77")), by_id, limit)
    live = new_run_id()
    index.add_points(live, [(n, "loss", n, 1.0 * n, n % 97) for n in range(100_000)])
    read = measured(lambda _: list(index.all_points(live)))
    report.row("100,000 points as a chart of 1,000", measured(lambda _: index.series(live, max_points=1000)), "reading them", read)
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    report = Report(chosen.json)
    for act, size in ((bench_snapshots, (chosen.files,)), (bench_records, ()), (bench_queries, (chosen.runs,))):
        with tempfile.TemporaryDirectory() as folder:
            act(Path(folder), report, *size)
    report.finish()


if __name__ == "__main__":
    main()

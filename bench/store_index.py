"""What the index costs, each row beside a bare loop or a limit taken in the same run.

    python bench/store_index.py [--runs 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from pathlib import Path

from _measure import Report, measured

from dotscience_jlab.model.ids import new_run_id
from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.run import MetricSummary, Run
from dotscience_jlab.store.git import GitObjects
from dotscience_jlab.store.history import History
from dotscience_jlab.store.index_feed import LINES_AT_ONCE
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.recent import RECENT_RUNS, recent_records
from dotscience_jlab.store.trees import walk

RUNS_OF_A_NOTEBOOK = 1000


def run(n: int) -> Run:
    """Ten parameters and five metrics."""
    metrics = {name: MetricSummary(n / 7 % 1, 0.0, 1.0, 10) for name in ("acc", "loss", "auc", "f1", "mae")}
    parameters = {f"p{m}": n * m / 3 for m in range(10)}
    which = n // RUNS_OF_A_NOTEBOOK
    return Run(
        new_run_id(), f"train · {n}", n, None, "finished", instant(1.7e9 + n), parameters=parameters, metrics=metrics,
        notebook=f"n-{which:016x}", path=f"train{which}.ipynb",  # type: ignore[arg-type]
    )  # fmt: skip


def fill(root: Path, n_runs: int) -> None:
    store = open_store(root, create=True)
    for first in range(0, n_runs, LINES_AT_ONCE):
        store.append([run(n) for n in range(first, min(first + LINES_AT_ONCE, n_runs))])
    store.close()


def remove_index(root: Path) -> None:
    for path in (root / ".dotscience/store.git").glob("state.db*"):
        path.unlink()


def bare_loop(root: Path, *, with_values: bool) -> None:
    """Inflate, parse, insert each run as a row; with_values: and what it can be sorted by. Nothing is looked at."""
    objects = GitObjects(root / ".dotscience/store.git")
    tip = objects.ref("refs/ds/records")
    assert tip is not None
    path = root / "bare.db"
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-65536"):
        db.execute(f"PRAGMA {setting}")
    db.execute("CREATE TABLE runs (id TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID")
    db.execute(
        "CREATE TABLE run_values (run TEXT, field TEXT, name TEXT, number REAL, PRIMARY KEY (run, field, name)) WITHOUT ROWID"
    )
    db.execute("BEGIN")
    for name, item in walk(objects, objects.commit(tip).tree):
        if name.startswith("segments/"):
            lines = objects.blob(item.id).decode().split("\n")[:-1]
            bodies = list(map(json.loads, lines))
            db.executemany("INSERT INTO runs VALUES (?, ?)", [(body["id"], line) for body, line in zip(bodies, lines)])
            if with_values:
                values = [(body["id"], "parameters", name, value) for body in bodies for name, value in body["parameters"].items()]
                values += [(body["id"], "metrics", name, each["last"]) for body in bodies for name, each in body["metrics"].items()]
                db.executemany("INSERT INTO run_values VALUES (?, ?, ?, ?)", values)
    db.execute("COMMIT")
    db.close()
    objects.close()


def bench_rebuild(root: Path, report: Report, n_runs: int) -> None:
    rebuilt = measured(lambda _: open_store(root).close(), before=lambda _: remove_index(root))
    with_values = measured(lambda _: bare_loop(root, with_values=True))
    report.row(f"index of {n_runs:,} runs made anew", rebuilt, "inflate, parse, insert runs and values", with_values, 2)
    bare = measured(lambda _: bare_loop(root, with_values=False))
    report.row(f"index of {n_runs:,} runs made anew", rebuilt, "inflate, parse, insert runs alone", bare)


def bench_first_sight(root: Path, report: Report, n_runs: int) -> None:
    def look(_: int) -> None:
        recent = recent_records(root)
        assert recent is not None and recent.index.runs(limit=100).total >= RECENT_RUNS

    seen = measured(look, before=lambda _: remove_index(root))
    report.amount(f"newest {RECENT_RUNS:,} of {n_runs:,} runs, seen without an index", seen.wall_s, "s by the clock", 1)


def bench_questions(store: History, report: Report, n_runs: int) -> None:
    def newest_of_a_notebook(_: int) -> None:
        page = store.index.runs(path="train7.ipynb", limit=1)
        assert page.total == RUNS_OF_A_NOTEBOOK

    asked = measured(newest_of_a_notebook, 20)
    report.amount(f"the newest run of a notebook, and how many, of {n_runs:,}", 1e3 * asked.wall_s, "ms by the clock", 1)
    ids = [each.id for each in store.index.runs(path="train7.ipynb").items]
    by_id = measured(lambda _: [store.index.run(each) for each in ids])
    report.row("100 newest runs of a notebook", measured(lambda _: store.index.runs(path="train7.ipynb")), "the same by id", by_id)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    report = Report(chosen.json)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root, chosen.runs)
        bench_rebuild(root, report, chosen.runs)
        bench_first_sight(root, report, chosen.runs)
        store = open_store(root)
        bench_questions(store, report, chosen.runs)
        store.close()
    report.finish()


if __name__ == "__main__":
    main()

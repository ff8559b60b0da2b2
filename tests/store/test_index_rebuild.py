"""`state.db` is a cache: deleted or damaged at any time, it is what git says again, the same to the last row."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from dotscience_jlab.errors import StoreDamaged, StoreError
from dotscience_jlab.model.execution import FileUse, Session
from dotscience_jlab.model.ids import new_run_id
from dotscience_jlab.model.run import Annotation, Tombstone
from dotscience_jlab.recording.annotate import rename_notebooks
from dotscience_jlab.store.check import check_history
from dotscience_jlab.store.far_side import begin_repository
from dotscience_jlab.store.git import GitObjects
from dotscience_jlab.store.history import History
from dotscience_jlab.store.lock import StoreLock
from dotscience_jlab.store.maintenance import tidy
from dotscience_jlab.store.open import open_store
from tests.recording.spool import Bench

from .contract import AT, NOTEBOOK, SESSION, execution, publish, run
from .test_exchange import Side
from .test_on_disk import git, repository

CACHE = {"files_seen", "chunk_maps", "searched"}
"""Knows files, and what was searched for secrets, not the history: empty after a rebuild, filled by the next scan or push."""


def rows(root: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table of `state.db`, as another program sees it."""
    db = sqlite3.connect(f"file:{root}/.dotscience/store.git/state.db?mode=ro", uri=True)
    try:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in tables if name not in CACHE}
    finally:
        db.close()


def remove_index(root: Path, names: str = "state.db*") -> None:
    for path in (root / ".dotscience/store.git").glob(names):
        path.unlink()


@pytest.fixture
def store(root: Path) -> History:
    """Something of everything, said more than once where that is allowed."""
    store = open_store(root, create=True)
    for n in range(5):
        edits = {f"f{n % 2}": b"%d" % n, f"folder{n}/x": b"x"}
        publish(store, edits, f"cell {n}\n\nmore\n", execution=execution(n).id, notebook=NOTEBOOK)
    publish(store, {"g": b"on a line of its own"}, line="try", base=store.snapshots()[2].id)
    first, second, gone = run(1, parameters={"lr": 0.1}, labels={"a": 1}), run(2), run(3)
    store.index.add_points(first.id, [(1000 + 7 * n, "loss", n, 1.0 * n, 1.0 / (n + 1)) for n in range(20)])
    store.index.add_points(second.id, [(n, "acc", None, 1.0 * n, float("nan") if n % 7 == 0 else n) for n in range(1500)])
    store.index.add_points(gone.id, [(1, "loss", 1, 1.0, 1.0)])
    store.append([first, second, gone, execution(1, path="a.ipynb", notebook=NOTEBOOK)])
    store.index.add_points(first.id, [(5000, "loss", 99, 9.0, 0.0)])
    store.append([first, execution(2, outputs_blob=store.put_bytes(b"[]"), path="b\udcff.ipynb", notebook="n-00000000000000ff")])
    store.append([Annotation("w1", first.id, "note", "n", AT % 3), Annotation("w2", gone.id, "star", True, AT % 4)])  # type: ignore[arg-type]
    store.append([Tombstone("t1", (gone.id, execution(3).id), "asked for", AT % 5)])  # type: ignore[arg-type]
    store.append([gone, execution(3), Annotation("w3", gone.id, "note", "late", AT % 6)])  # type: ignore[arg-type]
    used = FileUse("/w/data/raw.csv", "input", "data/raw.csv")  # type: ignore[arg-type]
    store.append([execution(4, files=(used,)), Session(SESSION, "kernel", AT % 0)])  # type: ignore[arg-type]
    rename_notebooks(store, "a.ipynb", "moved/a.ipynb", 1.0)
    rename_notebooks(store, "b\udcff.ipynb", "c.ipynb", 2.0)
    return store


@pytest.mark.parametrize("names", ["state.db*", "state.db", "state.db-wal"])
def test_deleted_it_is_the_same_to_the_last_row(store: History, names: str) -> None:
    before = rows(store.root)
    assert {name for name, found in before.items() if found} == set(before)
    store.close()
    remove_index(store.root, names)
    open_store(store.root).close()
    assert rows(store.root) == before


def test_deleted_while_it_is_open_nothing_is_lost(store: History) -> None:
    remove_index(store.root)
    assert not store.is_there()
    made = publish(store, {"after": b"1"})
    store.append([execution(40)])
    again = open_store(store.root)
    assert again.head() == made
    assert again.index.execution(execution(40).id) == execution(40)
    built = rows(store.root)
    again.close()
    remove_index(store.root)
    open_store(store.root).close()
    assert rows(store.root) == built


def test_taken_in_by_another_process_it_is_the_same(store: History, tmp_path: Path) -> None:
    """One that saw everything happen, one that caught up later."""
    before = rows(store.root)
    other = open_store(store.root)
    other.append([run(7)])
    store.head()
    remove_index(store.root)
    open_store(store.root).close()
    assert {name: len(found) for name, found in rows(store.root).items()} == {
        name: len(found) + (name == "runs") for name, found in before.items()}


def test_records_rewritten_by_another_program_are_taken_in_anew(store: History) -> None:
    tip = git(repository(store), "rev-parse", "refs/ds/records~3").strip()
    git(repository(store), "update-ref", "refs/ds/records", tip)
    store.head()
    taken_in = rows(store.root)
    store.close()
    remove_index(store.root)
    open_store(store.root).close()
    assert rows(store.root) == taken_in


def test_what_a_recorder_recorded_is_the_same_after_a_rebuild_and_a_replay(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (bench.root / "data.csv").write_text("1")
    first = new_run_id()
    ran = bench.begin("train()")
    bench.write("run_opened", run=first, execution=ran, opened_by="implicit", name=None)
    bench.write("names_declared", name_set=1, run=first, execution=ran, names=["loss"])
    for step in range(30):
        bench.points(1, step, (1.0 / (step + 1),))
    bench.end(ran)
    bench.recorder.take_in()
    bench.write("run_closed", run=first, state="finished", error=None)
    bench.cell("print(1)", "c2", prints="1\n" * 5000)
    before = rows(bench.root)
    assert len(before["points"]) == 30 and before["named_blobs"]

    bench.workspaces.close()
    remove_index(bench.root)
    bench.restart()
    bench.recorder.take_in()  # the whole spool again, over the rebuilt index
    assert rows(bench.root) == before
    bench.workspaces.close()
    remove_index(bench.root)
    assert bench.store.index.runs().total == 1
    assert rows(bench.root) == before


def test_a_run_keeps_what_its_earlier_cells_used_when_the_recorder_begins_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (bench.root / "data.csv").write_text("1")
    made = new_run_id()
    ran = bench.begin("load()")
    bench.write("run_opened", run=made, execution=ran, opened_by="start", name=None)
    bench.write("file_opened", execution=ran, disk_path=str(bench.root / "data.csv"), role="input", seen_by="open")
    bench.end(ran)
    bench.recorder.take_in()
    told = bench.store.index.run(made)
    assert [use.path for use in told.inputs] == ["data.csv"]
    bench.restart()
    bench.recorder.take_in()
    assert bench.store.index.run(made) == told
    ran = bench.begin("fit()", "c2")
    bench.write("run_recorded", run=made, execution=ran, what="parameter", items={"lr": 0.1})
    bench.end(ran)
    bench.recorder.take_in()
    again = bench.store.index.run(made)
    assert ([use.path for use in again.inputs], len(again.executions), again.parameters) == (["data.csv"], 2, {"lr": 0.1})


class TestWhatWasTakenAway:
    """Forgotten, purged, tidied, pulled: the index that saw it happen, and one that reads what is left of it."""

    def same_after_a_rebuild(self, store: History) -> None:
        assert check_history(store.root / ".dotscience", store.root).findings == ()
        before = rows(store.root)
        store.close()
        remove_index(store.root)
        open_store(store.root).close()
        assert rows(store.root) == before

    def test_forgotten_snapshots(self, store: History) -> None:
        shots = store.snapshots()
        store.forget([shots[1].id, shots[3].id], "too many", AT % 20, "ann")
        publish(store, {"later": b"something else"})
        self.same_after_a_rebuild(store)

    def test_purged_bytes(self, store: History) -> None:
        outputs = store.put_bytes(b"secret outputs")
        store.append([execution(5, outputs_blob=outputs)])
        store.purge(store.plan_purge(store.digests_at("f1")), "a secret", AT % 20, "ann")  # type: ignore[arg-type]
        publish(store, {"later": b"something else"})
        self.same_after_a_rebuild(store)

    def test_after_maintenance(self, store: History) -> None:
        tidy(GitObjects(repository(store)), StoreLock(repository(store)), now=2e9, grace_s=0, many_loose=1)
        publish(store, {"later": b"something else"})
        self.same_after_a_rebuild(store)

    def test_pulled_from_another(self, store: History, tmp_path: Path) -> None:
        begin_repository(str(tmp_path / "there.git"))
        one, two = (Side(tmp_path / name, str(tmp_path / "there.git")) for name in ("one", "two"))
        one.work(1, a=b"1")
        one.push()
        two.pull()
        two.work(2, b=b"2")
        one.store.append([Annotation("w9", one.store.index.runs().items[0].id, "note", "n", AT % 3)])  # type: ignore[arg-type]
        one.push()
        two.pull()
        two.push()
        one.pull()
        for side in (one, two):
            self.same_after_a_rebuild(side.store)


def test_a_question_to_a_closed_history_takes_no_index_away(store: History, root: Path) -> None:
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.index.executions()
    assert (root / ".dotscience/store.git/state.db").exists()


class TestDamage:
    """SQLite looks at its structure, not at what rows say: rows do."""

    @pytest.mark.parametrize("table", ["executions", "runs", "snapshots", "annotations", "forgotten"])
    def test_a_changed_row_is_never_handed_out_and_the_next_opening_has_it_whole(self, store: History, table: str) -> None:
        before = rows(store.root)
        with store.index.write() as db:
            db.execute(f"UPDATE {table} SET body = replace(body, '2026', '2025')")
        asked = {
            "executions": lambda each: each.index.executions(),
            "runs": lambda each: each.index.runs(),
            "snapshots": lambda each: each.snapshots(),
            "annotations": lambda each: each.index.runs(),
            "forgotten": lambda each: each.index.execution(execution(3).id),
        }[table]
        with pytest.raises(StoreDamaged, match="built anew"):
            asked(store)
        assert not store.is_there()
        open_store(store.root).close()
        assert rows(store.root) == before

    def test_a_changed_point_is_never_handed_out(self, store: History) -> None:
        before = rows(store.root)
        made = store.index.runs(sort="number").items[0]
        with store.index.write() as db:
            db.execute("UPDATE points SET value = value + 1 WHERE run = ? AND step = 3", (made.id,))
        with pytest.raises(StoreDamaged):
            store.index.series(made.id)
        open_store(store.root).close()
        assert rows(store.root) == before

    def test_a_damaged_page_is_found_when_it_is_met(self, store: History) -> None:
        before = rows(store.root)
        store.close()
        path = repository(store) / "state.db"
        data = bytearray(path.read_bytes())
        for begin in range(4096, len(data) - 200, 4096):
            data[begin : begin + 100] = os.urandom(100)
        path.write_bytes(data)
        again = open_store(store.root)
        try:
            told = again.index.executions().total, again.index.runs().total
        except StoreDamaged:
            assert not again.is_there()
        else:
            assert told == (len(before["executions"]), len(before["runs"]))
        open_store(store.root).close()
        assert rows(store.root) == before

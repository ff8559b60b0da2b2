"""What any store promises, as tests: `test_contract.py` runs them over git on disk and over memory."""

from __future__ import annotations

import hashlib
import math
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dotscience_jlab.errors import Forgotten, InvalidRequest, NotFound
from dotscience_jlab.model.execution import Execution, FileUse, Session
from dotscience_jlab.model.ids import BlobDigest, RunId, SnapshotId, new_run_id
from dotscience_jlab.model.run import Annotation, MetricSummary, Run, Tombstone
from dotscience_jlab.model.snapshot import Snapshot, SnapshotDraft, TreeEntry
from dotscience_jlab.recording.annotate import rename_notebooks
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.history import History
from dotscience_jlab.store.purge import finish_purge

AT = "2026-11-21T09:18:%02d.000000Z"
SESSION = "k-0123456789abcdef"
NOTEBOOK = "n-0123456789abcdef"


def draft(store: History, edits: dict[str, bytes | TreeEntry | None], message: str = "a cell", **fields: object) -> SnapshotDraft:
    entries = {
        path: TreeEntry(store.put_bytes(what), len(what)) if isinstance(what, bytes) else what for path, what in edits.items()
    }
    return SnapshotDraft(message, fields.pop("created_at", AT % 0), entries, **fields)  # type: ignore[arg-type]


def publish(store: History, edits: dict[str, bytes | TreeEntry | None], message: str = "a cell", **fields: object) -> Snapshot:
    return store.publish(draft(store, edits, message, **fields))


def execution(n: int, **fields: object) -> Execution:
    told: dict[str, object] = {"id": f"{SESSION}:m{n}", "session": SESSION, "source": f"x = {n}", "order": n,
                               "started_at": AT % n, "outcome": "ok"}
    return Execution(**{**told, **fields})  # type: ignore[arg-type]


def run(n: int, **fields: object) -> Run:
    told: dict[str, object] = {"id": new_run_id(), "name": f"train · {n}", "number": n, "session": SESSION,
                               "state": "finished", "started_at": AT % n}
    return Run(**{**told, **fields})  # type: ignore[arg-type]


def scan_and_publish(store: History, touched: tuple[str, ...] = (), rules: KeepRules = KeepRules()) -> Snapshot:
    return store.publish(SnapshotDraft("scan", AT % 0, dict(store.scan(rules, touched).edits)))  # type: ignore[arg-type]


def skipped(store: History, rules: KeepRules = KeepRules(), touched: tuple[str, ...] = ()) -> dict[str, str]:
    return {each.path: each.reason for each in store.scan(rules, touched).skipped}  # type: ignore[arg-type]


class Bytes:
    def test_equal_bytes_have_one_name_and_come_back(self, store: History) -> None:
        for data in (b"", b"a", b"\0\xff" * 70_000):
            assert store.put_bytes(data) == store.put_bytes(bytes(data))
            assert store.read_blob(store.put_bytes(data)) == data

    def test_the_name_is_gits(self, store: History) -> None:
        assert store.put_bytes(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"

    def test_bytes_that_are_not_there_are_not_found(self, store: History) -> None:
        with pytest.raises(NotFound):
            store.read_blob("0" * 40)  # type: ignore[arg-type]


class Snapshots:
    def test_a_new_history_has_no_head(self, store: History) -> None:
        assert store.head() is None
        assert store.snapshots() == []

    def test_a_snapshot_is_the_heads_files_with_the_edits(self, store: History) -> None:
        first = publish(store, {"a.txt": b"1", "data/b.csv": b"2", "data/deep/c": b"3"})
        second = publish(store, {"a.txt": b"1!", "data/b.csv": None, "new": b"4"})
        assert {path: store.read_blob(each.digest) for path, each in store.tree(first.id).items()} == {
            "a.txt": b"1", "data/b.csv": b"2", "data/deep/c": b"3"}
        assert {path: store.read_blob(each.digest) for path, each in store.tree(second.id).items()} == {
            "a.txt": b"1!", "data/deep/c": b"3", "new": b"4"}
        assert (second.parents, second.n_changes) == ((first.id,), 3)
        assert store.head() == second
        assert store.snapshots() == [second, first]

    def test_a_tree_that_equals_the_heads_makes_no_snapshot_but_keeps_the_records(self, store: History) -> None:
        first = publish(store, {"a": b"1"})
        named: list[Snapshot] = []

        def records(snapshot: Snapshot) -> list[Execution]:
            named.append(snapshot)
            return [execution(1, snapshot=snapshot.id)]

        assert store.publish(draft(store, {"a": b"1"}), records) == first
        assert named == [first]
        assert store.index.execution(execution(1).id).snapshot == first.id

    def test_records_name_the_snapshot_they_came_with(self, store: History) -> None:
        made = store.publish(draft(store, {"a": b"1"}), lambda snapshot: [execution(1, snapshot=snapshot.id)])
        assert store.index.execution(execution(1).id).snapshot == made.id

    def test_an_empty_first_snapshot_is_one(self, store: History) -> None:
        made = publish(store, {})
        assert store.head() == made
        assert store.tree(made.id) == {}

    def test_what_a_draft_says_stands_in_the_snapshot(self, store: History) -> None:
        fields = dict(reason="message", execution=execution(1).id, notebook=NOTEBOOK, run=new_run_id(), created_at=AT % 7)
        made = publish(store, {"a": b"1"}, "  first\tline \nand more\n\nDs-Snapshot: s-0000000000000000\0\n", **fields)
        assert made.message == "first line\n\nand more\n\nDs-Snapshot: s-0000000000000000"
        assert {name: getattr(made, name) for name in fields} == fields
        assert store.snapshot(made.id) == made

    def test_a_file_takes_a_folders_place_and_the_other_way_round(self, store: History) -> None:
        publish(store, {"x/a": b"1", "x/b": b"2", "y": b"3"})
        made = publish(store, {"x/a": None, "x/b": None, "x": b"file", "y": None, "y/z": b"4"})
        assert list(store.tree(made.id)) == ["x", "y/z"]

    def test_entries_know_their_size_and_mode(self, store: History) -> None:
        made = publish(store, {"f": b"abc", "x": TreeEntry(store.put_bytes(b"#!"), 2, "executable"),
                               "l": TreeEntry(store.put_bytes(b"f"), 1, "link")})
        assert {path: (each.size_bytes, each.mode) for path, each in store.tree(made.id).items()} == {
            "f": (3, "file"), "l": (1, "link"), "x": (2, "executable")}
        assert store.entry(made.id, "x") == store.tree(made.id)["x"]  # type: ignore[arg-type]
        assert store.entry(made.id, "nothing") is None  # type: ignore[arg-type]
        assert store.entry(made.id, "f/below") is None  # type: ignore[arg-type]

    def test_a_part_of_a_tree(self, store: History) -> None:
        made = publish(store, {"a/x": b"1", "a/b/y": b"2", "ab": b"3"})
        assert list(store.tree(made.id, "a")) == ["a/b/y", "a/x"]
        assert list(store.tree(made.id, "ab")) == ["ab"]
        assert store.tree(made.id, "zz") == {}

    def test_changes_by_path(self, store: History) -> None:
        first = publish(store, {"a": b"1", "b/c": b"2", "same/x": b"3"})
        second = publish(store, {"a": b"11", "b/c": None, "d": b"4"})
        assert [(each.path, each.kind) for each in store.changes(first.id, second.id)] == [
            ("a", "updated"), ("b/c", "removed"), ("d", "added")]
        assert [each.kind for each in store.changes(None, first.id)] == ["added"] * 3
        assert store.changes(first.id, first.id) == []

    def test_last_change(self, store: History) -> None:
        first = publish(store, {"a": b"1", "b": b"1"})
        second = publish(store, {"a": b"2"})
        third = publish(store, {"c": b"3"})
        path = lambda text: text  # noqa: E731
        assert store.last_change(third.id, path("a")) == second.id
        assert store.last_change(third.id, path("b")) == first.id
        assert store.last_change(third.id, path("never")) is None
        publish(store, {"a": None})
        gone = store.head()
        assert gone is not None
        assert store.last_change(gone.id, path("a")) == gone.id

    def test_a_base_replaces_the_tree_and_not_the_parent(self, store: History) -> None:
        first = publish(store, {"a": b"1"})
        second = publish(store, {"a": b"2", "b": b"2"})
        back = publish(store, {}, base=first.id, reason="restore")
        assert back.parents == (second.id,)
        assert store.tree(back.id) == store.tree(first.id)
        assert back.n_changes == 2

    def test_pages_of_snapshots(self, store: History) -> None:
        made = [publish(store, {"a": b"%d" % n}) for n in range(5)]
        assert store.snapshots(limit=2) == made[:2:-1]
        assert store.snapshots(limit=9, before=made[2].id) == made[1::-1]

    def test_lines_do_not_mix(self, store: History) -> None:
        main = publish(store, {"a": b"1"})
        other = publish(store, {"b": b"2"}, line="try")
        assert (store.head(), store.head("try")) == (main, other)
        assert other.parents == ()
        assert list(store.tree(other.id)) == ["b"]

    @pytest.mark.parametrize("wrong", ["s-00000000000000ff", "../x", "", "HEAD"])
    def test_a_snapshot_that_is_not_there(self, store: History, wrong: str) -> None:
        with pytest.raises((NotFound, InvalidRequest)):
            store.snapshot(SnapshotId(wrong))


class Records:
    def test_the_newest_version_of_a_record_counts(self, store: History) -> None:
        store.append([execution(1, outcome="running")])
        store.append([execution(1, outcome="error"), execution(2)])
        assert store.index.execution(execution(1).id).outcome == "error"
        assert store.index.executions().total == 2

    def test_a_record_comes_back_as_it_was(self, store: History) -> None:
        odd = "half \ud800 of it, \x85 next\u2028line, \0, <b>&amp;, 🎈"
        whole = execution(
            3, source=odd, outputs=({"output_type": "stream", "text": odd},), path="no\udcff utf8.ipynb", notebook=NOTEBOOK,
            files=(FileUse("/w/a", "input", "a", digest=store.put_bytes(b"1"), size_bytes=1),),
        )
        metric = MetricSummary(math.inf, -1.5, math.inf, 3, None, 1)
        number = run(1, parameters={"lr": 0.1, "big": 10**400, "on": True, "none": None, odd: odd}, metrics={"a": metric})
        session = Session(SESSION, "kernel", AT % 1, details={"a": [1, {"b": None}]})  # type: ignore[arg-type]
        store.append([whole, number, session])
        assert store.index.execution(whole.id) == whole
        assert store.index.run(number.id) == number
        assert store.index.session(session.id) == session
        assert store.index.executions(path="no\udcff utf8.ipynb", text="HALF").items == (whole,)

    def test_what_is_fed_is_seen_before_it_is_kept(self, store: History) -> None:
        store.index.feed([execution(1, outcome="running")])
        assert store.index.executions(outcome="running").total == 1

    def test_bytes_that_a_record_names_may_be_handed_out(self, store: History) -> None:
        outputs, other = store.put_bytes(b"[]"), store.put_bytes(b"other")
        store.append([execution(1, outputs_blob=outputs)])
        assert store.is_named(outputs)
        assert not store.is_named(other)

    def test_later_words_apply_to_a_run(self, store: History) -> None:
        made = run(1, labels={"a": 1, "b": 2})
        store.append([made])
        words = [("name", "", "best"), ("note", "", "why"), ("star", "", True), ("label", "a", None), ("label", "c", 3),
                 ("note", "", "because")]
        for n, (field, name, value) in enumerate(words):
            store.append([Annotation(f"w{n}", made.id, field, value, AT % n, name)])  # type: ignore[arg-type]
        told = store.index.run(made.id)
        assert (told.name, told.note, told.is_starred, told.labels) == ("best", "because", True, {"b": 2, "c": 3})
        assert store.index.runs(sort="labels.c").items[0] == told
        assert store.index.runs(text="BECAUSE").total == 1
        assert store.index.find_run("best") == told

    def test_what_a_tombstone_names_is_forgotten_and_does_not_come_back(self, store: History) -> None:
        made = run(1)
        store.append([made, execution(1)])
        store.append([Tombstone("t1", (made.id, execution(1).id), "asked for", AT % 5, "ada")])  # type: ignore[arg-type]
        store.append([made])
        for ask in (lambda: store.index.run(made.id), lambda: store.index.execution(execution(1).id)):
            with pytest.raises(Forgotten, match="asked for"):
                ask()
        assert (store.index.runs().total, store.index.executions().total) == (0, 0)


class Queries:
    def test_executions_newest_first_in_pages(self, store: History) -> None:
        store.append([execution(n) for n in range(1, 8)])
        first = store.index.executions(limit=3)
        assert [each.order for each in first.items] == [7, 6, 5]
        assert first.total == 7
        second = store.index.executions(limit=3, after=first.next)
        assert [each.order for each in second.items] == [4, 3, 2]
        last = store.index.executions(limit=3, after=second.next)
        assert ([each.order for each in last.items], last.next) == ([1], None)

    @pytest.mark.parametrize(
        ("asked", "orders"),
        [
            ({"path": "a.ipynb"}, [2, 1]),
            ({"notebook": NOTEBOOK}, [2, 1]),
            ({"cell_id": "c3"}, [3]),
            ({"outcome": "error"}, [2]),
            ({"text": "PRINT("}, [3]),
            ({"text": "100%"}, []),
            ({"file": "data/raw.csv"}, [3, 1]),
            ({"session": SESSION, "outcome": "ok"}, [3, 1]),
            ({"session": "k-ffffffffffffffff"}, []),
        ],
    )
    def test_executions_that(self, store: History, asked: dict[str, str], orders: list[int]) -> None:
        raw = FileUse("/w/data/raw.csv", "input", "data/raw.csv")  # type: ignore[arg-type]
        store.append([
            execution(1, path="a.ipynb", notebook=NOTEBOOK, files=(raw,)),
            execution(2, path="a.ipynb", notebook=NOTEBOOK, outcome="error"),
            execution(3, path="b.ipynb", cell_id="c3", source="print(1)", files=(replace(raw, role="output"),)),
        ])
        assert [each.order for each in store.index.executions(**asked).items] == orders  # type: ignore[arg-type]
        if "file" in asked:
            assert [role for _, role in store.index.uses_of("data/raw.csv")] == ["input", "output"]
            assert len(store.index.uses_of("data/raw.csv", role="output")) == 1

    def test_a_renamed_notebook_keeps_its_history(self, store: History) -> None:
        store.append([execution(1, path="a.ipynb", notebook=NOTEBOOK)])
        rename_notebooks(store, "a.ipynb", "b/c.ipynb", 1.0)
        assert store.index.notebook_for("b/c.ipynb") == NOTEBOOK
        assert store.index.notebook_for("a.ipynb") is None
        assert store.index.executions(path="b/c.ipynb").total == 1
        rename_notebooks(store, "b", "d", 2.0)
        assert store.index.notebook_for("d/c.ipynb") == NOTEBOOK

    def test_runs_sorted_by_anything_those_without_it_last(self, store: History) -> None:
        def metric(last: float) -> dict[str, MetricSummary]:
            return {"acc": MetricSummary(last, last, last, 1)}

        store.append([
            run(1, metrics=metric(0.5), parameters={"lr": 0.1}),
            run(2, parameters={"lr": 0.01}),
            run(3, metrics=metric(0.9), parameters={"lr": "auto"}),
            run(4, metrics=metric(math.nan)),
        ])

        def order(sort: str) -> list[int]:
            return [each.number for each in store.index.runs(sort=sort).items]

        assert order("-started_at") == [4, 3, 2, 1]
        assert order("number") == [1, 2, 3, 4]
        assert order("-metrics.acc") == [3, 1, 4, 2]
        assert order("metrics.acc") == [1, 3, 4, 2]
        assert order("parameters.lr") == [2, 1, 3, 4]
        with pytest.raises(InvalidRequest):
            store.index.runs(sort="body; DROP TABLE runs")

    def test_runs_that(self, store: History) -> None:
        made = [run(n, path=f"{n}.ipynb", parameters={"model": f"tree{n}"}) for n in (1, 2, 3)]
        made[1] = replace(made[1], state="failed")
        store.append(made)
        assert [each.number for each in store.index.runs(state="failed").items] == [2]
        assert [each.number for each in store.index.runs(text="TREE3").items] == [3]
        assert [each.number for each in store.index.runs(path="1.ipynb").items] == [1]
        assert [each.number for each in store.index.runs(ids=[made[0].id, made[2].id]).items] == [3, 1]
        assert [each.number for each in store.index.runs(offset=1, limit=1).items] == [2]
        assert store.index.runs(limit=1).total == 3
        assert store.index.next_run_number() == 4

    def test_a_run_is_found_by_id_prefix_number_or_name(self, store: History) -> None:
        ids = ["aaaa1111-0000-4000-8000-000000000001", "aaaa2222-0000-4000-8000-000000000002"]
        store.append([run(n + 1, id=RunId(each)) for n, each in enumerate(ids)])
        for reference in (ids[1], "aaaa2", "2", "train · 2"):
            assert store.index.find_run(reference).id == ids[1]
        with pytest.raises(InvalidRequest, match="2 runs"):
            store.index.find_run("aaaa")
        for nothing in ("bbbb", "9", "aaa", "%", ""):
            with pytest.raises(NotFound):
                store.index.find_run(nothing)

    def test_open_sessions(self, store: History) -> None:
        going = Session(SESSION, "kernel", AT % 1)  # type: ignore[arg-type]
        over = Session("k-ffffffffffffffff", "script", AT % 2, finished_at=AT % 3)  # type: ignore[arg-type]
        store.append([going, over])
        assert store.index.sessions(is_open=True) == [going]
        assert store.index.sessions(is_open=False) == [over]
        assert store.index.sessions() == [over, going]


def names(store: History) -> list[str]:
    """What the snapshots of the main line say, oldest first."""
    return [each.message for each in reversed(store.snapshots())]


class Forgetting:
    def test_the_rest_keeps_its_ids_and_its_bytes(self, store: History) -> None:
        made = [publish(store, {"a": b"%d" % n, f"f{n}": b"same"}, f"cell {n}") for n in range(6)]
        trees = {each.id: store.tree(each.id) for each in made}
        store.forget([made[1].id, made[2].id, made[4].id], "too old", AT % 30, "ann")
        kept = [made[0], made[3], made[5]]
        assert [each.id for each in reversed(store.snapshots())] == [each.id for each in kept]
        for each in kept:
            assert store.tree(each.id) == trees[each.id]
            assert all(store.read_blob(entry.digest) for entry in store.tree(each.id).values())
        assert [each.parents for each in reversed(store.snapshots())] == [(), (made[0].id,), (made[3].id,)]
        assert [each.n_changes for each in reversed(store.snapshots())] == [2, 4, 3]
        assert store.last_change(made[5].id, "f1") == made[3].id  # type: ignore[arg-type]

    def test_a_forgotten_one_says_by_whom_when_why_and_what_is_near(self, store: History) -> None:
        made = [publish(store, {"a": b"%d" % n}, created_at=f"2026-11-21T{9 + n:02d}:00:00.000000Z") for n in range(4)]
        store.forget([made[1].id], "more than a year old", "2027-12-01T08:00:00.000000Z", "ann")
        with pytest.raises(Forgotten) as told:
            store.tree(made[1].id)
        assert str(told.value) == (
            f"The snapshot {made[1].id} of 2026-11-21 10:00 UTC was forgotten on 2027-12-01 by ann: more than a year old. "
            f"The nearest that is kept is {made[0].id}, of 2026-11-21 09:00 UTC."
        )
        assert told.value.details == {"by": "ann", "nearest": made[0].id}

    def test_records_of_a_forgotten_snapshot_stay_unless_they_are_named_too(self, store: History) -> None:
        for n in range(3):
            store.publish(draft(store, {"a": b"%d" % n}), lambda made, n=n: [execution(n, snapshot=made.id)])
        first, second = (store.index.execution(execution(n).id) for n in range(2))
        store.forget([first.snapshot, second.snapshot], "old", AT % 9, executions=[second.id])
        assert store.index.execution(first.id) == first
        with pytest.raises(Forgotten):
            store.index.execution(second.id)

    def test_the_newest_of_a_line_is_never_forgotten(self, store: History) -> None:
        made = [publish(store, {"a": b"%d" % n}) for n in range(2)]
        with pytest.raises(InvalidRequest):
            store.forget([each.id for each in made], "all", AT % 9)
        assert store.snapshots() == made[::-1]

    def test_what_is_not_there_is_not_forgotten(self, store: History) -> None:
        publish(store, {"a": b"1"})
        with pytest.raises(NotFound):
            store.forget([SnapshotId("s-00000000000000ff")], "old", AT % 9)
        store.forget([], "nothing", AT % 9)
        assert store.index.tombstone("s-00000000000000ff") is None

    def test_work_goes_on_after_it(self, store: History) -> None:
        made = [publish(store, {"a": b"%d" % n}, f"cell {n}") for n in range(3)]
        store.forget([made[0].id], "old", AT % 9)
        publish(store, {"a": b"2"})
        assert names(store) == ["cell 1", "cell 2"]
        publish(store, {"a": b"3"}, "cell 3")
        store.forget([made[1].id], "old", AT % 10)
        assert names(store) == ["cell 2", "cell 3"]

    def test_tombstones_that_came_from_elsewhere_win(self, store: History) -> None:
        made = [publish(store, {"a": b"%d" % n}, f"cell {n}") for n in range(3)]
        ids, times = (made[0].id, made[2].id), (made[0].created_at, made[2].created_at)
        store.append([Tombstone("t1", ids, "there", AT % 5, "bo", snapshot_times=times)])
        assert names(store) == ["cell 1"]
        assert store.head() == store.snapshot(made[1].id)
        assert publish(store, {"a": b"1"}, "as it was") == store.head()
        after = publish(store, {"a": b"9"}, "after")
        assert (names(store), after.parents) == (["cell 1", "after"], (made[1].id,))

    def test_even_all_of_them(self, store: History) -> None:
        made = publish(store, {"a": b"1"}, "first")
        store.append([Tombstone("t1", (made.id,), "there", AT % 5)])
        assert (store.head(), store.snapshots()) == (None, [])
        again = publish(store, {"a": b"1"}, "again")
        assert (store.head(), again.parents, list(store.tree(again.id))) == (again, (), ["a"])

    def test_what_forgetting_frees_is_what_nothing_else_holds(self, store: History) -> None:
        big, shared = os.urandom(30_000), os.urandom(20_000)
        made = [publish(store, {"a": b"1"})]
        made.append(publish(store, {"big": big, "shared": shared}))
        made.append(publish(store, {"big": big + b"!", "other/copy": shared}))
        made.append(publish(store, {"big": None, "shared": None}))
        assert store.freed_by([]) == 0
        assert 30_000 <= store.freed_by([made[1].id]) < 31_000
        assert 30_000 <= store.freed_by([made[2].id]) < 31_000
        assert 60_000 <= store.freed_by([made[1].id, made[2].id]) < 62_000
        store.append([execution(1, outputs_blob=store.put_bytes(big))])
        assert 30_000 <= store.freed_by([made[1].id, made[2].id]) < 32_000
        assert store.freed_by([made[0].id]) < 300

    def test_a_pin_is_seen_until_it_is_taken_away(self, store: History) -> None:
        made = [publish(store, {"a": b"%d" % n}) for n in range(2)]
        for n, is_pinned in enumerate((True, False, True)):
            store.append([Annotation(f"p{n}", made[0].id, "pin", is_pinned, AT % n)])
            assert store.snapshot(made[0].id).is_pinned is is_pinned
        assert [each.is_pinned for each in store.snapshots()] == [False, True]
        assert store.head() == made[1]


class Purging:
    def test_it_leaves_every_snapshot_and_nothing_else(self, store: History) -> None:
        secret = b"the secret"
        made = [publish(store, {"keys/a.txt": secret, "n": b"1"}, "first"), publish(store, {"b": secret, "n": b"2"}, "second"),
                publish(store, {"keys/a.txt": None, "n": b"3"}, "third"), publish(store, {"b": None, "n": b"4"}, "fourth")]
        plan = store.plan_purge(store.digests_at("keys/a.txt"))  # type: ignore[arg-type]
        assert [(each.path, each.n_snapshots) for each in plan.paths] == [("b", 2), ("keys/a.txt", 2)]
        assert (plan.n_snapshots, len(plan.objects)) == (3, 1)
        done = store.purge(plan, "a key", AT % 9, "ann")
        assert done.freed_bytes > 0 and done.n_looked_at > 8
        assert [sorted(store.tree(each.id)) for each in made] == [["n"]] * 4
        assert [each.id for each in reversed(store.snapshots())] == [each.id for each in made]
        assert [each.message for each in reversed(store.snapshots())] == ["first", "second", "third", "fourth"]
        assert [store.read_blob(store.tree(each.id)["n"].digest) for each in made] == [b"1", b"2", b"3", b"4"]  # type: ignore[index]
        with pytest.raises(Forgotten, match="purged on 2026-11-21 by ann: a key"):
            store.read_blob(plan.digests[0])

    def test_the_bytes_are_refused_from_then_on(self, store: History) -> None:
        (store.root / "key.txt").write_bytes(b"secret")
        (store.root / "code.py").write_bytes(b"x = 1")
        scan_and_publish(store)
        store.purge(store.plan_purge(store.digests_at("key.txt")), "a key", AT % 9)  # type: ignore[arg-type]
        with pytest.raises(Forgotten):
            store.put_bytes(b"secret")
        for _ in range(2):
            assert list(store.tree(scan_and_publish(store).id)) == ["code.py"]
            assert "purged" in skipped(store)["key.txt"]
        assert (store.root / "key.txt").read_bytes() == b"secret"
        (store.root / "key.txt").write_bytes(b"another")
        assert list(store.tree(scan_and_publish(store).id)) == ["code.py", "key.txt"]

    def test_a_folder_means_every_file_that_was_ever_in_it(self, store: History) -> None:
        publish(store, {"d/a": b"1", "d/e/b": b"2", "da": b"3", "empty": b""})
        made = publish(store, {"d/a": b"11", "d/e/b": None, "d/empty": b""})
        plan = store.plan_purge(store.digests_at("d"))  # type: ignore[arg-type]
        store.purge(plan, "private", AT % 9)
        assert len(plan.digests) == 3
        assert list(store.tree(made.id)) == ["d/empty", "da", "empty"]

    def test_an_execution_leaves_the_records_with_its_outputs(self, store: History) -> None:
        outputs = store.put_bytes(b'["the secret"]')
        store.append([execution(1, source="login('hunter2')", outcome="running"), execution(2, source="y")])
        store.append([execution(1, source="login('hunter2')", outputs_blob=outputs, outputs_text="the secret"), execution(3)])
        store.append([run(1), Annotation("w1", execution(1).id, "note", "hunter2", AT % 3)])
        plan = store.plan_purge([], [execution(1).id])
        assert len(plan.objects) == 4  # three segments and the outputs
        store.purge(plan, "a password", AT % 9, "ann")
        with pytest.raises(Forgotten, match="a password"):
            store.index.execution(execution(1).id)
        assert [each.order for each in store.index.executions().items] == [3, 2]
        assert store.index.runs().total == 1
        assert not any(store.objects.has(each) for each in plan.objects)

    def test_purged_elsewhere_is_purged_here_at_the_next_opening(self, store: History) -> None:
        made = publish(store, {"key.txt": b"secret", "n": b"1"})
        digest = store.tree(made.id)["key.txt"].digest  # type: ignore[index]
        store.append([Tombstone("t1", (digest,), "a key", AT % 5, "bo", "purge")])
        with pytest.raises(Forgotten, match="by bo"):
            store.read_blob(digest)
        finish_purge(store)
        assert list(store.tree(made.id)) == ["n"]
        assert not store.objects.has(digest)

    @pytest.mark.parametrize("path", ["nothing", "ke", "key.txt/below"])
    def test_what_was_never_there_cannot_be_purged(self, store: History, path: str) -> None:
        publish(store, {"key.txt": b"secret"})
        with pytest.raises(NotFound):
            store.digests_at(path)  # type: ignore[arg-type]

    def test_what_holds_no_bytes_cannot_be_purged(self, store: History) -> None:
        publish(store, {"empty": b""})
        with pytest.raises(InvalidRequest):
            store.digests_at("empty")  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            store.plan_purge([BlobDigest("0" * 40)])


class SpaceTaken:
    def test_each_file_with_who_holds_it(self, store: History) -> None:
        big = os.urandom(50_000)
        publish(store, {"train.ipynb": b"{}", "data/big.csv": big})
        publish(store, {"data/big.csv": big + b"1"})
        made = publish(store, {"data/big.csv": None, "small": b"1"})
        again = publish(store, {"data/big.csv": big, "copy": big})
        after = publish(store, {"data/big.csv": None, "copy": None})
        held, unheld = run(1, snapshot=again.id), run(2, snapshot=made.id)
        store.append([held, unheld, run(3), run(4, snapshot=after.id)])
        largest = {each.path: each for each in store.space().largest}
        found = largest["data/big.csv"]
        assert (found.n_versions, found.n_snapshots, found.runs) == (3, 3, (held.id,))
        assert 100_000 <= found.stored_bytes < 102_000
        assert largest["copy"].stored_bytes >= 50_000
        assert (largest["train.ipynb"].n_versions, largest["train.ipynb"].n_snapshots) == (1, 5)
        assert set(largest["small"].runs) == {unheld.id, held.id, store.index.find_run("train · 4").id}

    def test_kinds_are_counted_once_each(self, store: History) -> None:
        data, output = os.urandom(40_000), os.urandom(30_000)
        publish(store, {"a": data, "b": data, "n.ipynb": os.urandom(20_000)})
        store.append([execution(1, outputs_blob=store.put_bytes(output))])
        store.put_bytes(os.urandom(10_000))
        kinds = store.space().kinds
        assert [round(kinds[name] / 10_000) for name in ("data", "outputs", "notebooks", "unused", "other")] == [4, 3, 2, 1, 0]

    def test_an_empty_history_takes_no_room_by_kind(self, store: History) -> None:
        assert set(store.space().kinds.values()) == {0}
        assert store.space().largest == ()


class Points:
    def test_a_point_fed_twice_is_one(self, store: History) -> None:
        made = run(1, state="running")
        store.index.feed([made])
        points = [(n, "loss", n, 1000.0 + n, 1 / (n + 1)) for n in range(10)]
        store.index.add_points(made.id, points)
        store.index.add_points(made.id, points[5:])
        (series,) = store.index.series(made.id)
        assert series.steps == tuple(range(10))
        assert series.values == tuple(1 / (n + 1) for n in range(10))

    def test_values_that_are_no_numbers_stay(self, store: History) -> None:
        made = run(1)
        store.index.add_points(made.id, [(0, "a", None, 1.0, math.nan), (1, "a", None, 2.0, -math.inf), (2, "b", 10**30, 3.0, 0.0)])
        a, b = store.index.series(made.id)
        assert math.isnan(a.values[0]) and a.values[1] == -math.inf and a.steps == (None, None)
        assert b.steps == (None,)

    def test_every_peak_survives_downsampling(self, store: History) -> None:
        made = run(1)
        values = [math.sin(n) for n in range(5000)]
        values[1234], values[4321] = 99.0, -99.0
        store.index.add_points(made.id, [(n, "x", n, float(n), value) for n, value in enumerate(values)])
        (series,) = store.index.series(made.id, max_points=100)
        assert len(series.values) <= 100
        assert {99.0, -99.0} <= set(series.values)
        assert series.n_points_logged == 5000
        assert list(series.steps) == sorted(series.steps)  # type: ignore[type-var]
        assert store.index.series(made.id, since=4999)[0].values == (values[-1],)
        assert store.index.series(made.id, names=["other"]) == []

    @pytest.mark.parametrize("n_points", [3, 1500])
    def test_the_points_of_a_finished_run_are_kept_with_it(self, store: History, n_points: int) -> None:
        made = run(1)
        points = [(n, "loss" if n % 2 else "acc", n if n % 3 else None, 1000.0 + n, n / 7) for n in range(n_points)]
        store.index.add_points(made.id, points)
        store.append([made])
        blob = store.index.run(made.id).series_blob
        assert blob is not None and store.is_named(blob)
        assert [name for name, *_ in store.index.all_points(made.id)] == [name for _, name, *_ in points]


class Folder:
    def test_what_lies_in_the_folder_is_kept(self, store: History) -> None:
        files = {"a.txt": b"1", "sub/b.bin": b"\0\xff", "empty": b"", "sub/deep/ü 🎈.csv": b"2", "new\nline": b"3", "-dash": b"4"}
        for path, data in files.items():
            (store.root / path).parent.mkdir(parents=True, exist_ok=True)
            (store.root / path).write_bytes(data)
        raw = os.fsencode(store.root) + b"/no\xff utf8"
        Path(os.fsdecode(raw)).write_bytes(b"5")
        (store.root / "run.sh").write_bytes(b"#!")
        (store.root / "run.sh").chmod(0o755)
        made = scan_and_publish(store)
        kept = {path: store.read_blob(each.digest) for path, each in store.tree(made.id).items()}
        assert kept == {**files, "no\udcff utf8": b"5", "run.sh": b"#!"}
        assert store.entry(made.id, "run.sh").mode == "executable"  # type: ignore[union-attr, arg-type]
        assert store.scan(KeepRules()).edits == {}

    def test_changed_and_removed_files(self, store: History) -> None:
        for name in "abc":
            (store.root / name).write_text("1")
        scan_and_publish(store)
        (store.root / "a").write_text("2")
        (store.root / "b").unlink()
        (store.root / "c").chmod(0o755)
        edits = store.scan(KeepRules()).edits
        assert set(edits) == {"a", "b", "c"}
        assert edits["b"] is None  # type: ignore[index]

    def test_a_change_within_one_tick_of_the_clock_is_seen(self, store: History) -> None:
        path = store.root / "a"
        for n in range(20):
            path.write_text(f"{n:02}")
            stamp = path.stat()
            assert store.scan(KeepRules()).edits["a"].digest == store.put_bytes(b"%02d" % n)  # type: ignore[union-attr, index]
            path.write_text("xx")
            os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
            assert store.scan(KeepRules()).edits["a"].digest == store.put_bytes(b"xx")  # type: ignore[union-attr, index]

    def test_links_are_kept_as_links_and_never_followed(self, store: History, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "private").write_text("no")
        (store.root / "folder").symlink_to(outside)
        (store.root / "dangling").symlink_to("nowhere")
        made = scan_and_publish(store, touched=("folder/private",))
        assert {path: (each.mode, store.read_blob(each.digest)) for path, each in store.tree(made.id).items()} == {
            "dangling": ("link", b"nowhere"), "folder": ("link", os.fsencode(outside))}
        assert "folder/private" not in store.scan(KeepRules(), only=["folder/private"]).edits  # type: ignore[list-item]

    def test_a_nested_repository_is_a_folder_without_its_git(self, store: History) -> None:
        (store.root / "lib/.git").mkdir(parents=True)
        (store.root / "lib/.git/HEAD").write_text("ref")
        (store.root / "lib/code.py").write_text("1")
        assert list(store.tree(scan_and_publish(store).id)) == ["lib/code.py"]

    def test_a_nested_workspace_is_its_own(self, store: History) -> None:
        (store.root / "inner/.dotscience/store.git").mkdir(parents=True)
        (store.root / "inner/a").write_text("1")
        assert store.tree(scan_and_publish(store, touched=("inner/a",)).id) == {}
        assert "project folder of its own" in skipped(store)["inner"]

    def test_pipes_and_sockets_are_named_as_left_out(self, store: History) -> None:
        os.mkfifo(store.root / "pipe")
        assert "not a file" in skipped(store)["pipe"]

    @pytest.mark.parametrize(
        "path", [".env", "conf/.env.local", "server.pem", "id_rsa", "ID_RSA.old", ".netrc", ".aws/credentials", ".ssh/config",
                 "sub/credentials.json", "a.key", "x.P12"],
    )
    def test_secrets_are_never_read_on_any_way_in(self, store: History, path: str) -> None:
        (store.root / path).parent.mkdir(exist_ok=True)
        (store.root / path).write_text("sesame")
        for result in (
            store.scan(KeepRules(), [path]), store.scan(KeepRules(), only=[path]), store.scan(KeepRules(), [path], only=[path]),  # type: ignore[list-item]
        ):
            assert result.edits == {}
            assert result.fingerprints == {}
            assert any("secret" in each.reason for each in result.skipped)
        with pytest.raises(NotFound):
            store.read_blob(BlobDigest(hashlib.sha1(b"blob 6\0sesame").hexdigest()))

    def test_environments_and_caches_are_left_out_even_when_touched(self, store: History) -> None:
        paths = ["node_modules/a.js", "__pycache__/m.pyc", ".ipynb_checkpoints/a.ipynb", ".venv/x", "myenv/y.py", ".dotscience/z"]
        for path in paths:
            (store.root / path).parent.mkdir(parents=True, exist_ok=True)
            (store.root / path).write_text("1")
        (store.root / "myenv/pyvenv.cfg").write_text("")
        (store.root / "a.py").write_text("1")
        assert list(store.scan(KeepRules(), paths).edits) == ["a.py"]  # type: ignore[arg-type]

    def test_ignored_files_are_left_out_until_a_cell_touches_them(self, store: History) -> None:
        (store.root / ".gitignore").write_text("*.log\n/data/\n!keep.log\n")
        (store.root / "sub").mkdir()
        (store.root / "sub/.dsignore").write_text("private.txt\n!b.log\n")
        (store.root / "data").mkdir()
        for path in ("a.log", "keep.log", "data/raw.csv", "data/other.csv", "sub/private.txt", "sub/b.log", "sub/c.txt"):
            (store.root / path).write_text(path)
        base = [".gitignore", "keep.log", "sub/.dsignore", "sub/b.log", "sub/c.txt"]
        assert sorted(store.scan(KeepRules()).edits) == base
        assert ".gitignore says" in skipped(store)["a.log"]
        assert list(store.scan(KeepRules(), only=["a.log", "data/other.csv"]).edits) == []  # type: ignore[list-item]
        scan_and_publish(store, touched=("data/raw.csv",))
        assert sorted(store.scan(KeepRules(), only=["data/raw.csv"]).edits) == []  # type: ignore[list-item]
        (store.root / "data/raw.csv").write_text("changed")
        assert list(store.scan(KeepRules()).edits) == ["data/raw.csv"]
        (store.root / "data/raw.csv").unlink()
        assert store.scan(KeepRules()).edits == {"data/raw.csv": None}

    def test_what_the_folders_settings_exclude(self, store: History) -> None:
        (store.root / "a.tmp").write_text("1")
        assert skipped(store, KeepRules(excludes=("*.tmp",)))["a.tmp"] == "The folder's settings exclude it."
        assert list(store.scan(KeepRules()).edits) == ["a.tmp"]

    def test_sizes_decide_and_a_large_touched_file_has_a_fingerprint(self, store: History) -> None:
        rules = KeepRules(small_file_bytes=10, touched_file_bytes=20)
        for name, size in (("small", 10), ("middle", 15), ("large", 25)):
            (store.root / name).write_bytes(b"x" * size)
        assert list(store.scan(rules).edits) == ["small"]
        result = store.scan(rules, ["middle", "large"])  # type: ignore[list-item]
        assert sorted(result.edits) == ["middle", "small"]
        assert result.fingerprints == {"large": (25, store.put_bytes(b"x" * 25))}
        assert any(each.path == "large" and "larger than" in each.reason for each in result.skipped)

    def test_a_large_file_that_changed_meanwhile_counts_as_touched(self, store: History) -> None:
        rules = KeepRules(small_file_bytes=10, touched_file_bytes=20)
        for name, size in (("old", 15), ("new", 15), ("larger", 25)):
            (store.root / name).write_bytes(b"x" * size)
        time.sleep(0.1)
        for name in ("new", "larger"):
            os.utime(store.root / name)
        since = (store.root / "new").stat().st_ctime
        assert list(store.scan(rules).edits) == []
        result = store.scan(rules, only=["old", "new", "larger"], changed_since=since)  # type: ignore[list-item]
        assert list(result.edits) == ["new"]
        assert result.fingerprints == {"larger": (25, store.put_bytes(b"x" * 25))}

    def test_a_file_grown_too_large_leaves_the_snapshot(self, store: History) -> None:
        """A snapshot that kept the old bytes would say something that was not so."""
        rules = KeepRules(small_file_bytes=10, touched_file_bytes=20)
        (store.root / "a").write_bytes(b"x")
        scan_and_publish(store, rules=rules)
        (store.root / "a").write_bytes(b"x" * 30)
        assert store.scan(rules).edits == {"a": None}

    def test_copying_of_data_stops_at_the_quota_and_code_goes_on(self, store: History) -> None:
        rules = KeepRules(data_bytes=0)
        (store.root / "data.csv").write_text("1")
        (store.root / "train.py").write_text("1")
        assert list(store.scan(rules).edits) == ["train.py"]
        assert "copying of data has stopped" in skipped(store, rules)["data.csv"]

    def test_copying_of_data_stops_on_a_full_disk(self, store: History) -> None:
        (store.root / "data.csv").write_text("1")
        assert "nearly full" in skipped(store, KeepRules(free_share=1.0))["data.csv"]

    def test_only_so_many_files(self, store: History) -> None:
        for n in range(5):
            (store.root / f"{n}.bin").write_text("1")
        assert len(store.scan(KeepRules(n_files=3)).edits) == 3

    def test_only_these_paths_are_looked_at(self, store: History) -> None:
        for name in "abc":
            (store.root / name).write_text("1")
        result = store.scan(KeepRules(), only=["b", "gone"])  # type: ignore[list-item]
        assert list(result.edits) == ["b"]
        scan_and_publish(store)
        (store.root / "b").unlink()
        assert store.scan(KeepRules(), only=["a", "b"]).edits == {"b": None}  # type: ignore[list-item]

    def test_a_folder_that_became_a_file(self, store: History) -> None:
        (store.root / "x").mkdir()
        (store.root / "x/a").write_text("1")
        scan_and_publish(store)
        (store.root / "x/a").unlink()
        (store.root / "x").rmdir()
        (store.root / "x").write_text("file")
        assert list(store.tree(scan_and_publish(store).id)) == ["x"]



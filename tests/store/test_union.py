"""Records of several computers become one history: the same one, whoever unites whose with whose and in which order."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotscience_jlab.errors import Forgotten
from dotscience_jlab.model.codec import to_json
from dotscience_jlab.model.run import Annotation, Tombstone
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.history import History
from dotscience_jlab.store.index import SqliteIndex
from dotscience_jlab.store.memory import MemoryObjects
from dotscience_jlab.store.objects import RECORDS_REF, CommitText
from dotscience_jlab.store.open import memory_store, open_store
from dotscience_jlab.store.records import Generations
from dotscience_jlab.store.union import reaches

from .contract import AT, execution, publish, run, scan_and_publish

ROOMY = KeepRules(free_bytes=0, free_share=0.0)
RUN_IDS = tuple(f"7d444840-9dc0-41d1-b245-5ffdce74fad{n}" for n in range(3))


class World:
    """Computers whose stores share one pool of objects: what one wrote another can be handed by its name alone."""

    def __init__(self, n: int) -> None:
        pool = MemoryObjects()
        self.stores = []
        for _ in range(n):
            objects = MemoryObjects()
            objects._blobs, objects._trees, objects._commits = pool._blobs, pool._trees, pool._commits
            made = memory_store(Path("/nowhere"))
            self.stores.append(History(objects, SqliteIndex(None), made.workspace, made.root))

    def take(self, at: int, of: int) -> None:
        theirs = self.stores[of].objects.ref(RECORDS_REF)
        if theirs is not None:
            self.stores[at].unite_records(theirs)

    def rebuilt(self, at: int) -> History:
        one = self.stores[at]
        return History(one.objects, SqliteIndex(None), one.workspace, one.root)


def shown(store: History) -> str:
    """All that a reader can see of the records."""
    with store.index.read() as db:
        forgotten = sorted(db.execute("SELECT id, body FROM forgotten").fetchall())
    runs = store.index.runs(sort="started_at", limit=1000).items
    return json.dumps(to_json([store.index.executions(limit=1000).items, sorted(runs, key=lambda each: each.id), forgotten]))


ACTS = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)),
    st.tuples(st.just("execution"), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)),
    st.tuples(st.just("label"), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)),
    st.tuples(st.just("tombstone"), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)),
    st.tuples(st.just("take"), st.integers(0, 2), st.integers(0, 2), st.just(0)),
)


def act(world: World, kind: str, at: int, which: int, what: int, number: int) -> None:
    store = world.stores[at]
    if kind == "run":
        store.append([replace(run(which + 1), id=RUN_IDS[which], name=f"said {what}")])
    elif kind == "execution":
        store.append([execution(which, source=f"x = {what}")])
    elif kind == "label":
        store.append([Annotation(f"a{number}", RUN_IDS[which], "label", what, AT % (number % 60), "stage")])
    elif kind == "tombstone":
        store.append([Tombstone(f"t{number}", (RUN_IDS[which] if what % 2 else execution(which).id,), f"why {what}", AT % what)])
    else:
        world.take(at, which)


@given(st.lists(ACTS, max_size=14), st.integers(0, 2**32))
def test_in_whatever_order_histories_are_united_all_show_the_same(acts: list, seed: int) -> None:
    world = World(3)
    for number, (kind, at, which, what) in enumerate(acts):
        act(world, kind, at, which, what, number)
    pairs = [(at, of) for at in range(3) for of in range(3) if at != of] * 2
    random.Random(seed).shuffle(pairs)
    for at, of in pairs + [(0, 1), (0, 2), (1, 0), (2, 0)]:
        world.take(at, of)
    told = {shown(each) for each in world.stores} | {shown(world.rebuilt(at)) for at in range(3)}
    assert len(told) == 1
    assert len({each.objects.ref(RECORDS_REF) for each in world.stores}) == 1


def test_who_unites_the_same_two_makes_the_same_commit() -> None:
    world = World(2)
    world.stores[0].append([execution(1)])
    world.stores[1].append([execution(2)])
    one, other = (each.objects.ref(RECORDS_REF) for each in world.stores)
    world.stores[0].unite_records(other)  # type: ignore[arg-type]
    world.stores[1].unite_records(one)  # type: ignore[arg-type]
    assert world.stores[0].objects.ref(RECORDS_REF) == world.stores[1].objects.ref(RECORDS_REF)


def test_what_was_said_knowing_of_the_other_is_newer() -> None:
    world = World(2)
    for _ in range(5):
        world.stores[0].append([execution(1, source="old")])
    world.take(1, 0)
    world.stores[1].append([execution(1, source="new")])
    for n in range(5):
        world.stores[0].append([execution(2, source=str(n))])
    world.take(0, 1)
    assert world.stores[0].index.execution(execution(1).id).source == "new"
    assert world.rebuilt(0).index.execution(execution(1).id).source == "new"


def test_what_is_said_again_in_the_same_bytes_is_newer_than_what_was_said_in_between(root: Path) -> None:
    store = open_store(root, create=True)
    for source in ("a", "b", "a"):
        store.append([execution(1, source=source)])
    store.close()
    (root / ".dotscience" / "store.git" / "state.db").unlink()
    assert open_store(root).index.execution(execution(1).id).source == "a"


def test_a_tombstone_wins_whichever_side_has_it() -> None:
    world = World(2)
    gone = execution(1)
    world.stores[0].append([gone])
    world.take(1, 0)
    world.stores[1].append([Tombstone("t1", (gone.id,), "mine", AT % 3)])
    world.stores[0].append([replace(gone, source="said again, later"), execution(2)])
    world.take(0, 1)
    world.take(1, 0)
    for store in (*world.stores, world.rebuilt(0)):
        with pytest.raises(Forgotten, match="mine"):
            store.index.execution(gone.id)
        assert [each.id for each in store.index.executions().items] == [execution(2).id]


def test_a_history_of_before_generations_were_written_is_counted(root: Path) -> None:
    store = open_store(root, create=True)
    objects = store.objects
    tree, parent = objects.put_tree({}), None
    for n in range(50):
        parent = objects.put_commit(CommitText(tree, (parent,) if parent else (), f"{n} records\n", float(n)))
    assert Generations(objects).of(parent) == 50
    objects.move_ref(RECORDS_REF, None, parent)  # type: ignore[arg-type]
    store.append([execution(1)])
    head = objects.ref(RECORDS_REF)
    assert "Ds-Generation: 51" in objects.commit(head).message  # type: ignore[arg-type]
    assert reaches(Generations(objects), head, parent) and not reaches(Generations(objects), parent, head)  # type: ignore[arg-type]


class TestLines:
    """A remote's line beside the workspace's own: their shared past belongs to both."""

    @pytest.fixture
    def store(self, root: Path) -> History:
        return open_store(root, create=True)

    def diverge(self, store: History) -> None:
        """main: 1 2 3 4; origin:main: 1 2 5 6"""
        made = [publish(store, {"a": str(n).encode()}, str(n)) for n in (1, 2)]
        fork = store.commit_of(made[1].id)
        for n in (5, 6):
            publish(store, {"a": str(n).encode()}, str(n))
        theirs = store.objects.ref("refs/heads/main")
        store.objects.move_ref("refs/heads/main", theirs, fork)
        for n in (3, 4):
            publish(store, {"a": str(n).encode()}, str(n))
        store.place_line("origin:main", None, theirs)  # type: ignore[arg-type]

    @staticmethod
    def listed(store: History, line: str) -> list[str]:
        return [each.message for each in store.snapshots(line)]

    def test_both_are_listed_whole_before_and_after_a_rebuild(self, store: History) -> None:
        self.diverge(store)
        for _ in range(2):
            assert store.lines() == ["main", "origin:main"]
            assert self.listed(store, "main") == ["4", "3", "2", "1"]
            assert self.listed(store, "origin:main") == ["6", "5", "2", "1"]
            assert store.head("origin:main").message == "6"  # type: ignore[union-attr]
            six, five = store.snapshots("origin:main")[:2]
            assert store.snapshots("origin:main", limit=1) == [six] and store.snapshots("origin:main", 9, before=six.id)[0] == five
            assert six.parents == (five.id,) and store.read_blob(store.tree(six.id)["a"].digest) == b"6"
            store.close()
            (store.root / ".dotscience/store.git/state.db").unlink()
            store = open_store(store.root)

    def test_the_own_line_takes_over_what_it_moves_along(self, store: History) -> None:
        publish(store, {"a": b"1"}, "1")
        base = store.objects.ref("refs/heads/main")
        publish(store, {"a": b"2"}, "2")
        ahead = store.objects.ref("refs/heads/main")
        store.objects.move_ref("refs/heads/main", ahead, base)  # type: ignore[arg-type]
        store.close()
        (store.root / ".dotscience/store.git/state.db").unlink()
        store = open_store(store.root)
        store.place_line("origin:main", None, ahead)  # type: ignore[arg-type]
        assert (self.listed(store, "main"), self.listed(store, "origin:main")) == (["1"], ["2", "1"])
        assert store.place_line("main", base, ahead)  # type: ignore[arg-type]
        assert (self.listed(store, "main"), self.listed(store, "origin:main")) == (["2", "1"], ["2", "1"])
        assert not store.place_line("main", base, ahead)  # type: ignore[arg-type]

    def test_a_rewritten_own_line_leaves_the_other_whole(self, store: History) -> None:
        self.diverge(store)
        head = store.objects.ref("refs/heads/main")
        tree = store.objects.commit(head).tree  # type: ignore[arg-type]
        alone = store.objects.put_commit(CommitText(tree, (), "alone", 1.0))
        store.objects.move_ref("refs/heads/main", head, alone)
        assert (self.listed(store, "main"), self.listed(store, "origin:main")) == (["alone"], ["6", "5", "2", "1"])

    def test_after_the_line_was_moved_the_next_look_is_at_what_differs_too(self, store: History) -> None:
        """Whatever was heard of; else a snapshot would show the other computer's files as if they lay on this disk."""
        (store.root / "mine").write_text("mine")
        scan_and_publish(store, rules=ROOMY)
        base = store.objects.ref("refs/heads/main")
        publish(store, {"theirs": b"theirs"}, "on the other computer")
        ahead = store.objects.ref("refs/heads/main")
        store.objects.move_ref("refs/heads/main", ahead, base)  # type: ignore[arg-type]
        store.close()
        store = open_store(store.root)
        assert store.scan(ROOMY).edits == {}
        store.place_line("main", base, ahead)  # type: ignore[arg-type]
        (store.root / "mine").write_text("mine!")
        edits = store.scan(ROOMY).edits
        assert set(edits) == {"mine", "theirs"} and edits["theirs"] is None  # type: ignore[index]

"""A history that an earlier format wrote opens for ever, with everything in it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from dotscience_jlab.errors import Forgotten
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
SESSION = "k-0123456789abcdef"
RUN, LONG_RUN = "7d444840-9dc0-41d1-b245-5ffdce74fad2", "7d444840-9dc0-41d1-b245-5ffdce74fad3"


def opened(root: Path, name: str) -> History:
    with tarfile.open(GOLDEN / name) as archive:
        archive.extractall(root, filter="data")
    (root / "dot-dotscience").rename(root / ".dotscience")
    return open_store(root)


@pytest.fixture
def store(root: Path) -> History:
    return opened(root, "store-1.tar.gz")


@pytest.fixture
def second(root: Path) -> History:
    return opened(root, "store-2.tar.gz")


def test_its_snapshots(store: History) -> None:
    second, first = store.snapshots()
    assert [first.id, second.id] == ["s-0000000000000001", "s-0000000000000002"]
    assert (second.message, second.parents, second.n_changes) == ("clean.ipynb In [2]: fit()", (first.id,), 2)
    assert (second.execution, second.run, second.reason) == (f"{SESSION}:m2", RUN, "execution")
    told = {path: (each.mode, store.read_blob(each.digest)) for path, each in store.tree(first.id).items()}
    assert told == {
        "clean.ipynb": ("file", b"{}"),
        "data/raw.csv": ("file", b"a,b\n1,2\n"),
        "latest": ("link", b"data/raw.csv"),
        "no\udcff utf8": ("file", b"x"),
        "run.sh": ("executable", b"#!/bin/sh\n"),
    }
    changes = [(each.path, each.kind) for each in store.changes(first.id, second.id)]
    assert changes == [("data/raw.csv", "removed"), ("model.pkl", "added")]


def test_its_executions(store: History) -> None:
    second, first = store.index.executions(session=SESSION).items  # type: ignore[arg-type]
    assert (first.source, first.outcome, first.duration_s, first.snapshot) == ("df = read()\u2028", "ok", 0.5, "s-0000000000000001")
    assert first.files[0].path == "data/raw.csv"
    assert b"hello" in store.read_blob(first.outputs_blob)
    assert (second.error.name, second.runs) == ("ValueError", (RUN,))
    assert store.index.uses_of("data/raw.csv") == [(first.id, "input")]


def test_its_runs_with_later_words_and_points(store: History) -> None:
    run = store.index.find_run("best")
    assert (run.id, run.number, run.is_starred, run.labels) == (RUN, 1, True, {})
    assert run.parameters == {"lr": 0.1, "on": True, "kind": "tree"}
    assert run.metrics["loss"].min == 1 / 3
    assert store.read_blob(run.artifacts[0].blob) == b"PNG"  # type: ignore[arg-type]
    (short,), (long,) = store.index.series(run.id), store.index.series(LONG_RUN)  # type: ignore[arg-type]
    assert (short.steps, short.times, short.values) == ((0, 1, 2), (1000.0, 1001.0, 1002.0), (1.0, 0.5, 1 / 3))
    assert (long.n_points_logged, long.steps[0], long.values[-1]) == (1500, None, 749.5)


def test_what_was_forgotten_stays_so(store: History) -> None:
    with pytest.raises(Forgotten, match="asked for"):
        store.index.execution(f"{SESSION}:m3")  # type: ignore[arg-type]


def test_its_workspace_and_that_it_can_go_on(store: History) -> None:
    assert (store.workspace.id, store.workspace.settings) == ("w-00000000000000aa", {"excludes": ["*.tmp"]})
    assert store.workspace.root == str(store.root)
    assert store.index.session(SESSION).python == "3.11.2"  # type: ignore[arg-type]
    assert store.index.next_run_number() == 3


def table(n_rows: int) -> bytes:
    return b"".join(b"%d,%d,%d\n" % (n, n * n % 9973, n**3 % 99991) for n in range(n_rows))


def test_large_files_and_odd_names_of_format_2(second: History) -> None:
    last, first = second.snapshots()
    raw = table(14_000)
    held = {path: (b"".join(second.read_file(each.digest)), each.mode) for path, each in second.tree(first.id).items()}
    assert held == {
        "a.ds": (b"small", "file"),
        "a.ds~": (b"small too", "file"),
        "b.ds": (table(500), "file"),
        "data/raw.csv": (raw, "file"),
        "no\udcff.ds": (b"x", "file"),
        "run.sh": (b"#!/bin/sh\n" + table(400), "executable"),
        "x.ds/00000/000000": (b"no chunk", "file"),
        "x.ds/meta": (b"{}", "file"),
    }
    assert {path: each.is_chunked for path, each in second.tree(first.id).items() if each.is_chunked} == {
        "b.ds": True, "data/raw.csv": True, "run.sh": True}
    assert [(each.path, each.kind) for each in second.changes(first.id, last.id)] == [
        ("a.ds", "removed"), ("b.ds", "updated"), ("data/raw.csv", "updated")]
    assert b"".join(second.read_file(second.tree(last.id)["data/raw.csv"].digest)) == raw[:70_000] + b"changed\n" + raw[70_000:]  # type: ignore[index]
    assert second.workspace.format_version == 2

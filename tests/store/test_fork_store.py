"""The store of a fork: links and no copies, an index like a rebuilt one, and rubbish that is the origin's is no damage."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dotscience_jlab.errors import Conflict
from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.store import fork_store
from dotscience_jlab.store.check import check_history
from dotscience_jlab.store.fork_store import copy_history, make_history
from dotscience_jlab.store.gather import FEW_LOOSE, gather_loose, own_loose
from dotscience_jlab.store.git import GitObjects
from dotscience_jlab.store.history import History
from dotscience_jlab.store.lock import StoreLock
from dotscience_jlab.store.maintenance import tidy
from dotscience_jlab.store.open import open_store

from .contract import AT, NOTEBOOK, execution, publish, run
from .test_index_rebuild import remove_index, rows
from .works import fsck

REPOSITORY = ".dotscience/store.git"
N_SNAPSHOTS = 8


@pytest.fixture
def origin(root: Path) -> History:
    store = open_store(root, create=True)
    for n in range(N_SNAPSHOTS):
        edits = {f"f{n % 3}": b"%d" % n, f"folder{n}/x": os.urandom(200_000)}
        publish(store, edits, f"cell {n}", execution=execution(n).id, notebook=NOTEBOOK)
        store.append([execution(n), run(n, parameters={"lr": 0.1 * n})])
    return store


def tidied(root: Path) -> None:
    objects = GitObjects(root / REPOSITORY)
    try:
        tidy(objects, StoreLock(objects.path), now=time.time() + 10_000, many_loose=1)
    finally:
        objects.close()


def own_bytes(root: Path) -> int:
    """What the folder alone takes on the disk: files that nobody else has too."""
    found = (path.lstat() for path in (root / ".dotscience").rglob("*") if path.is_file())
    return sum(each.st_blocks * 512 for each in found if each.st_nlink == 1)


def is_whole(root: Path) -> bool:
    return not [each for each in check_history(root / ".dotscience", root).findings if each.is_damage]


def test_forks_cost_what_they_change(origin: History, tmp_path: Path) -> None:
    head, before = origin.head(), own_bytes(origin.root)
    assert head is not None
    forks = [tmp_path / f"fork{n}" for n in range(20)]
    for each in forks:
        repository = make_history(origin, each, head.id)
        shared = [path for path in (repository / "objects").rglob("*") if path.is_file()]
        assert shared and all(path.stat().st_nlink > 1 for path in shared)
    assert own_bytes(origin.root) < before  # the bytes are the forks' too
    assert sum(map(own_bytes, forks)) < 20 * 250_000 < 20 * before / 4
    store = open_store(forks[0])
    data = os.urandom(300_000)
    n_before = own_bytes(forks[0])
    publish(store, {"mine": data})
    store.close()
    assert own_bytes(forks[0]) - n_before < 300_000 + 100_000
    assert own_bytes(forks[1]) < 250_000


def test_many_loose_objects_become_one_pack_that_is_shared(origin: History, tmp_path: Path) -> None:
    head = origin.head()
    assert head is not None and len(own_loose(origin.root / REPOSITORY)) > FEW_LOOSE
    fork = make_history(origin, tmp_path / "fork", head.id)
    assert own_loose(origin.root / REPOSITORY) == own_loose(fork) == []
    packs = list(fork.glob("objects/pack/*.pack"))
    assert len(packs) == 1 and packs[0].stat().st_nlink == 2
    publish(origin, {"late": b"late"})  # a handful is linked one by one
    head = origin.head()
    assert head is not None
    second = make_history(origin, tmp_path / "second", head.id)
    assert 0 < len(own_loose(second)) <= FEW_LOOSE and len(list(second.glob("objects/pack/*.pack"))) == 1
    for each in (origin.root, tmp_path / "fork", tmp_path / "second"):
        fsck(each)


def test_a_damaged_loose_object_stays_where_it_is(origin: History) -> None:
    objects = GitObjects(origin.root / REPOSITORY)
    names = own_loose(objects.path)
    path = objects.path / "objects" / names[0][:2] / names[0][2:]
    path.chmod(0o600)
    path.write_bytes(b"rubbish")
    assert gather_loose(objects) == len(names) - 1 and own_loose(objects.path) == [names[0]]
    objects.close()


@pytest.mark.parametrize("n", [N_SNAPSHOTS - 1, 3])
def test_its_index_is_what_a_rebuild_gives(origin: History, tmp_path: Path, n: int) -> None:
    publish(origin, {"g": b"on a line of its own"}, line="try", base=origin.snapshots()[2].id)
    snapshot = origin.snapshots()[::-1][n]
    repository = make_history(origin, tmp_path / "fork", snapshot.id)
    assert (repository / "state.db").exists()
    store = open_store(tmp_path / "fork")
    assert len(store.snapshots()) == n + 1 and store.index.executions().total == N_SNAPSHOTS
    store.close()
    copied = rows(tmp_path / "fork")
    remove_index(tmp_path / "fork")
    open_store(tmp_path / "fork").close()
    assert rows(tmp_path / "fork") == copied


def test_a_cell_that_runs_in_the_origin_does_not_run_in_the_fork(origin: History, tmp_path: Path) -> None:
    origin.index.feed([replace(execution(50), outcome="running", finished_at=None)])
    head = origin.head()
    assert head is not None
    store = copy_history(origin, tmp_path / "fork", head.id)
    assert store.index.executions().total == N_SNAPSHOTS == origin.index.executions().total - 1
    store.close()


def test_what_only_the_origin_needs_is_no_damage_in_a_fork(origin: History, tmp_path: Path) -> None:
    """A fork of an early moment takes whole packs, and refers to little of them."""
    first, fork = origin.snapshots()[-1], tmp_path / "fork"
    publish(origin, {"large": os.urandom(12_000_000)})
    copy_history(origin, fork, first.id).close()
    for _ in range(2):
        tidied(fork)  # raises StoreDamaged where a ref seems lost
    files = {path: store_bytes(fork, path) for path in ("f0", "folder0/x")}
    origin.close()
    shutil.rmtree(origin.root)
    tidied(fork)
    assert {path: store_bytes(fork, path) for path in files} == files
    assert is_whole(fork)
    fsck(fork)


def store_bytes(root: Path, path: str) -> bytes:
    store = open_store(root)
    try:
        head = store.head()
        assert head is not None
        entry = store.entry(head.id, path)  # type: ignore[arg-type]
        assert entry is not None
        return b"".join(store.read_file(entry.digest))
    finally:
        store.close()


def test_a_fork_and_its_origin_go_on_without_each_other(origin: History, tmp_path: Path) -> None:
    head = origin.head()
    assert head is not None
    fork = copy_history(origin, tmp_path / "fork", head.id)
    draft = SnapshotDraft("there", AT % 30, {"f0": fork.put_file_bytes(b"the fork's")})  # type: ignore[arg-type, dict-item]
    fork.publish(draft)
    publish(origin, {"f0": b"the origin's"})
    forget = [each.id for each in origin.snapshots()[2:]]
    origin.forget(forget, "asked for", AT % 40)  # type: ignore[arg-type]
    tidied(origin.root)
    assert [each.message for each in fork.snapshots()] == ["there", *(f"cell {n}" for n in reversed(range(N_SNAPSHOTS)))]
    for shot in fork.snapshots():
        for entry in fork.tree(shot.id).values():
            assert b"".join(fork.read_file(entry.digest))
    fork.close()
    assert is_whole(tmp_path / "fork") and is_whole(origin.root)


def test_packs_that_go_while_they_are_linked_are_looked_for_again(
    origin: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maintenance may replace a pack between the listing and the link."""
    gather_loose(origin.objects, few=0)  # type: ignore[arg-type]
    link, n_calls = os.link, 0

    def link_after_maintenance(source: str, target: str) -> None:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 1:
            publish(origin, {"later": b"x"})
            tidied(origin.root)
            for suffix in (".pack", ".idx"):
                Path(source).with_suffix(suffix).unlink()
        link(source, target)

    pack = next((origin.root / REPOSITORY / "objects/pack").glob("*.pack"))
    for path in (pack, pack.with_suffix(".idx")):  # so that one can go and nothing is lost
        link(path, path.with_name(path.name.replace("pack-", "pack-00")))
    monkeypatch.setattr(fork_store.os, "link", link_after_maintenance)
    head = origin.head()
    assert head is not None
    make_history(origin, tmp_path / "fork", head.id)
    assert n_calls > 3 and is_whole(tmp_path / "fork")


def test_a_folder_with_a_history_is_refused(origin: History, tmp_path: Path) -> None:
    head = origin.head()
    assert head is not None
    make_history(origin, tmp_path / "fork", head.id)
    with pytest.raises(Conflict):
        make_history(origin, tmp_path / "fork", head.id)
    assert is_whole(tmp_path / "fork")

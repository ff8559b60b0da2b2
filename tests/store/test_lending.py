"""Forks across file systems: they borrow, the lender removes nothing that they need, and who is gone is named with the remedy."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Iterator

import pytest

from dotscience_jlab.errors import Conflict, DotscienceError, StoreDamaged, StoreError
from dotscience_jlab.model.remote import Remote
from dotscience_jlab.recording.exchange import pull, push
from dotscience_jlab.recording.space import explain_space
from dotscience_jlab.store.check import check_history
from dotscience_jlab.store.detach import detach, shared_bytes
from dotscience_jlab.store.exchange import Exchange
from dotscience_jlab.store.far_side import begin_repository
from dotscience_jlab.store.fork_store import copy_history, make_history
from dotscience_jlab.store.history import History
from dotscience_jlab.store.lending import BORROWERS, borrowers, lenders, lent_of, take_off
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.untidy import mark_untidy

from .contract import AT, execution, publish
from .test_fork_store import REPOSITORY, is_whole, store_bytes, tidied
from .works import fsck

NOW = datetime.now().astimezone()
SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    if not SHARED_MEMORY.is_dir() or SHARED_MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here to write to")
    folder = Path(tempfile.mkdtemp(prefix="ds-", dir=SHARED_MEMORY))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def origin(root: Path) -> Iterator[History]:
    store = open_store(root, create=True)
    for n in range(4):
        publish(store, {"data": os.urandom(300_000), f"f{n}": b"%d" % n}, f"cell {n}", execution=execution(n).id)
        store.append([execution(n)])
    yield store
    store.close()


@pytest.fixture
def fork(origin: History, elsewhere: Path) -> Iterator[History]:
    head = origin.head()
    assert head is not None
    store = copy_history(origin, elsewhere / "try", head.id)
    yield store
    store.close()


def contents(store: History) -> list[tuple[str, str, bytes]]:
    found = []
    for shot in store.snapshots():
        found += [(shot.id, path, b"".join(store.read_file(entry.digest))) for path, entry in store.tree(shot.id).items()]
    return found


def forget_all_but_the_newest(store: History) -> None:
    publish(store, {"data": b"small now"}, "the newest")
    store.forget([each.id for each in store.snapshots()[1:]], "old", AT % 59)  # type: ignore[arg-type]


def test_it_borrows_and_reads_all(origin: History, fork: History) -> None:
    assert not list((fork.root / REPOSITORY / "objects").rglob("*.pack"))
    assert [each.root for each in borrowers(origin.root / REPOSITORY)] == [str(fork.root)]
    assert contents(fork) == contents(origin)
    assert is_whole(fork.root)
    fsck(fork.root)
    copied = subprocess.run(["git", "clone", "-q", fork.root / REPOSITORY, fork.root.parent / "clone"], capture_output=True)
    assert copied.returncode == 0 and (fork.root.parent / "clone" / "f3").read_bytes() == b"3"


def test_what_a_borrower_needs_is_not_removed(origin: History, fork: History) -> None:
    before = contents(fork)
    forget_all_but_the_newest(origin)
    tidied(origin.root)
    assert contents(fork) == before and is_whole(fork.root)
    publish(fork, {"mine": b"the fork's own"})
    fork.forget([each.id for each in fork.snapshots()[1:]], "old", AT % 59)  # type: ignore[arg-type]
    kept = contents(fork)
    mark_untidy(origin.root / REPOSITORY)
    size = origin.size_bytes()
    tidied(origin.root)
    assert contents(fork) == kept and is_whole(fork.root) and is_whole(origin.root)
    origin.objects._measured_at = float("-inf")  # type: ignore[attr-defined]
    assert origin.size_bytes() < size - 600_000  # three of four large versions: nobody needs them now


def test_a_borrower_that_cannot_be_found_counts_as_alive(origin: History, fork: History, tmp_path: Path) -> None:
    before = contents(fork)
    assert f"{fork.root} reads its older versions here" in explain_space(origin, NOW).sentence
    fork.close()
    away = shutil.move(fork.root, tmp_path / "on a shelf")
    assert f"ds fork --forget {fork.root}" in explain_space(origin, NOW).sentence
    forget_all_but_the_newest(origin)
    tidied(origin.root)
    store = open_store(Path(away))  # it says where it is by being opened
    assert contents(store) == before
    store.close()
    assert [each.root for each in borrowers(origin.root / REPOSITORY)] == [str(away)]
    mark_untidy(origin.root / REPOSITORY)
    tidied(origin.root)
    store = open_store(Path(away))
    assert contents(store) == before
    store.close()
    assert [each.root for each in take_off(origin.root / REPOSITORY, lambda each: each.root == str(away))] == [str(away)]
    mark_untidy(origin.root / REPOSITORY)
    tidied(origin.root)
    assert not lent_of(origin.root / REPOSITORY, ["0" * 40]) and not (origin.root / REPOSITORY / BORROWERS).exists()
    with pytest.raises(DotscienceError):
        contents(open_store(Path(away)))


def test_a_list_of_borrowers_that_cannot_be_read_costs_nothing(origin: History, fork: History) -> None:
    (origin.root / REPOSITORY / BORROWERS).write_text("[{")
    forget_all_but_the_newest(origin)
    with pytest.raises(StoreDamaged):
        tidied(origin.root)
    assert len(contents(fork)) > 4


def test_bytes_that_a_borrower_needs_are_not_purged(origin: History, fork: History) -> None:
    plan = origin.plan_purge(origin.digests_at("data"))  # type: ignore[arg-type]
    before = contents(fork)
    with pytest.raises(Conflict) as refused:
        origin.purge(plan, "secret", AT % 50)  # type: ignore[arg-type]
    assert f"ds fork --detach -C {fork.root}" in refused.value.hint
    with pytest.raises(Conflict):
        origin.forget_all()
    assert contents(fork) == before == contents(origin)
    detach(fork, nullcontext(), is_unsharing=False)
    origin.purge(plan, "secret", AT % 50)  # type: ignore[arg-type]
    assert contents(fork) == before


def test_detached_it_needs_its_origin_no_more(origin: History, fork: History) -> None:
    publish(fork, {"mine": b"its own already"})
    before = contents(fork)
    done = detach(fork, nullcontext(), is_unsharing=False)
    assert done.n_objects > 8 and done.n_bytes > 1_000_000 and done.n_files == 0
    assert not borrowers(origin.root / REPOSITORY) and not lenders(fork.root / REPOSITORY)
    again = detach(fork, nullcontext(), is_unsharing=True)
    assert (again.n_objects, again.n_files) == (0, 0)
    origin.forget_all()
    assert contents(fork) == before
    assert is_whole(fork.root)
    fsck(fork.root)


def test_hard_links_are_broken_if_asked(origin: History, tmp_path: Path) -> None:
    head = origin.head()
    assert head is not None
    fork = copy_history(origin, tmp_path / "fork", head.id)
    n_files, n_bytes = shared_bytes(tmp_path / "fork" / REPOSITORY)
    assert n_files > 0 and detach(fork, nullcontext(), is_unsharing=False).n_files == 0
    done = detach(fork, nullcontext(), is_unsharing=True)
    assert (done.n_files, done.file_bytes) == (n_files, n_bytes)
    assert shared_bytes(tmp_path / "fork" / REPOSITORY) == (0, 0) == shared_bytes(origin.root / REPOSITORY)
    assert contents(fork) == contents(origin) and is_whole(tmp_path / "fork")
    fork.close()


def test_an_origin_that_is_gone_is_named_and_found_again_by_its_id(origin: History, fork: History, tmp_path: Path) -> None:
    before, moved = contents(fork), tmp_path / "renamed"
    fork.close()
    origin.root.rename(moved)
    assert not fork.is_there()
    with pytest.raises(StoreError) as gone:
        open_store(fork.root)
    told = [each for each in check_history(fork.root / ".dotscience", fork.root).findings if each.what == "lenders.json"]
    assert len(told) == 1 and str(origin.root) in told[0].sentence and told[0].remedy
    assert str(origin.root) in gone.value.message and "fork of project/" in gone.value.message and gone.value.hint
    found = open_store(fork.root, find_root={origin.workspace.id: moved}.get)  # type: ignore[arg-type]
    assert contents(found) == before
    found.close()
    assert [Path(each.disk_path) for each in lenders(fork.root / REPOSITORY)] == [moved / REPOSITORY]
    open_store(fork.root).close()
    moved.rename(origin.root)


def test_a_fork_of_a_borrower_borrows_where_that_one_does(origin: History, fork: History, elsewhere: Path, tmp_path: Path) -> None:
    publish(fork, {"mine": os.urandom(5_000)})
    head = fork.head()
    assert head is not None
    beside = make_history(fork, elsewhere / "beside", head.id)  # links to the fork's own, borrows from the origin
    back = make_history(fork, tmp_path / "back", head.id)  # borrows from both
    assert [each.store for each in lenders(beside)] == [origin.workspace.id]
    assert [each.store for each in lenders(back)] == [origin.workspace.id, fork.workspace.id]
    wanted = contents(fork)
    for each in (elsewhere / "beside", tmp_path / "back"):
        store = open_store(each)
        assert contents(store) == wanted
        store.close()
        assert is_whole(each)


def test_a_forgotten_fork_takes_itself_off_the_list(origin: History, fork: History) -> None:
    fork.forget_all()
    assert borrowers(origin.root / REPOSITORY) == ()
    assert store_bytes(origin.root, "f3") == b"3"


def test_what_a_borrower_pulls_is_checked_with_what_it_borrows(origin: History, fork: History, tmp_path: Path) -> None:
    """What is fetched borrows from the history, which borrows itself."""
    remote = Remote("origin", str(tmp_path / "there.git"))
    begin_repository(remote.url)
    push(Exchange(fork, remote), is_unscanned_allowed=True, progress=lambda *_: None)
    second = copy_history(fork, fork.root.parent / "second", fork.snapshots()[0].id)
    publish(fork, {"data": b"later"}, "later")
    push(Exchange(fork, remote), is_unscanned_allowed=True, progress=lambda *_: None)
    pull(Exchange(second, remote), nullcontext(), join=False, progress=lambda *_: None)
    assert "later" in [each.message for each in second.snapshots("origin:main")] + [each.message for each in second.snapshots()]
    second.close()

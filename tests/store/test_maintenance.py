"""Tidying a store: nothing is lost, nothing that is being stored is touched, and what nobody needs goes."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dotscience_jlab.errors import StoreDamaged
from dotscience_jlab.model.snapshot import Snapshot
from dotscience_jlab.store.fork_store import copy_history
from dotscience_jlab.store.git import GitObjects
from dotscience_jlab.store.graves import PREFIX, bury
from dotscience_jlab.store.history import History
from dotscience_jlab.store.lock import StoreLock
from dotscience_jlab.store.maintenance import (
    SMALL_PACK_BYTES,
    PackFacts,
    Tidied,
    is_due,
    packs_to_replace,
    tidy,
)
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.untidy import mark_untidy

from .contract import AT, execution, publish, run
from .test_on_disk import git, repository

PROCESSES = multiprocessing.get_context("spawn")
LATER_S = 7200.0


@pytest.fixture
def store(root: Path) -> History:
    return open_store(root, create=True)


def worked_on(store: History, n: int = 30) -> list[Snapshot]:
    """Snapshots that overwrite a file, add one now and then, and leave outputs."""
    made = []
    for each in range(n):
        edits = {"train.ipynb": b"cell %d" % each, f"data/{each % 7}/x.csv": os.urandom(300)}
        made.append(publish(store, edits, f"cell {each}", created_at=AT % (each % 60)))
        store.append([execution(each, snapshot=made[-1].id, outputs_blob=store.put_bytes(b"[%d]" % each))])
    return made


def whole(store: History) -> dict[str, dict[str, bytes]]:
    """snapshot -> path -> bytes, of every snapshot."""
    return {
        each.id: {path: store.read_blob(entry.digest) for path, entry in store.tree(each.id).items()}
        for each in store.snapshots(limit=10_000)
    }


def tidied(store: History, later_s: float = LATER_S, **options: object) -> Tidied:
    """As if it ran `later_s` from now; files are not touched for that."""
    return tidy(GitObjects(repository(store)), StoreLock(repository(store)), now=time.time() + later_s, **options)  # type: ignore[arg-type]


def files(store: History) -> tuple[list[str], list[str]]:
    """(loose objects, packs)"""
    objects = repository(store) / "objects"
    return [path.name for path in objects.glob("??/*")], sorted(path.name for path in objects.glob("pack/*.pack"))


def is_sound(store: History) -> bool:
    return git(repository(store), "fsck", "--strict", "--no-dangling", "--full") == ""


def test_many_loose_files_become_one_pack(store: History) -> None:
    worked_on(store)
    before = whole(store)
    done = tidied(store, many_loose=10)
    loose, packs = files(store)
    assert (loose, len(packs), done.n_removed, done.is_done) == ([], 1, 0, True)
    assert done.n_packed > 200
    assert whole(store) == before
    assert is_sound(store)
    store.close()
    assert whole(open_store(store.root)) == before


def test_a_few_loose_files_stay(store: History) -> None:
    worked_on(store, 2)
    assert tidied(store).n_packed == 0
    assert files(store)[1] == []


def test_it_is_a_process_of_its_own(store: History) -> None:
    worked_on(store, 3)
    command = [sys.executable, "-m", "dotscience_jlab.store.maintenance", str(repository(store))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"n_packed": 0, "n_removed": 0, "freed_bytes": 0, "is_done": True}


def test_what_is_forgotten_is_freed_and_the_rest_is_whole(store: History) -> None:
    big = os.urandom(300_000)
    made = worked_on(store, 5)
    middle = publish(store, {"big": big})
    publish(store, {"big": None})
    made += worked_on(store, 5)
    before = whole(store)
    promised = store.freed_by([middle.id])
    store.forget([middle.id, made[1].id, made[2].id], "old", AT % 59)
    mark_untidy(repository(store))
    done = tidied(store)
    assert done.freed_bytes >= promised >= 300_000
    assert done.is_done
    assert whole(store) == {name: tree for name, tree in before.items() if name not in (middle.id, made[1].id, made[2].id)}
    assert is_sound(store)
    assert not (repository(store) / "untidy").exists()
    assert git(repository(store), "fsck", "--unreachable") == ""


def test_what_was_put_a_moment_ago_stays(store: History) -> None:
    worked_on(store, 3)
    fresh = store.put_bytes(b"on its way into a snapshot")
    mark_untidy(repository(store))
    assert not tidied(store, later_s=0).is_done
    assert store.objects.has(fresh)
    assert (repository(store) / "untidy").exists()
    assert tidied(store).n_removed == 1
    assert not store.objects.has(fresh)


def test_what_is_put_again_is_young_again(store: History) -> None:
    data = b"forgotten once, and stored again"
    digest = store.put_bytes(data)
    publish(store, {"a": b"1"})
    old = time.time() - LATER_S
    os.utime(repository(store) / "objects" / digest[:2] / digest[2:], (old, old))
    assert store.put_bytes(data) == digest
    assert tidied(store, later_s=0).n_removed == 0
    assert store.read_blob(digest) == data


def test_a_file_that_is_touched_while_it_goes_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "9c1f"
    path.write_text("x")
    assert bury(path, time.time() - 60) == 0
    assert [each.name for each in tmp_path.iterdir()] == ["9c1f"]
    assert bury(path, time.time() + 60) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_had_half_removed_comes_back(store: History) -> None:
    made = publish(store, {"a": b"1"})
    digest = store.tree(made.id)["a"].digest  # type: ignore[index]
    path = repository(store) / "objects" / digest[:2] / digest[2:]
    path.rename(path.with_name(PREFIX + path.name))
    store.close()
    assert open_store(store.root).read_blob(digest) == b"1"


def test_small_packs_become_one(store: History) -> None:
    for _ in range(9):
        worked_on(store, 2)
        tidied(store, many_loose=1)
    before = whole(store)
    assert len(files(store)[1]) <= 8
    tidied(store, many_loose=1)
    worked_on(store, 1)
    assert whole(store).items() >= before.items()
    assert is_sound(store)


def test_a_pack_that_git_made_is_read_and_thinned(store: History) -> None:
    made = worked_on(store, 6)
    store.forget([each.id for each in made[:4]], "old", AT % 59)
    before = whole(store)
    git(repository(store), "repack", "-a", "-d", "-q", "-k")  # deltas, and what nothing refers to
    git(repository(store), "commit-graph", "write", "--reachable")
    mark_untidy(repository(store))
    tidied(store, many_loose=1)
    assert whole(store) == before
    assert is_sound(store)
    assert git(repository(store), "fsck", "--unreachable") == ""


def test_what_a_fork_shares_stays_shared(store: History, tmp_path: Path) -> None:
    made = worked_on(store)
    (tmp_path / "fork").mkdir()
    fork = copy_history(store, tmp_path / "fork", made[-1].id)
    before, shared = whole(fork), len(files(store)[0])
    assert tidied(store, many_loose=1).n_packed == 0
    assert len(files(store)[0]) == shared
    store.forget([each.id for each in made[:-1]], "old", AT % 59)
    for _ in range(2):  # the fork needs it: it takes room once, and is no sign of damage
        assert tidied(store).n_removed == 0
    assert whole(fork) == before
    assert is_sound(fork) and is_sound(store)
    fork.forget_all()
    mark_untidy(repository(store))
    assert tidied(store).n_removed > 20
    assert is_sound(store)


def test_a_lost_ref_costs_nothing(store: History) -> None:
    publish(store, {"big": os.urandom(2_000_000)})
    store.append([run(1)])
    before = files(store)
    lost = (repository(store) / "refs/heads/main").read_text()
    (repository(store) / "refs/heads/main").unlink()
    with pytest.raises(StoreDamaged, match="nothing was forgotten"):
        tidied(store)
    (repository(store) / "refs/heads/main").write_text("")
    with pytest.raises(StoreDamaged):
        tidied(store)
    (repository(store) / "refs/heads/main").write_text(lost)
    assert files(store) == before
    assert is_sound(store)


def test_what_only_a_remote_held_goes_once_it_does_not(store: History) -> None:
    worked_on(store, 3)
    old = publish(store, {"big": os.urandom(2_000_000)})
    publish(store, {"big": None})
    mark = "refs/ds/remotes/origin/heads/main"
    store.objects.move_ref(mark, None, store.commit_of(old.id))
    store.forget([old.id], "old", AT % 59)
    assert tidied(store).freed_bytes < 1_000_000
    store.objects.move_ref(mark, store.objects.ref(mark), store.objects.ref("refs/heads/main"))  # type: ignore[arg-type]
    assert tidied(store).freed_bytes > 2_000_000
    assert is_sound(store)


def test_damage_stays_where_it_is_and_nothing_goes(store: History) -> None:
    made = worked_on(store, 5)
    digest = store.tree(made[0].id)["train.ipynb"].digest  # type: ignore[index]
    path = repository(store) / "objects" / digest[:2] / digest[2:]
    path.chmod(0o644)
    path.write_bytes(b"not these bytes")
    tidied(store, many_loose=1)
    assert path.read_bytes() == b"not these bytes"
    assert files(store)[0] == [digest[2:]]


OLD, YOUNG = 0.0, 10_000.0
MB = 1_000_000
P = PackFacts("p", 100 * MB, OLD, 0)


@pytest.mark.parametrize("packs, replaced", [
    ([P], []),
    ([replace(P, dead_bytes=24 * MB)], []),
    ([replace(P, dead_bytes=25 * MB)], ["p"]),
    ([replace(P, dead_bytes=25 * MB, written_at=YOUNG)], []),
    ([replace(P, dead_bytes=25 * MB, is_shared=True)], []),
    ([replace(P, dead_bytes=100 * MB, is_shared=True)], ["p"]),
    ([replace(P, dead_bytes=100 * MB, is_kept=True)], []),
    ([replace(P, name=f"p{n}", size_bytes=MB) for n in range(7)], []),
    ([replace(P, name=f"p{n}", size_bytes=MB, written_at=YOUNG) for n in range(8)], [f"p{n}" for n in range(8)]),
    ([replace(P, name=f"p{n}", size_bytes=SMALL_PACK_BYTES) for n in range(8)], []),
    ([replace(P, name=f"p{n}", size_bytes=MB, is_shared=True) for n in range(9)], []),
])
def test_which_packs_are_replaced(packs: list[PackFacts], replaced: list[str]) -> None:
    assert packs_to_replace(packs, now=YOUNG, grace_s=100.0) == replaced


def test_it_is_due_when_there_is_something_to_do(store: History) -> None:
    here, now = repository(store), time.time()
    worked_on(store, 2)
    assert not is_due(here, now)
    mark_untidy(here)
    assert is_due(here, now)
    (here / "tidied").touch()
    os.utime(here / "untidy", (now - 60, now - 60))
    assert not is_due(here, now)
    assert is_due(here, now + 3700)
    (here / "untidy").unlink()
    assert not is_due(here, now + 3700)
    for n in range(80):
        (here / "objects/20").mkdir(exist_ok=True)
        (here / f"objects/20/{n:038x}").touch()
    assert is_due(here, now + 3700)


def _work(root: str, worker: int, n: int) -> None:
    store = open_store(Path(root))
    for each in range(n):
        for _ in range(50):
            try:
                publish(store, {f"w{worker}": b"%d" % each, f"w{worker}-{each}": os.urandom(2000)}, f"{worker} {each}")
                break
            except Exception:
                time.sleep(0.05)
    store.close()


def test_two_that_publish_while_it_runs_and_others_are_forgotten_lose_nothing(store: History) -> None:
    old = [each.id for each in worked_on(store, 25)][:-1]
    workers = [PROCESSES.Process(target=_work, args=(str(store.root), n, 8)) for n in range(2)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        if old:
            store.forget([old.pop(0), *([old.pop()] if old else [])], "old", AT % 59)
        mark_untidy(repository(store))
        tidied(store, later_s=0, grace_s=5.0, many_loose=20)
    for worker in workers:
        worker.join()
    told = [each.message for each in store.snapshots(limit=1000)]
    assert len(told) == len(set(told))
    assert {f"{n} {each}" for n in range(2) for each in range(8)} <= set(told)
    trees = whole(store)
    assert len(trees[store.snapshots(limit=1)[0].id]) >= 18
    assert is_sound(store)


@pytest.mark.slow
@pytest.mark.parametrize("delay_ms", range(0, 400, 20))
def test_killed_at_any_instant_the_history_is_whole(store: History, delay_ms: int) -> None:
    made = worked_on(store, 12)
    store.forget([each.id for each in made[2:6]], "old", AT % 59)
    old = time.time() - LATER_S
    for path in (repository(store) / "objects").glob("??/*"):
        os.utime(path, (old, old))
    before = whole(store)
    store.close()
    script = (
        "import sys, time; from pathlib import Path; from dotscience_jlab.store import maintenance as m;"
        "r = Path(sys.argv[1]); (r / 'untidy').touch(); o = m.GitObjects(r); print('ready', flush=True);"
        "m.tidy(o, m.StoreLock(r), now=time.time(), many_loose=10)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(repository(store))], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay_ms / 1000)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    again = open_store(store.root)
    assert whole(again) == before
    assert is_sound(again)
    tidied(again, many_loose=10)
    assert whole(again) == before
    assert is_sound(again)
    assert git(repository(again), "fsck", "--unreachable") == ""

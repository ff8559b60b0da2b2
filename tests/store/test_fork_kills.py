"""Killed while forks are made, filled and detached: what was acknowledged is whole, and no origin loses what a fork needs."""

from __future__ import annotations

import os
import random
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Callable

import pytest

from dotscience_jlab.recording import fork_files
from dotscience_jlab.recording.fork import apply_fork
from dotscience_jlab.recording.fork_files import write_rest
from dotscience_jlab.store.arriving import read_arriving
from dotscience_jlab.store.detach import detach
from dotscience_jlab.store.fork_store import copy_history
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.untidy import mark_untidy

from .contract import publish
from .test_fork_store import REPOSITORY, is_whole, tidied
from .test_lending import contents, elsewhere
from .works import ACKNOWLEDGED, PROCESSES, Told, kill

__all__ = ["elsewhere"]

KILLS_EACH = 3
LONGEST_S = 0.5
FILES = {"train.ipynb": b"{}", "data/large.bin": os.urandom(3_000_000), "model.bin": os.urandom(1_200_000)}


def borrowed_and_detached(origin: History, root: Path) -> None:
    head = origin.head()
    assert head is not None
    store = copy_history(origin, root, head.id)
    detach(store, nullcontext(), is_unsharing=False)
    store.close()


def filled(origin: History, root: Path) -> None:
    head = origin.head()
    assert head is not None
    fork_files.reflink = lambda source, fd: False  # in this process alone: as on a disk that cannot share
    apply_fork(origin, head.id, root, progress=lambda *_: None)
    store = open_store(root)
    write_rest(store, lambda: False, lambda *_: None)
    store.close()


WORKS: dict[str, Callable[[History, Path], None]] = {"detach": borrowed_and_detached, "fill": filled}


def for_ever(work: str, root: Path, folder: Path, page: Path, first: int) -> None:
    told, store, n = Told(page), open_store(root), first
    while True:
        WORKS[work](store, folder / f"fork{n}")
        told.say(ACKNOWLEDGED, n)
        n += 1


@pytest.mark.slow(share=0.03)
@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("work", WORKS)
def test_killed_at_any_instant(work: str, seed: int, root: Path, tmp_path: Path, elsewhere: Path) -> None:
    chance = random.Random(f"{work} {seed}")
    folder = elsewhere if work == "detach" else tmp_path
    origin = open_store(root, create=True)
    for n in range(3):
        publish(origin, {**FILES, "f": b"%d" % n}, f"cell {n}")
    wanted = contents(origin)
    n = 0
    for number in range(KILLS_EACH):
        told = Told(page := tmp_path / f"told{number}")
        told.say(ACKNOWLEDGED, n - 1)
        process = PROCESSES.Process(target=for_ever, args=(work, root, folder, page, n))
        process.start()
        time.sleep(chance.uniform(0, LONGEST_S))
        kill(process)
        acknowledged = told.number(ACKNOWLEDGED)
        mark_untidy(root / REPOSITORY)
        publish(origin, {"f": b"after kill %d" % number})
        origin.forget([each.id for each in origin.snapshots()[1:-1]], "old", "2026-11-28T10:00:00.000000Z")  # type: ignore[arg-type]
        tidied(root)
        for fork in sorted(folder.glob("fork*")):
            whole = (fork / REPOSITORY / "workspace.json").exists()
            assert whole or int(fork.name[4:]) > acknowledged
            if whole:
                look_at(fork, wanted, is_filled=work == "fill")
        wanted, n = contents(origin), acknowledged + 2
        for fork in folder.glob("fork*"):
            fork.rename(fork.with_name(f"seen {number} {fork.name}"))


def look_at(root: Path, wanted: list[tuple[str, str, bytes]], *, is_filled: bool) -> None:
    store = open_store(root)
    assert contents(store) == wanted
    if is_filled:
        assert write_rest(store, lambda: False, lambda *_: None)
        assert read_arriving(root) is None
        found = {path: (root / path).read_bytes() for path in FILES}
        assert found == FILES
    store.close()
    assert is_whole(root)

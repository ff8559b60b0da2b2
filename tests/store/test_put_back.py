"""A restore in place, killed at every call that changes something, or refused by the disk: the next start has one whole version."""

from __future__ import annotations

import random
import resource
from collections import Counter

import pytest

from .conftest import shares_blocks
from .strace import Strace
from .test_disk_faults import CALLS, ERRORS, FROM_THEN_ON, ONCE
from .works import DONE, GO, N_VERSIONS, Stage, go_on_without, kill, look_after, version

BEFORE = 1
"""Restores that were done already; the next one makes the file longer."""
PARTS, N_FAULTS = 50, 60
CHANGING = frozenset((*CALLS, "fallocate", "fchmod", "utimensat", "flock", "fcntl")) - {"openat"}
"""Between two of these the disk is the same; who looks for writers makes thousands of others."""
LIMIT_BYTES = 11 << 19
"""On the size of files, where the version put back is longer."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage") / "project", "restore", BEFORE)


@pytest.mark.slow(share=0.02)
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_call_that_changes_something(part: int, stage: Stage, calls: list[tuple[str, int]]) -> None:
    changing = [(name, n) for name, n in calls if name in CHANGING]
    assert len(changing) > PARTS
    for name, n in changing[part::PARTS]:
        is_alive, words = stage.step_under("-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={n}")
        assert words in ("", "ok"), f"{words} before call {n} of {name}"
        acknowledged = BEFORE if is_alive and words == "ok" else BEFORE - 1
        look_after("restore", stage.root, 0, acknowledged, is_thorough=False)


def test_killed_between_two_writes(stage: Stage, calls: list[tuple[str, int]]) -> None:
    """Here the file is half of one version and half of another for certain, until the history is opened."""
    for n in range(1, max(n for name, n in calls if name == "pwrite64") + 1):  # SQLite makes such calls too
        stage.step_under("-o", "/dev/null", "-e", "trace=pwrite64", "-e", f"inject=pwrite64:signal=KILL:when={n}")
        if (stage.root / "big.bin").read_bytes() in [version(each) for each in range(N_VERSIONS)]:
            continue
        assert len(list((stage.root / ".dotscience/store.git/intents").iterdir())) == 1
        look_after("restore", stage.root, 0, BEFORE - 1, is_thorough=False)
        assert (stage.root / "big.bin").read_bytes() == version(BEFORE)
        return
    if shares_blocks(stage.root):
        pytest.skip("This disk shares blocks: nothing is written in place.")
    raise AssertionError("no kill met the writing")


@pytest.mark.slow(share=0.02)
@pytest.mark.parametrize("number", range(N_FAULTS))
def test_a_refused_call(number: int, stage: Stage, calls: list[tuple[str, int]]) -> None:
    """The error names a remedy, and the same process does it once the fault is over."""
    chance, counted = random.Random(number), Counter(name for name, _ in calls)
    name = chance.choice([name for name in (*CALLS, "fallocate", "pwrite64", "pwrite64") if counted[name]])
    error, how_often = ERRORS[number % 4], (ONCE, FROM_THEN_ON)[number // 4 % 2]
    inject = f"inject={name}:error={error}:when={chance.randrange(counted[name]) + 1}{how_often}"
    stage.set()
    process, told = stage.begin()
    tracer = Strace(process.pid, "-o", "/dev/null", "-e", f"trace={name}", "-e", inject)
    told.say(GO, 1)
    told.wait(DONE, 1)
    tracer.detach()
    go_on_without(stage, process, told, inject)


@pytest.mark.slow(share=0.2)
@pytest.mark.parametrize("is_killed", [False, True])
def test_a_file_that_may_not_grow(is_killed: bool, stage: Stage) -> None:
    """The kernel writes a part, and refuses the rest."""
    stage.set()
    process, told = stage.begin()
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (LIMIT_BYTES, resource.RLIM_INFINITY))
    told.say(GO, 1)
    told.wait(DONE, 1)
    assert told.words() != "ok"
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if is_killed:
        kill(process)
        look_after("restore", stage.root, 0, BEFORE - 1)
    else:
        go_on_without(stage, process, told, "a limit")

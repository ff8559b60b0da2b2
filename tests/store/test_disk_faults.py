"""The disk refuses one call of a snapshot, or all from one on: the error names a remedy, nothing is harmed, the next try works."""

from __future__ import annotations

import random
import resource
from collections import Counter
from dataclasses import dataclass

import pytest

from .strace import Strace
from .works import DONE, GO, Stage, go_on_without

BEFORE = 5
"""Snapshots that are there already."""
N_FAULTS, N_LIMITS = 270, 30
ERRORS = ("ENOSPC", "EIO", "EROFS", "EDQUOT")
CALLS = ("write", "pwrite64", "writev", "fsync", "fdatasync", "ftruncate", "rename", "openat", "link", "mkdir", "unlink")
"""Those that change the disk, or, as `openat` with EIO, find that it cannot be read."""
ONCE, FROM_THEN_ON = "", "+"


@dataclass(frozen=True)
class Fault:
    number: int
    error: str
    how_often: str

    def __str__(self) -> str:
        return f"{self.number}-{self.error}{self.how_often}"


def faults() -> list[Fault]:
    return [Fault(n, ERRORS[n % 4], (ONCE, FROM_THEN_ON)[n // 4 % 2]) for n in range(N_FAULTS)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage") / "project", "snapshot", BEFORE)


@pytest.fixture(scope="module")
def n_calls(calls: list[tuple[str, int]]) -> Counter[str]:
    """name -> how often one snapshot calls it"""
    return Counter(name for name, _ in calls if name in CALLS)


@pytest.mark.slow(share=0.02)
@pytest.mark.parametrize("fault", faults(), ids=str)
def test_a_refused_call(fault: Fault, stage: Stage, n_calls: Counter[str]) -> None:
    chance = random.Random(fault.number)
    name = chance.choice(sorted(n_calls))
    n = chance.randrange(n_calls[name]) + 1
    stage.set()
    process, told = stage.begin()
    inject = f"inject={name}:error={fault.error}:when={n}{fault.how_often}"
    tracer = Strace(process.pid, "-o", "/dev/null", "-e", f"trace={name}", "-e", inject)
    told.say(GO, 1)
    told.wait(DONE, 1)
    tracer.detach()
    go_on_without(stage, process, told, f"{name} {inject}")


@pytest.mark.slow(share=0.02)
@pytest.mark.parametrize("number", range(N_LIMITS))
def test_writes_that_end_early(number: int, stage: Stage) -> None:
    """A limit on the size of files makes the kernel write a part, and refuse the rest."""
    limit = random.Random(number).choice((1, 41, 100, 1000, 4096, 10_000, 33_000, 100_000))
    stage.set()
    process, told = stage.begin()
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    told.say(GO, 1)
    told.wait(DONE, 1)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    go_on_without(stage, process, told, f"files up to {limit} bytes")

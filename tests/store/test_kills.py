"""Killed at any instant, at every system call: the next start needs no hand, what was acknowledged is there, and once."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from dotscience_jlab.store.check import check_history

from .works import ACKNOWLEDGED, PROCESSES, WORKS, Stage, Told, kill, look_after, steps_for_ever

KILLS_EACH = 5
"""In one history, one after the other."""
TESTS_EACH = 40
LONGEST_S = {"push": 1.2, "maintenance": 0.25, "restore": 0.5}
"""0.12 for the others."""


@pytest.mark.slow(share=0.03)
@pytest.mark.parametrize("seed", range(TESTS_EACH))
@pytest.mark.parametrize("work", WORKS)
def test_killed_at_any_instant(work: str, seed: int, root: Path, tmp_path: Path) -> None:
    chance = random.Random(f"{work} {seed}")
    WORKS[work].prepare(root)
    n = 0
    for number in range(KILLS_EACH):
        page = tmp_path / f"told{number}"
        told = Told(page)
        told.say(ACKNOWLEDGED, n - 1)
        process = PROCESSES.Process(target=steps_for_ever, args=(work, root, page, n))
        process.start()
        time.sleep(chance.uniform(0, LONGEST_S.get(work, 0.12)))
        kill(process)
        n = look_after(work, root, 0, told.number(ACKNOWLEDGED), is_thorough=number == KILLS_EACH - 1)
    assert [each for each in check_history(root / ".dotscience", root).findings if each.is_damage] == []


PARTS = 200
"""The calls of one snapshot, about a thousand, are dealt to so many tests."""
BEFORE = 5
"""Snapshots that are there already."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage") / "project", "snapshot", BEFORE)


@pytest.mark.slow(share=0.01)
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_system_call_of_a_snapshot(part: int, stage: Stage, calls: list[tuple[str, int]]) -> None:
    assert len(calls) > PARTS
    for number, (name, n) in enumerate(calls[part::PARTS]):
        is_alive, words = stage.step_under("-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={n}")
        acknowledged = BEFORE if is_alive and words == "ok" else BEFORE - 1  # it may have needed one call less this time
        assert words in ("", "ok"), f"{words} before call {n} of {name}"
        look_after("snapshot", stage.root, 0, acknowledged, is_thorough=number == 0)

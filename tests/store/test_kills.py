"""Killed at any instant, at every system call: the next start needs no hand, what was acknowledged is there, and once."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from dotscience_jlab.store.check import check_history

from .works import ACKNOWLEDGED, PROCESSES, WORKS, Told, kill, look_after, steps_for_ever

KILLS_EACH = 5
"""In one history, one after the other."""
TESTS_EACH = 40
LONGEST_S = 0.12


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
        time.sleep(chance.uniform(0, LONGEST_S))
        kill(process)
        n = look_after(work, root, 0, told.number(ACKNOWLEDGED), is_thorough=number == KILLS_EACH - 1)
    assert [each for each in check_history(root / ".dotscience", root).findings if each.is_damage] == []

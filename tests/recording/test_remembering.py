"""What is said of a folder after it was deleted: when it was last recorded, also if that was a moment ago."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from dotscience_jlab.model.instant import instant
from dotscience_jlab.recording.remembering import Remembering
from dotscience_jlab.recording.status import status_of

from .machines import Machine

NOW = time.time()


@pytest.fixture
def one(tmp_path: Path):
    machine = Machine(tmp_path / "one")
    yield machine
    machine.close()


def until(machine: Machine) -> str | None:
    return status_of(str(machine.root), machine.workspaces, machine.workspaces.settings, machine.activity, NOW).had_history_until


def lose(machine: Machine) -> None:
    shutil.rmtree(machine.root)
    machine.root.mkdir()
    (machine.root / "pyproject.toml").write_text("")


def test_the_first_cell_is_remembered_at_once(one) -> None:
    remembering = Remembering(one.workspaces, one.activity)
    one.activity(one.store).recorded_at = NOW
    remembering.step()
    lose(one)
    assert until(one) == instant(NOW)


def test_a_folder_deleted_a_moment_after_its_last_cell_says_the_time_of_that(one) -> None:
    remembering = Remembering(one.workspaces, one.activity)
    store = one.store
    one.activity(store).recorded_at = NOW - 20
    remembering.step()
    one.activity(store).recorded_at = NOW
    remembering.step()
    assert one.workspaces.list.all()[store.workspace.id].recorded_at == instant(NOW - 20), "not written at every cell"
    lose(one)
    remembering.step()
    assert until(one) == instant(NOW)


def test_a_forgotten_history_is_not_remembered(one) -> None:
    remembering = Remembering(one.workspaces, one.activity)
    store = one.store
    one.activity(store).recorded_at = NOW - 20
    remembering.step()
    one.activity(store).recorded_at = NOW
    store.forget_all()
    one.workspaces.drop(store)
    remembering.step(is_last=True)
    assert until(one) is None and one.workspaces.list.all() == {}

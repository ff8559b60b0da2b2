"""What the panel's first line says of a disk or a quota that holds no more."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from dotscience_jlab.model.snapshot import Skipped
from dotscience_jlab.recording.status import status_of
from dotscience_jlab.settings import Limits
from dotscience_jlab.store.base import ScanResult

from .machines import Machine


@pytest.mark.parametrize("limits, skipped, said", [
    (Limits(free_bytes=10**18), (), "The disk is nearly full; copying of data has stopped."),
    (Limits(free_bytes=0, free_share=0), ("The history holds 5 GB already; copying of data has stopped.",),
     "The history holds 5 GB already; copying of data has stopped."),
    (Limits(free_bytes=0, free_share=0), ("It is larger than what is copied.",), ""),
])
def test_that_no_more_data_is_copied_is_said_and_is_no_red_state(tmp_path: Path, limits, skipped, said) -> None:
    machine = Machine(tmp_path / "one")
    machine.workspaces.settings = replace(machine.workspaces.settings, limits=limits)
    left_out = tuple(Skipped("big.bin", each) for each in skipped)
    machine.activity(machine.store).scan = ScanResult({}, left_out, len(left_out), 1, 1, {})
    status = status_of(str(machine.root), machine.workspaces, machine.workspaces.settings, machine.activity, time.time())
    assert (status.state, status.reason, bool(status.remedy)) == ("recording", said, bool(said))
    machine.close()

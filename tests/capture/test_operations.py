"""Each row of the table in a fresh process: all it reads and writes is seen, nothing else is, alone and beside a second kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotscience_jlab.tracking.script import C_LEVEL

from .harness import capture
from .operation import Operation, all_operations
from .table import Seen, note

OPERATIONS = all_operations()


@pytest.mark.slow(share=0.012)
@pytest.mark.parametrize("is_beside", [False, True], ids=["alone", "beside a second kernel"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_all_that_a_cell_reads_and_writes_is_seen_and_nothing_else(
    operation: Operation, is_beside: bool, project: Path, own_home: Path
) -> None:
    captured = capture(operation, project, own_home, is_beside=is_beside)
    note(Seen(operation, is_beside, not captured.missed and not captured.false, captured.seen_by))
    assert not captured.false, captured.uses
    if operation.missed:
        assert captured.missed, "All of it is seen by now: take `missed` away."
    else:
        assert not captured.missed, captured.uses
        assert set(captured.capture_reasons) <= {C_LEVEL}
    for use in captured.uses:
        if use["kept"] == "outside":
            assert use["digest"] and use["size_bytes"] is not None

"""A file written through memory (`np.memmap`) changes without news or a new time: each cell's snapshot has it all the same."""

from __future__ import annotations

import base64
import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from dotscience_jlab.recording.mappings import mapped_for_writing

from .history import History

N_EDITS = 20
OPEN = 'import numpy as np, os\narray = np.memmap("array.bin", dtype="u1", mode="r+")'
WAYS = {
    "held from cell to cell": [OPEN, *(f"array[{n}] = {n + 1}" for n in range(N_EDITS))],
    "flushed": [OPEN, *(f"array[{n}] = {n + 1}; array.flush()" for n in range(N_EDITS))],
    "opened and dropped in each cell": [f"{OPEN}\narray[{n}] = {n + 1}; del array" for n in range(N_EDITS)],
    "by a child": [f'{OPEN}\npid = os.fork()\nif not pid:\n    array[{n}] = {n + 1}\n    os._exit(0)\nos.waitpid(pid, 0)'
                   for n in range(N_EDITS)],
    "dropped in a later cell": [f"{OPEN}\narray[{n}] = {n + 1}" if n % 2 == 0 else f"array[{n}] = {n + 1}; del array"
                                for n in range(N_EDITS)],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("repeat", [1, 2])
@pytest.mark.parametrize("way", WAYS)
def test_every_edit_is_in_the_snapshot_of_its_cell(project: Path, way: str, repeat: int) -> None:
    (project / "array.bin").write_bytes(bytes(100_000))
    manager, client = start_new_kernel(cwd=str(project))
    try:
        for cell in ["%load_ext dotscience_jlab", "1", *WAYS[way]]:
            reply = client.execute_interactive(cell, output_hook=lambda _: None, timeout=60)
            assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    history = History(project)
    edits = [each for each in history.executions(len(WAYS[way]) + 2) if "] =" in each["source"]]
    assert len(edits) == N_EDITS
    for n, edit in enumerate(edits):
        found = history.ask("snapshots.file", snapshot=edit["snapshot"], path="array.bin")
        kept = base64.b64decode(found["content_base64"])
        n_later = kept.index(0) - n - 1  # of cells that did not wait for this snapshot: then it says so
        assert list(kept[: n + 1]) == [*range(1, n + 2)] and (n_later == 0 or edit["is_overlapped"]), f"edit {n}"


def test_mappings_of_a_process_and_its_children_are_seen(tmp_path: Path) -> None:
    for name in ("own file", "child\nfile", "read"):
        (tmp_path / name).write_bytes(b"x" * 10)
    code = "import mmap, sys; f = open(sys.argv[1], 'r+b'); m = mmap.mmap(f.fileno(), 0); print('ready', flush=True); input()"
    with open(tmp_path / "own file", "r+b") as file, open(tmp_path / "read", "rb") as read:
        with mmap.mmap(file.fileno(), 0), mmap.mmap(read.fileno(), 0, access=mmap.ACCESS_READ):
            child = subprocess.Popen([sys.executable, "-c", code, tmp_path / "child\nfile"], stdin=-1, stdout=-1)
            assert child.stdout is not None and child.stdin is not None
            child.stdout.readline()
            found = mapped_for_writing(os.getpid())
            child.communicate(b"\n")
    assert {str(tmp_path / "own file"), str(tmp_path / "child\nfile")} <= found
    assert str(tmp_path / "read") not in found
    assert mapped_for_writing(2**22 + 1) == frozenset()

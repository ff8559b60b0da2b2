"""A process that logs is killed at any instant: every point whose call had returned is in the run, each once."""

from __future__ import annotations

import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.executors.history import TIMEOUT_S, History
from tests.tracking.kernel_driver import Kernel

N_TRIES, N_IN_KERNELS = 100, 10
LOG = """
import mmap, struct, sys, dotscience_jlab as ds
with open({told!r}, "r+b") as file:
    told = mmap.mmap(file.fileno(), 8)
ds.start("long")
step = 0
while True:
    ds.log({{"loss": float(step), "acc": -float(step)}}, step=step)
    step += 1
    told[:8] = struct.pack("<q", step)  # calls that have returned: memory of a file outlives the process
"""


def returned(told: Path) -> int:
    with open(told, "rb") as file, mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ) as memory:
        return int(struct.unpack("<q", memory[:8])[0])


@pytest.mark.slow(share=0.02)
@pytest.mark.parametrize("number", range(N_TRIES))
def test_no_point_is_lost_when_its_process_is_killed(number: int, project: Path, own_home: Path, tmp_path: Path) -> None:
    told = tmp_path / "returned"
    told.write_bytes(bytes(8))
    source = LOG.format(told=str(told))
    kernel, process = None, None
    if number < N_IN_KERNELS:
        kernel = Kernel(own_home, project, env={"JPY_SESSION_NAME": str(project / "train.ipynb")})
        pid = int(kernel.run("import os; print(os.getpid())", cell_id="pid").text())
        kernel.send(source, cell_id="loop")
    else:
        (project / "train.py").write_text(source)
        process = subprocess.Popen([sys.executable, "-m", "dotscience_jlab.tracking.script", "train.py"], cwd=project)
        pid = process.pid
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while not returned(told):
            assert time.monotonic() < deadline, "nothing is logged"
            time.sleep(0.001)
        time.sleep(random.Random(number).random() * 0.2)  # at which instant, is the test's matter
    finally:
        os.kill(pid, signal.SIGKILL)
        if process is not None:
            process.wait()
    n_returned = returned(told)
    history = History(project)
    (run,) = history.runs()
    if kernel is not None:
        kernel.close()
    assert run["state"] == "killed"
    for item in history.ask("runs.series", run=run["id"], max_points=100_000)["items"]:
        steps = item["steps"]
        assert steps == list(range(len(steps))) and n_returned <= len(steps) <= n_returned + 1
        assert [abs(value) for value in item["values"]] == [float(step) for step in steps]

"""`ds show` and `ds resume` of a run whose script was killed in the middle."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from dotscience_jlab.errors import NotFound
from dotscience_jlab.link.launch import connect_or_launch
from dotscience_jlab.settings import load_settings

from .conftest import Shell

TRAIN = """
import os, time
import dotscience_jlab as ds

ds.output("last.pt")
for step in range(20):
    ds.metric("loss", 1.0 / (step + 1), step=step)
with open("last.pt", "w") as file: file.write("good")
ds.checkpoint(step=19)
print("here", flush=True)
time.sleep(1000)
"""


def test_a_killed_run_says_why_and_is_gone_on_with(ds: Shell) -> None:
    (ds.folder / "train.py").write_text(TRAIN)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    script = subprocess.Popen([sys.executable, "train.py"], cwd=ds.folder, env=environ, stdout=subprocess.PIPE)
    try:
        assert script.stdout is not None
        script.stdout.readline()
        wait_for_checkpoint(ds)
        (ds.folder / "last.pt").write_text("torn")
    finally:
        script.kill()
        script.communicate()
    ds.until(lambda found: found and found[0]["state"] == "killed" and found[0]["state_reason"], "runs")
    deadline = time.monotonic() + 30
    while "ds resume 1" not in (shown := ds("show", "1").stdout):  # its session is over a moment after the run
        assert time.monotonic() < deadline, shown
    for words in ("The script", "of memory", "last loss = 0.05 at step 19"):
        assert words in shown
    assert "ds resume" in ds("show", ds.json("log")[0]["id"]).stdout
    planned = ds.json("resume", "1", "--dry-run")
    assert planned["paths"] == ["last.pt"] and planned["plan"]["n_writes"] == 1
    ds("resume", "1", code=4)
    assert (ds.folder / "last.pt").read_text() == "torn"
    assert "1 file of it can go back" in ds("resume", "1", "--yes").stdout
    assert (ds.folder / "last.pt").read_text() == "good"
    assert "Nothing to do" in ds("resume", "1", "--yes").stdout
    ds("resume", "no-such-run", code=3)


def wait_for_checkpoint(ds: Shell) -> None:
    deadline = time.monotonic() + 30
    with connect_or_launch(load_settings(), "cli") as link:
        while True:
            try:
                workspace = link.request("workspaces.find", {"disk_path": str(ds.folder)})["id"]
                found = link.request("snapshots.list", {"workspace": workspace})["items"]
            except NotFound:
                found = []
            if any(each["message"].endswith("checkpoint at step 19") for each in found):
                return
            assert time.monotonic() < deadline
            time.sleep(0.05)

"""`ds environment` and `ds show` of a script that was really run, in a folder that is a git repository of its own."""

from __future__ import annotations

import subprocess

import pytest

from .conftest import Shell

SCRIPT = """
import os
import random
import dotscience_jlab as ds
from dotscience_jlab.errors import DotscienceError
from dotscience_jlab.link.client import connect
from dotscience_jlab.settings import load_settings

random.seed(7)
ds.parameter("lr", 0.1)

def is_listed():
    files = [each for each in load_settings().spool_dir.glob("*/*.spool")]
    return any(b"environment" + b"_seen" in each.read_bytes() for each in files)  # whole, it is in the script as reported

def is_read():
    try:
        link = connect(load_settings(), "cli")
        workspace = link.request("workspaces.find", {"disk_path": os.getcwd()})["id"]
        items = link.request("runs.resources", {"workspace": workspace, "run": "1"})["items"]
        return any(each["name"] == "cpu_share" for each in items)
    except DotscienceError:  # there is no recorder yet, or it does not know the run yet
        return False

while not (is_listed() and is_read()):
    sum(range(100_000))
"""


@pytest.fixture
def ran(ds: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Its last commit lacks a line of the script, which names a secret that the environment holds, too."""
    script = ds.folder / "train.py"
    script.write_text(SCRIPT)
    named = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *named, *words], cwd=ds.folder, check=True)
    script.write_text(SCRIPT + "\n# my key is sk-12345678-abcdef\n")
    monkeypatch.setenv("MY_API_KEY", "sk-12345678-abcdef")
    ds("run", "train.py")
    ds.until(lambda found: found and found[0]["environment"] and found[0]["loaded"], "runs")
    return ds


def test_a_run_says_what_it_took_place_in_and_what_it_took(ran: Shell) -> None:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ran.folder, check=True, capture_output=True, text=True).stdout.strip()
    found = ran.json("environment", "1")
    git = found["environment"]["git"]
    assert (git["commit"], git["is_dirty"], git["changed"]) == (commit, True, ["train.py"])
    assert "not_seen" not in found["environment"]
    assert {"dotscience-jlab", "click"} & found["loaded"]["packages"].keys() and found["seeds"]["random"]
    said = ran("environment", "1").stdout
    assert f"commit: {commit[:12]}" in said and "and 1 file that differed" in said and "loaded by the run" in said
    diff = ran("environment", "1", "--diff").stdout
    assert "+# my key is «secret:MY_API_KEY»" in diff and "sk-12345678" not in diff
    assert "click==" in ran("environment", "1", "--format", "requirements").stdout
    assert "--index" in ran("environment", "1", "--format", "pylock", code=2).output
    ran("environment", "1", "--format", "conda", code=3)
    run = ran.json("show", "1")
    assert "cpu_share" in run["resources"] and run["resources"]["memory_bytes"]["max"] > 1_000_000
    said = ran("show", "1").stdout
    assert "disk read" in said and " %" in said

"""`ds check` against a real recorder: what it says, and how it ends."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from .conftest import Shell


@pytest.fixture
def done(trained: Shell) -> Shell:
    """Both sessions are over, and what they had to say is stored: the end of one looks at the folder, and mends what is gone."""
    trained.until(lambda found: found["n_records"] == 8, "check")
    return trained


def repository(ds: Shell) -> Path:
    return ds.folder / ".dotscience" / "store.git"


def test_a_whole_history_is_said_to_be_whole(done: Shell) -> None:
    found = done.json("check")
    assert found["is_whole"] and found["findings"] == []
    assert found["n_snapshots"] >= 1 and found["n_records"] >= 4
    assert done("check").stdout.strip() == found["sentence"]


def test_damage_ends_with_1_and_is_named_with_what_refers_to_it(done: Shell) -> None:
    snapshot = done.json("log")[0]["snapshot"]
    names = subprocess.run(["git", "-C", repository(done), "ls-tree", "main", "model.txt"], capture_output=True, text=True)
    digest = names.stdout.split()[2]
    (repository(done) / "objects" / digest[:2] / digest[2:]).unlink()
    assert not json.loads(done("check", "--json", code=1).stdout)["is_whole"]
    said = done("check", code=1).stdout
    assert digest in said and snapshot in said and "cannot be restored" in said


def test_a_history_that_does_not_open_is_checked_all_the_same(done: Shell) -> None:
    done("status")
    (repository(done) / "workspace.json").write_text("{")
    assert "workspace.json" in done("check", code=1).stdout


def test_repair_builds_the_index_anew(done: Shell) -> None:
    runs = done.json("runs")
    with sqlite3.connect(repository(done) / "state.db") as db:
        db.execute("DELETE FROM runs WHERE number = 1")
        db.execute("UPDATE uses SET role = 'input'")
    assert "differ from the history" in done("check").stdout
    repaired = done.json("check", "--repair")
    assert repaired["is_whole"] and all(each["is_repaired"] for each in repaired["findings"]) and repaired["findings"]
    assert done.json("runs") == runs
    assert done.json("check")["findings"] == []


def test_no_history_is_not_found(ds: Shell) -> None:
    ds("check", code=3)

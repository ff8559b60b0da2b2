"""`ds check` against a real recorder: what it says, and how it ends."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

from .conftest import Shell


def repository(ds: Shell) -> Path:
    return ds.folder / ".dotscience" / "store.git"


def test_a_whole_history_is_said_to_be_whole(trained: Shell) -> None:
    found = trained.json("check")
    assert found["is_whole"] and found["findings"] == []
    assert found["n_snapshots"] >= 1 and found["n_records"] >= 4
    assert trained("check").stdout.strip() == found["sentence"]


def test_damage_ends_with_1_and_is_named_with_what_refers_to_it(trained: Shell) -> None:
    snapshot = trained.json("log")[0]["snapshot"]
    names = subprocess.run(["git", "-C", repository(trained), "ls-tree", "main", "model.txt"], capture_output=True, text=True)
    digest = names.stdout.split()[2]
    (repository(trained) / "objects" / digest[:2] / digest[2:]).unlink()
    assert not json.loads(trained("check", "--json", code=1).stdout)["is_whole"]
    said = trained("check", code=1).stdout
    assert digest in said and snapshot in said and "cannot be restored" in said


def test_a_history_that_does_not_open_is_checked_all_the_same(trained: Shell) -> None:
    trained("status")
    (repository(trained) / "workspace.json").write_text("{")
    assert "workspace.json" in trained("check", code=1).stdout


def test_repair_builds_the_index_anew(trained: Shell) -> None:
    runs = trained.json("runs")
    with sqlite3.connect(repository(trained) / "state.db") as db:
        db.execute("DELETE FROM runs WHERE number = 1")
        db.execute("UPDATE uses SET role = 'input'")
    assert "differ from the history" in trained("check").stdout
    repaired = trained.json("check", "--repair")
    assert repaired["is_whole"] and all(each["is_repaired"] for each in repaired["findings"]) and repaired["findings"]
    assert trained.json("runs") == runs
    assert trained.json("check")["findings"] == []


def test_no_history_is_not_found(ds: Shell) -> None:
    ds("check", code=3)

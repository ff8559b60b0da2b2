"""Widening to the parent folder keeps every id and every state, under the new paths."""

from __future__ import annotations

import json
import subprocess

import pytest

from dotscience_jlab.errors import Conflict, NotRecorded

from .spool import Bench


def test_a_widened_history_keeps_its_ids_and_gets_the_folder_in_front_of_every_path(tmp_path):
    bench = Bench(tmp_path)
    (bench.root / "data").mkdir()
    execution = bench.begin("train()")
    run = "00000000-0000-4000-8000-000000000001"
    bench.write("run_opened", run=run, opened_by="implicit", execution=execution)
    (bench.root / "data" / "a.csv").write_text("1")
    bench.write("file_opened", disk_path=str(bench.root / "data" / "a.csv"), role="output", execution=execution)
    bench.end(execution)
    bench.recorder.take_in()
    later = bench.cell("x = 2", "c2")
    before = bench.store
    old_id, snapshots = before.workspace.id, [each.id for each in before.snapshots()]

    widened = bench.workspaces.widen(before)

    assert widened.root == tmp_path and widened.workspace.id == old_id
    assert [each.id for each in widened.snapshots()] == snapshots
    found = widened.index.execution(execution)
    assert (found.path, [use.path for use in found.files]) == ("churn/train.ipynb", ["churn/data/a.csv"])
    assert widened.index.run(run).outputs[0].path == "churn/data/a.csv"
    assert set(widened.tree(found.snapshot)) == {"churn/data/a.csv", "churn/train.ipynb"}
    assert not (bench.root / ".dotscience").exists()
    git = ["git", "-C", str(tmp_path / ".dotscience" / "store.git")]
    checked = subprocess.run([*git, "fsck", "--strict"], capture_output=True, text=True)
    assert checked.returncode == 0 and "error" not in checked.stderr

    third = bench.cell("x = 3", "c3")
    record = widened.index.execution(third)
    assert record.path == "churn/train.ipynb" and record.notebook == widened.index.execution(later).notebook
    document = json.loads(widened.read_blob(widened.entry(record.snapshot, "churn/train.ipynb").digest))
    assert len(document["cells"]) == 3


def test_a_parent_with_a_history_of_its_own_is_not_taken_over(tmp_path):
    bench = Bench(tmp_path)
    bench.cell("x = 1")
    bench.workspaces.at_root(tmp_path, create=True)
    with pytest.raises(Conflict):
        bench.workspaces.widen(bench.store)


def test_home_itself_never_becomes_a_workspace(own_home):
    bench = Bench(own_home)
    bench.cell("x = 1")
    with pytest.raises(NotRecorded):
        bench.workspaces.widen(bench.store)
    assert bench.store.index.executions().total == 1

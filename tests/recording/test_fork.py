"""Forks: the bytes of the moment, a history of its own, nothing half made, and what still points at the origin is said."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from dotscience_jlab.errors import Conflict, InvalidRequest, StoreFull, UnsafePath
from dotscience_jlab.recording import fork, fork_files
from dotscience_jlab.recording.fork import apply_fork, plan_fork
from dotscience_jlab.recording.status import status_of
from dotscience_jlab.store.check import check_history
from dotscience_jlab.store.open import open_store
from tests.store.works import fsck

from .folder import Project
from .machines import Machine
from .spool import Bench


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path / "churn", in_memory=False)
    yield project
    project.store.close()


def progress(done, total, what):
    assert 0 < done <= total and what == "files"


def notebook(*sources):
    cells = [{"cell_type": "code", "id": f"c{n}", "source": source, "outputs": []} for n, source in enumerate(sources)]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def test_a_fork_holds_the_moment_and_outlives_its_origin(project, tmp_path):
    project.write("train.ipynb", "old")
    project.write("bin/run", "#!", executable=True)
    os.symlink("train.ipynb", project.root / "link")
    then, files = project.snapshot(), project.files()
    project.write("train.ipynb", "new")
    project.snapshot()
    new_root = tmp_path / "work" / "fork"
    assert apply_fork(project.store, then.id, new_root, progress=progress) == {
        "n_files": 3, "bytes": 16, "n_later": 0, "later_bytes": 0,
    }
    origin = project.store.workspace.id
    shutil.rmtree(project.root)
    store = open_store(new_root)
    assert store.workspace.id != origin
    assert (store.workspace.origin.store, store.workspace.origin.snapshot) == (origin, then.id)
    assert [each.id for each in store.snapshots()] == [then.id]
    forked = Project(tmp_path / "other")
    forked.root = new_root
    assert forked.files() == files and (new_root / "bin" / "run").stat().st_mode & 0o111
    store.close()


def test_a_fork_inside_its_origin_is_left_alone_by_it(project):
    project.write("a.txt", "old")
    then = project.snapshot()
    new_root = project.root / "try"
    assert "lies inside churn/" in plan_fork(project.store, then.id, new_root)["warnings"][0]
    apply_fork(project.store, then.id, new_root, progress=progress)
    assert list(project.store.tree(project.snapshot().id)) == ["a.txt"]
    (new_root / "a.txt").write_text("mine")
    project.write("b.txt", "later")
    project.restore(then)
    assert (new_root / "a.txt").read_text() == "mine"


@pytest.mark.parametrize("place, error", [
    ("churn", Conflict), ("taken", Conflict), ("file", Conflict), ("file/below", Conflict), ("link", Conflict),
    ("churn/.dotscience/x", UnsafePath), ("into/x", UnsafePath), ("relative", InvalidRequest),
])
def test_a_fork_never_lands_on_something(project, tmp_path, place, error):
    project.write("a.txt", "a")
    then = project.snapshot()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("mine")
    (tmp_path / "file").write_text("mine")
    os.symlink(tmp_path / "empty", tmp_path / "link")
    os.symlink(project.root / ".dotscience", tmp_path / "into")
    new_root = fork.Path("fork") if place == "relative" else tmp_path / place
    for act in (plan_fork, lambda *args: apply_fork(*args, progress=progress)):
        with pytest.raises(error):
            act(project.store, then.id, new_root)
    assert (tmp_path / "taken" / "thesis.tex").read_text() == (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_fork_that_fails_leaves_nothing(project, tmp_path, monkeypatch, is_there):
    for n in range(3):
        project.write(f"{n}.txt", "x")
    then = project.snapshot()
    new_root = tmp_path / "deep" / "fork"
    if is_there:
        new_root.mkdir(parents=True)

    def full(source, target):
        if str(target).endswith("1.txt"):
            raise OSError(28, "No space left on device", str(target))
        os.replace(source, target)

    monkeypatch.setattr(fork_files.os, "rename", full)
    with pytest.raises(StoreFull):
        apply_fork(project.store, then.id, new_root, progress=progress)
    assert (list(new_root.iterdir()) == []) if is_there else not (tmp_path / "deep").exists()


def test_what_points_at_the_origin_is_said(project, tmp_path):
    root = project.root
    project.write("train.ipynb", notebook("x = 1", f"df = read('{root}/data/x.csv')"))
    project.write("beside.py", f"open('{root}2/x.csv')")
    project.write("paper.md", f"see {root}")
    os.symlink(root / "data", root / "shortcut")
    packages = [
        {"name": "churn", "version": "1", "editable": True, "url": f"file://{root}"},
        {"name": "numpy", "version": "2"},
        {"name": "other", "version": "1", "editable": True, "url": f"file://{root}-2"},
    ]
    environment = project.store.put_bytes(json.dumps({"packages": packages}).encode())
    project.executed(1, environment=environment)
    project.executed(2)  # of a new kernel, whose packages are not listed yet
    plan = plan_fork(project.store, project.snapshot().id, tmp_path / "fork")
    warnings = plan["warnings"]
    assert plan["tied"] == ["train.ipynb"]
    assert [warning.split(" ")[0] for warning in warnings] == ["shortcut", "train.ipynb", "The"]
    assert f"df = read('{root}/data/x.csv')" in warnings[1] and "churn is installed from" in warnings[2]


def test_what_the_fork_will_lack_is_said(project, tmp_path):
    project.write("a.txt", "a")
    then = project.snapshot()
    project.executed(0, files=(project.use("huge.csv", "input", kept="fingerprint", kept_reason="Larger than 2 GB."),))
    plan = plan_fork(project.store, then.id, tmp_path / "fork")
    assert plan["missing"] == [{"path": "huge.csv", "reason": "Larger than 2 GB."}]
    assert (plan["n_files"], plan["bytes"]) == (1, 1)
    assert not (tmp_path / "fork").exists()


def test_deleting_the_origin_leaves_the_fork_whole(project, tmp_path):
    states = []
    for n in range(3):
        project.write("data/x.csv", os.urandom(50_000) + b"%d" % n)
        project.write(f"{n}.txt", f"{n}")
        states.append((project.snapshot(), project.files()))
    apply_fork(project.store, states[-1][0].id, tmp_path / "fork", progress=progress)
    shutil.rmtree(project.root)
    forked = Project(tmp_path / "fork", in_memory=False)
    for snapshot, files in states:
        forked.restore(snapshot)
        assert forked.files() == files
    fsck(forked.root)
    assert [each for each in check_history(forked.root / ".dotscience", forked.root).findings if each.is_damage] == []
    forked.store.close()


def test_the_status_of_a_fork_names_its_origin_while_that_is_there(tmp_path):
    origin = Machine(tmp_path)
    origin.write("a.txt", "a")
    apply_fork(origin.store, origin.snapshot().id, tmp_path / "try", progress=progress)

    def origin_root(folder):
        return status_of(str(folder), origin.workspaces, origin.workspaces.settings, origin.activity, 0.0).origin_root

    assert (origin_root(tmp_path / "try"), origin_root(origin.root)) == (str(origin.root), "")
    shutil.rmtree(origin.root)
    assert origin_root(tmp_path / "try") == ""
    origin.close()


def test_a_cell_of_a_fork_that_writes_into_its_origin_says_so(tmp_path):
    bench = Bench(tmp_path)
    (bench.root / "x.csv").write_text("a,b")
    bench.cell("x = 1")
    fork_root = tmp_path / "try"
    apply_fork(bench.store, bench.store.head().id, fork_root, progress=lambda *_: None)
    bench.recorder.inbox.release(is_stored=False)
    origin, bench.root = bench.root, fork_root
    bench.new_session("k-00000000000000ff")
    execution = bench.begin("open('/…/x.csv', 'w')")
    (origin / "x.csv").write_text("changed")
    for disk_path, role in ((origin / "x.csv", "output"), (origin / "0.txt", "input"), (tmp_path / "churn2.txt", "output")):
        disk_path.touch()
        bench.write("file_opened", execution=execution, disk_path=str(disk_path), role=role, seen_by="audit")
    bench.end(execution)
    bench.recorder.take_in()
    said = {(os.path.basename(use.disk_path), use.role): use.kept_reason for use in bench.store.index.execution(execution).files}
    belongs = "(belongs to churn/, which this is a fork of)."
    assert said["x.csv", "output"] == f"This cell writes outside the fork: {origin / 'x.csv'} {belongs}"
    assert said["0.txt", "input"] == f"This cell reads outside the fork: {origin / '0.txt'} {belongs}"
    assert said["churn2.txt", "output"] == "It lies outside the project folder."
    bench.workspaces.close()

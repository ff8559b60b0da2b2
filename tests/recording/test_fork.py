"""Forks: the bytes of the moment, a history of its own, nothing half made, and what still points at the origin is said."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from dotscience_jlab.errors import Conflict, InvalidRequest, StoreFull, UnsafePath
from dotscience_jlab.recording import fork, fork_files
from dotscience_jlab.recording.fork import apply_fork, plan_fork
from dotscience_jlab.store.open import open_store

from .folder import Project


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
    warnings = plan_fork(project.store, project.snapshot().id, tmp_path / "fork")["warnings"]
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

"""Restoring: bytes equal, nothing lost, nothing outside touched, always undoable."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dotscience_jlab.errors import Conflict, NotFound, StoreError, StoreFull, UnsafePath
from dotscience_jlab.model.execution import FileUse
from dotscience_jlab.model.snapshot import SnapshotDraft, TreeEntry
from dotscience_jlab.recording import drafts, restore
from dotscience_jlab.recording.restore_plan import Folder, plan_steps

from .folder import ROOMY, Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "churn")


def acts(plan):
    return {step.path: step.act for step in plan.steps}


def reasons(plan):
    return {step.path: step.reason for step in plan.steps if step.act == "cannot"}


def test_a_restore_brings_back_bytes_links_bits_and_absence(project):
    project.write("data/raw.csv", b"\x00\xffraw")
    project.write("run.sh", "echo", executable=True)
    os.symlink("data/raw.csv", project.root / "latest")
    then, files = project.snapshot(), project.files()
    project.write("data/raw.csv", "changed")
    (project.root / "run.sh").chmod(0o644)
    (project.root / "latest").unlink()
    project.write("later/model.bin", "new")
    assert acts(project.plan(then)) == {
        "data/raw.csv": "write", "run.sh": "write", "latest": "write", "later/model.bin": "remove",
    }
    result = project.restore(then)
    assert project.files() == files
    assert (project.root / "run.sh").stat().st_mode & 0o111
    assert not (project.root / "later").exists()
    assert result["written"] == ["data/raw.csv", "latest", "run.sh"] and result["removed"] == ["later/model.bin"]
    assert f"the state before is snapshot {result['snapshot_before']}." in result["sentence"]
    assert result["sentence"].startswith("Restored 3 files to their state of ")


def test_a_restore_is_undone_by_restoring_the_snapshot_it_took(project):
    project.write("a.txt", "old")
    then = project.snapshot()
    project.write("a.txt", "never recorded before the restore")
    project.write("b.txt", "nor this")
    now = project.files()
    result = project.restore(then)
    assert project.files() == {"a.txt": b"old"}
    project.restore(project.store.snapshot(result["snapshot_before"]))
    assert project.files() == now


def test_only_the_ticked_paths_are_touched(project):
    project.write("train.ipynb", "old")
    project.write("data/x.csv", "old")
    then = project.snapshot()
    for path in ("train.ipynb", "data/x.csv", "data/y.csv"):
        project.write(path, "new")
    assert acts(project.plan(then, ["train.ipynb"])) == {"train.ipynb": "write"}
    assert acts(project.plan(then, ["data/"])) == {"data/x.csv": "write", "data/y.csv": "remove"}
    project.restore(then, ["train.ipynb"])
    assert project.files() == {"train.ipynb": b"old", "data/x.csv": b"new", "data/y.csv": b"new"}


def test_a_file_that_is_the_same_is_named_only_if_it_was_asked_for(project):
    project.write("a.txt", "same")
    then = project.snapshot()
    assert acts(project.plan(then, ["a.txt"])) == {"a.txt": "keep"} and project.plan(then).steps == ()
    assert project.restore(then)["sentence"].startswith("Nothing to restore")


@pytest.mark.parametrize("path, error", [
    ("../x", UnsafePath), ("/etc/passwd", UnsafePath), (".dotscience/store.git/HEAD", UnsafePath), ("a/./b", UnsafePath),
    ("nowhere.csv", NotFound),
])
def test_a_path_that_is_not_of_the_folder_is_refused(project, path, error):
    project.write("a.txt", "a")
    with pytest.raises(error):
        project.plan(project.snapshot(), [path])


def test_nothing_is_written_through_a_link_that_took_a_folders_place(project, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.csv").write_text("not ours")
    project.write("data/x.csv", "ours")
    then = project.snapshot()
    (project.root / "data" / "x.csv").unlink()
    (project.root / "data").rmdir()
    os.symlink(outside, project.root / "data")
    assert "is a link now" in reasons(project.plan(then, ["data/x.csv"]))["data/x.csv"]
    project.restore(then)
    assert (outside / "x.csv").read_text() == "not ours"
    assert project.files() == {"data/x.csv": b"ours"} and not (project.root / "data").is_symlink()


def test_a_link_put_in_after_the_plan_stops_the_write(project, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    project.write("data/x.csv", "old")
    then = project.snapshot()
    project.write("data/x.csv", "new")

    def swapped(message, reason, touched):
        taken = project.snapshot(message, reason, touched)
        if reason == "before restore":
            (project.root / "data").rename(tmp_path / "moved")
            os.symlink(outside, project.root / "data")
        return taken

    with pytest.raises(Conflict):
        project.restore(then, take_snapshot=swapped)
    assert list(outside.iterdir()) == [] and (tmp_path / "moved" / "x.csv").read_text() == "new"


def test_git_and_history_folders_in_a_foreign_snapshot_are_never_written(project):
    entry = TreeEntry(project.store.put_bytes(b"evil"), 4)
    steps = plan_steps({".git/hooks/pre-commit": entry, "sub/.GIT/config": entry, "../up": entry}, {}, {},
                       Folder(project.root), frozenset())
    assert {step.act for step in steps} == {"cannot"} and len(steps) == 3


def test_a_file_that_could_not_be_brought_back_is_not_overwritten(project):
    project.write("big.csv", b"small then")
    then = project.snapshot()
    project.rules = replace(ROOMY, touched_file_bytes=100)
    project.write("big.csv", b"x" * 1000)
    assert "could not be brought back" in reasons(project.plan(then))["big.csv"]
    project.restore(then)
    assert project.files()["big.csv"] == b"x" * 1000


def test_a_middle_sized_file_goes_into_the_safety_snapshot_before_it_is_overwritten(project):
    project.rules = replace(ROOMY, small_file_bytes=10)
    project.write("data.csv", b"a" * 50)
    then = project.snapshot(touched=["data.csv"])
    (project.root / "data.csv").unlink()
    project.snapshot()
    project.write("data.csv", b"b" * 50)
    result = project.restore(then)
    assert project.files() == {"data.csv": b"a" * 50}
    before = project.store.entry(result["snapshot_before"], "data.csv")
    assert project.store.read_blob(before.digest) == b"b" * 50


def test_ignored_and_secret_files_are_left_alone(project):
    project.write("a.txt", "old")
    project.write(".env", "TOKEN=1")
    project.write(".gitignore", "cache.bin\n")
    project.write("cache.bin", "cached")
    then = project.snapshot()
    project.write(".env", "TOKEN=2")
    project.write("cache.bin", "cached again")
    project.write("a.txt", "new")
    assert acts(project.plan(then)) == {"a.txt": "write"}
    project.restore(then)
    assert project.files()[".env"] == b"TOKEN=2" and project.files()["cache.bin"] == b"cached again"


def test_what_was_too_large_to_keep_is_said(project):
    project.write("a.txt", "a")
    then = project.snapshot()
    use = FileUse(str(project.root / "huge.parquet"), "output", "huge.parquet", kept="fingerprint", size_bytes=10**9)
    project.executed(0, files=(use,))
    assert "not copied" in reasons(project.plan(then))["huge.parquet"]
    sentence = project.restore(then)["sentence"]
    assert sentence.startswith("Nothing was restored. 1 file could not be restored (huge.parquet: It was not copied then")


def test_a_folder_in_a_files_place_goes_only_if_it_holds_nothing_of_the_users(project):
    project.write("result", "a file")
    then = project.snapshot()
    (project.root / "result").unlink()
    project.write("result/part.csv", "recorded")
    assert acts(project.plan(then)) == {"result": "write", "result/part.csv": "remove"}
    project.write("result/.env", "SECRET=1")
    plan = project.plan(then)
    assert "result/.env" in reasons(plan)["result"]
    (project.root / "result" / ".env").unlink()
    project.restore(then)
    assert project.files() == {"result": b"a file"}


def test_a_file_in_a_folders_place_makes_room(project):
    project.write("out/a.csv", "a")
    then = project.snapshot()
    (project.root / "out" / "a.csv").unlink()
    (project.root / "out").rmdir()
    project.write("out", "a file now")
    project.restore(then)
    assert project.files() == {"out/a.csv": b"a"}


def test_a_nested_project_is_left_alone(project):
    project.write("sub/x.csv", "old")
    then = project.snapshot()
    project.write("sub/x.csv", "new")
    inner = Project(project.root / "sub", in_memory=False)
    assert "project folder of its own" in reasons(project.plan(then))["sub/x.csv"]
    project.restore(then)
    assert (project.root / "sub" / "x.csv").read_text() == "new"
    inner.store.close()


def test_names_that_differ_in_case_only_are_not_written_over_each_other(project):
    entry = TreeEntry(project.store.put_bytes(b"1"), 1)
    steps = plan_steps({"Data.csv": entry, "data.csv": entry}, {}, {}, Folder(project.root, is_case_blind=True), frozenset())
    assert [step.act for step in steps] == ["write", "cannot"]
    steps = plan_steps({"Data.csv": entry, "data.csv": entry}, {}, {}, Folder(project.root, is_case_blind=False), frozenset())
    assert [step.act for step in steps] == ["write", "write"]


@pytest.mark.parametrize("spoil", ["edit", "add", "other snapshot"])
def test_a_plan_of_another_state_is_refused_and_nothing_changes(project, spoil):
    project.write("a.txt", "old")
    then = project.snapshot()
    project.write("a.txt", "new")
    digest = project.plan(then).plan_digest
    if spoil == "other snapshot":
        then = project.snapshot()
    else:
        project.write("a.txt" if spoil == "edit" else "b.txt", "newer")
    before = project.files()
    with pytest.raises(Conflict):
        project.restore(then, digest=digest)
    assert project.files() == before


def test_a_save_between_safety_snapshot_and_rename_wins(project):
    project.write("a.txt", "old")
    then = project.snapshot()
    project.write("a.txt", "new")

    def slow(message, reason, touched):
        taken = project.snapshot(message, reason, touched)
        project.write("a.txt", "saved meanwhile")
        return taken

    with pytest.raises(Conflict):
        project.restore(then, take_snapshot=slow)
    assert project.files() == {"a.txt": b"saved meanwhile"}


def test_a_full_disk_leaves_the_folder_as_it_was(project, monkeypatch):
    for name in ("a.txt", "b.txt"):
        project.write(name, "old")
    then = project.snapshot()
    for name in ("a.txt", "b.txt"):
        project.write(name, "new")
    before, written = project.files(), []

    def full(fd):
        written.append(fd)
        if len(written) == 2:
            raise OSError(28, "No space left on device", "b.txt")

    monkeypatch.setattr(drafts.os, "fsync", full)
    with pytest.raises(StoreFull, match="no space left"):
        project.restore(then)
    assert project.files() == before


def test_a_disk_that_refuses_half_way_names_the_way_back(project, monkeypatch):
    for name in ("a.txt", "b.txt"):
        project.write(name, "old")
    then = project.snapshot()
    for name in ("a.txt", "b.txt"):
        project.write(name, "new")
    placed = []

    def place(root, draft):
        placed.append(draft)
        if len(placed) == 2:
            raise OSError(5, "Input/output error", str(draft.path))
        drafts.place(root, draft)

    monkeypatch.setattr(restore, "place", place)
    with pytest.raises(StoreError) as caught:
        project.restore(then)
    newest = project.store.head()
    assert newest.reason == "before restore" and newest.id in caught.value.hint
    monkeypatch.undo()
    project.restore(newest)
    assert project.files() == {"a.txt": b"new", "b.txt": b"new"}


def test_planning_changes_nothing(project):
    project.write("a.txt", "old")
    then = project.snapshot()
    project.write("a.txt", "new")
    head, files = project.store.head(), project.files()
    assert project.plan(then).plan_digest == project.plan(then).plan_digest
    assert project.store.head() == head and project.files() == files


def test_over_git_too(tmp_path):
    project = Project(tmp_path / "churn", in_memory=False)
    project.write("a.txt", "old")
    then = project.snapshot()
    project.write("a.txt", "new")
    project.restore(then)
    assert project.files() == {"a.txt": b"old"}
    assert [each.reason for each in project.store.snapshots()] == ["restore", "before restore", "message"]
    project.store.close()


names = st.sampled_from(["a", "b", "a.txt", "ü 1", "c\udcff"])
contents = st.one_of(st.binary(max_size=40), st.just(None))
trees = st.dictionaries(st.lists(names, min_size=1, max_size=3).map("/".join), st.tuples(contents, st.booleans()), max_size=6)


def possible(tree):
    """No path that is also a folder of another."""
    return {path: what for path, what in tree.items() if not any(other.startswith(path + "/") for other in tree)}


def lay_out(project, tree):
    for disk_path in sorted(project.root.rglob("*"), reverse=True):
        disk_path.rmdir() if disk_path.is_dir() and not disk_path.is_symlink() else disk_path.unlink()
    for path, (data, executable) in tree.items():
        if data is None:
            (project.root / path).parent.mkdir(parents=True, exist_ok=True)
            os.symlink("nowhere", project.root / path)
        else:
            project.write(path, data, executable=executable)


@given(trees.map(possible), trees.map(possible))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tree_comes_back_over_any_other_and_back_again(first, second):
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "p")
        lay_out(project, first)
        then, files_then = project.snapshot(), project.files()
        lay_out(project, second)
        files_now = project.files()
        result = project.restore(then)
        assert project.files() == files_then
        project.restore(project.store.snapshot(result["snapshot_before"]))
        assert project.files() == files_now


def test_a_snapshot_can_be_made_of_nothing(project):
    empty = project.store.publish(SnapshotDraft("nothing", "2026-11-21T09:00:00.000000Z", {}))
    project.write("a.txt", "a")
    project.restore(empty)
    assert project.files() == {}

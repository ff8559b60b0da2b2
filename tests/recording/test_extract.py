"""Files of a snapshot in a new folder: the project folder is not touched, and nothing is written anywhere else."""

from __future__ import annotations

import os

import pytest

from dotscience_jlab.errors import Conflict, NotFound, StoreError, UnsafePath
from dotscience_jlab.model.execution import FileUse
from dotscience_jlab.model.snapshot import LINK, SnapshotDraft, TreeEntry
from dotscience_jlab.recording import extract
from dotscience_jlab.recording.case_clashes import clashes, is_case_blind
from dotscience_jlab.recording.extract import restore_into

from .folder import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "churn")


def into(project, snapshot, folder, paths=None):
    return restore_into(project.store, snapshot.id, paths, folder, progress=lambda *_: None)


def names(folder):
    return sorted(os.path.relpath(os.path.join(where, name), folder) for where, _, found in os.walk(folder) for name in found)


def test_all_files_or_those_named_lie_under_their_own_paths(project, tmp_path):
    project.write("data/raw.csv", "old")
    project.write("data/deep/x.csv", b"a" + bytes(9000) + b"b" + bytes(9000))
    project.write("run.sh", "echo", executable=True)
    os.symlink("data/raw.csv", project.root / "latest")
    then = project.snapshot()
    project.write("data/raw.csv", "new")
    now, head = project.files(), project.store.head()
    told = into(project, then, tmp_path / "all")
    assert (told["n_files"], told["missing"]) == (4, [])
    assert names(tmp_path / "all") == ["data/deep/x.csv", "data/raw.csv", "latest", "run.sh"]
    assert (tmp_path / "all/data/raw.csv").read_text() == "old" and os.readlink(tmp_path / "all/latest") == "data/raw.csv"
    assert (tmp_path / "all/data/deep/x.csv").read_bytes() == b"a" + bytes(9000) + b"b" + bytes(9000)
    assert (tmp_path / "all/run.sh").stat().st_mode & 0o111 and not (tmp_path / "all/data/raw.csv").stat().st_mode & 0o111
    into(project, then, tmp_path / "some/where", ["data/deep/", "run.sh"])
    assert names(tmp_path / "some/where") == ["data/deep/x.csv", "run.sh"]
    assert project.files() == now and project.store.head() == head


@pytest.mark.parametrize("place, error", [
    ("churn", Conflict), ("full", Conflict), ("churn/.dotscience/x", UnsafePath), ("a file", Conflict),
])
def test_the_folder_is_a_new_one(project, tmp_path, place, error):
    project.write("a.txt", "a")
    then = project.snapshot()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "of.mine").write_text("kept")
    (tmp_path / "a file").write_text("kept")
    with pytest.raises(error):
        into(project, then, tmp_path / place)
    assert names(tmp_path / "full") == ["of.mine"] and (tmp_path / "a file").read_text() == "kept"


def test_what_cannot_be_written_is_named(project, tmp_path):
    evil = TreeEntry(project.store.put_bytes(b"evil"), 4)
    then = project.store.publish(SnapshotDraft("from elsewhere", "2026-11-21T09:00:00.000000Z",
                                               {"sub/.GIT/config": evil, "good.txt": evil}))
    use = FileUse(str(project.root / "huge.parquet"), "output", "huge.parquet", kept="fingerprint", size_bytes=10**9)
    project.executed(-10**6, files=(use,))
    told = into(project, then, tmp_path / "new")
    assert names(tmp_path / "new") == ["good.txt"]
    assert [each["path"] for each in told["missing"]] == ["huge.parquet", "sub/.GIT/config"]
    with pytest.raises(NotFound, match="nowhere.csv"):
        into(project, then, tmp_path / "other", ["nowhere.csv"])
    assert not (tmp_path / "other").exists()


def test_what_fails_half_way_leaves_nothing(project, tmp_path, monkeypatch):
    for name in ("a.txt", "b.txt"):
        project.write(name, name)
    then, written = project.snapshot(), []

    def write_sparsely(file, pieces):
        written.append(file)
        if len(written) == 2:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(extract, "write_sparsely", write_sparsely)
    with pytest.raises(StoreError, match="taken away again"):
        into(project, then, tmp_path / "made/deep")
    assert not (tmp_path / "made").exists()


def test_on_a_disk_that_is_blind_to_case_the_second_of_two_names_is_left_out(project, tmp_path, monkeypatch):
    one, link = TreeEntry(project.store.put_bytes(b"1"), 1), TreeEntry(project.store.put_bytes(b"away"), 4, LINK)
    then = project.store.publish(SnapshotDraft("from elsewhere", "2026-11-21T09:00:00.000000Z",
                                               {"Data": link, "data/x": one, "a.csv": one, "A.csv": one}))
    monkeypatch.setattr(extract, "is_case_blind", lambda folder: True)
    told = into(project, then, tmp_path / "new")
    assert names(tmp_path / "new") == ["A.csv", "Data"]
    assert [each["path"] for each in told["missing"]] == ["a.csv", "data/x"]
    assert all("differ in case only" in each["reason"] for each in told["missing"])


@pytest.mark.parametrize("paths, second", [
    (["Data.csv", "data.csv"], ["data.csv"]),
    (["b/Ä", "b/a\u0308"], ["b/Ä"]),
    (["Data", "data/x"], ["data/x"]),
    (["DATA/x", "data"], ["data"]),
    (["Data/x", "data/y"], []),
    (["Data/x", "data/X"], ["data/X"]),
    (["a", "b", "c/a"], []),
])
def test_names_that_clash(paths, second):
    assert list(clashes(paths)) == second


def test_a_disk_is_asked_whether_it_is_blind_to_case(tmp_path):
    """Linux's are not; the same file under two names is what a blind one shows."""
    assert not is_case_blind(tmp_path) and names(tmp_path) == []
    (tmp_path / ".dotscience").mkdir()
    assert not is_case_blind(tmp_path)
    os.symlink(".dotscience", tmp_path / ".DOTSCIENCE")
    assert is_case_blind(tmp_path)

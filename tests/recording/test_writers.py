"""Files that another process holds open for writing are named, and not replaced without a yes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dotscience_jlab.errors import NeedsConsent
from dotscience_jlab.recording.writers import writers_of

from .folder import Project

HOLDERS = {
    "open for writing": "file = open(sys.argv[1], 'r+b')",
    "open for appending": "file = open(sys.argv[1], 'ab')",
    "in memory for writing": "import mmap; file = open(sys.argv[1], 'r+b'); held = mmap.mmap(file.fileno(), 0); file.close()",
}


@pytest.fixture
def hold():
    """Starts a process that holds a file; it ends with the test."""
    started = []

    def start(code, path):
        code = f"import sys; {code}; print('held', flush=True); sys.stdin.read()"
        process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=-1, stdout=-1, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.communicate()


@pytest.mark.parametrize("how", HOLDERS)
def test_who_holds_a_file_is_named_with_his_number(tmp_path, hold, how):
    path, other = tmp_path / "train ü.bin", tmp_path / "other.bin"
    path.write_bytes(b"some bytes")
    other.write_bytes(b"some bytes")
    process = hold(HOLDERS[how], path)
    (said,) = writers_of([path, other]).values()
    assert said.startswith("python") and said.endswith(f" (pid {process.pid})")
    process.communicate()
    assert writers_of([path, other]) == {}


def test_who_only_reads_is_not_named_nor_are_we(tmp_path, hold):
    path = tmp_path / "train.bin"
    path.write_bytes(b"some bytes")
    hold("file = open(sys.argv[1], 'rb')", path)
    with open(path, "r+b"):
        assert writers_of([path]) == {}


def test_a_restore_asks_before_it_replaces_or_removes_what_somebody_writes(tmp_path, hold):
    project = Project(tmp_path / "churn")
    project.write("train.bin", "old")
    project.write("calm.bin", "old")
    then = project.snapshot()
    for path in ("train.bin", "calm.bin", "later.bin"):
        project.write(path, "new")
    before = project.files()
    writer = hold(HOLDERS["open for writing"], project.root / "train.bin")
    other = hold(HOLDERS["open for writing"], project.root / "later.bin")
    plan = project.plan(then)
    assert {step.path: step.writer.rpartition(" (")[2] for step in plan.steps} == {
        "train.bin": f"pid {writer.pid})", "later.bin": f"pid {other.pid})", "calm.bin": "",
    }
    with pytest.raises(NeedsConsent) as caught:
        project.restore(then)
    assert "train.bin is being written by python" in caught.value.message and "--even-open" in caught.value.hint
    assert project.files() == before and project.store.head().id == then.id
    project.restore(then, ["calm.bin"])
    project.restore(then, even_open=True)
    assert project.files() == {"train.bin": b"old", "calm.bin": b"old"}

"""`ds remote`, `ds push`, `ds pull` with a real recorder and a real git repository."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

import pytest

from dotscience_jlab.cli.exchange import full_address

from .conftest import Shell


def test_there_and_into_another_folder(trained: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "copies" / "churn.git"
    there.parent.mkdir()
    assert "no remote" in trained("remote", "list").stdout
    made = trained.json("remote", "add", "usb", "../copies/churn.git", "--create")
    assert (made["name"], made["url"], made["is_unscanned_allowed"]) == ("usb", str(there), False)
    assert "went to" in trained("push").stdout
    assert trained.json("push")["n_sent"] == 0
    (line,) = trained.json("remote", "list")[0]["lines"]
    assert (line["remote_line"], line["state"]) == ("usb:main", "same")
    table = trained("remote", "list").stdout
    assert "usb:main" in table and "the same" in table
    subprocess.run(["git", "clone", "-q", str(there), str(tmp_path / "clone")], check=True)
    assert (tmp_path / "clone" / "model.txt").read_text() == "trained with 0.05"

    other = tmp_path / "other"
    other.mkdir()
    (other / "pyproject.toml").write_text("")
    monkeypatch.chdir(other)
    here = Shell(other)
    told = here.json("pull", "--from", str(there))
    assert (told["n_executions"], told["n_runs"]) == (2, 2)
    ids = [[each["id"] for each in here.json("log", "-C", str(folder))] for folder in (other, trained.folder)]
    assert ids[0] == ids[1] and len(here.json("runs")) == 2
    assert not (other / "model.txt").exists()
    here("restore", "@", "model.txt", "--yes")
    assert (other / "model.txt").read_text() == "trained with 0.05"
    (other / "model.txt").write_text("better")
    here("snapshot", "-m", "after the restore")
    here("push", "--unscanned")
    monkeypatch.chdir(trained.folder)
    assert trained.json("pull")["is_forwarded"]
    assert trained.json("show", "usb:main")["message"] == "after the restore"
    trained("remote", "remove", "usb")
    assert trained.json("remote", "list") == []


def test_ctrl_c_ends_the_push_and_not_only_the_waiting(trained: Shell, tmp_path: Path) -> None:
    there, started = tmp_path / "churn.git", tmp_path / "started"
    trained("remote", "add", "usb", str(there), "--create", "--unscanned")
    hook = there / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho $$ > {started}\nexec sleep 600\n")
    hook.chmod(0o755)
    push = subprocess.Popen([sys.executable, "-m", "dotscience_jlab.cli", "push"], start_new_session=True)
    until(started.exists)
    push.send_signal(signal.SIGINT)
    assert push.wait(timeout=30) != 0
    until(lambda: not Path("/proc", started.read_text().strip()).exists())
    hook.unlink()
    assert trained.json("push")["n_sent"] == 2


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_was_deleted_with_its_folder_is_got_back(trained: Shell, tmp_path: Path) -> None:
    there = tmp_path / "churn.git"
    trained("remote", "add", "usb", str(there), "--create", "--keep-copy", code=4)
    trained("remote", "add", "usb", str(there), "--create", "--keep-copy", "--unscanned")
    trained("push")
    before = trained.json("log"), trained.json("status")["workspace"]
    assert "copy at" in trained("status").stdout
    shutil.rmtree(trained.folder / ".dotscience")
    said = trained("status").stdout
    assert "This folder had history until" in said and "`ds pull` gets it back" in said
    told = trained.json("pull")
    assert told["workspace"]["id"] == before[1] and trained.json("log") == before[0]
    assert "had history" not in trained("status").stdout


def test_what_cannot_be(ds: Shell) -> None:
    ds("init", ".")
    for words, code, told in (
        (["remote", "add", "x", "https://ann:secret@host/x.git"], 2, "not stored"),
        (["remote", "add", "x", "ext::sh -c id"], 2, "run a program"),
        (["remote", "add", "a/b", "/x.git"], 2, "cannot name a remote"),
        (["push", "nowhere"], 3, "no remote nowhere"),
        (["pull", "nowhere"], 3, "no remote nowhere"),
        (["push"], 3, "no remote"),
    ):
        refused = ds(*words, code=code)
        assert told in refused.stderr and "secret" not in refused.stderr


def test_an_address_as_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_home: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for typed, full in {
        "x.git": f"{tmp_path}/x.git", "./a:b/x.git": f"{tmp_path}/a:b/x.git", "~/x.git": f"{own_home}/x.git", "/x.git": "/x.git",
        "host:x.git": "host:x.git", "ann@host:x": "ann@host:x", "https://h/x": "https://h/x", "--upload-pack=x": "--upload-pack=x",
        "ext::sh": "ext::sh",
    }.items():
        assert full_address(typed) == full

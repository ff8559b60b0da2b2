"""Who records into a folder is said by the recorders themselves, while they do, and by none that is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dotscience_jlab.recording import presence
from dotscience_jlab.recording.presence import Presence, others_here
from dotscience_jlab.settings import Settings, load_settings, node_name

from .folder import Project

ANOTHER_PROCESS = """
import sys, time
from types import SimpleNamespace
from pathlib import Path
from dotscience_jlab.recording.presence import Presence
said = SimpleNamespace(node=sys.argv[2], user=sys.argv[3])
held = Presence(said)
held.step([SimpleNamespace(root=Path(sys.argv[1]))])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def project(tmp_path: Path):
    project = Project(tmp_path / "churn", in_memory=False)
    yield project
    project.store.close()


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return load_settings({"HOME": str(tmp_path), "USER": "ann"})


def another(root: Path, node: str, user: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", ANOTHER_PROCESS, str(root), node, user], stdin=-1, stdout=-1, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_recorders_name_each_other_while_they_live(project, here) -> None:
    mine = Presence(here)
    mine.step([project.store])
    assert others_here(project.store, here) == ()
    others = [another(project.root, *who) for who in (("pod-b", "ann"), ("pod-c", "bob"), (node_name(), "ann"))]
    assert others_here(project.store, here) == ("another Jupyter server of this computer", "bob on pod-c", "pod-b")
    for each in others:
        each.kill()
        each.communicate()
    folder = project.root / ".dotscience" / "store.git" / presence.FOLDER
    assert others_here(project.store, here) == () and len(list(folder.iterdir())) == 1, "killed ones leave nothing behind"
    mine.close()
    assert list(folder.iterdir()) == []


def test_it_is_let_go_with_the_last_kernel_and_taken_again(project, here) -> None:
    mine, there = Presence(here), replace(here, user="bob")
    for in_use in ([project.store], [], [project.store]):
        mine.step(in_use)
        mine.step(in_use)
        files = list((project.root / ".dotscience" / "store.git" / presence.FOLDER).iterdir())
        assert [json.loads(each.read_text()) for each in files] == [{"host": node_name(), "user": "ann"}] * len(in_use)
    mine.close()
    assert others_here(project.store, there) == ()


def test_a_history_that_went_away_or_cannot_be_written_is_no_fault(project, here, tmp_path) -> None:
    mine = Presence(here)
    mine.step([project.store])
    os.rename(project.root, tmp_path / "moved")
    mine.step([])
    mine.step([project.store])
    assert others_here(project.store, here) == () and not project.root.exists()
    mine.close()

"""`ds` in a project folder with a real recorder, and a script that records one run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from dotscience_jlab.cli import main
from dotscience_jlab.link.client import connect
from dotscience_jlab.settings import load_settings

from ..conftest import home_of_its_own

TRAIN = """
import sys
import dotscience_jlab as ds

lr = ds.parameter("lr", float(sys.argv[1]))
for step in range(5):
    ds.metric("acc", 0.5 + step * lr, step=step)
open("model.txt", "w").write(f"trained with {lr}")
print("trained with", lr)
"""


class Shell:
    """Runs `ds …` as a user would in `folder`; nobody sits at the terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, list(words), prog_name="ds", catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json").stdout)

    def until(self, is_there: Callable[[Any], bool], *words: str) -> Any:
        """Ask again until the recorder has stored what a process that just ended has reported."""
        deadline = time.monotonic() + 30
        while True:
            found = self.json(*words)
            if is_there(found) or time.monotonic() > deadline:
                assert is_there(found), found
                return found
            time.sleep(0.1)


@pytest.fixture(scope="module")
def shared_home() -> Iterator[Path]:
    """One recorder serves all tests of a module, as it serves all folders of a user."""
    with pytest.MonkeyPatch.context() as monkeypatch, home_of_its_own(monkeypatch) as home:
        monkeypatch.setenv("DOTSCIENCE_RECORDER_IDLE_S", "5")
        yield home


@pytest.fixture(autouse=True)
def own_home(shared_home: Path) -> Path:
    return shared_home


@pytest.fixture
def ds(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(project)
    yield Shell(project)
    shutil.rmtree(project, ignore_errors=True)  # else the next copy of the template is a second folder with the same history


@pytest.fixture
def trained_here(ds: Shell) -> Shell:
    """A folder with two runs of a script: lr 0.1, then lr 0.05; `model.txt` says the second."""
    train(ds)
    return ds


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, its sessions over and stored, and away from where it was recorded: a copy of it is a project that was moved."""
    project = tmp_path_factory.mktemp("trained") / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text("")
    with pytest.MonkeyPatch.context() as monkeypatch, home_of_its_own(monkeypatch):
        monkeypatch.chdir(project)
        ds = Shell(project)
        train(ds)
        ds.until(lambda found: found["n_records"] == 8, "check")
        with connect(load_settings(), "cli") as link:
            os.kill(link.recorder["pid"], signal.SIGTERM)
        wait_until_gone(link.recorder["pid"])
    return project.rename(project.with_name("template"))


@pytest.fixture
def trained(template: Path, project: Path, ds: Shell) -> Shell:
    """As `trained_here`, recorded once for all tests."""
    shutil.copytree(template, project, dirs_exist_ok=True, symlinks=True)
    return ds


def train(ds: Shell) -> None:
    (ds.folder / "train.py").write_text(TRAIN)
    for number, lr in enumerate(("0.1", "0.05"), 1):
        ds("run", "train.py", lr)
        ds.until(lambda found, n=number: len(found) == n and all(each["snapshot"] for each in found), "log")


def wait_until_gone(pid: int) -> None:
    while os.path.exists(f"/proc/{pid}") and " Z " not in Path(f"/proc/{pid}/stat").read_text():
        time.sleep(0.02)

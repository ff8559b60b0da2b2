"""`ds` in a project folder with a real recorder, and a script that records one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from click.testing import CliRunner, Result

from dotscience_jlab.cli import main

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
        import time

        deadline = time.monotonic() + 30
        while True:
            found = self.json(*words)
            if is_there(found) or time.monotonic() > deadline:
                assert is_there(found), found
                return found
            time.sleep(0.1)


@pytest.fixture
def ds(project: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(project)
    monkeypatch.setenv("DOTSCIENCE_RECORDER_IDLE_S", "5")
    return Shell(project)


@pytest.fixture
def trained(ds: Shell) -> Shell:
    """A folder with two runs of a script: lr 0.1, then lr 0.05; `model.txt` says the second."""
    (ds.folder / "train.py").write_text(TRAIN)
    for number, lr in enumerate(("0.1", "0.05"), 1):
        ds("run", "train.py", lr)
        ds.until(lambda found, n=number: len(found) == n and all(each["snapshot"] for each in found), "log")
    return ds

"""One notebook by every way there is to run it: the same executions, outputs, files and runs as in a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import nbformat
import pytest
from nbclient import NotebookClient

from tests.tracking.kernel_driver import Kernel

from .history import History

SOURCES = (
    "import dotscience_jlab as ds\ntext = open('data.csv').read()\nprint(len(text), 'characters')",
    "lr = ds.parameter('lr', 0.25)\nfor step in range(3):\n    ds.metric('loss', 1.0 / (step + 1), step=step)",
    "print('twice')",
    "open('model.txt', 'w').write(f'trained with {lr}')\nlr * 2",
    "print('twice')",
)
IDS = ("read", "train", "first", "save", "second")
DATA = "a,b\n1,2\n"


@pytest.fixture
def notebook(project: Path) -> Path:
    (project / "data.csv").write_text(DATA)
    cells = [nbformat.v4.new_code_cell(source, id=cell_id) for source, cell_id in zip(SOURCES, IDS)]
    document = nbformat.v4.new_notebook(cells=cells)
    document.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(document, project / "train.ipynb")
    return project / "train.ipynb"


def command(*words: str, cwd: Path, **environ: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=cwd, env={**os.environ, **environ}, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def as_a_browser(notebook: Path, home: Path) -> None:
    """Cell ids in the messages; the server tells the kernel its notebook at its start."""
    kernel = Kernel(home, notebook.parent, env={"JPY_SESSION_NAME": str(notebook)})
    for source, cell_id in zip(SOURCES, IDS):
        kernel.run(source, cell_id=cell_id)
    kernel.close()


def by_ds_run(notebook: Path, home: Path) -> None:
    command("dotscience_jlab.cli", "run", notebook.name, cwd=notebook.parent)


def by_nbconvert(notebook: Path, home: Path) -> None:
    command("jupyter", "nbconvert", "--execute", "--to", "html", notebook.name, cwd=notebook.parent)


def by_jupyter_execute(notebook: Path, home: Path) -> None:
    command("jupyter", "execute", notebook.name, cwd=notebook.parent)


def by_papermill(notebook: Path, home: Path) -> None:
    command("papermill", notebook.name, str(home / "executed.ipynb"), cwd=notebook.parent)


EXECUTORS = (as_a_browser, by_ds_run, by_nbconvert, pytest.param(by_jupyter_execute, marks=pytest.mark.slow), by_papermill)


@pytest.mark.parametrize("execute", EXECUTORS, ids=lambda execute: execute.__name__)
def test_a_notebook_ends_with_the_same_history(execute: Callable[[Path, Path], None], notebook: Path, own_home: Path) -> None:
    execute(notebook, own_home)
    history = History(notebook.parent)
    found = history.executions(len(SOURCES))

    assert [each["source"] for each in found] == list(SOURCES)
    assert [each["cell_id"] for each in found] == list(IDS)
    assert {each["cell_id_from"] for each in found} == {"message" if execute is as_a_browser else "matched"}
    assert {each["path"] for each in found} == {"train.ipynb"}
    assert [each["outcome"] for each in found] == ["ok"] * len(SOURCES)
    assert [each["execution_count"] for each in found] == [1, 2, 3, 4, 5]
    assert [(each["capture"], each["capture_reasons"]) for each in found] == [("complete", [])] * len(SOURCES)
    assert [shown(each) for each in found] == [["8 characters\n"], [], ["twice\n"], ["0.5"], ["twice\n"]]
    assert [files(each) for each in found] == [[("input", "data.csv")], [], [], [("output", "model.txt")], []]
    assert the_run(history, found) == {
        "parameters": {"lr": 0.25}, "loss": (1 / 3, 3, 2), "state": "finished", "cells": ["train"], "path": "train.ipynb",
    }


def test_a_program_that_names_no_notebook_gives_all_but_the_cell_and_says_why(notebook: Path) -> None:
    document = nbformat.read(notebook, as_version=4)
    NotebookClient(document, resources={"metadata": {"path": str(notebook.parent)}}).execute()
    history = History(notebook.parent)
    found = history.executions(len(SOURCES))

    assert [each["source"] for each in found] == list(SOURCES)
    assert {(each["cell_id"], each["cell_id_from"], each["path"]) for each in found} == {(None, "unknown", None)}
    reason = "The program that ran the cell does not say which cell of which notebook it was."
    assert [each["capture_reasons"] for each in found] == [[reason]] * len(SOURCES)
    assert [files(each) for each in found] == [[("input", "data.csv")], [], [], [("output", "model.txt")], []]
    assert the_run(history, found)["loss"] == (1 / 3, 3, 2)


@pytest.mark.slow
def test_parameters_that_papermill_puts_in_are_an_execution_of_no_cell(notebook: Path, own_home: Path) -> None:
    command("papermill", notebook.name, str(own_home / "out.ipynb"), "-p", "extra", "5", cwd=notebook.parent)
    found = History(notebook.parent).executions(len(SOURCES) + 1)
    assert [each["cell_id"] for each in found] == [None, *IDS]
    assert "extra = 5" in found[0]["source"]
    assert found[0]["cell_id_from"] == "unknown" and found[0]["capture"] == "partial"


@pytest.mark.parametrize("is_whole", [True, False], ids=["ds run script.py", "python script.py"])
def test_a_script_is_one_execution_with_the_same_run_and_files(is_whole: bool, project: Path) -> None:
    (project / "data.csv").write_text(DATA)
    source = "\n".join(SOURCES) + "\n"
    (project / "train.py").write_text(source)
    if is_whole:
        command("dotscience_jlab.cli", "run", "train.py", cwd=project)
    else:
        subprocess.run([sys.executable, "train.py"], cwd=project, check=True, timeout=60)
    history = History(project)
    (found,) = history.executions(1)

    assert (found["kind"], found["source"], found["path"], found["outcome"]) == ("script", source, "train.py", "ok")
    whole = [("input", "data.csv"), ("input", "train.py"), ("output", "model.txt")]
    assert files(found) == (whole if is_whole else whole[1:])
    assert shown(found) == ["8 characters\ntwice\ntwice\n" if is_whole else "twice\ntwice\n"]
    late = "Output and files from before the first recorded value are missing; `ds run` sees them too."
    assert (late in found["capture_reasons"]) is not is_whole
    (run,) = history.runs()
    assert (run["parameters"], run["state"], run["path"]) == ({"lr": 0.25}, "finished", "train.py")
    assert run["metrics"]["loss"]["n_points"] == 3 and run["executions"] == [found["id"]]


def test_a_console_has_the_same_without_a_cell(project: Path, own_home: Path) -> None:
    (project / "data.csv").write_text(DATA)
    kernel = Kernel(own_home, project, env={"JPY_SESSION_NAME": "console-1-a7d3"})
    for source in SOURCES:
        kernel.run(source, cell_id=None)
    kernel.close()
    history = History(project)
    found = history.executions(len(SOURCES))

    assert [each["source"] for each in found] == list(SOURCES)
    assert {(each["kind"], each["cell_id"], each["path"]) for each in found} == {("console", None, None)}
    assert [shown(each) for each in found] == [["8 characters\n"], [], ["twice\n"], ["0.5"], ["twice\n"]]
    assert [files(each) for each in found] == [[("input", "data.csv")], [], [], [("output", "model.txt")], []]
    (run,) = history.runs()
    assert run["parameters"] == {"lr": 0.25} and run["metrics"]["loss"]["n_points"] == 3


def the_run(history: History, executions: list[dict[str, Any]]) -> dict[str, Any]:
    (run,) = history.runs()
    cells = {each["id"]: each["cell_id"] for each in executions}
    loss = run["metrics"]["loss"]
    return {
        "parameters": run["parameters"],
        "loss": (loss["last"], loss["n_points"], loss["last_step"]),
        "state": run["state"],
        "cells": [cells[each] for each in run["executions"]],
        "path": run["path"],
    }


def shown(execution: dict[str, Any]) -> list[str]:
    return [output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"]
            for output in execution["outputs"]]


def files(execution: dict[str, Any]) -> list[tuple[str, str]]:
    return [(use["role"], use["path"] or use["disk_path"]) for use in execution["files"]]

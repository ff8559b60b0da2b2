"""The wheel, as a user gets it: built from this tree, installed into an empty environment without Node, seen by Jupyter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import venv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
FRONT_END = "share/jupyter/labextensions/dotscience-jlab"

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with the front end as it lies in the tree: `make front` has made it."""
    assert (ROOT / "dotscience_jlab/labextension/static/style.js").is_file(), "Build the front end first: make front"
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    environment = {**os.environ, "HATCH_JUPYTER_BUILDER_SKIP_NPM": "1"}
    subprocess.run([*build, "--wheel-dir", str(target), "."], cwd=ROOT, check=True, env=environment)
    (made,) = target.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment that holds the wheel and what it asks for, nothing else."""
    home = tmp_path_factory.mktemp("empty")
    venv.create(home, with_pip=False)  # this environment's pip fills it; of its modules those that are imported are compiled then
    python = home / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_NO", "VIRTUAL_ENV"))}
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", str(wheel)]
    command = [sys.executable, "-m", "pip", "--python", str(python), *install]
    said = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return python.parent


def said_by(bin_folder: Path, *command: str) -> str:
    """What a program of that environment says (with --json: its result), with nothing but it on the path."""
    environment = {**os.environ, "PATH": f"{bin_folder}:/usr/bin:/bin", "JUPYTER_PLATFORM_DIRS": "0"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # nothing there is compiled yet, and the next program needs the same modules
    program = [str(bin_folder / command[0]), *command[1:]]
    said = subprocess.run(program, env=environment, capture_output=True, text=True, cwd=bin_folder)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout if "--json" in command else said.stdout + said.stderr


def test_the_wheel_holds_what_jupyter_and_ipython_load(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    data = f"{wheel.name.split('-')[0]}-{wheel.name.split('-')[1]}.data/data"
    for name in (
        f"{data}/{FRONT_END}/package.json",
        f"{data}/{FRONT_END}/install.json",
        f"{data}/{FRONT_END}/static/style.js",
        f"{data}/etc/jupyter/jupyter_server_config.d/dotscience_jlab.json",
        f"{data}/etc/ipython/startup/50-dotscience.py",
        "dotscience_jlab_children.pth",
        "dotscience_jlab/_version.py",
        "dotscience_jlab/cli/__init__.py",
    ):
        assert name in names
    assert any("schemas/dotscience-jlab/plugin.json" in name for name in names)
    not_for_users = "tests/", "ui-tests/", "labextension/", "dotscience_jlab/labextension/"
    assert not [name for name in names if name.startswith(not_for_users)]


def test_jupyter_lists_both_halves_as_enabled(installed: Path) -> None:
    lists = ("jupyter", "server", "extension", "list"), ("jupyter", "labextension", "list")
    with ThreadPoolExecutor() as both:
        server, front = both.map(lambda command: said_by(installed, *command), lists)
    assert "dotscience_jlab" in server
    assert not [line for line in server.splitlines() if "dotscience" in line and ("disabled" in line or " X " in line)], server
    assert [line for line in server.splitlines() if "dotscience_jlab" in line and "OK" in line], server
    (line,) = [line for line in front.splitlines() if "dotscience-jlab" in line]
    assert "enabled" in line and "OK" in line, front


def test_a_notebook_is_recorded_there_without_a_word_of_ours_in_it(installed: Path, project: Path) -> None:
    assert "0.1.0" in said_by(installed, "ds", "--version")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("open('made.txt', 'w').write('6 * 7')")])
    nbformat.write(notebook, project / "work.ipynb")
    said_by(installed, "ds", "run", str(project / "work.ipynb"))
    deadline = time.monotonic() + 30
    while True:
        (execution,) = json.loads(said_by(installed, "ds", "log", "--json", "-C", str(project)))
        if execution["snapshot"] or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    assert execution["source"] == notebook.cells[0].source
    assert execution["outcome"] == "ok" and execution["snapshot"]
    assert [(use["path"], use["role"]) for use in execution["files"]] == [("made.txt", "output")]

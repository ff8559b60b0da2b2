"""The wheel, as a user gets it: built from this tree, installed into an empty environment without Node, seen by Jupyter."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

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
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_NO", "VIRTUAL_ENV"))}
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    said = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return python.parent


def said_by(bin_folder: Path, *command: str) -> str:
    """Both streams of a program of that environment, with nothing but it on the path."""
    environment = {**os.environ, "PATH": f"{bin_folder}:/usr/bin:/bin", "JUPYTER_PLATFORM_DIRS": "0"}
    said = subprocess.run([str(bin_folder / command[0]), *command[1:]], env=environment, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout + said.stderr


def test_the_wheel_holds_what_jupyter_and_ipython_load(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    data = f"{wheel.name.split('-')[0]}-{wheel.name.split('-')[1]}.data/data"
    for name in (
        f"{data}/{FRONT_END}/package.json",
        f"{data}/{FRONT_END}/install.json",
        f"{data}/{FRONT_END}/static/style.js",
        f"{data}/etc/jupyter/jupyter_server_config.d/dotscience_jlab.json",
        f"{data}/etc/ipython/startup/50-dotscience.py",
        "dotscience_jlab/_version.py",
        "dotscience_jlab/cli/__init__.py",
    ):
        assert name in names
    assert any("schemas/dotscience-jlab/plugin.json" in name for name in names)
    not_for_users = "tests/", "ui-tests/", "labextension/", "dotscience_jlab/labextension/"
    assert not [name for name in names if name.startswith(not_for_users)]


def test_jupyter_lists_both_halves_as_enabled(installed: Path) -> None:
    server = said_by(installed, "jupyter", "server", "extension", "list")
    assert "dotscience_jlab" in server
    assert not [line for line in server.splitlines() if "dotscience" in line and ("disabled" in line or " X " in line)], server
    assert [line for line in server.splitlines() if "dotscience_jlab" in line and "OK" in line], server
    front = said_by(installed, "jupyter", "labextension", "list")
    (line,) = [line for line in front.splitlines() if "dotscience-jlab" in line]
    assert "enabled" in line and "OK" in line, front


def test_the_command_line_answers_and_every_kernel_loads_the_recording(installed: Path, tmp_path: Path) -> None:
    assert "0.1.0" in said_by(installed, "ds", "--version")
    script = tmp_path / "look.py"
    script.write_text(
        "from jupyter_client.manager import start_new_kernel\n"
        "manager, client = start_new_kernel(kernel_name='python3')\n"
        "seen = \"print('loaded', 'dotscience_jlab' in get_ipython().extension_manager.loaded)\"\n"
        "client.execute_interactive(seen, timeout=60)\n"
        "manager.shutdown_kernel(now=True)\n"
    )
    assert "loaded True" in said_by(installed, "python", str(script))

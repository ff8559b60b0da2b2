"""Story 14: the kernel lives in another environment, without this package; nothing is installed there, and all is recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from lab_server import LabServer
from notebooks import write_notebook
from tests.other_pythons import other_pythons

PLOT = """import csv
from IPython.display import SVG
print('three points')
rows = [(float(r['x']), float(r['y'])) for r in csv.DictReader(open('points.csv'))]
line = ' '.join(f'{x},{y}' for x, y in rows)
SVG(f'<svg xmlns="http://www.w3.org/2000/svg"><polyline points="{line}" fill="none" stroke="red"/></svg>')"""
POINTS = "x,y\n0,50\n50,10\n100,40\n"


OLDEST_PYTHON = [*other_pythons(), sys.executable][0]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that holds ipykernel and nothing of ours."""
    home = tmp_path_factory.mktemp("elsewhere") / "environment"
    subprocess.run([OLDEST_PYTHON, "-m", "venv", home], check=True)
    python = home / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "ipykernel"]
    subprocess.run(install, check=True, env=environment)
    missing = subprocess.run([python, "-c", "import dotscience_jlab"], cwd=home, env=environment, capture_output=True)
    assert missing.returncode != 0
    return python


@pytest.mark.slow
def test_code_output_and_csv_are_in_the_history(server: LabServer, lab: LabPage, elsewhere: Path) -> None:
    (server.root / "points.csv").write_text(POINTS)
    write_notebook(server.root, "elsewhere.ipynb", PLOT, "'next'", kernel=kernel_of(server, "elsewhere", elsewhere))
    lab.open_lab("elsewhere.ipynb")
    lab.run_cell(0)
    lab.run_cell(1)
    lab.show_panel()
    lab.wait_for_entry("'next'")
    lab.open_entry("import csv")
    assert "csv.DictReader" in lab.entry_tab("Code")
    assert "three points" in lab.entry_tab("Output")
    expect(lab.panel.locator(".ds-Entry-content img")).to_be_visible(timeout=WAIT_MS)
    lab.shot("story-14-elsewhere")
    assert "points.csv" in lab.entry_tab("Files")
    first, second = server.executions(path="elsewhere.ipynb")
    assert (first["capture"], second["capture"]) == ("complete", "complete"), first["capture_reasons"]
    assert not lab.page_errors


def kernel_of(server: LabServer, name: str, python: Path, **environ: str) -> dict[str, str]:
    folder = server.home / "data" / "kernels" / name
    folder.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": name, "language": "python", "env": environ}
    (folder / "kernel.json").write_text(json.dumps(spec))
    return {"name": name, "display_name": name, "language": "python"}


@pytest.mark.slow
def test_a_kernel_that_recording_cannot_be_loaded_into_says_so_with_the_line_that_mends_it(
    server: LabServer, lab: LabPage, tmp_path: Path
) -> None:
    """It has a package of our name that cannot be imported: as after an upgrade that went wrong."""
    (tmp_path / "dotscience_jlab.py").write_text("raise RuntimeError('half installed')\n")
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    broken = kernel_of(server, "broken", wrapper, PYTHONPATH=str(tmp_path))
    write_notebook(server.root, "broken.ipynb", "print('seen by the browser')", kernel=broken)
    lab.open_lab("broken.ipynb")
    lab.run_cell(0)
    lab.show_panel()
    lab.open_entry("seen by the browser")
    assert "seen by the browser" in lab.entry_tab("Output")
    expect(lab.panel.get_by_text("RuntimeError: half installed")).to_be_visible()
    expect(lab.panel.get_by_text("%pip install dotscience-jlab")).to_be_visible()
    lab.shot("story-14-broken")
    (execution,) = server.executions(path="broken.ipynb")
    assert (execution["capture"], execution["execution_count"]) == ("partial", 1)
    assert not lab.page_errors

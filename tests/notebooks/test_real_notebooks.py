"""Notebooks none of us wrote: the same outputs with recording as without, and every cell in the history."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

from dotscience_jlab.link.launch import connect_or_launch
from dotscience_jlab.settings import Settings

FILES = Path(__file__).resolve().parent / "files"
LONG = {"emcee-line": 0.2, "emcee-quickstart": 0, "nbconvert-widget-list": 0.2}
"""name -> share, as `slow` takes it"""
STARTUP_FILE = Path(sys.prefix) / "etc/ipython/startup/50-dotscience.py"

NOISE = (
    (re.compile(r"0x[0-9a-f]{6,}"), "0x…"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r"datetime\.datetime\([^)]*\)"), "<time>"),
    (re.compile(r"\d\d:\d\d:\d\d(\.\d+)?|\d{4}-\d\d-\d\d|\d+(\.\d+)?\s?(it/s|s/it|ms|µs|ns)\b|\d\d:\d\d"), "<time>"),
    (re.compile(r"/tmp/ipykernel_\d+/\d+\.py|<ipython-input-[^>]*>"), "<cell>"),
)
"""What differs between two runs of anything: addresses, random ids, clocks."""
PROGRESS_BAR = re.compile(r"\d+%\|")


async def execute(path: Path, **environ: str) -> Any:
    """The executed document. Its kernel is this environment's, with these variables."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=240, allow_errors=True, resources={"metadata": {"path": str(path.parent)}})
    return await client.async_execute(env={**os.environ, **environ})


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def shown(cell: Any) -> list[Any]:
    """Its outputs without what no two runs share; an image counts by its type, each stream as one (two
    streams of one process arrive in no fixed order)."""
    found: list[Any] = []
    streams: dict[str, str] = {}
    for output in cell.outputs:
        if output.output_type == "stream":
            if not PROGRESS_BAR.search(output.text):  # how often it is drawn depends on the machine's mood
                streams[output.name] = streams.get(output.name, "") + without_noise(output.text)
        elif output.output_type == "error":
            found.append(("error", output.ename, without_noise(output.evalue)))
        else:
            data = {mime: "" if mime.startswith(("image/", "application/")) else without_noise(str(value))
                    for mime, value in output.data.items()}
            found.append((output.output_type, data))
    return [*streams.items(), *found]


def without_noise(text: str) -> str:
    for pattern, word in NOISE:
        text = pattern.sub(word, text)
    return text.rpartition("\r")[2] if "\r" in text and "\n" not in text else text


def recorded(folder: Path, settings: Settings, n_expected: int) -> list[dict[str, Any]]:
    """Finished executions in order of start, as soon as there are `n_expected`."""
    deadline = time.monotonic() + 30
    with connect_or_launch(settings, "cli") as link:
        while True:
            found: list[dict[str, Any]] = []
            try:
                workspace = link.request("workspaces.find", {"disk_path": str(folder)})["id"]
                page = link.request("executions.list", {"workspace": workspace, "limit": 1000})
                found = [each for each in page["items"] if each["outcome"] != "running"][::-1]
            except Exception:
                if time.monotonic() > deadline:
                    raise
            if len(found) >= n_expected or time.monotonic() > deadline:
                return found
            time.sleep(0.1)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.stem, marks=[pytest.mark.slow(share=LONG[path.stem])] if path.stem in LONG else [])
        for path in sorted(FILES.glob("*.ipynb"))
    ],
)
def test_outputs_are_the_same_and_every_cell_is_in_the_history(
    name: str, project: Path, tmp_path: Path, settings: Settings
) -> None:
    assert STARTUP_FILE.is_file(), "The package is not installed in this environment: make install"
    path = project / f"{name}.ipynb"
    plain_path = tmp_path / "plain" / path.name
    plain_path.parent.mkdir()
    for target in (path, plain_path):
        shutil.copy(FILES / path.name, target)

    async def both() -> tuple[Any, Any]:
        """At the same time: they share nothing."""
        plain, tracked = execute(plain_path, DOTSCIENCE_DISABLE="1"), execute(path, DOTSCIENCE_NOTEBOOK=str(path))
        return await asyncio.gather(plain, tracked)

    plain, tracked = run_sync(both)()

    assert [shown(cell) for cell in code_cells(tracked)] == [shown(cell) for cell in code_cells(plain)]
    cells = code_cells(tracked)
    found = recorded(project, settings, len(cells))
    assert [each["source"] for each in found] == [cell.source for cell in cells]
    failed = [any(output.output_type == "error" for output in cell.outputs) for cell in cells]
    assert [each["outcome"] == "error" for each in found] == failed
    assert {each["path"] for each in found} == {path.name}

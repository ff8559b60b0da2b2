"""Runs one operation in a fresh process under a real recorder, and says what was recorded of it.

Alone as a script, as `ds run` does; beside a second kernel in a kernel; a cell with magics in a kernel both times.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from tests.executors.history import TIMEOUT_S, History
from tests.tracking.kernel_driver import Kernel

from .operation import Operation

BESIDE = """
import os, time
number = 0
while not os.path.exists("../stop"):
    with open(f"beside/{number % 50}.txt", "w") as file: file.write(str(number))
    number += 1
    time.sleep(0.005)
"""
"""What the second kernel does all the while: its files lie in the same folder, and belong to it alone."""

LONGEST_S = 300
"""Of an operation: some libraries take long to import on a busy machine."""
SCRIPT = "act.py"
"""Read by its own process, and no edge that the table asks for."""

Edge = tuple[str, str]
"""(input | output, path as in `Operation.reads`)"""


@dataclass(frozen=True)
class Captured:
    expected: frozenset[Edge]
    found: frozenset[Edge]
    """Observed or declared."""
    unsure: frozenset[Edge]
    """Ambiguous: told with its candidates, and not counted as seen."""
    seen_by: frozenset[str]
    capture_reasons: tuple[str, ...]
    uses: tuple[dict[str, Any], ...]
    """As recorded."""
    execution: dict[str, Any]

    @property
    def missed(self) -> frozenset[Edge]:
        return self.expected - self.found

    @property
    def false(self) -> frozenset[Edge]:
        return (self.found | self.unsure) - self.expected


def capture(operation: Operation, project: Path, home: Path, *, is_beside: bool) -> Captured:
    """project: an empty workspace; what lies outside of it lies in its sibling `outside`. AssertionError if the cell fails."""
    (project.parent / "outside").mkdir(exist_ok=True)
    with operation.surroundings(project) as variables:
        _set_up(operation, project, variables)
        environ = {**variables, "JPY_SESSION_NAME": str(project / "work.ipynb")}
        if is_beside:
            with _second_kernel(project, home):
                execution = _act(operation, project, home, environ, in_kernel=True)
        else:
            execution = _act(operation, project, home, environ, in_kernel=operation.needs_kernel)
        expected = {*_edges("input", operation.reads, variables), *_edges("output", operation.writes, variables)}
    found, unsure = set(), set()
    for use in execution["files"]:
        if use["path"] == SCRIPT:
            continue
        (unsure if use["evidence"] == "ambiguous" else found).add((use["role"], _name(use, project)))
    return Captured(
        frozenset(expected),
        frozenset(found),
        frozenset(unsure),
        frozenset(by for use in execution["files"] for by in use["seen_by"]),
        tuple(execution["capture_reasons"]),
        tuple(execution["files"]),
        execution,
    )


def _act(operation: Operation, project: Path, home: Path, environ: dict[str, str], *, in_kernel: bool) -> dict[str, Any]:
    if in_kernel:
        kernel = Kernel(home, project, env=environ)
        try:
            ran = kernel.run(operation.act, cell_id="act")
            assert ran.reply["content"]["status"] == "ok", ran.reply["content"]
        finally:
            kernel.close()
    else:
        (project / SCRIPT).write_text(operation.act)
        words = [sys.executable, "-m", "dotscience_jlab.tracking.script", SCRIPT]
        done = subprocess.run(words, cwd=project, env={**os.environ, **environ}, capture_output=True, text=True, timeout=LONGEST_S)
        assert done.returncode == 0, done.stderr
    history = History(project)

    def look() -> list[dict[str, Any]]:
        items = history.ask("executions.list", limit=100)["items"]
        return [each for each in items if each["source"] == operation.act and each["outcome"] != "running"]

    (found,) = history.until(bool, look)
    return history.ask("executions.get", execution=found["id"])


@contextmanager
def _second_kernel(project: Path, home: Path) -> Iterator[None]:
    (project / "beside").mkdir()
    kernel = Kernel(home, project, env={"JPY_SESSION_NAME": str(project / "beside.ipynb")})
    stop = project.parent / "stop"
    try:
        asked = kernel.send(BESIDE, cell_id="beside")
        deadline = time.monotonic() + TIMEOUT_S
        while not (project / "beside" / "0.txt").exists():
            assert time.monotonic() < deadline, "the second kernel does not begin"
            time.sleep(0.01)
        yield
        stop.touch()
        kernel.wait(asked)
    finally:
        kernel.close()


def _set_up(operation: Operation, project: Path, variables: Any) -> None:
    """In this process: a library imported for one row's files is there for the next one's."""
    before, saved = os.getcwd(), {name: os.environ.get(name) for name in variables}
    os.chdir(project)
    os.environ.update(variables)
    try:
        exec(compile(operation.setup, f"<setup of {operation}>", "exec"), {"__name__": "setup"})
    finally:
        os.chdir(before)
        for name, value in saved.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    sys.stdout.flush()


def _edges(role: str, names: tuple[str, ...], variables: Any) -> Iterator[Edge]:
    yield from ((role, name.format_map(variables) if "{" in name else name) for name in names)


def _name(use: dict[str, Any], project: Path) -> str:
    if use["path"] is not None:
        return str(use["path"])
    path = str(use["disk_path"])
    return path if "://" in path or not path.startswith(f"{project.parent}/") else os.path.relpath(path, project)

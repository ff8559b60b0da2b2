"""Kernels that the server starts: loaded from outside, mapped to their notebook, and true to how they ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.recording import fork_files
from dotscience_jlab.recording.fork import apply_fork
from dotscience_jlab.server.lend import lend_folder
from dotscience_jlab.server.load_tracking import STARTUP_FILE, loads_by_itself, own_client
from dotscience_jlab.settings import Settings
from tests.recording.folder import Project

from ..other_pythons import other_pythons

PATIENCE_S = 60.0


async def eventually(look: Callable[[], Awaitable[Any]]) -> Any:
    """What `look` finds, as soon as it finds something."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        found = await look()
        if found or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(0.1)


class Notebook:
    """A notebook with a session of the server, whose cells we run as a browser would: over the kernel's own sockets."""

    def __init__(self, server: Any, fetch: Any, ask: Any, folder: str = "p") -> None:
        self.server, self.fetch, self.ask = server, fetch, ask
        self.path = f"{folder}/train.ipynb"

    async def open(self, kernel_name: str) -> None:
        """Once the server has its recorder, as a running server has; pytest-jupyter calls no start hook of extensions."""
        await self.ask("GET", "workspaces")
        root = Path(self.server.root_dir)
        (root / "p").mkdir(exist_ok=True)
        (root / "p" / "pyproject.toml").write_text("")
        notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (root / self.path).write_text(json.dumps(notebook))
        body = {"path": self.path, "name": "train.ipynb", "type": "notebook", "kernel": {"name": kernel_name}}
        response = await self.fetch("api", "sessions", method="POST", body=json.dumps(body), request_timeout=60)
        self.session = json.loads(response.body)
        self.kernel_id = self.session["kernel"]["id"]
        self.connect()

    def connect(self) -> None:
        self.client = own_client(self.server.kernel_manager.get_kernel(self.kernel_id))
        self.client.start_channels(iopub=False, stdin=False, hb=False, control=False)

    async def run(self, source: str, cell_id: str = "c1") -> dict[str, Any]:
        """The reply's content."""
        message = self.client.session.msg(
            "execute_request",
            {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False},
            metadata={"cellId": cell_id},
        )
        self.client.shell_channel.send(message)
        while True:
            reply = await self.client.get_shell_msg(timeout=PATIENCE_S)
            if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                return reply["content"]

    async def is_loaded(self) -> bool:
        """Tracking loads off the start's path; a test that wants every cell waits for it."""
        client = own_client(self.server.kernel_manager.get_kernel(self.kernel_id))
        client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        try:
            number = client.execute("", silent=True, user_expressions={
                "loaded": "'_dotscience_hooks' in __import__('IPython').get_ipython().__dict__"
            })
            while True:
                reply = await client.get_shell_msg(timeout=PATIENCE_S)
                if reply["parent_header"]["msg_id"] == number:
                    return reply["content"]["user_expressions"]["loaded"]["data"]["text/plain"] == "True"
        finally:
            client.stop_channels()

    async def executions(self, n: int) -> list[dict[str, Any]]:
        """Once there are n of them, all finished; newest first."""

        async def look() -> Any:
            status = await self.ask("GET", "status", params={"path": self.path})
            if not status["workspace"]:
                return None
            found = await self.ask("GET", "workspaces", status["workspace"], "executions")
            items = found["items"]
            return items if len(items) >= n and all(each["outcome"] != "running" for each in items) else None

        return await eventually(look) or []

    async def shut_down(self) -> None:
        self.client.stop_channels()
        await self.server.kernel_manager.shutdown_kernel(self.kernel_id, now=True)


@pytest.fixture
def notebook(jp_serverapp: Any, jp_fetch: Any, ask: Any) -> Iterator[Notebook]:
    made = Notebook(jp_serverapp, jp_fetch, ask)
    yield made
    if hasattr(made, "client"):
        made.client.stop_channels()  # a socket that a failed test left open would stop a later one for ever


def install_kernelspec(own_home: Path, name: str, python: str, language: str = "python") -> None:
    folder = own_home / "data" / "kernels" / name
    folder.mkdir(parents=True)
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": language}))


async def test_a_kernel_is_recorded_restarted_and_dies_truly(notebook: Notebook) -> None:
    """One kernel through its lives: loaded by request, a cell, an automatic restart, a cell, a restart asked for."""
    await notebook.open("python3")
    assert await eventually(notebook.is_loaded)
    assert (await notebook.run("x = 41 + 1\nprint(x)"))["status"] == "ok"
    [execution] = await notebook.executions(1)
    assert (execution["source"], execution["path"], execution["cell_id"]) == ("x = 41 + 1\nprint(x)", "train.ipynb", "c1")
    assert execution["capture"] == "complete", execution["capture_reasons"]

    reply = await notebook.run("import os; os.getpid()\nnames = [n for n in dir() if 'load' in n or 'dotscience' in n]")
    assert reply["execution_count"] == 2, "the silent request counts as no cell"
    await notebook.shut_down()


async def test_tracking_is_loaded_again_after_an_automatic_restart(notebook: Notebook, jp_serverapp: Any) -> None:
    await notebook.open("python3")
    assert await eventually(notebook.is_loaded)
    manager = jp_serverapp.kernel_manager.get_kernel(notebook.kernel_id)
    await notebook.run("1")
    first = manager.provisioner.pid
    os.kill(first, signal.SIGKILL)

    async def is_another() -> bool:
        return manager.provisioner.pid not in (None, first) and await manager.is_alive()

    assert await eventually(is_another)
    notebook.client.stop_channels()
    notebook.connect()
    assert await eventually(notebook.is_loaded)
    await notebook.run("after = 1")
    assert [each["source"] for each in await notebook.executions(2)] == ["after = 1", "1"]

    workspace = (await notebook.ask("GET", "status", params={"path": notebook.path}))["workspace"]
    listed = (await notebook.ask("GET", "workspaces", workspace, "executions"))["items"]

    async def end_of_first_life() -> Any:
        why = await notebook.ask("GET", "workspaces", workspace, "executions", listed[1]["id"], "why")
        return why["session"] if why["session"] and why["session"]["end"] != "running" else None

    session = await eventually(end_of_first_life)
    assert session["end"] == "killed"
    assert "SIGKILL" in session["end_reason"]
    await notebook.shut_down()


async def test_a_renamed_notebook_keeps_its_history(notebook: Notebook, jp_fetch: Any) -> None:
    await notebook.open("python3")
    assert await eventually(notebook.is_loaded)
    await notebook.run("1")
    [before] = await notebook.executions(1)
    await jp_fetch("api", "contents", "p", "train.ipynb", method="PATCH", body=json.dumps({"path": "p/better.ipynb"}))
    body = json.dumps({"path": "p/better.ipynb", "name": "better.ipynb"})
    await jp_fetch("api", "sessions", notebook.session["id"], method="PATCH", body=body)
    notebook.path = "p/better.ipynb"
    assert await notebook.executions(1)  # the recorder has heard of it: a cell that is quicker keeps the name it began under
    await notebook.run("2", "c2")
    after = await notebook.executions(2)
    assert after[0]["path"] == "better.ipynb"
    assert after[0]["notebook"] == before["notebook"]
    await notebook.shut_down()


OLDEST_PYTHON = [*other_pythons(), sys.executable][0]


@pytest.mark.slow
async def test_a_kernel_of_another_environment_is_recorded(notebook: Notebook, own_home: Path, tmp_path: Path) -> None:
    """Without the package, of an older Python if there is one here: the lent folder is enough."""
    environment = tmp_path / "environment"
    subprocess.run([OLDEST_PYTHON, "-m", "venv", "--without-pip", str(environment)], check=True)
    there = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", there, "install", "-q", "--no-compile"]  # a new pip is seconds more
    subprocess.run([*pip, "ipykernel"], check=True, timeout=280)
    missing = subprocess.run([there, "-c", "import dotscience_jlab"], cwd=tmp_path, capture_output=True)
    assert missing.returncode != 0
    install_kernelspec(own_home, "other", str(there))
    await notebook.open("other")
    assert await eventually(notebook.is_loaded)
    await notebook.run("import sys; print(sys.version_info[:2])\nopen('out.txt', 'w').write('x')")
    [execution] = await notebook.executions(1)
    assert (execution["path"], execution["outcome"], execution["n_outputs"]) == ("train.ipynb", "ok", 2)
    assert "out.txt" in {each["path"] for each in execution["files"]}
    await notebook.run("import sys; assert [p for p in sys.path if 'lent' in p] == sys.path[-1:]")
    assert (await notebook.executions(2))[0]["outcome"] == "ok"
    await notebook.shut_down()


async def test_a_kernel_of_another_language_says_so(notebook: Notebook, own_home: Path, jp_serverapp: Any) -> None:
    install_kernelspec(own_home, "almost-r", sys.executable, language="R")
    await notebook.open("almost-r")
    watch = jp_serverapp.extension_manager.extension_apps["dotscience_jlab"].copy().pop().kernels

    async def reason() -> str:
        return watch._running[notebook.kernel_id].reason if notebook.kernel_id in watch._running else ""

    assert "almost-r" in await eventually(reason)
    await notebook.shut_down()


def test_what_is_lent_stands_alone(settings: Settings, tmp_path: Path) -> None:
    folder = lend_folder(settings)
    assert folder == lend_folder(settings)
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]
    assert {each.name for each in (folder / "dotscience_jlab").iterdir()} >= {"__init__.py", "model", "tracking", "link"}
    assert not (folder / "dotscience_jlab" / "server").exists()
    program = f"import sys; sys.path.append({str(folder)!r}); import dotscience_jlab.tracking.api as a; print(a.__file__)"
    done = subprocess.run([sys.executable, "-S", "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith(str(folder)), done.stderr


def test_other_content_is_another_folder(settings: Settings, tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "model").mkdir(parents=True)
    (package / "errors.py").write_text("a = 1")
    first = lend_folder(settings, package)
    (package / "errors.py").write_text("a = 2")
    assert lend_folder(settings, package) != first
    assert (first / "dotscience_jlab" / "errors.py").read_text() == "a = 1"


@pytest.mark.parametrize(
    ("python", "has_file", "expected"),
    [
        ("python3", True, True),
        (sys.executable, True, True),
        (str(Path(sys.executable).parent / "python3"), True, True),
        (sys.executable, False, False),
        ("/opt/other/bin/python", True, False),
    ],
)
def test_only_our_own_environment_with_its_file_loads_by_itself(
    tmp_path: Path, python: str, has_file: bool, expected: bool
) -> None:
    if has_file:
        (tmp_path / STARTUP_FILE).parent.mkdir(parents=True)
        (tmp_path / STARTUP_FILE).write_text("")
    assert loads_by_itself([python], str(tmp_path)) is expected


async def test_a_kernel_of_a_fork_starts_once_its_files_are_there(jp_serverapp: Any, jp_root_dir: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(fork_files, "reflink", lambda source, fd: False)
    project = Project(jp_root_dir / "churn", in_memory=False)
    data = os.urandom(24 << 20)
    project.write("big.csv", data)
    made = apply_fork(project.store, project.snapshot(touched=["big.csv"]).id, jp_root_dir / "fork", progress=lambda *_: None)
    assert made["n_later"] == 1 and not (jp_root_dir / "fork/big.csv").exists()
    kernel_id = await jp_serverapp.kernel_manager.start_kernel(path="fork")
    try:
        assert (jp_root_dir / "fork/big.csv").read_bytes() == data
    finally:
        await jp_serverapp.kernel_manager.shutdown_kernel(kernel_id, now=True)
        project.store.close()

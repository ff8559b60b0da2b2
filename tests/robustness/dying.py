"""Kernels brought to an instant of their life, so that they may be ended there: five at once, in one folder, under one recorder.

    idle         a plain cell has run
    in a cell    one that records no run is running
    in a run     one that logs a metric is running
    between      `ds.start()` and a metric, in a cell that has ended: a run that nobody has finished
    after        the same, published
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from dotscience_jlab.link.launch import connect_or_launch
from dotscience_jlab.settings import load_settings
from tests.executors.history import TIMEOUT_S, History
from tests.tracking.kernel_driver import STARTUP

INSTANTS = ("idle", "in a cell", "in a run", "between", "after")
RUNNING = ("in a cell", "in a run")
TOKEN = "a-token-for-tests"

_ARM = """import os, threading, time
def _await_the_end():
    while not os.path.exists({flag!r}): time.sleep(0.01)
{act}
threading.Thread(target=_await_the_end, daemon=True).start()"""
_HERE = "print('here', flush=True)\n"
_LOOP = "while True:\n    time.sleep(0.01)"
_CELLS = {
    "idle": "1 + 1",
    "in a cell": "import os, time\n{here}{loop}",
    "in a run": "import dotscience_jlab as ds, time\nfor n in range(20): ds.metric('loss', 1.0 / (n + 1), step=n)\n{here}{loop}",
    "between": "import dotscience_jlab as ds\nds.start('long')\nds.metric('loss', 0.5, step=1)",
    "after": "import dotscience_jlab as ds\nds.start('long')\nds.metric('loss', 0.5, step=1)\nds.publish('done')",
}
STUBBORN = "while True:\n    try:\n        time.sleep(0.01)\n    except KeyboardInterrupt:\n        pass"
"""A cell that no interrupt ends."""


@dataclass
class Dying:
    """One kernel, brought to its instant."""

    instant: str
    notebook: Path
    client: BlockingKernelClient
    flag: Path
    """Made to let it end itself."""
    pid: int
    session: str
    kernel_id: str = ""

    def kill(self, number: int) -> None:
        os.kill(self.pid, number)


class Mortals:
    """`bring` them to their instants, end them, then `ends` says what the history says."""

    def __init__(self, project: Path, home: Path) -> None:
        self.project, self.home = project, home
        self.history = History(project)
        self._managers: list[KernelManager] = []
        self._server: subprocess.Popen[bytes] | None = None
        self._base = ""
        startup = home / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True, exist_ok=True)
        shutil.copy(STARTUP, startup)
        self.environ = {**os.environ, "PYTHONPATH": str(STARTUP.parents[2])}

    # -- to be ended ---------------------------------------------------------------------------------

    def bring(
        self, act: str = "pass", *, loop: str = _LOOP, preexec: Callable[[str], Callable[[], None] | None] = lambda instant: None
    ) -> list[Dying]:
        """Kernels of our own. act: what each does to itself when its flag is there. preexec: by instant, run in the new process."""
        started = []
        for instant in INSTANTS:
            notebook = self.project / f"{instant.replace(' ', '-')}.ipynb"
            manager = KernelManager(kernel_name="python3")
            manager.start_kernel(
                cwd=str(self.project), env={**self.environ, "JPY_SESSION_NAME": str(notebook)}, preexec_fn=preexec(instant),
            )
            self._managers.append(manager)
            started.append((instant, notebook, manager.client(), ""))
        return self._live(started, act, loop)

    def bring_by_server(self, act: str = "pass", *, loop: str = _LOOP, groups: Mapping[str, Path] | None = None) -> list[Dying]:
        """Kernels of a real Jupyter server. groups: by instant, the list of processes that the kernel puts itself on first."""
        for instant, processes in (groups or {}).items():
            self._install_spec(_spec(instant), f"echo $$ > {processes}; exec {sys.executable} -m ipykernel_launcher -f $0")
        self._start_server()
        started = []
        for instant in INSTANTS:
            name = f"{instant.replace(' ', '-')}.ipynb"
            (self.project / name).write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
            body = {"path": name, "name": name, "type": "notebook", "kernel": {"name": _spec(instant) if groups else "python3"}}
            kernel_id = self.call("POST", "api/sessions", body)["kernel"]["id"]
            file = load_settings().runtime_dir / f"kernel-{kernel_id}.json"
            client = BlockingKernelClient(connection_file=str(file))
            client.load_connection_file()
            started.append((instant, self.project / name, client, kernel_id))
        return self._live(started, act, loop)

    def _install_spec(self, name: str, command: str) -> None:
        folder = self.home / "data" / "kernels" / name
        folder.mkdir(parents=True)
        spec = {"argv": ["/bin/sh", "-c", command, "{connection_file}"], "display_name": name, "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))

    def _live(self, started: list[tuple[str, Path, Any, str]], act: str, loop: str) -> list[Dying]:
        brought = []
        for instant, notebook, client, kernel_id in started:
            client.start_channels()
            _await_ready(client)
            flag = self.home / f"end {instant}"
            indented = "\n".join(f"    {line}" for line in act.splitlines())
            _run(client, "import os; print(os.getpid())\n" + _ARM.format(flag=str(flag), act=indented))
            pid = int(_printed(client))
            brought.append(Dying(instant, notebook, client, flag, pid, _session_of(pid), kernel_id))
        for each in brought:
            msg_id = _run(each.client, _CELLS[each.instant].format(here=_HERE, loop=loop))
            if each.instant in RUNNING:
                assert _printed(each.client) == "here\n"
            else:
                _await_idle(each.client, msg_id)
        for each in brought:  # the recorder has looked at it, and knows how far it is
            self.history.found(lambda each=each: self._last(each), f"the cell of {each.instant} is not seen")
        return brought

    def _last(self, dying: Dying) -> bool:
        found = [each for each in self.ask("executions.list", limit=1000)["items"] if each["session"] == dying.session]
        outcome = "running" if dying.instant in RUNNING else "ok"
        return len(found) == 2 and found[0]["outcome"] == outcome and (dying.instant != "in a run" or bool(self._runs(dying)))

    # -- what became of them -------------------------------------------------------------------------

    def certificate(self, dying: Dying) -> dict[str, Any] | None:
        """Once its session is over."""
        session = self.history.found(lambda: self.ask("sessions.get", session=dying.session), f"{dying.instant}: not over")
        return session["certificate"]

    def outcomes(self, dying: Dying) -> list[str]:
        """Of its two cells, in their order."""
        items = self.ask("executions.list", limit=1000)["items"]
        return [each["outcome"] for each in items if each["session"] == dying.session][::-1]

    def run_of(self, dying: Dying) -> dict[str, Any] | None:
        return next(iter(self._runs(dying)), None)

    def _runs(self, dying: Dying) -> list[dict[str, Any]]:
        return [each for each in self.ask("runs.list")["items"] if each["session"] == dying.session]

    def ask(self, method: str, **params: Any) -> Any:
        return self.history.ask(method, **params)

    # -- the recorder and the server -----------------------------------------------------------------

    def recorder(self) -> int:
        with connect_or_launch(load_settings(), "cli") as link:
            return int(link.recorder["pid"])

    def is_held(self, dying: Dying) -> bool:
        """Whether the recorder holds that very process, and so hears of its end."""
        for each in Path(f"/proc/{self.recorder()}/fdinfo").iterdir():
            try:
                if f"Pid:\t{dying.pid}\n" in each.read_text():
                    return True
            except OSError:
                continue  # closed meanwhile
        return False

    def _start_server(self) -> None:
        command = [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ServerApp.port=0",
            f"--ServerApp.root_dir={self.project}", f"--IdentityProvider.token={TOKEN}",
            "--ServerApp.jpserver_extensions={'dotscience_jlab': True}", "--KernelRestarter.time_to_dead=0.3",
        ]
        log = (self.home / "server.log").open("wb")
        self._server = subprocess.Popen(command, env=self.environ, stdout=log, stderr=log, cwd=self.project)
        log.close()
        runtime = load_settings().runtime_dir

        def address() -> str:
            for file in runtime.glob("jpserver-*.json"):
                try:
                    self._base = str(json.loads(file.read_text())["url"])
                    self.call("GET", "dotscience/api/v1/workspaces")
                    return self._base
                except (ValueError, OSError):
                    pass  # half written, or it does not listen yet
            return ""

        self.history.found(address, "the Jupyter server did not start")

    def call(self, verb: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._base}{path}", data, {"Authorization": f"token {TOKEN}"}, method=verb)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.loads(answer.read() or b"null")

    def end_server(self, number: int) -> None:
        assert self._server is not None
        self._server.send_signal(number)
        self._server.wait(TIMEOUT_S)

    def close(self) -> None:
        for manager in self._managers:
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
        if self._server is not None and self._server.poll() is None:
            self.end_server(signal.SIGTERM)


def _spec(instant: str) -> str:
    return f"in-a-group-{instant.replace(' ', '-')}"


def _run(client: BlockingKernelClient, source: str) -> str:
    return client.execute(source)


def _await_ready(client: BlockingKernelClient) -> None:
    """It answers, and we hear what it publishes. (`wait_for_ready` gives up at a heartbeat that a busy machine delays.)"""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        client.kernel_info()
        try:
            client.get_iopub_msg(timeout=1)
            break
        except Empty:
            assert time.monotonic() < deadline, "the kernel does not answer"
    while True:  # what came of the questions
        try:
            client.get_iopub_msg(timeout=0.2)
        except Empty:
            return


def _printed(client: BlockingKernelClient) -> str:
    """The next thing it prints (a debugger may complain on standard error)."""
    while True:
        message = client.get_iopub_msg(timeout=TIMEOUT_S)
        assert message["msg_type"] != "error", message["content"]
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            return str(message["content"]["text"])


def _await_idle(client: BlockingKernelClient, msg_id: str) -> None:
    while True:
        message = client.get_iopub_msg(timeout=TIMEOUT_S)
        assert message["msg_type"] != "error", message["content"]
        is_its_own = message["parent_header"].get("msg_id") == msg_id
        if is_its_own and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return


def _session_of(pid: int) -> str:
    for folder in load_settings().spool_dir.iterdir():
        file = folder / "session.json"
        if file.exists() and json.loads(file.read_text())["pid"] == pid:
            return folder.name
    raise AssertionError(f"process {pid} has no session")

"""A real JupyterLab for the browser stories: token, free port, a home and folders of its own; gone with its kernels at the end."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

START_TIMEOUT_S = 60
FOREIGN = ("DOTSCIENCE_", "JPY_", "JUPYTER", "IPYTHON", "XDG_")
"""Variables that would tie the server to whoever runs the tests."""
THEME = os.environ.get("UI_THEME", "")
"""To see the pictures of all stories in it: `UI_THEME='JupyterLab Dark' python -m pytest ui-tests`."""
ANOTHER_COMPUTER = ("unshare", "--uts", "--pid", "--fork", "--mount-proc")


@dataclass
class LabServer:
    root: Path
    """What the file browser shows."""
    home: Path
    base_url: str
    token: str
    port: int
    process: subprocess.Popen[bytes]
    environment: dict[str, str] = field(repr=False)
    host: str = ""
    """Another computer's name, if it runs as one, with the home of another server."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base_url}"

    @property
    def log(self) -> str:
        return (self.home / f"jupyter{self.host}.log").read_text(errors="replace")

    @property
    def recorder_log(self) -> str:
        path = self.home / "data" / "dotscience" / "recorder.log"
        return path.read_text(errors="replace") if path.is_file() else ""

    def ask(self, path: str, /, **query: str) -> Any:
        """GET below `dotscience/api/v1/`, as JSON."""
        return self.get(f"dotscience/api/v1/{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else ""))

    def get(self, path: str) -> Any:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def workspace(self, folder: str = "") -> dict[str, Any]:
        """Of a folder as the file browser names it."""
        return self.ask("workspaces/find", path=folder)

    def executions(self, folder: str = "", **query: str) -> list[dict[str, Any]]:
        """In order of start."""
        return self.ask(f"workspaces/{self.workspace(folder)['id']}/executions", **query)["items"][::-1]

    def wait_until_stored(self, text: str, folder: str = "") -> None:
        """Until the newest execution whose code holds `text` has its snapshot: what runs next is no part of it then."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                found = [each for each in self.executions(folder) if text in each["source"]]
                if found and found[-1]["snapshot"]:
                    return
            except urllib.error.HTTPError:
                found = []  # the folder has no history yet
            assert time.monotonic() < deadline, f"no snapshot of {text!r}: {found}"
            time.sleep(0.1)

    def runs(self) -> list[dict[str, Any]]:
        return self.ask(f"workspaces/{self.workspace()['id']}/runs")["items"][::-1]

    def stop(self) -> None:
        """And remove its home, if that is its own."""
        self.end()
        if not self.host:
            shutil.rmtree(self.home, ignore_errors=True)

    def end(self) -> None:
        if self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def can_be_another_computer() -> bool:
    """Whether this system lets us run something under another host name, with process numbers of its own, as in a container."""
    try:
        return subprocess.run([*ANOTHER_COMPUTER, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def start_lab_server(root: Path, base_url: str = "/", settings: dict[str, dict[str, Any]] | None = None,
                     host: str = "", home: Path | None = None, **environ: str) -> LabServer:
    """Returns once the server answers. settings: plugin id -> user settings, on top of 'no news, no tours'.

    host, home: of another computer that mounts this home, if `can_be_another_computer`.
    """
    home = home or Path(tempfile.mkdtemp(prefix="dsui-"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environment |= {
        "HOME": str(home),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "JUPYTER_PLATFORM_DIRS": "0",
        "DOTSCIENCE_RECORDER_IDLE_S": "2",
        **environ,
    }
    for name in ("data", "runtime", "config", "settings", "workspaces", "ipython", "matplotlib"):
        (home / name).mkdir(mode=0o700, exist_ok=True)
    quiet = {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
        **({"@jupyterlab/apputils-extension:themes": {"theme": THEME}} if THEME else {}),
        **(settings or {}),
    }
    for plugin, values in quiet.items():
        package, name = plugin.split(":")
        folder = home / "settings" / package
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
    port, token = free_port(), secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.base_url={base_url}",
        f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if host:
        command = [*ANOTHER_COMPUTER, "sh", "-c", 'hostname "$0"; exec "$@"', host, *command]
    with (home / f"jupyter{host}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=root, stdout=log, stderr=log, start_new_session=True)
    server = LabServer(root, home, base_url, token, port, process, environment, host)
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            server.get("api/status")
            return server
        except (urllib.error.URLError, ConnectionError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                said = server.log
                server.stop()
                raise RuntimeError(f"JupyterLab did not start ({error}):\n{said[-4000:]}") from error
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

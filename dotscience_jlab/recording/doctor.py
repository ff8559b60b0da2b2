"""Is everything in its place? A list of checks, each a sentence with its remedy."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_config_path, jupyter_path

from ..errors import DotscienceError
from ..settings import Settings
from .workspaces import Workspaces, find_root

OK, WARNING, PROBLEM = "ok", "warning", "problem"
CONNECT_S = 1.0


@dataclass(frozen=True)
class Check:
    name: str
    state: str
    """ok | warning | problem"""
    sentence: str
    remedy: str = ""


def examine(settings: Settings, disk_path: str | None, workspaces: Workspaces) -> list[Check]:
    """All checks, those of the folder last. Reads files and knocks at the recorder's socket; starts nothing."""
    checks = [*examine_environment(settings), _socket(settings), _spool(settings), _disk(settings)]
    if disk_path is not None:
        checks.append(_workspace(disk_path, workspaces))
    return checks


def examine_environment(settings: Settings) -> list[Check]:
    """What can be said of this environment without a recorder."""
    return [_versions(), _recording(settings), _server_extension(), _front_end(), _start_up_file()]


def _versions() -> Check:
    names = ("dotscience-jlab", "jupyterlab", "jupyter-server", "ipykernel", "ipython", "dulwich", "pyarrow")
    versions = ", ".join(f"{name} {_version(name)}" for name in names)
    return Check("versions", OK, f"Python {sys.version.split()[0]}, {versions}.")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _recording(settings: Settings) -> Check:
    if settings.is_disabled:
        return Check("recording", WARNING, f"Recording is off: {settings.disabled_by}.", "Run `ds on`, or remove that setting.")
    return Check("recording", OK, "Recording is on.")


def _server_extension() -> Check:
    for folder in jupyter_config_path():
        for name in ("jupyter_server_config.d/dotscience_jlab.json", "jupyter_server_config.json"):
            try:
                body = json.loads((Path(folder) / name).read_text(encoding="utf-8"))
                is_enabled = body["ServerApp"]["jpserver_extensions"]["dotscience_jlab"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if is_enabled:
                return Check("server extension", OK, "The server extension is enabled.")
            remedy = "jupyter server extension enable dotscience_jlab"
            return Check("server extension", PROBLEM, f"The server extension is disabled in {folder}.", remedy)
    remedy = "Install dotscience-jlab into the environment that runs JupyterLab."
    return Check("server extension", PROBLEM, "No Jupyter configuration names the server extension.", remedy)


def _front_end() -> Check:
    for folder in jupyter_path("labextensions"):
        if (Path(folder) / "dotscience-jlab" / "package.json").exists():
            return Check("side panel", OK, "JupyterLab finds the side panel.")
    return Check("side panel", PROBLEM, "JupyterLab does not find the side panel.", "Reinstall dotscience-jlab from its wheel.")


def _start_up_file() -> Check:
    path = Path(sys.prefix) / "etc" / "ipython" / "startup" / "50-dotscience.py"
    if path.exists():
        return Check("kernels", OK, "Every IPython kernel of this environment records itself.")
    remedy = "Reinstall dotscience-jlab, or put `%load_ext dotscience_jlab` first in a notebook."
    return Check("kernels", WARNING, "The start-up file for IPython is not there.", remedy)


def _socket(settings: Settings) -> Check:
    path = settings.socket_path
    try:
        found = path.stat()
    except OSError:
        return Check("recorder", WARNING, "The recorder is not running; the first cell starts it.")
    if found.st_mode & 0o077 or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        return Check("recorder", PROBLEM, f"{path} belongs to somebody else or is open to others.", f"Remove {path}.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(CONNECT_S)
        try:
            line.connect(str(path))
        except OSError:
            return Check("recorder", WARNING, "The recorder ended without tidying up; the next cell starts a new one.")
    return Check("recorder", OK, "The recorder is running.")


def _spool(settings: Settings) -> Check:
    try:
        sessions = [each for each in settings.spool_dir.iterdir() if each.is_dir()]
        size = sum(file.stat().st_size for each in sessions for file in each.rglob("*") if file.is_file())
    except OSError:
        return Check("spool", OK, "Nothing waits to be stored.")
    return Check("spool", OK, f"{len(sessions)} sessions, {size / 1e6:.1f} MB not yet handed over for good.")


def _disk(settings: Settings) -> Check:
    usage = shutil.disk_usage(settings.data_dir if settings.data_dir.exists() else settings.home)
    floor = max(settings.limits.free_bytes, settings.limits.free_share * usage.total)
    free = f"{usage.free / 1e9:.1f} GB are free"
    if usage.free < floor:
        sentence = f"{free}; below {floor / 1e9:.1f} GB data is no longer copied. Code and outputs still are."
        return Check("disk", WARNING, sentence, "Free some space.")
    return Check("disk", OK, f"{free}.")


def _workspace(disk_path: str, workspaces: Workspaces) -> Check:
    try:
        root = find_root(workspaces.real(disk_path), workspaces.home)
        store = workspaces.for_path(disk_path, create=False)
    except DotscienceError as error:
        return Check("folder", WARNING, error.message, error.hint)
    sentence = f"{root.path} is recorded, because {root.because}; its history takes {store.size_bytes() / 1e6:.1f} MB."
    if store.why_all_is_looked_at:
        sentence += f" After each cell every file is looked at: {store.why_all_is_looked_at}"
    return Check("folder", OK, sentence)

"""Starts the recorder when nobody answers, once, however many ask at the same moment.

Whoever needs the recorder first starts it: the server extension, a kernel, `ds`. It is a process of its own session and
nobody's child, so it outlives them and no user code meets it among its children. Never called in a forked child: the
worker of a pool has no business founding daemons.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path
from typing import Optional

from ..errors import RecorderUnavailable
from ..settings import Settings
from .client import Link, connect
from .parent_session import CHILD_OF

START_TIMEOUT_S = 20.0
"""A loaded machine takes seconds to import the recorder; a kernel asks from a background thread."""
FIRST_POLL_S, LONGEST_POLL_S = 0.01, 0.05
RECORDER = "dotscience_jlab.recording.process"

_DETACH = '"$@" >>"$0" 2>&1 </dev/null & echo $!'
"""The shell ends at once, so the recorder belongs to init; `$0` is the log."""
_INSTALL = "Install dotscience-jlab for the Python that runs Jupyter (Python 3.11 or later), then open a notebook there."


def connect_or_launch(settings: Settings, role: str, session: Optional[str] = None,
                      timeout_s: float = START_TIMEOUT_S) -> Link:
    """A connection to the running recorder, else to one started now. Blocks for up to `timeout_s`. RecorderUnavailable.

    Ten starters make one: who holds the lock starts it, the others wait for its socket; a starter that dies frees the lock.
    """
    try:
        return connect(settings, role, session)
    except RecorderUnavailable:
        pass
    if recorder_python() is None:
        raise RecorderUnavailable("No recorder is running, and none is part of this environment.", _INSTALL)
    deadline, pause = time.monotonic() + timeout_s, FIRST_POLL_S
    lock, started = None, None
    try:
        while True:
            if lock is None:
                lock = _try_lock(settings)
            try:
                return connect(settings, role, session)
            except RecorderUnavailable as error:
                is_over = time.monotonic() > deadline
                if is_over or (started is not None and not _is_running(started)):
                    what = f"did not answer within {timeout_s:g} s" if is_over else "ended at once"
                    raise RecorderUnavailable(f"The recorder {what}.", f"Its log is {settings.log_path}.") from error
            if lock is not None and started is None:
                started = launch(settings)
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL_S)
    finally:
        if lock is not None:
            os.close(lock)


def launch(settings: Settings) -> int:
    """Start a recorder and return its process id; does not wait until it is ready (about 5 ms).

    A second one notices the first and ends by itself. RecorderUnavailable where it cannot be started.
    """
    import subprocess  # late: most kernels find a recorder that runs already

    python = recorder_python()
    if python is None:
        raise RecorderUnavailable("The recorder is not part of this environment.", _INSTALL)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(settings.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        done = subprocess.run(
            ["/bin/sh", "-c", _DETACH, os.fspath(settings.log_path), python, "-m", RECORDER],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            close_fds=True, start_new_session=True, cwd=os.fspath(settings.data_dir), env=_environment(), check=True,
        )
        return int(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise RecorderUnavailable(f"The recorder could not be started ({error}).", "`ds doctor` says more.") from error


def recorder_python() -> Optional[str]:
    """The interpreter that can run the recorder: this one, if the package is whole here and it has what that needs."""
    try:
        is_whole = importlib.util.find_spec(RECORDER) is not None and importlib.util.find_spec("dulwich") is not None
    except (ImportError, ValueError):
        is_whole = False
    return sys.executable if is_whole and sys.executable and sys.version_info >= (3, 11) else None


def _environment() -> "dict[str, str]":
    """A copy of ours; where this package was found by `sys.path` alone (a checkout), the child finds it too. The recorder is
    nobody's cell, whoever starts it."""
    environment = os.environ.copy()
    environment.pop(CHILD_OF, None)
    home = os.fspath(Path(__file__).resolve().parent.parent.parent)
    known = [each for each in environment.get("PYTHONPATH", "").split(os.pathsep) if each]
    if home not in known and not home.endswith(("site-packages", "dist-packages")):
        environment["PYTHONPATH"] = os.pathsep.join([*known, home])
    return environment


def _try_lock(settings: Settings) -> Optional[int]:
    """An open descriptor that holds the starters' lock until it is closed, or None while somebody else has it."""
    import fcntl  # POSIX alone has it, and this file must be importable everywhere

    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(settings.data_dir / "recorder.starting", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        why = f"The recorder cannot write to {settings.data_dir} ({error.strerror})."
        raise RecorderUnavailable(why, "Make that folder writable, or set JUPYTER_DATA_DIR.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True

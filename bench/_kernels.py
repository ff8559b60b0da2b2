"""Kernels as a front end uses them, in a home of their own, tracked or not, and the recorders they start."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterable

from jupyter_client.manager import start_new_kernel

LONGEST_CELL_S = 600


def environment(base: Path, name: str, **more: str) -> dict[str, str]:
    """Variables of a process at home in `base`/`name`: nothing of the real home is read or written."""
    home = base / name
    folders = {"HOME": home, "JUPYTER_DATA_DIR": home / "data", "JUPYTER_RUNTIME_DIR": home / "rt", "IPYTHONDIR": home / "ipy"}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DOTSCIENCE_", "JUPYTER_", "JPY_"))}
    return {**kept, **{key: str(folder) for key, folder in folders.items()}, **more}


def timed_cells(
    folder: Path, environ: dict[str, str], cells: Iterable[str], before: Callable[[], None] = lambda: None
) -> float:
    """Seconds for all cells of `folder`/train.ipynb, one after the other as a front end sends them.

    The kernel's start, three quiet seconds after it, and `before` are not counted. RuntimeError if a cell fails.
    """
    manager, client = start_new_kernel(cwd=str(folder), env={**environ, "JPY_SESSION_NAME": str(folder / "train.ipynb")})

    def execute(source: str) -> None:
        reply = client.execute_interactive(source, output_hook=lambda _: None, timeout=LONGEST_CELL_S)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{source!r} failed: {reply['content'].get('evalue')}")

    try:
        execute("%load_ext dotscience_jlab")
        execute("import time; time.sleep(3)")
        before()
        began = time.perf_counter()
        for source in cells:
            execute(source)
        return time.perf_counter() - began
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def recorder_pids(home: Path) -> list[int]:
    """Recorders whose home lies at or below `home`: those this benchmark started."""
    found = subprocess.run(["pgrep", "-f", "dotscience_jlab.recording.process"], capture_output=True, text=True).stdout
    mine = []
    for pid in map(int, found.split()):
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(each.startswith(b"HOME=" + os.fsencode(home)) for each in environ):
            mine.append(pid)
    return mine


def stop_recorders(base: Path) -> None:
    for pid in recorder_pids(base):
        os.kill(pid, signal.SIGKILL)

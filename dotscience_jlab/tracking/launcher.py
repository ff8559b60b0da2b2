"""Which notebook a headless executor is running: nbconvert and papermill tell the kernel nothing, but their command line does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Optional

EXECUTORS = ("nbconvert", "papermill", "nbclient", "jupyter-execute", "execute", "nbmake", "ploomber", "jupytext")


def notebook_of_parent(pid: int) -> Optional[str]:
    """Absolute path of the first existing notebook named on the command line of process `pid`; None if that is no executor.

    Reads /proc only, so it is None elsewhere. papermill names its input first.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        cwd = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None
    return notebook_in([os.fsdecode(word) for word in words if word], cwd)


def notebook_in(words: List[str], cwd: str) -> Optional[str]:
    """(['python', '/bin/jupyter', 'nbconvert', 'a.ipynb'], '/w') -> '/w/a.ipynb', if that exists"""
    if not any(executor in os.path.basename(word) for word in words[:4] for executor in EXECUTORS):
        return None
    for word in words:
        path = os.path.normpath(os.path.join(cwd, word))
        if word.endswith(".ipynb") and os.path.isfile(path):
            return path
    return None

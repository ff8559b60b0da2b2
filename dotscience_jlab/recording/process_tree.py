"""The processes that a kernel started, and the numbers that Linux keeps of each (proc(5))."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Iterator

PROC = Path("/proc")


def descendants(pid: int) -> Iterator[int]:
    """Pids of all that it started and that still run. On Linux one read a thread of these alone; else a look at all processes."""
    try:
        tasks = os.listdir(PROC / str(pid) / "task")
    except OSError:
        if not PROC.is_dir():
            yield from _descendants_elsewhere(pid)
        return
    for task in tasks:
        with suppress(OSError, ValueError):
            for child in (PROC / str(pid) / "task" / task / "children").read_bytes().split():
                yield int(child)
                yield from descendants(int(child))


def _descendants_elsewhere(pid: int) -> list[int]:
    import psutil

    try:
        return [each.pid for each in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def has_children(pid: int) -> bool:
    """Whether processes that it started are running now."""
    return next(descendants(pid), None) is not None


def proc_bytes(pid: int, file: str, label: bytes) -> int | None:
    """b'VmHWM:     1234 kB' -> 1263616; None where `/proc/<pid>/<file>` does not tell."""
    with suppress(OSError, ValueError, IndexError):
        for line in (PROC / str(pid) / file).read_bytes().splitlines():
            if line.startswith(label):
                return int(line.split()[1]) * 1024
    return None

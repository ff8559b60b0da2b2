"""What a child process reports, in a file of its own beside its kernel's spool: killed at any instant, it tears its own tail alone.

    <spool>/<session>/children/           0700, made by the first child that has something to say
        4711-88213.spool                  process id and start ticks; whole frames, as in the kernel's spool

One `os.write` of whole frames an append, on an O_APPEND descriptor. Nothing is ever made again that a recorder has taken away: a
child that outlives its session by then has nobody to tell.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from ..model.frames import json_frame

CHILDREN = "children"
MAX_BYTES = 32 * 1024 * 1024
"""About 150,000 files of one process; then it says so and falls silent."""


class SideSpool:
    """Of this process; a process forked from it makes one of its own. Safe for threads; an append never raises."""

    def __init__(self, session: Path) -> None:
        """session: the folder of the kernel's spool. Nothing is opened before the first append."""
        self._folder = session / CHILDREN
        self._lock = threading.RLock()
        self._fd = -1
        self._size = 0
        self._is_closed = False

    def append(self, event: "dict[str, object]") -> bool:
        """True when it is in the file."""
        frame = json_frame(event)
        with self._lock:
            if self._is_closed:
                return False
            try:
                if self._fd < 0:
                    self._open()
                if self._size + len(frame) > MAX_BYTES:
                    frame, self._is_closed = json_frame(_too_many(event)), True
                n_written = os.write(self._fd, frame)
                if n_written != len(frame):  # a full disk: the half is taken back, so that a later one stands whole behind it
                    os.ftruncate(self._fd, self._size)
                    return False
                self._size += n_written
            except OSError:
                self._is_closed = True  # the kernel meets the same disk and says so, or its session is over
                return False
            return not self._is_closed

    def _open(self) -> None:
        try:
            os.mkdir(self._folder, 0o700)
        except FileExistsError:
            pass
        path = self._folder / f"{os.getpid()}-{start_ticks()}.spool"
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        self._size = os.fstat(self._fd).st_size


def start_ticks(pid: "int | str" = "self") -> int:
    """When that process began, in clock ticks since the computer did; 0 where /proc does not tell. Source: proc(5), field 22."""
    fields = stat_fields(pid)
    return int(fields[19]) if fields else 0


def stat_fields(pid: "int | str") -> "list[bytes]":
    """Fields of /proc/<pid>/stat from the state on; [] for none. The name before them may hold spaces and parentheses."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rsplit(b")", 1)[1].split()
    except (OSError, IndexError):
        return []


def _too_many(event: "dict[str, object]") -> "dict[str, object]":
    reason = "A child process opened more files than are listed: the rest of them is missing."
    about = {name: event.get(name) for name in ("at", "execution", "since")}
    return {"event": "capture_fault", "reason": reason, **about}

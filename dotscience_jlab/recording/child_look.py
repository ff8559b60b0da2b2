"""Looks at what other programs have open while they run for a cell: `sort`, a shell script, anything that tells nothing itself.

One thread for all sessions, outside of the kernels. It reads /proc (Source: proc(5)) of the processes that a kernel has started, as
often as one hundredth of a processor allows: what is open for less than about 20 ms may be missed, and is then known only if it was
named on a command line, or written.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..model.events import FileOpened
from .mappings import file_mappings
from .process_tree import PROC, descendants
from .recorder import SessionRecorder
from .writers import open_flags

log = logging.getLogger(__name__)

SHORTEST_S, LONGEST_S, QUIET_S = 0.02, 0.5, 0.25
"""Between two looks, and while no cell runs."""
SHARE = 0.01
"""Of one processor's time."""
CHILD = "child process"
_ROLES = {os.O_RDONLY: "input", os.O_WRONLY: "output", os.O_RDWR: "both"}
_LEFT_OUT = re.compile(
    r"^/(proc|sys|dev|run|etc|usr|lib|lib64|bin|sbin|opt|snap|nix)/|^/var/(lib|run|log|cache)/|/(site|dist)-packages/|/lib(64)?/python\d"
    r"|/\.(?!\.)[^/]+/|\.so(\.|$)|\.pyc$|/__pycache__/|/ipykernel_\d+/|/(bin|sbin)/[^/]+$|\.lock$| \(deleted\)$"
)
"""The system, programs and their libraries, and what lies in hidden folders: caches, histories, the store."""


@dataclass(frozen=True)
class Child:
    pid: int
    start_ticks: int
    begun_at: float
    """When the kernel started it, or the program that started it. To a clock tick."""
    is_forked: bool
    """The kernel's own program: it tells for itself, and holds what its kernel had open."""


class ChildLook(threading.Thread):
    def __init__(self, sessions: Callable[[], Iterable[SessionRecorder]]) -> None:
        super().__init__(name="children", daemon=True)
        self._sessions = sessions
        self._stopping = threading.Event()
        self._told: dict[str, set[tuple[int, int, str, str]]] = {}

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        pause_s = QUIET_S
        while not self._stopping.wait(pause_s):
            began = time.thread_time()
            try:
                is_busy = self.look()
            except Exception:  # the thread's edge: nothing else depends on it
                log.exception("looking at child processes")
                is_busy = False
            cost_s = time.thread_time() - began
            pause_s = min(LONGEST_S, max(SHORTEST_S, cost_s / SHARE)) if is_busy else QUIET_S

    def look(self) -> bool:
        """Once at the children of every kernel in which a cell runs; False if none does."""
        busy = [each for each in self._sessions() if each.is_running]
        names = {each.inbox.session for each in busy}
        self._told = {name: told for name, told in self._told.items() if name in names}
        for recorder in busy:
            process = recorder.inbox.process()
            if process is not None:
                self._look_at(recorder, process.pid)
        return bool(busy)

    def _look_at(self, recorder: SessionRecorder, kernel_pid: int) -> None:
        told = self._told.setdefault(recorder.inbox.session, set())
        ours = f"{recorder.inbox.folder.parent}/"
        for child in children_of(kernel_pid):
            for path, role in opened_by(child):
                if path.startswith(ours):
                    continue
                key = (child.pid, child.start_ticks, path, role)
                if key not in told:
                    told.add(key)
                    recorder.children.seen(FileOpened(time.time(), path, role, None, CHILD, since=child.begun_at))


def children_of(kernel_pid: int) -> list[Child]:
    """All that the process has started, and what those have started; [] where /proc does not tell."""
    pids = list(descendants(kernel_pid))
    if not pids:
        return []
    up_s, now, tick = float((PROC / "uptime").read_text().split()[0]), time.time(), os.sysconf("SC_CLK_TCK")
    command = _command(kernel_pid)
    begun: dict[int, float] = {}
    found = []
    for pid in pids:
        try:
            fields = (PROC / str(pid) / "stat").read_bytes().rsplit(b")", 1)[1].split()
        except (OSError, IndexError):
            continue  # it has ended
        parent, ticks = int(fields[1]), int(fields[19])
        begun[pid] = begun.get(parent, now - up_s + ticks / tick)
        found.append(Child(pid, ticks, begun[pid], _command(pid) == command))
    return found


def opened_by(child: Child) -> set[tuple[str, str]]:
    """(path, input | output | both) of the regular files that it has open, or in its memory."""
    if child.is_forked:
        return set()
    found: set[tuple[str, str]] = set()
    folder = f"{PROC}/{child.pid}/fd"
    try:
        for number in os.listdir(folder):
            path = os.readlink(f"{folder}/{number}")
            if path.startswith("/") and not _LEFT_OUT.search(path) and stat.S_ISREG(os.stat(f"{folder}/{number}").st_mode):
                found.add((path, _ROLES[open_flags(child.pid, number) & (os.O_WRONLY | os.O_RDWR)]))
        found |= {(path, "input") for path in file_mappings(child.pid) if not _LEFT_OUT.search(path)}
    except OSError:
        pass  # it has ended, or belongs to somebody else: what was seen of it until then is true
    return found


def _command(pid: int) -> bytes:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""

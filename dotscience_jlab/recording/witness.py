"""Looks at one session's process from outside while it lives, so that something is known of it once it is gone.

What it saw it knows only of a process that it watched to its end; of one that is found dead it says no more than the system
still tells. `witness.json` in the spool keeps the peak memory for a recorder that comes after this one.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .exit_status import HeldProcess, hold
from .inbox import Inbox, Process, current_boot_id, is_alive, stat_fields
from .memory_group import KERNEL_LOG, LOG_SLACK_S, MemoryGroup, group_lines, is_named_in_log, memory_group
from .peak_memory import PeakMemory

PROC = Path("/proc")
PF_EXITING = 0x4
LOOK_EVERY_S = 0.2
NOTE_EVERY_S = 5.0
ORPHAN_LIVES_S = 15.0
"""A kernel leaves within seconds of its server; one that lived on for longer ended of something else."""


@dataclass(frozen=True)
class Seen:
    """What a witness can say at the end; None and False: it does not know."""

    exit_status: int | None = None
    """Negative: a signal."""
    is_out_of_memory: bool = False
    """The system killed this very process, or one of its memory group at that moment, for want of memory."""
    memory_limit_bytes: int | None = None
    is_orphan: bool = False
    """The program that had started it ended just before."""
    is_other_boot: bool = False
    """The computer was started anew since."""
    other_host: str = ""
    """It ran on that computer, and not on this one."""
    peak_memory_bytes: int | None = None


class Witness:
    def __init__(
        self, inbox: Inbox, node: str, boot_id: Callable[[], str | None] = current_boot_id,
        clock: Callable[[], float] = time.monotonic, log: Path = KERNEL_LOG,
    ) -> None:
        """node: this computer's name; of a process elsewhere nothing can be seen. log: the operating system kernel's."""
        self._inbox = inbox
        self._node = node
        self._boot_id = boot_id
        self._clock = clock
        self._log = log
        self._looked_at = float("-inf")
        self._noted_at = float("-inf")
        self._peak_bytes = self._noted_bytes = self._read_peak()
        self._watched: _Watched | None = None
        self.held: HeldProcess | None = None
        """Once it was seen alive: by this its end is heard of, and how it was."""

    def look(self) -> None:
        """While it lives, at most once in LOOK_EVERY_S; about 0.4 ms of a slow core then."""
        now = self._clock()
        if now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        if self._watched is None:
            self._watched = self._begin(now)
        if self._watched is not None and self._watched.look(now):
            self._peak_bytes = self._watched.peak.bytes
            self._note(now)

    def seen(self) -> Seen:
        """Once it is gone. Costs a look at the memory group, and at the kernel's log where that may be read."""
        process, watched, peak = self._inbox.process(), self._watched, self._peak_bytes or None
        if process is None:
            return Seen()
        if not self._is_here(process):
            return Seen(other_host=process.host or "", peak_memory_bytes=peak)
        boot_id = self._boot_id()
        if process.boot_id and boot_id and process.boot_id != boot_id:
            return Seen(is_other_boot=True, peak_memory_bytes=peak)
        if watched is None:
            return Seen(is_out_of_memory=is_named_in_log(process.pid, 0.0, self._log) is True, peak_memory_bytes=peak)
        return Seen(
            exit_status=self.held.exit_status() if self.held is not None else None,
            is_out_of_memory=watched.is_out_of_memory(self._log),
            memory_limit_bytes=watched.group.limit_bytes() if watched.group is not None else None,
            is_orphan=watched.is_orphan(self._clock()),
            peak_memory_bytes=peak,
        )

    def _begin(self, now: float) -> _Watched | None:
        process = self._inbox.process()
        if process is None or not self._is_here(process):
            return None
        self.held = hold(process)
        return _Watched(process, self._peak_bytes, now) if self.held is not None or is_alive(process) else None

    def _is_here(self, process: Process) -> bool:
        return process.host in (None, self._node)

    def _note(self, now: float) -> None:
        if self._peak_bytes == self._noted_bytes or now - self._noted_at < NOTE_EVERY_S:
            return
        draft = self._path.with_suffix(".new")
        try:
            draft.write_text(json.dumps({"peak_memory_bytes": self._peak_bytes}), encoding="utf-8")
            draft.replace(self._path)
        except OSError:
            return  # it is only for a recorder that comes after this one
        self._noted_bytes, self._noted_at = self._peak_bytes, now

    def _read_peak(self) -> int:
        try:
            return int(json.loads(self._path.read_text(encoding="utf-8"))["peak_memory_bytes"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    @property
    def _path(self) -> Path:
        return self._inbox.folder / "witness.json"


class _Watched:
    """One process that was seen alive."""

    def __init__(self, process: Process, peak_bytes: int, now: float) -> None:
        self.peak = PeakMemory(process.pid, peak_bytes)
        self.group: MemoryGroup | None = None
        self._place: bytes | None = None
        self._process = process
        self._began_s = now
        self._n_killed: int | None = None
        """In its memory group, when it was last seen in good health."""
        self._parent = _parent_of(process.pid)
        self._parent_ticks = _start_ticks(self._parent)
        self._orphan_since: float | None = None

    def look(self, now: float) -> bool:
        """True if it lives, and is not on its way out."""
        self.peak.look()
        place = group_lines(self._process.pid)
        if place != self._place:  # moved to another one
            self._place, self.group = place, memory_group(self._process.pid)
        n_killed = self.group.n_killed() if self.group is not None else None
        if _is_dying(self._process.pid) or not is_alive(self._process):
            return False  # it may be the one that was just counted
        self._n_killed = n_killed
        if self._orphan_since is None and _parent_of(self._process.pid) != self._parent:
            self._orphan_since = now
        return True

    def is_out_of_memory(self, log: Path) -> bool:
        now = self.group.n_killed() if self.group is not None else None
        is_counted = now is not None and self._n_killed is not None and now > self._n_killed
        named = is_named_in_log(self._process.pid, self._began_s - LOG_SLACK_S, log)
        return is_counted if named is None else named

    def is_orphan(self, now: float) -> bool:
        if self._orphan_since is not None:
            return now - self._orphan_since < ORPHAN_LIVES_S
        return self._parent is not None and _start_ticks(self._parent) != self._parent_ticks


def _is_dying(pid: int) -> bool:
    """A process of many gigabytes is killed long before it is gone. Source: proc(5), field 9 of stat, SigPnd of status."""
    fields = stat_fields(pid)
    if fields is None or fields[0] in (b"Z", b"X") or int(fields[6]) & PF_EXITING:
        return True
    try:
        status = (PROC / str(pid) / "status").read_bytes()
    except OSError:
        return True
    pending = (line.split()[1] for line in status.splitlines() if line.startswith((b"SigPnd:", b"ShdPnd:")))
    return any(int(each, 16) >> signal.SIGKILL - 1 & 1 for each in pending)


def _parent_of(pid: int) -> int | None:
    fields = stat_fields(pid)
    return int(fields[1]) if fields is not None else None


def _start_ticks(pid: int | None) -> int | None:
    """Of a process that lives; tells it from a later one with its number."""
    fields = stat_fields(pid) if pid else None
    return int(fields[19]) if fields is not None and fields[0] not in (b"Z", b"X") else None

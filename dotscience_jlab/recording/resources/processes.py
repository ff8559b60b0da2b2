"""Processor, memory and disk of a kernel and of all processes it started, as the system counts them.

Memory that several of them share (forked workers) is counted once where Linux says how much that is (`smaps_rollup`), which
takes it a while for a large process: so it is asked seldom, and in between the share found last is used.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from ..process_tree import descendants, proc_bytes

SHARED_ASK_SHARE = 0.005
"""Of the time, at most, that Linux is busy with telling how much of the memory is shared."""
TRIES = 3
NOT_OUTSIDE = ("lo", "veth", "docker", "br-", "virbr", "cni", "flannel", "cali", "ifb")
"""Beginnings of names of network devices whose bytes never leave the computer, or pass another device too."""


@dataclass(frozen=True)
class Counted:
    """At one moment. Counts only grow, so that the difference of two is what was used between."""

    cpu_s: float
    """Of all of them, those that ended included."""
    memory_bytes: int
    """Now, or at its highest since the reading before where the system remembers that."""
    disk_read_bytes: int | None
    """What really came from a disk; None: the system does not tell. Files that were in memory already do not count."""
    disk_write_bytes: int | None
    pids: frozenset[int]


class ProcessTree:
    """One kernel's. A reading costs about 0.2 ms, and 0.1 ms more for each process it started."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._known: dict[int, object] = {}
        self._highest_bytes = 0
        self._counted_once = 1.0
        """Part of the sum of the processes' memory that is left when what they share is counted once."""
        self._ask_at = 0.0

    def read(self) -> Counted | None:
        """None: the process is gone.

        Read again where one of them ended meanwhile: its time is its parent's by then, or not yet: counted twice, or not at all.
        """
        for _ in range(TRIES):
            counted, is_whole = self._read_once()
            if counted is None or is_whole:
                break
        return counted

    def _read_once(self) -> tuple[Counted | None, bool]:
        import psutil  # late: 15 ms that a recorder which reads nothing need not spend

        cpu_s, n_read, n_written, is_disk_told, is_whole = 0.0, 0, 0, False, True
        resident: dict[int, tuple[int, int]] = {}
        for pid in (self._pid, *descendants(self._pid)):
            try:
                process = self._known.get(pid) or psutil.Process(pid)
                times, memory = process.cpu_times(), process.memory_info()  # type: ignore[attr-defined]
            except psutil.Error:
                if pid == self._pid:
                    return None, False
                is_whole = False
                continue
            self._known[pid] = process
            cpu_s += times.user + times.system + getattr(times, "children_user", 0) + getattr(times, "children_system", 0)
            resident[pid] = memory.rss, getattr(memory, "shared", 0)
            with suppress(psutil.Error, AttributeError, NotImplementedError):
                counted = process.io_counters()  # type: ignore[attr-defined]
                n_read, n_written, is_disk_told = n_read + counted.read_bytes, n_written + counted.write_bytes, True
        self._known = {pid: each for pid, each in self._known.items() if pid in resident}
        memory_bytes = max(self._memory_bytes(resident), self._risen_to())
        disk = (n_read, n_written) if is_disk_told else (None, None)
        return Counted(cpu_s, memory_bytes, *disk, frozenset(resident)), is_whole

    def _memory_bytes(self, resident: dict[int, tuple[int, int]]) -> int:
        """resident: pid -> (bytes in memory, of these such as files that others may have there too)"""
        if len(resident) == 1:
            return next(iter(resident.values()))[0]
        total = sum(bytes_ for bytes_, _ in resident.values())
        now = time.monotonic()
        if now >= self._ask_at:
            began = time.thread_time()
            parts = [proportional_bytes(pid) for pid in resident]
            if None not in parts and total:
                self._counted_once = sum(filter(None, parts)) / total
            else:  # not told: of the processes it started at least the files they share are left out
                own = resident.get(self._pid, (0, 0))[0]
                others = sum(bytes_ - shared for pid, (bytes_, shared) in resident.items() if pid != self._pid)
                self._counted_once = (own + max(0, others)) / total if total else 1.0
            self._ask_at = now + (time.thread_time() - began) / SHARED_ASK_SHARE
        return round(total * min(1.0, self._counted_once))

    def _risen_to(self) -> int:
        """The kernel's own highest memory, if it rose since the last reading: Linux remembers what happened between two."""
        before, self._highest_bytes = self._highest_bytes, highest_bytes(self._pid)
        return self._highest_bytes if 0 < before < self._highest_bytes else 0


def proportional_bytes(pid: int) -> int | None:
    """Its memory, of each shared page its part only (PSS). None: not told. Takes Linux up to 0.1 s for a very large process."""
    return proc_bytes(pid, "smaps_rollup", b"Pss:")


def highest_bytes(pid: int) -> int:
    """The most memory it ever had; 0: not told."""
    return proc_bytes(pid, "status", b"VmHWM:") or 0


def network_bytes() -> tuple[int, int] | None:
    """(received, sent) by the whole computer or container since it started: the system does not count them by process."""
    import psutil

    try:
        devices = psutil.net_io_counters(pernic=True)
    except (OSError, psutil.Error):
        return None
    outside = [each for name, each in devices.items() if not name.startswith(NOT_OUTSIDE)]
    return sum(each.bytes_recv for each in outside), sum(each.bytes_sent for each in outside)

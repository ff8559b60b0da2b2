"""Whether the system killed a process because memory ran out: the counters of its memory group, and the kernel's log.

The group (a container's, a systemd scope's, the whole machine's) counts its processes that were killed so. The count says not
which one it was; the log does, where it may be read and speaks of the same process numbers as we.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
KERNEL_LOG = Path("/dev/kmsg")
_FIRST_PID_NAMESPACE = "pid:[4026531836]"
"""Of the machine itself: process numbers in the log are its. Source: linux/proc_ns.h, PROC_PID_INIT_INO."""
_KILLED = re.compile(rb"Killed process (\d+) |oom-kill:.*\bpid=(\d+)")
_OCTAL = re.compile(r"\\([0-7]{3})")
MAX_LOG_RECORDS = 20_000
_NO_LIMIT = 1 << 60
LOG_SLACK_S = 600.0
"""The log's clock is not set by the network's time, and goes wrong by a few seconds a day."""


@dataclass(frozen=True)
class MemoryGroup:
    folder: Path
    """In the tree of control groups."""
    is_second: bool
    """Of version 2."""

    def n_killed(self) -> int | None:
        """Processes of exactly this group that were killed for want of memory, since it was made; None: it is gone or tells not."""
        for name in ("memory.events.local", "memory.events") if self.is_second else ("memory.oom_control",):
            try:
                lines = (self.folder / name).read_text().splitlines()
            except OSError:
                continue
            counts = dict(line.split(None, 1) for line in lines if " " in line)
            if "oom_kill" in counts:
                return int(counts["oom_kill"])
        return None

    def limit_bytes(self) -> int | None:
        """What its processes may hold together; None: no limit of its own."""
        try:
            told = (self.folder / ("memory.max" if self.is_second else "memory.limit_in_bytes")).read_text().strip()
        except OSError:
            return None
        return int(told) if told.isdigit() and int(told) < _NO_LIMIT else None


def memory_group(pid: int) -> MemoryGroup | None:
    """The group that a living process belongs to; None where there are none, or it lies outside what is seen here."""
    lines = group_lines(pid)
    try:
        mounts = (PROC / "self" / "mountinfo").read_text().splitlines()
    except OSError:
        return None
    return _find_group(os.fsdecode(lines).splitlines(), mounts) if lines else None


def group_lines(pid: int) -> bytes | None:
    """Where it belongs, as the system says it: changes when it is moved. 10 µs."""
    try:
        return (PROC / str(pid) / "cgroup").read_bytes()
    except OSError:
        return None


def _find_group(lines: list[str], mounts: list[str]) -> MemoryGroup | None:
    """lines: of /proc/<pid>/cgroup, '4:memory:/a/b' or '0::/a/b'. mounts: of /proc/self/mountinfo. Source: cgroups(7), proc(5)."""
    named = {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2)}
    first = next((path for controllers, path in named.items() if "memory" in controllers.split(",")), None)
    path = named.get("") if first is None else first
    if path is None or path.startswith("/.."):  # outside what this container sees
        return None
    for line in mounts:
        fields, _, rest = line.partition(" - ")
        root, place = (_OCTAL.sub(lambda match: chr(int(match[1], 8)), each) for each in fields.split()[3:5])
        kind, _, options = (rest.split(None, 2) + ["", "", ""])[:3]
        is_it = kind == "cgroup2" if first is None else kind == "cgroup" and "memory" in options.split(",")
        relative = os.path.relpath(path, root)
        if is_it and relative.split("/")[0] != "..":
            return MemoryGroup(Path(place) / relative, first is None)
    return None


def is_named_in_log(pid: int, since_s: float, log: Path = KERNEL_LOG) -> bool | None:
    """Whether the kernel's log says that it killed this process for want of memory; None: the log cannot tell.

    since_s: `time.monotonic()` of a moment when the process lived, less LOG_SLACK_S; older lines may be of another with its number.
    Reads the log once through, a few milliseconds.
    """
    try:
        if os.readlink(PROC / "self" / "ns" / "pid") != _FIRST_PID_NAMESPACE:
            return None
        descriptor = os.open(log, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    reaches_back = False
    try:
        for _ in range(MAX_LOG_RECORDS):
            try:
                record = os.read(descriptor, 8192)
            except OSError as error:
                if error.errno == errno.EPIPE:  # overwritten while we read: the next one is the oldest now
                    continue
                break
            if not record:
                break
            head, _, text = record.partition(b";")
            at_s = int(head.split(b",")[2]) / 1e6
            if at_s < since_s:
                reaches_back = True
            elif (found := _KILLED.search(text)) and int(found[1] or found[2]) == pid:
                return True
    except (ValueError, IndexError):
        return None
    finally:
        os.close(descriptor)
    return False if reaches_back else None

"""Who has a file open for writing at this moment: what he writes next would go into, or past, what a restore puts there."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from pathlib import Path

from .mappings import mapped_by
from .process_tree import PROC


def writers_of(disk_paths: Iterable[Path]) -> dict[Path, str]:
    """Path -> 'python (pid 123)', of those that a process of this user has open, or in its memory, for writing; '' of none.

    Ourselves left out. Nothing where /proc does not tell. Costs a look at each open file of the user's processes, about 10 ms
    of CPU for a hundred of those; nothing if there are no paths. Source: proc(5).
    """
    wanted = {os.path.realpath(path): path for path in disk_paths}
    found: dict[Path, str] = {}
    for pid in _own_processes() if wanted else ():
        held = {*_open_for_writing(pid, wanted.keys()), *mapped_by(pid)} & wanted.keys()
        for each in held:
            found.setdefault(wanted[each], f"{_name(pid)} (pid {pid})")
    return found


def _own_processes() -> list[int]:
    user = os.geteuid() if hasattr(os, "geteuid") else None
    found = []
    try:
        names = os.listdir(PROC)
    except OSError:
        return []
    for name in names:
        try:
            if name.isdigit() and int(name) != os.getpid() and os.stat(f"{PROC}/{name}").st_uid == user:
                found.append(int(name))
        except OSError:
            continue  # it has ended
    return sorted(found)


def _open_for_writing(pid: int, wanted: Container[str]) -> set[str]:
    """Links are read, not followed: a file of a network disk that does not answer would hold us up."""
    found = set()
    folder = f"{PROC}/{pid}/fd"
    try:
        numbers = os.listdir(folder)
    except OSError:
        return set()
    for number in numbers:
        try:
            path = os.readlink(f"{folder}/{number}")
            if path in wanted and open_flags(pid, number) & (os.O_WRONLY | os.O_RDWR):
                found.add(path)
        except OSError:
            continue
    return found


def open_flags(pid: int, number: str) -> int:
    """Those of `open(2)`, from the line `flags:  0100002`, in octal; 0 where there is none. OSError if it was closed."""
    for line in (PROC / str(pid) / "fdinfo" / number).read_text().splitlines():
        if line.startswith("flags:"):
            return int(line.split()[1], 8)
    return 0


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text(errors="replace").strip() or "a process"
    except OSError:
        return "a process"

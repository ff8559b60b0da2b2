"""Files that a process has in its memory for writing (`np.memmap`): they change without a news and without a new time."""

from __future__ import annotations

import os
import re
from typing import Iterator

from .process_tree import PROC, descendants

_OCTAL = re.compile(rb"\\([0-7]{3})")
_DELETED = b" (deleted)"


def mapped_for_writing(pid: int) -> frozenset[str]:
    """Disk paths of shared writable mappings of the process and its children; empty where /proc does not tell.

    Costs one read of `/proc/<pid>/maps` each, about a millisecond for a kernel with many libraries. Source: proc(5).
    """
    return frozenset(path for each in (pid, *descendants(pid)) for path in mapped_by(each))


def mapped_by(pid: int) -> set[str]:
    """As `mapped_for_writing`, of that process alone."""
    try:
        maps = (PROC / str(pid) / "maps").read_bytes()
    except OSError:
        return set()
    return set(_shared_files(maps)) if b" rw-s " in maps else set()


def file_mappings(pid: int) -> set[str]:
    """Files that the process has in its memory, but for its program and libraries, of which a part can be executed. OSError if it
    has ended."""
    maps = (PROC / str(pid) / "maps").read_bytes()
    rows = [row for row in (line.split(None, 5) for line in maps.splitlines() if b" /" in line) if len(row) == 6]
    programs = {row[5] for row in rows if b"x" in row[1]}
    return {os.fsdecode(row[5]) for row in rows if row[5] not in programs and not row[5].endswith(_DELETED)}


def _shared_files(maps: bytes) -> Iterator[str]:
    """b'7f00-7f01 rw-s 00000000 fe:00 1234   /data/a.bin' -> '/data/a.bin'"""
    for line in maps.splitlines():
        fields = line.split(None, 5)
        if len(fields) == 6 and fields[1] == b"rw-s" and fields[5].startswith(b"/") and not fields[5].endswith(_DELETED):
            yield os.fsdecode(_OCTAL.sub(lambda match: bytes([int(match[1], 8)]), fields[5]))

"""Moves a ref: compared, swapped, and on the disk when it returns.

git's own protocol: `<ref>.lock` made exclusively, written, synced, renamed over the ref; then the folder is synced too, because a
rename alone may be undone by a power cut. Whatever the disk refuses, no lock stays behind.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Callable

from .durable import sync_path
from .objects import ObjectId

OBJECT_ID = re.compile(r"[0-9a-f]{40}")
MOST_REF_CHARACTERS = 100


class RefLocked(Exception):
    """Another writer holds the ref, or one that was killed did."""


def read_ref(repository: Path, name: str) -> ObjectId | None:
    """What the ref's own file says; None if there is none, or if it holds anything but an object's name."""
    if not name.startswith("refs/") or ".." in name:
        return None
    try:
        with open(f"{repository}/{name}", encoding="ascii", errors="replace") as file:
            text = file.read(MOST_REF_CHARACTERS)
    except (OSError, ValueError):
        return None
    return text[:-1] if text.endswith("\n") and OBJECT_ID.fullmatch(text[:-1]) else None


def move_ref(
    repository: Path, name: str, old: ObjectId | None, new: ObjectId, current: Callable[[], ObjectId | None]
) -> bool:
    """False if the ref is not `old` any more. current: reads it, packed refs included; asked while the ref is locked."""
    path = repository / name
    _make_folder(path.parent)
    lock = path.with_name(path.name + ".lock")
    try:
        fd = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError as error:
        raise RefLocked(name) from error
    is_moved = False
    try:
        try:
            if current() != old:
                return False
            _write_all(fd, new.encode("ascii") + b"\n")
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(lock, path)
        is_moved = True
    finally:
        if not is_moved:  # once renamed, a lock of that name is the next writer's
            with suppress(OSError):
                lock.unlink()
    sync_path(path.parent)
    return True


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_path(folder.parent)


def _write_all(fd: int, data: bytes) -> None:
    """`write` may take less than it was given."""
    while data:
        data = data[os.write(fd, data) :]

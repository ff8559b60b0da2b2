"""Objects in files of their own, git's "loose" ones: `objects/3f/a9c1…`, a zlib stream of `<kind> <size>\\0<bytes>`.

Written directly (unique temporary name, rename, fsync before the next ref moves), because dulwich's own way reads again what it
wrote. Paths are plain text here: a snapshot of one file asks for a dozen of them.
"""

from __future__ import annotations

import os
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Callable

from ..model.ids import random_hex
from .deflate import deflated
from .durable import sync_files
from .objects import Buffer, ObjectId

DRAFT_PREFIX = "tmp_obj_"
"""git's own `gc` removes leftovers of this name too."""
YOUNG_S = 3600.0
"""An object that somebody else wrote this lately may not be on the disk yet: whoever names it syncs it too."""
FRESH_S = 300.0
"""What is put again is marked as young again, unless it is younger than this anyway."""
_HEADER_BYTES = 64
"""More than the longest."""


class LooseFiles:
    """Those of one repository. Errors of the disk are OSErrors here; the caller gives them their words."""

    def __init__(self, repository: Path) -> None:
        self._folder = f"{repository}/objects"
        self._busy = threading.Lock()
        self._unsynced: set[str] = set()

    def path(self, name: ObjectId) -> str:
        return loose_path(self._folder, name)

    def put(self, kind: bytes, name: ObjectId, data: Buffer) -> int:
        """Whole or not at all; bytes written. On the disk after `sync`."""
        path = self.path(name)
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            with suppress(FileExistsError):
                os.mkdir(folder)
            self._to_sync(folder)
        draft = f"{folder}/{DRAFT_PREFIX}{random_hex()}"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        try:
            with os.fdopen(fd, "wb") as file:
                file.writelines(deflated(data, _header(kind, data)))
                n_written = file.tell()
            os.replace(draft, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(draft)
            raise
        self._to_sync(path)
        return n_written

    def holds(self, kind: bytes, name: ObjectId, data: Buffer) -> bool | None:
        """True if its file holds these very bytes, False if others, None if there is no whole file.

        It is read: after a power cut a name may stand before nothing. What is kept is marked as young, and synced with the rest.
        """
        path, header = self.path(name), _header(kind, data)
        try:
            with open(path, "rb") as file:
                written_at = os.fstat(file.fileno()).st_mtime
                found = zlib.decompress(file.read())
            if not found.startswith(header) or memoryview(found)[len(header) :] != data:
                return False
            freshen(path)
        except (FileNotFoundError, zlib.error):
            return None
        if abs(time.time() - written_at) < YOUNG_S:
            self._to_sync(path)
        return True

    def freshen(self, name: ObjectId) -> bool:
        """False if there is no such file."""
        try:
            freshen(self.path(name))
        except FileNotFoundError:
            return False
        return True

    def has(self, name: ObjectId) -> bool:
        return os.path.exists(self.path(name))

    def read(self, name: ObjectId) -> tuple[bytes, bytes]:
        return read_loose(self.path(name))

    def size(self, name: ObjectId) -> int | None:
        """From the header: a few bytes of the file are read. None if there is no whole one."""
        try:
            with open(self.path(name), "rb") as file:
                header = zlib.decompressobj().decompress(file.read(_HEADER_BYTES), _HEADER_BYTES)
            return int(header[header.index(b" ") + 1 : header.index(b"\0")])
        except (OSError, ValueError, zlib.error):
            return None

    def sync(self, is_elsewhere: Callable[[ObjectId], bool]) -> None:
        """Everything put so far survives a power cut. is_elsewhere: asked of a file that went, whether a pack has its object."""
        with self._busy:
            waiting, self._unsynced = self._unsynced, set()
        try:
            sync_files([path for path in waiting if os.path.exists(path) or not is_elsewhere(_name_at(path))])
        except BaseException:
            with self._busy:
                self._unsynced |= waiting
            raise

    def _to_sync(self, path: str) -> None:
        with self._busy:
            self._unsynced.add(path)


def loose_path(folder: str, name: ObjectId) -> str:
    """folder: a repository's `objects`."""
    return f"{folder}/{name[:2]}/{name[2:]}"


def read_loose(path: str) -> tuple[bytes, bytes]:
    """(kind, bytes); ValueError or zlib.error if the file is damaged."""
    with open(path, "rb") as file:
        header, _, data = zlib.decompress(file.read()).partition(b"\0")
    return header.split(b" ")[0], data


def freshen(path: str) -> None:
    """Whoever removes what nothing refers to leaves alone what is young, as git does. FileNotFoundError: it is gone already."""
    if time.time() - os.stat(path).st_mtime > FRESH_S:
        with suppress(PermissionError):  # not ours: then we do not remove it either
            os.utime(path)


def _header(kind: bytes, data: Buffer) -> bytes:
    return kind + b" %d\0" % len(data)


def _name_at(path: str) -> ObjectId:
    folder, name = path.rsplit("/", 1)
    return folder[-2:] + name

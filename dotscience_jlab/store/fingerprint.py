"""The name that the store would give a file, without keeping it: how a file too large to be copied is known again."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Callable

from ..model.ids import BlobDigest
from ..model.snapshot import EXECUTABLE, FILE, TreeEntry
from .chunks import SIZES, ChunkSizes, cut
from .intake import reader
from .large_file import put_large
from .objects import Buffer, ObjectId, TreeItem, object_id, tree_bytes
from .seen import Seen, signature

READ_BYTES = 1 << 20
MOST_REMEMBERED = 10_000


def fingerprint(disk_path: str, sizes: ChunkSizes = SIZES) -> BlobDigest | None:
    """Equals the digest of the entry that a snapshot would have for this file: of a large one, the id of its folder of chunks.

    Streamed, memory flat, about 1.5 s of CPU a GiB on two cores; None if it is no file that can be read, or changes size
    meanwhile. Links are followed.
    """
    try:
        with open(disk_path, "rb") as file:
            found = os.fstat(file.fileno())
            if found.st_size > sizes.file_above:
                mode = EXECUTABLE if found.st_mode & 0o100 else FILE
                entry = put_large(_Nowhere(), cut(reader(file.fileno()), sizes=sizes), mode).entry
                return entry.digest if entry.size_bytes == found.st_size else None
            digest, n_read = hashlib.sha1(b"blob %d\0" % found.st_size, usedforsecurity=False), 0
            while block := file.read(READ_BYTES):
                digest.update(block)
                n_read += len(block)
    except OSError:
        return None
    return BlobDigest(digest.hexdigest()) if n_read == found.st_size else None


class Fingerprints:
    """Remembers them: a file that stays as it was is read once, however many cells read it."""

    def __init__(self, sizes: ChunkSizes = SIZES, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._sizes = sizes
        self._clock_ns = clock_ns
        self._known: dict[str, Seen] = {}

    def of(self, disk_path: str) -> BlobDigest | None:
        """As `fingerprint`."""
        try:
            now = signature(os.stat(disk_path))
        except OSError:
            return None
        seen = self._known.get(disk_path)
        if seen is not None and seen.holds_for(now):
            return seen.entry.digest
        began_ns = self._clock_ns()
        digest = fingerprint(disk_path, self._sizes)
        if digest is not None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[disk_path] = Seen(now, began_ns, TreeEntry(digest, now[0]))
        return digest


class _Nowhere:
    """A `Sink` that names and keeps nothing."""

    def put_blob(self, data: Buffer, name: BlobDigest | None = None) -> BlobDigest:
        return name or BlobDigest(object_id(b"blob", data))

    def put_tree(self, items: dict[bytes, TreeItem]) -> ObjectId:
        return object_id(b"tree", tree_bytes(items))

    def has(self, name: ObjectId) -> bool:
        return False

    def keep(self, name: ObjectId) -> bool:
        return False

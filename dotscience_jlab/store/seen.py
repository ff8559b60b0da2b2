"""What was last read of each file of the folder, so that an unchanged file costs one stat, and a changed large one no more
than a fast hash. Rows of `state.db`: a cache.
"""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import Iterable, Sequence

from ..errors import DotscienceError
from ..model.paths import WorkspacePath
from ..model.snapshot import TreeEntry
from .checksums import body_with_checksum, checked_body
from .chunks import NOTHING_KNOWN, ChunkName, ChunkSizes, KnownChunks
from .index import SqliteIndex

SEEN_SCHEMA = """
CREATE TABLE IF NOT EXISTS files_seen (path BLOB PRIMARY KEY, body TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunk_maps (path BLOB PRIMARY KEY, sizes TEXT, body BLOB);
"""
RACY_NS = 20_000_000
"""A file changed less than this before it was looked at may change again within the same timestamp tick."""

Signature = tuple[int, int, int, int, int]
"""(size, mtime_ns, ctime_ns, inode, mode)"""


def signature(found: os.stat_result) -> Signature:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode


@dataclass(frozen=True)
class Seen:
    """A file as last read: its signature, when it was read (ns; 0: not to be trusted again), and what it held."""

    signature: Signature
    read_at_ns: int
    entry: TreeEntry

    def holds_for(self, now: Signature) -> bool:
        return self.signature == now and max(now[1], now[2]) + RACY_NS < self.read_at_ns


def stamp(fd: int) -> os.stat_result:
    """Give a file that we have just written a time that no clock will give again, and say how it is then.

    What anybody writes from now on shows in the file's time, also within the same tick of the clock.
    """
    found = os.fstat(fd)
    os.utime(fd, ns=(found.st_atime_ns, found.st_mtime_ns - 1))
    return os.fstat(fd)


def seen_as_stamped(found: os.stat_result, entry: TreeEntry) -> Seen:
    """Of a file whose bytes are known and that was stamped: while it looks like this it is not read again, however young it is."""
    now = signature(found)
    return Seen(now, max(now[1], now[2]) + RACY_NS + 1, entry)


class SeenFiles:
    """Of one workspace. For one thread at a time; `save` once what was seen is in a snapshot."""

    def __init__(self, index: SqliteIndex, sizes: ChunkSizes) -> None:
        self._index = index
        self._sizes = repr(sizes)
        with index.write() as db:
            for statement in SEEN_SCHEMA.split(";"):
                db.execute(statement)
        self._seen = dict(self._load())
        self._unsaved: set[WorkspacePath] = set()
        self._unsaved_chunks: dict[WorkspacePath, KnownChunks] = {}
        self._saved_chunks: dict[WorkspacePath, KnownChunks] = {}
        """Of one file that was saved last: it is likely to be put back, or changed again. About 0.5 MB for one of 1 GiB."""

    def get(self, path: WorkspacePath) -> Seen | None:
        return self._seen.get(path)

    def items(self) -> Iterable[tuple[WorkspacePath, Seen]]:
        return self._seen.items()

    def put(self, path: WorkspacePath, seen: Seen, chunks: Sequence[ChunkName] | None = None) -> None:
        """chunks: how it was cut, if it was."""
        self._seen[path] = seen
        self._unsaved.add(path)
        if chunks is not None:
            self._unsaved_chunks[path] = KnownChunks(chunks, seen.entry.digest)

    def known_chunks(self, path: WorkspacePath) -> KnownChunks:
        """How the file at `path` was cut when last read; nothing if it never was."""
        for kept in (self._unsaved_chunks, self._saved_chunks):
            if path in kept:
                return kept[path]
        with self._index.read() as db:
            found = db.execute(
                "SELECT body FROM chunk_maps WHERE path = ? AND sizes = ?", (os.fsencode(path), self._sizes)
            ).fetchone()
        return KnownChunks(chunks_from_bytes(found[0])) if found else NOTHING_KNOWN

    def save(self) -> None:
        """Only once the bytes are durable: a cache that outlived them would make a tree of what is not there."""
        if not self._unsaved:
            return
        rows = [(os.fsencode(path), _seen_text(self._seen[path])) for path in self._unsaved]
        maps = [(os.fsencode(path), self._sizes, chunks_to_bytes(known.names)) for path, known in self._unsaved_chunks.items()]
        self._saved_chunks = dict([*self._saved_chunks.items(), *self._unsaved_chunks.items()][-1:])
        self._unsaved, self._unsaved_chunks = set(), {}
        try:
            with self._index.write() as db:
                db.executemany("INSERT OR REPLACE INTO files_seen VALUES (?, ?)", rows)
                db.executemany("INSERT OR REPLACE INTO chunk_maps VALUES (?, ?, ?)", maps)
        except DotscienceError:
            return  # the files are read again after a restart

    def _load(self) -> Iterable[tuple[WorkspacePath, Seen]]:
        with self._index.read() as db:
            rows = db.execute("SELECT path, body FROM files_seen").fetchall()
        for path, body in rows:
            with suppress(ValueError):  # damaged: the file is read again
                yield WorkspacePath(os.fsdecode(path)), _seen_from_text(body)


def _seen_text(seen: Seen) -> str:
    entry = seen.entry
    told = [seen.signature, seen.read_at_ns, entry.digest, entry.size_bytes, entry.mode, entry.is_chunked]
    return body_with_checksum({"seen": told})


def _seen_from_text(text: str) -> Seen:
    """ValueError if the row is damaged. Rows of earlier versions end before `is_chunked`."""
    found, read_at_ns, digest, size_bytes, mode, *is_chunked = checked_body(text)["seen"]
    return Seen(tuple(found), read_at_ns, TreeEntry(digest, size_bytes, mode, is_chunked=is_chunked == [True]))


_CHUNK = struct.Struct(">Ih32s20s")
"""length, next byte, blake3, git's name; offsets follow from the lengths. 58 bytes, 90 kB for a file of 1 GiB."""
_CHECKSUM = struct.Struct(">I")


def chunks_to_bytes(chunks: Sequence[ChunkName]) -> bytes:
    """A crc32, then the chunks one after the other."""
    body = b"".join(_CHUNK.pack(each.length, each.next_byte, each.fast_digest, bytes.fromhex(each.id)) for each in chunks)
    return _CHECKSUM.pack(zlib.crc32(body)) + body


def chunks_from_bytes(data: bytes) -> list[ChunkName]:
    """Nothing if it is damaged: the file is cut anew. About 1 us a chunk."""
    body = data[_CHECKSUM.size :]
    if not body or len(body) % _CHUNK.size or data[: _CHECKSUM.size] != _CHECKSUM.pack(zlib.crc32(body)):
        return []
    lengths, next_bytes, fast_digests, names = zip(*_CHUNK.iter_unpack(body))
    return list(map(ChunkName, accumulate(lengths, initial=0), lengths, fast_digests, map(bytes.hex, names), next_bytes))

"""One version of a large file becomes another where it lies: only chunks that differ are written.

    before   |--a--|--b--|--c--|--d--|
    wanted   |--a--|--x--|--c--|--d--|        writes x at its offset; where chunks have moved, all behind are written too
"""

from __future__ import annotations

import os
from typing import Iterable, Mapping, NamedTuple, Sequence

from ..errors import StoreDamaged
from ..model.snapshot import EXECUTABLE
from .chunks import ChunkName, fast_digest_of
from .intake import reader
from .large_file import chunk_ids, read_meta
from .objects import ObjectId, Objects, object_id

KEPT_BYTES = 16 << 20
"""Of chunks that were read to see that they are whole: more are read again when they are written."""
PAGE_BYTES = 4096
"""What the system writes to a disk at once; a write that is cut short leaves whole pages of the old and of the new."""


class Piece(NamedTuple):
    """A chunk and where it lies in the file."""

    offset: int
    length: int
    id: ObjectId


def pieces_of(objects: Objects, digest: ObjectId, lengths: Mapping[ObjectId, int] = {}) -> list[Piece]:
    """In order; StoreDamaged if they do not make up the file. Costs a look at each chunk whose length is not in `lengths`."""
    meta = read_meta(objects, digest)
    found: list[Piece] = []
    offset = 0
    for chunk in chunk_ids(objects, digest):
        length = lengths[chunk] if chunk in lengths else objects.blob_size(chunk)
        found.append(Piece(offset, length, chunk))
        offset += length
    if (len(found), offset) != (meta.n_chunks, meta.size_bytes):
        raise StoreDamaged(f"The large file {digest} is damaged: its chunks make {offset:,} bytes, not {meta.size_bytes:,}.",
                           "`ds check` names what is damaged and what refers to it.")
    return found


def size_of(pieces: Sequence[Piece] | Sequence[ChunkName]) -> int:
    return pieces[-1].offset + pieces[-1].length if pieces else 0


class Patch:
    """What has to be written. Made only if every byte of it can be read: damage in the store leaves the file as it was."""

    def __init__(self, objects: Objects, writes: Iterable[Piece], size_bytes: int) -> None:
        self._objects = objects
        self.writes = tuple(writes)
        self.size_bytes = size_bytes
        self._kept: dict[ObjectId, bytes] = {}
        self._blank: set[ObjectId] = set()
        self._fast_digests: dict[ObjectId, bytes] = {}
        n_kept = 0
        for chunk in dict.fromkeys(piece.id for piece in self.writes):
            data = objects.blob(chunk)
            if n_kept + len(data) <= KEPT_BYTES:
                self._kept[chunk] = data
                n_kept += len(data)
            else:
                self._fast_digests[chunk] = fast_digest_of(data)
            if is_blank(data):
                self._blank.add(chunk)

    def fast_digests(self) -> dict[ObjectId, bytes]:
        """blake3 of each chunk that is written. Those that are still in memory are hashed at the first call."""
        for chunk, data in self._kept.items():
            if chunk not in self._fast_digests:
                self._fast_digests[chunk] = fast_digest_of(data)
        return self._fast_digests

    def data(self, piece: Piece) -> bytes:
        if piece.id in self._kept:
            return self._kept[piece.id]
        return bytes(piece.length) if piece.id in self._blank else self._objects.blob(piece.id)

    def reserve(self, fd: int, size_bytes: int) -> None:
        """Room for what lies behind the end of a file of `size_bytes`, so that a full disk refuses before anything is written."""
        if not hasattr(os, "posix_fallocate"):  # not on macOS
            return
        for piece in self.writes:
            behind = max(piece.offset, size_bytes)
            if piece.offset + piece.length > behind and piece.id not in self._blank:
                os.posix_fallocate(fd, behind, piece.offset + piece.length - behind)

    def write(self, fd: int, size_bytes: int) -> None:
        """size_bytes: of the file before. What is blank behind its end stays a hole."""
        for piece in self.writes:
            if piece.offset < size_bytes or piece.id not in self._blank:
                write_at(fd, self.data(piece), piece.offset)
        if os.fstat(fd).st_size != self.size_bytes:
            os.ftruncate(fd, self.size_bytes)


def differing(before: Iterable[Piece], wanted: Iterable[Piece]) -> list[Piece]:
    """Those of `wanted` that do not lie at the same place in `before`."""
    there = set(before)
    return [piece for piece in wanted if piece not in there]


def holds(fd: int, pieces: Iterable[Piece] | Iterable[ChunkName]) -> bool:
    """The file has them all; costs a read of it, and a blake3, or a sha1 where only git's names are known."""
    read = reader(fd)
    for piece in pieces:
        data = read(piece.offset, piece.length)
        if isinstance(piece, ChunkName):
            if fast_digest_of(data) != piece.fast_digest:
                return False
        elif object_id(b"blob", data) != piece.id:
            return False
    return True


def not_yet_written(fd: int, objects: Objects, before: Sequence[Piece], wanted: Sequence[Piece]) -> list[Piece] | None:
    """Of a file that was to become `wanted` when the process died: what it lacks. None if it holds what neither version has at
    that place: then somebody else has written since, and it is his.

    Costs a read and a sha1 of the file, and a read of both versions where they differ.
    """
    n_before, n_wanted, n_bytes = size_of(before), size_of(wanted), os.fstat(fd).st_size
    if not min(n_before, n_wanted) <= n_bytes <= max(n_before, n_wanted):
        return None
    read, old, same, lacking = reader(fd), _Version(objects, before), set(before), []
    for piece in wanted:
        found = read(piece.offset, piece.length)
        if len(found) == piece.length and object_id(b"blob", found) == piece.id:
            continue
        if piece in same or not _is_mixture(found, old.at(piece.offset, piece.length), objects.blob(piece.id), piece.offset):
            return None
        lacking.append(piece)
    for offset in range(n_wanted, n_bytes, PAGE_BYTES << 8):
        found = read(offset, min(PAGE_BYTES << 8, n_bytes - offset))
        if found != old.at(offset, len(found)):
            return None
    return lacking


def write_at(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        n_written = os.pwrite(fd, view, offset)
        view, offset = view[n_written:], offset + n_written


def is_blank(data: bytes) -> bool:
    """Nothing but zeros."""
    return not data or (not data[0] and data == bytes(len(data)))


def with_executable_bit(bits: int, mode: str) -> int:
    """Permissions as they are, with the executable bit as `mode` has it: for whoever may read."""
    return bits | (bits & 0o444) >> 2 if mode == EXECUTABLE else bits & ~0o111


def _is_mixture(found: bytes, old: bytes, new: bytes, offset: int) -> bool:
    """Page for page one of the two, or the beginning of the new one and the rest of the old one."""
    at = 0
    while at < len(found):
        end = min(at + PAGE_BYTES - (offset + at) % PAGE_BYTES, len(found))
        page, was, shall = found[at:end], old[at:end], new[at:end]
        if page not in (was, shall):
            n_same = len(os.path.commonprefix([page, shall]))
            if page[n_same:] != was[n_same:]:
                return False
        at = end
    return True


class _Version:
    """Bytes of a version by offset, read forwards; zeros behind its end."""

    def __init__(self, objects: Objects, pieces: Sequence[Piece]) -> None:
        self._objects = objects
        self._pieces = pieces
        self._n = 0
        self._data = b""

    def at(self, offset: int, n_bytes: int) -> bytes:
        found = []
        while n_bytes:
            while self._n < len(self._pieces) and offset >= self._pieces[self._n].offset + self._pieces[self._n].length:
                self._n, self._data = self._n + 1, b""
            if self._n == len(self._pieces):
                found.append(bytes(n_bytes))
                break
            piece = self._pieces[self._n]
            self._data = self._data or self._objects.blob(piece.id)
            part = self._data[offset - piece.offset : offset - piece.offset + n_bytes]
            found.append(part)
            offset, n_bytes = offset + len(part), n_bytes - len(part)
        return b"".join(found)

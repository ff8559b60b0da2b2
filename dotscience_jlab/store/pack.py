"""Writes many objects as one git pack, streamed: memory stays flat, and what was written is read again only for its name.

    tmp_pack_3f…                      while it grows; readable by who writes it, rubbish to everybody else (git's gc removes it)
    pack-<sha1>.idx, then .pack       once it is whole and on the disk: only now git and other processes see it

A pack begins with its number of objects and ends with the sha1 of all before, so the sha1 is taken at the end, when the number
is known; git's own fast-import does the same. Source: git's gitformat-pack.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import uuid
import weakref
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .deflate import crc32, deflated, inflated, most_deflated_bytes
from .durable import sync_path
from .objects import Buffer

DRAFT_PREFIX = "tmp_pack_"
KINDS = {b"commit": 1, b"tree": 2, b"blob": 3}
KIND_NAMES = {number: kind for kind, number in KINDS.items()}
HEADER = struct.Struct(">4sII")
READ_BYTES = 1 << 20
MOST_HEADER_BYTES = 10
"""Of an entry: a type and a length of 64 bits in groups of seven."""
LARGE_OFFSET = 1 << 31
AT_ONCE_BYTES = 65_536
"""Smaller objects are not worth handing to the other thread, less than this no write of its own."""
MOST_PIECES = min(1024, os.sysconf("SC_IOV_MAX"))
MOST_WAITING = 4
"""Objects handed to the other thread and not yet written: bounds the memory."""


class Entry(NamedTuple):
    kind: bytes
    size_bytes: int
    offset: int
    end: int
    crc32: int


class PackDraft:
    """A pack being written, by one thread at a time. Everything put in can be read at once, through this object alone.

    Large objects are encoded and written in a second thread, so that the caller can hash the next one meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        """folder: `objects/pack`, which must exist."""
        self._folder = folder
        self.path = folder / f"{DRAFT_PREFIX}{uuid.uuid4().hex}"
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        # Not closed by hand: a reader in another thread may be in the middle of a read when the pack is published.
        weakref.finalize(self, os.close, self._fd)
        self._entries: dict[str, Entry] = {}
        self._end = 0
        self._writer: ThreadPoolExecutor | None = None
        self._waiting: deque[tuple[str, Future[None]]] = deque()
        self._promised: set[str] = set()
        self._unwritten: list[Buffer] = []
        self._n_unwritten = 0
        self._append([HEADER.pack(b"PACK", 2, 0)])

    def __len__(self) -> int:
        return len(self._entries) + len(self._promised)

    def __contains__(self, name: str) -> bool:
        return name in self._entries or name in self._promised

    @property
    def size_bytes(self) -> int:
        return self._end

    def add(self, kind: bytes, name: str, data: Buffer) -> None:
        """name: git's, of these bytes, not yet in here. `data` must not change any more. OSError, now or at a later call."""
        if len(data) < AT_ONCE_BYTES and not self._waiting:
            self._write(kind, name, data)
            return
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, "pack")
        self._promised.add(name)
        self._waiting.append((name, self._writer.submit(self._write, kind, name, data)))
        while len(self._waiting) > MOST_WAITING:
            self._await_oldest()

    def settle(self) -> None:
        """Wait until all is written; no more is added afterwards."""
        try:
            while self._waiting:
                self._await_oldest()
            self._flush()
        finally:
            if self._writer is not None:
                self._writer.shutdown(cancel_futures=True)
                self._writer = None

    def read(self, name: str) -> tuple[bytes, bytes]:
        """(kind, bytes); KeyError. Only what `settle` waited for is there for certain."""
        entry = self._entries[name]
        data = os.pread(self._fd, entry.end - entry.offset, entry.offset)
        return entry.kind, inflated(memoryview(data)[len(_entry_header(entry.kind, entry.size_bytes)) :], entry.size_bytes)

    def size_of(self, name: str) -> int:
        return self._entries[name].size_bytes

    def publish(self) -> None:
        """Whole, on the disk, and under its final name; reads it once for its sha1. OSError: it is still a draft then."""
        os.pwrite(self._fd, HEADER.pack(b"PACK", 2, len(self._entries)), 0)
        with ThreadPoolExecutor(1, "pack") as writer:
            writing = writer.submit(os.fsync, self._fd)  # nearly all of it goes to the disk while the sha1 is taken
            digest = self._sha1()
            writing.result()
        os.pwrite(self._fd, digest, self._end)
        os.ftruncate(self._fd, self._end + len(digest))
        index = self.path.with_name(f"{self.path.name}_idx")
        try:
            _write_whole(index, _index_bytes(self._entries, digest))
            os.fsync(self._fd)
            final = self._folder / f"pack-{digest.hex()}.pack"
            # The index first: killed in between, it is an index of nothing, which is swept; a pack without one never is.
            os.replace(index, final.with_suffix(".idx"))
            with suppress(FileNotFoundError):  # a second try: at the first the folder alone was not flushed
                os.replace(self.path, final)
        finally:
            index.unlink(missing_ok=True)
        sync_path(self._folder)

    def discard(self) -> None:
        """Nothing of it stays."""
        try:
            if self._writer is not None:
                self._writer.shutdown(cancel_futures=True)
        finally:
            self.path.unlink(missing_ok=True)

    def _await_oldest(self) -> None:
        name, written = self._waiting.popleft()
        try:
            written.result()
        finally:
            self._promised.discard(name)

    def _write(self, kind: bytes, name: str, data: Buffer) -> None:
        pieces = [_entry_header(kind, len(data)), *deflated(data)]
        offset = self._end
        self._append(pieces)
        self._entries[name] = Entry(kind, len(data), offset, self._end, crc32(pieces))

    def _append(self, pieces: list[Buffer]) -> None:
        """Small pieces wait for more of their kind: ten thousand writes are dearer than what they write."""
        n_bytes = sum(map(len, pieces))
        self._unwritten += pieces
        self._n_unwritten += n_bytes
        self._end += n_bytes
        if self._n_unwritten >= AT_ONCE_BYTES or len(self._unwritten) >= MOST_PIECES:
            self._flush()

    def _flush(self) -> None:
        left, self._unwritten, self._n_unwritten = self._unwritten, [], 0
        while left:
            left = _behind(left, os.writev(self._fd, left[:MOST_PIECES]))

    def _sha1(self) -> bytes:
        digest, at = hashlib.sha1(usedforsecurity=False), 0
        while at < self._end:
            block = os.pread(self._fd, min(READ_BYTES, self._end - at), at)
            if not block:
                raise OSError(errno.EIO, f"{self.path.name} is shorter than what was written to it")
            digest.update(block)
            at += len(block)
        return digest.digest()


def _behind(pieces: list[Buffer], n_bytes: int) -> list[Buffer]:
    """What is left when the first `n_bytes` are gone: [b'ab', b'cd'], 3 -> [b'd']"""
    for n, piece in enumerate(pieces):
        if n_bytes < len(piece):
            return [memoryview(piece)[n_bytes:], *pieces[n + 1 :]]
        n_bytes -= len(piece)
    return []


class EntryHeader(NamedTuple):
    kind: bytes
    size_bytes: int
    """Of the object."""
    length: int
    """Of the header."""


def read_header(start: bytes) -> EntryHeader | None:
    """Of the entry that begins so; None for a delta, whose kind and size stand elsewhere."""
    number, size_bytes, shift = start[0] >> 4 & 7, start[0] & 0xF, 4
    length = 1
    while start[length - 1] & 0x80:
        size_bytes |= (start[length] & 0x7F) << shift
        length, shift = length + 1, shift + 7
    return EntryHeader(KIND_NAMES[number], size_bytes, length) if number in KIND_NAMES else None


def read_entry(pack: str, offset: int) -> tuple[bytes, bytes] | None:
    """(kind, bytes) of the object there; None for a delta. isal's error if it is damaged.

    Read, not mapped: the pages of a map count as this process's memory, a large file's all of them.
    """
    with open(pack, "rb", buffering=0) as file:
        header = read_header(os.pread(file.fileno(), MOST_HEADER_BYTES, offset))
        if header is None:
            return None
        data = os.pread(file.fileno(), most_deflated_bytes(header.size_bytes), offset + header.length)
        return header.kind, inflated(data, header.size_bytes)


def _entry_header(kind: bytes, size_bytes: int) -> bytes:
    """Three bits of type, then the size, seven bits a byte, lowest first."""
    byte, rest = KINDS[kind] << 4 | size_bytes & 0xF, size_bytes >> 4
    made = bytearray()
    while rest:
        made.append(byte | 0x80)
        byte, rest = rest & 0x7F, rest >> 7
    made.append(byte)
    return bytes(made)


def _index_bytes(entries: dict[str, Entry], pack_digest: bytes) -> bytes:
    """An index of version 2: how many names begin with each byte or a lower one, the names, their crc32s, their offsets."""
    ordered = sorted(entries.items())
    first_bytes = [0] * 256
    for name, _ in ordered:
        first_bytes[int(name[:2], 16)] += 1
    fan_out, total = [], 0
    for n in first_bytes:
        total += n
        fan_out.append(total)
    offsets, large = [], []
    for _, entry in ordered:
        if entry.offset < LARGE_OFFSET:
            offsets.append(entry.offset)
        else:
            offsets.append(LARGE_OFFSET | len(large))
            large.append(entry.offset)
    body = b"".join((
        b"\xfftOc",
        struct.pack(">I256I", 2, *fan_out),
        *(bytes.fromhex(name) for name, _ in ordered),
        struct.pack(f">{total}I", *(entry.crc32 for _, entry in ordered)),
        struct.pack(f">{total}I", *offsets),
        struct.pack(f">{len(large)}Q", *large),
        pack_digest,
    ))
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _write_whole(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)

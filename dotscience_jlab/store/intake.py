"""Takes one file of the disk in: small ones whole, large ones as chunks; one that changes while it is read is read again."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import Callable, Iterator

from ..model.snapshot import EXECUTABLE, FILE, TreeEntry
from .chunks import ChunkSizes, KnownChunks, ReadAt, cut
from .large_file import Kept, Unkept, put_large
from .objects import Sink
from .seen import Signature, signature

READ_TRIES = 3


def take_file(
    disk_path: str, sink: Sink, known: KnownChunks, sizes: ChunkSizes, clean: Callable[[bytes], bytes] | None = None
) -> tuple[Kept, Signature]:
    """Keep the file's bytes; (what was kept, the file's signature when it had been read). OSError if it cannot be read.

    known: how it was cut last, if it is large. clean: gives what is kept of the bytes, where that is not they themselves. Changed
    while it was read, it is read again, three times at most, then kept as last read and marked as torn. Read, not mapped: a
    truncated mapping kills the process.
    """
    for _ in range(READ_TRIES):
        with opened(disk_path) as fd:
            before = signature(os.fstat(fd))
            mode = EXECUTABLE if before[4] & 0o100 else FILE
            n_read = -1
            if clean is not None:
                data = reader(fd)(0, before[0] + 1)
                n_read, kept = len(data), put_file_bytes(sink, clean(data), mode, sizes)
            elif before[0] > sizes.file_above:
                kept = _put_large(fd, sink, known, sizes, mode)
                known = KnownChunks(kept.chunks or ())
            else:
                kept = _put_small(sink, reader(fd)(0, before[0] + 1), mode)
            after = signature(os.fstat(fd))
        if before == after and after[0] == (kept.entry.size_bytes if n_read < 0 else n_read):
            return kept, after
    return kept._replace(entry=replace(kept.entry, is_torn=True)), after


def n_new_bytes(disk_path: str, known: KnownChunks, sizes: ChunkSizes) -> int:
    """Bytes of a large file in chunks that `known` has not: what keeping it would add. OSError if it cannot be read."""
    with opened(disk_path) as fd:
        return sum(chunk.name.length for chunk in cut(reader(fd), known, sizes) if not chunk.is_known)


def put_file_bytes(sink: Sink, data: bytes, mode: str, sizes: ChunkSizes) -> Kept:
    """As if a file of these bytes were taken."""
    if len(data) <= sizes.file_above:
        return _put_small(sink, data, mode)
    view = memoryview(data)
    return put_large(sink, cut(lambda offset, n_bytes: view[offset : offset + n_bytes], sizes=sizes), mode)


def _put_large(fd: int, sink: Sink, known: KnownChunks, sizes: ChunkSizes, mode: str) -> Kept:
    if known:
        with suppress(Unkept), closing(cut(reader(fd), known, sizes)) as chunks:
            return put_large(sink, chunks, mode)
    return put_large(sink, cut(reader(fd), sizes=sizes), mode)


def _put_small(sink: Sink, data: bytes, mode: str) -> Kept:
    return Kept(TreeEntry(sink.put_blob(data), len(data), mode), None, len(data))


@contextmanager
def opened(disk_path: str) -> Iterator[int]:
    """A descriptor for reading. O_NOFOLLOW: it was a file when it was looked at."""
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    fd = os.open(disk_path, flags)
    try:
        yield fd
    finally:
        os.close(fd)


def reader(fd: int) -> ReadAt:
    def read_at(offset: int, n_bytes: int) -> bytes:
        data = os.pread(fd, n_bytes, offset)
        while len(data) < n_bytes and (more := os.pread(fd, n_bytes - len(data), offset + len(data))):
            data += more
        return data

    return read_at

"""Cuts a large file where its content says, so that a change moves no cut but those beside it; streamed, memory flat.

FastCDC cuts; blake3 tells whether a piece is known from the file's last version; git's own name is computed for new ones alone.
Where the last version was cut is tried first: a piece that is still there needs no search for its end either, and nobody
holds it. So looking again at a changed file costs one read and one blake3 of it, by two threads side by side.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Callable, Iterable, Iterator, NamedTuple

from blake3 import blake3
from pyfastcdc import FastCDC

from .objects import Buffer, ObjectId, object_id

ReadAt = Callable[[int, int], bytes]
"""(offset, most bytes) -> bytes there; fewer only at the end of the file."""


@dataclass(frozen=True)
class ChunkSizes:
    """In bytes. Whoever cuts with other sizes shares less with what is there; whoever reads need not know them."""

    file_above: int = 4 << 20
    """Files up to this are one blob."""
    least: int = 256 << 10
    average: int = 512 << 10
    most: int = 2 << 20


SIZES = ChunkSizes()
"""On random data 0.66 MiB on average. 1 MiB changed in the middle stores 2.2 MiB (at most 3.6 in 60 tries), 1 MiB put in front
1.9 MiB; with twice these sizes 2.8 MiB, and above 4 in one try of eight."""

N_THREADS = 2
MOST_IN_FLIGHT = 6
"""Chunks read and not yet named: bounds the memory, and keeps both cores busy."""
CHUNKS_AT_ONCE = 8
"""Known ones looked for by a thread before it says what it found: a thread's turn costs as much as 0.1 MiB of blake3."""
READ_BYTES = 256 << 10
"""Of a known chunk at a time: it stays in the processor's second cache until it is hashed."""
BLOCKS_AHEAD = 4
"""How many of the largest chunks are read at once where cuts are searched for."""
AT_END = -1


class ChunkName(NamedTuple):
    """One chunk as it is remembered of a file."""

    offset: int
    length: int
    fast_digest: bytes
    """blake3, 32 bytes"""
    id: ObjectId
    """git's name of it as a blob"""
    next_byte: int
    """The byte behind it, AT_END where the file ends: where FastCDC cuts depends on the chunk and on this."""


class Chunk(NamedTuple):
    name: ChunkName
    is_known: bool
    held: Buffer | None
    """Its bytes; None of one that lies where the last version was cut: it was looked at in passing."""


class KnownChunks:
    """How an earlier version of a file was cut: its chunks in order of offset."""

    def __init__(self, names: Iterable[ChunkName] = (), digest: ObjectId | None = None) -> None:
        """names: in order of offset."""
        self.names = names if isinstance(names, list) else list(names)
        """Not to be changed."""
        self.digest = digest
        """What that version is called in a tree, where that is certain."""

    def __bool__(self) -> bool:
        return bool(self.names)

    def __iter__(self) -> Iterator[ChunkName]:
        """In order of offset."""
        return iter(self.names)

    @cached_property
    def _at(self) -> dict[int, ChunkName]:
        return {name.offset: name for name in self.names}

    @cached_property
    def _by_digest(self) -> dict[bytes, ChunkName]:
        """The first of those that are the same."""
        return {name.fast_digest: name for name in reversed(self.names)}

    def expected(self, offset: int) -> ChunkName | None:
        """The chunk that began at `offset`; not the last one, whose end was no cut."""
        name = self._at.get(offset)
        return name if name is not None and name.next_byte != AT_END else None

    def at(self, offset: int) -> ChunkName | None:
        return self._at.get(offset)

    def find(self, fast_digest: bytes) -> ChunkName | None:
        """The first of them: of a sparse file thousands on end are the same."""
        return self._by_digest.get(fast_digest)


NOTHING_KNOWN = KnownChunks()


def fast_digest_of(data: Buffer) -> bytes:
    """blake3, 32 bytes."""
    return blake3(data).digest()


def cut(read_at: ReadAt, known: KnownChunks = NOTHING_KNOWN, sizes: ChunkSizes = SIZES) -> Iterator[Chunk]:
    """The chunks from offset 0 to the end, in order; the same whatever is known. Two threads hash, and read what may be known,
    while this one searches for the other cuts.

    A file with nothing in it has none. `held` may be a view of a larger buffer: hold few. read_at: asked from several threads.
    """
    walk = _Walk(read_at, known, sizes)
    waiting: deque[tuple[_Piece, Future[_Named]] | tuple[_Stretch, Future[int]]] = deque()
    with ThreadPoolExecutor(N_THREADS, "chunks") as pool:
        while True:
            while len(waiting) < walk.most_in_flight and (part := walk.next()) is not None:
                waiting.append((part, pool.submit(part.look)))  # type: ignore[arg-type]
            if not waiting:
                return
            part, promised = waiting.popleft()
            if isinstance(part, _Piece):
                named: _Named = promised.result()  # type: ignore[assignment]
                if named.match is not None:
                    walk.follow(part.offset, named.match)
                name = ChunkName(part.offset, len(part.data), named.fast_digest, named.id, part.next_byte)
                yield Chunk(name, named.match is not None, part.data)
                continue
            n_there: int = promised.result()  # type: ignore[assignment]
            offset = part.offset
            for was in part.names[:n_there]:
                yield Chunk(was if was.offset == offset else was._replace(offset=offset), True, None)
                offset += was.length
            if n_there == len(part.names):
                walk.trust()
                continue
            for _, later in waiting:
                later.cancel()
            waiting.clear()
            walk.search_from(offset)


class _Named(NamedTuple):
    fast_digest: bytes
    id: ObjectId
    match: ChunkName | None


class _Piece(NamedTuple):
    """What lies from one cut to the next, its end found by a search."""

    offset: int
    data: Buffer
    next_byte: int
    known: KnownChunks

    def look(self) -> _Named:
        """What it is called."""
        fast_digest = fast_digest_of(self.data)
        match = self.known.find(fast_digest)
        return _Named(fast_digest, match.id if match is not None else object_id(b"blob", self.data), match)


class _Stretch(NamedTuple):
    """Known chunks, one behind the other, that lie from `offset` on if nothing has changed here."""

    offset: int
    names: list[ChunkName]
    read_at: ReadAt

    def look(self) -> int:
        """How many of them do, up to the first that does not. Read in pieces that stay in the processor's cache.

        A cut depends on the chunk and the byte behind it alone, as long as that is not the file's last: then it is as it was.
        """
        offset = self.offset
        for n, name in enumerate(self.names):
            end, digest, behind = offset + name.length, blake3(), b""
            while offset < end:
                wanted = end - offset + 2 if end - offset <= READ_BYTES else READ_BYTES
                block = self.read_at(offset, wanted)
                if len(block) < wanted:
                    return n
                if offset + wanted > end:
                    block, behind = memoryview(block)[: end - offset], block[end - offset :]  # type: ignore[assignment]
                digest.update(block)
                offset += len(block)
            if behind[0] != name.next_byte or digest.digest() != name.fast_digest:
                return n
        return len(self.names)


class _Walk:
    """Goes through the file. While the known cuts still hold, the next ones are taken as they were; else one is searched for."""

    def __init__(self, read_at: ReadAt, known: KnownChunks, sizes: ChunkSizes) -> None:
        self._read_at = read_at
        self._known = known
        self._sizes = sizes
        self._cutter = FastCDC(sizes.average, min_size=sizes.least, max_size=sizes.most, normalized_chunking=1)
        self._at = 0
        self._shift = 0
        """How far what is known has moved, as far as is known."""
        self._is_followed = True
        """False: something else is here, until a known chunk comes."""
        self._is_trusted = False
        """A known chunk was there where it was expected: many are looked for at once."""
        self._block, self._block_at = memoryview(b""), 0

    def next(self) -> _Piece | _Stretch | None:
        """None at the end."""
        return self._followed() or self._searched()

    @property
    def most_in_flight(self) -> int:
        return 1 if self._is_followed and not self._is_trusted else MOST_IN_FLIGHT

    def search_from(self, offset: int) -> None:
        self._at, self._is_followed, self._is_trusted = offset, False, False

    def follow(self, offset: int, match: ChunkName) -> None:
        """What lies at `offset` is known. Bytes that are the same in many places have most likely moved no further than before."""
        if self._is_followed:
            return
        before = self._known.at(offset - self._shift)
        if before is None or before.fast_digest != match.fast_digest:
            self._shift = offset - match.offset
        self._is_followed = True

    def trust(self) -> None:
        self._is_trusted = True

    def _followed(self) -> _Stretch | None:
        """The known chunks that would begin here."""
        if not self._is_followed:
            return None
        names, offset = [], self._at
        most = CHUNKS_AT_ONCE if self._is_trusted else 1
        while len(names) < most and (name := self._known.expected(offset - self._shift)) is not None:
            names.append(name)
            offset += name.length
        if not names:
            self._is_followed = self._is_trusted = False
            return None
        begin, self._at = self._at, offset
        return _Stretch(begin, names, self._read_at)

    def _searched(self) -> _Piece | None:
        data = self._ahead()
        if not data:
            return None
        length = next(self._cutter.cut_buf(data[: self._sizes.most])).length
        piece = _Piece(self._at, data[:length], data[length] if length < len(data) else AT_END, self._known)
        self._at += length
        return piece

    def _ahead(self) -> memoryview:
        """From here on, more than the largest chunk unless the file ends before."""
        n_wanted = self._sizes.most + 1
        begin = self._at - self._block_at
        kept = self._block[begin:] if 0 <= begin <= len(self._block) else self._block[:0]
        if len(kept) < n_wanted:
            # What is left of the block is read once more: cheaper than to put it together with what follows.
            self._block, self._block_at = memoryview(self._read_at(self._at, BLOCKS_AHEAD * self._sizes.most)), self._at
            return self._block
        return kept

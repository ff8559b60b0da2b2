"""Cuts a large file where its content says, so that a change moves no cut but those beside it; streamed, memory flat.

FastCDC cuts; blake3 tells whether a piece is known from the file's last version; git's own name is computed for new ones alone.
Where the last version was cut is tried first: a piece that is still there needs no search for its end either. So looking again
at a changed file costs one read and one blake3 of it.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
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
BLOCKS_AHEAD = 2
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
    data: Buffer
    is_known: bool


class KnownChunks:
    """How an earlier version of a file was cut: its chunks in order of offset."""

    def __init__(self, names: Iterable[ChunkName] = ()) -> None:
        self._at = {name.offset: name for name in names}
        self._by_digest = {name.fast_digest: name for name in self._at.values()}

    def __bool__(self) -> bool:
        return bool(self._at)

    def __iter__(self) -> Iterator[ChunkName]:
        """In order of offset."""
        return iter(self._at.values())

    def expected(self, offset: int) -> ChunkName | None:
        """The chunk that began at `offset`; not the last one, whose end was no cut."""
        name = self._at.get(offset)
        return name if name is not None and name.next_byte != AT_END else None

    def find(self, fast_digest: bytes) -> ChunkName | None:
        return self._by_digest.get(fast_digest)


NOTHING_KNOWN = KnownChunks()


def fast_digest_of(data: Buffer) -> bytes:
    """blake3, 32 bytes."""
    return blake3(data).digest()


def cut(read_at: ReadAt, known: KnownChunks = NOTHING_KNOWN, sizes: ChunkSizes = SIZES) -> Iterator[Chunk]:
    """The chunks from offset 0 to the end, in order; the same whatever is known. Two threads hash while this one reads.

    A file with nothing in it has none. `data` may be a view of a larger buffer: hold few.
    """
    pieces = _Pieces(read_at, known, sizes)
    waiting: deque[tuple[_Piece, Future[_Named]]] = deque()
    with ThreadPoolExecutor(N_THREADS, "chunks") as pool:
        while True:
            while len(waiting) < MOST_IN_FLIGHT and (piece := pieces.next()) is not None:
                waiting.append((piece, pool.submit(_named, piece, known)))
            if not waiting:
                return
            piece, promised = waiting.popleft()
            named = promised.result()
            if piece.expected is not None and named.fast_digest != piece.expected.fast_digest:
                for _, later in waiting:
                    later.cancel()
                waiting.clear()
                pieces.search_from(piece.offset)
                continue
            if named.match is not None:
                pieces.follow(piece.offset - named.match.offset)
            name = ChunkName(piece.offset, len(piece.data), named.fast_digest, named.id, piece.next_byte)
            yield Chunk(name, piece.data, named.match is not None)


class _Piece(NamedTuple):
    """What lies from one cut to the next, its name not yet known."""

    offset: int
    data: Buffer
    next_byte: int
    expected: ChunkName | None
    """The known chunk that this is if nothing has changed here; None: the end was searched for."""


class _Named(NamedTuple):
    fast_digest: bytes
    id: ObjectId
    match: ChunkName | None


def _named(piece: _Piece, known: KnownChunks) -> _Named:
    fast_digest = fast_digest_of(piece.data)
    match = known.find(fast_digest)
    if match is not None:
        return _Named(fast_digest, match.id, match)
    if piece.expected is not None:  # it will be cut anew
        return _Named(fast_digest, "", None)
    return _Named(fast_digest, object_id(b"blob", piece.data), None)


class _Pieces:
    """Reads and cuts. While the known cuts still hold, the next one is taken as it was; else it is searched for."""

    def __init__(self, read_at: ReadAt, known: KnownChunks, sizes: ChunkSizes) -> None:
        self._read_at = read_at
        self._known = known
        self._sizes = sizes
        self._cutter = FastCDC(sizes.average, min_size=sizes.least, max_size=sizes.most, normalized_chunking=1)
        self._at = 0
        self._shift: int | None = 0
        """How far what is known has moved; None: something else is here, until a known chunk comes."""
        self._block, self._block_at = memoryview(b""), 0

    def next(self) -> _Piece | None:
        """None at the end."""
        piece = self._followed() or self._searched()
        if piece is not None:
            self._at += len(piece.data)
        return piece

    def search_from(self, offset: int) -> None:
        self._at, self._shift = offset, None

    def follow(self, shift: int) -> None:
        self._shift = shift

    def _followed(self) -> _Piece | None:
        """The known chunk that would begin here, if it can end where it did.

        FastCDC's cut depends on the chunk and the byte behind it alone, as long as that is not the file's last.
        """
        if self._shift is None:
            return None
        expected = self._known.expected(self._at - self._shift)
        if expected is not None:
            data = memoryview(self._read_at(self._at, expected.length + 2))
            if len(data) == expected.length + 2 and data[expected.length] == expected.next_byte:
                return _Piece(self._at, data[: expected.length], expected.next_byte, expected)
        self._shift = None
        return None

    def _searched(self) -> _Piece | None:
        data = self._ahead()
        if not data:
            return None
        length = next(self._cutter.cut_buf(data[: self._sizes.most])).length
        return _Piece(self._at, data[:length], data[length] if length < len(data) else AT_END, None)

    def _ahead(self) -> memoryview:
        """From here on, more than the largest chunk unless the file ends before."""
        n_wanted = self._sizes.most + 1
        begin = self._at - self._block_at
        kept = self._block[begin:] if 0 <= begin <= len(self._block) else self._block[:0]
        if len(kept) < n_wanted:
            more = self._read_at(self._at + len(kept), BLOCKS_AHEAD * self._sizes.most)
            self._block, self._block_at = memoryview(b"".join((kept, more))), self._at
            return self._block
        return kept

"""Where a large file is cut: by its content alone, whatever is known of it, and the same for ever."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Callable

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st
from pyfastcdc import FastCDC

from dotscience_jlab.store.chunks import AT_END, SIZES, Chunk, ChunkName, ChunkSizes, KnownChunks, cut
from dotscience_jlab.store.intake import take_file
from dotscience_jlab.store.large_file import read_large
from dotscience_jlab.store.memory import MemoryObjects
from dotscience_jlab.store.objects import Buffer, object_id

SMALL = ChunkSizes(file_above=2048, least=256, average=512, most=2048)


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, n: data[offset : offset + n]


def names(data: bytes, known: KnownChunks = KnownChunks(), sizes: ChunkSizes = SMALL) -> list[ChunkName]:
    return [chunk.name for chunk in cut(reader(data), known, sizes)]


def test_the_chunks_are_the_file() -> None:
    data = random.Random(1).randbytes(100_000)
    chunks = list(cut(reader(data), sizes=SMALL))
    pieces = [chunk.held for chunk in chunks]
    assert b"".join(pieces) == data
    assert [chunk.name.offset for chunk in chunks] == [sum(map(len, pieces[:n])) for n in range(len(chunks))]
    for name, is_known, piece in chunks:
        assert not is_known
        assert (name.length, name.fast_digest, name.id) == (len(piece), blake3(piece).digest(), object_id(b"blob", piece))
        assert name.length <= SMALL.most
    assert [name.next_byte for name, _, _ in chunks] == [*(piece[0] for piece in pieces[1:]), AT_END]


def test_nothing_has_no_chunks() -> None:
    assert names(b"") == []


CUTS = 11, [1908825, 483555, 553771, 799419], "5ddca9606063c7a19dfd1c0d8f5b84ddf00ccbdb"


def test_the_cuts_of_this_version_stay_for_ever() -> None:
    """Another release of the chunker that cut elsewhere would make every large file look changed."""
    data = random.Random(2).randbytes(8_000_000)
    told = [name.length for name in names(data, sizes=SIZES)]
    assert (len(told), told[:4], hashlib.sha1(repr(told).encode()).hexdigest()) == CUTS


def held_or_there(chunk: Chunk, data: bytes) -> Buffer:
    begin, end = chunk.name.offset, chunk.name.offset + chunk.name.length
    return data[begin:end] if chunk.held is None else chunk.held


def edits(data: bytes, source: random.Random) -> bytes:
    """`data` with a part changed, put in, taken out or repeated."""
    begin, n = source.randrange(len(data) + 1), source.randrange(3000)
    new = source.choice([source.randbytes(n), bytes(n), data[:n]])
    return data[:begin] + new + data[begin + source.choice([0, n, source.randrange(5000)]) :]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_what_is_known_changes_no_cut(seed: int) -> None:
    source = random.Random(seed)
    data = b"".join(
        source.choice([source.randbytes, bytes, lambda n: b"abc," * (n // 4)])(source.randrange(8_000)) for _ in range(5)
    )
    known = KnownChunks(names(data))
    for _ in range(source.randrange(1, 4)):
        data = edits(data, source)
    told = list(cut(reader(data), known, SMALL))
    assert [chunk.name for chunk in told] == names(data)
    assert b"".join(held_or_there(chunk, data) for chunk in told) == data


@given(st.binary(min_size=600, max_size=6000), st.integers(0, 6000), st.binary(max_size=2))
def test_a_changed_end_changes_no_other_cut(data: bytes, length: int, tail: bytes) -> None:
    """The last chunk ends where the file does: that is no cut to be followed."""
    changed = data[:length] + tail
    assert names(changed, KnownChunks(names(data))) == names(changed)


@pytest.mark.parametrize(
    ("change", "n_new"),
    [
        (lambda data: data, 0),
        (lambda data: b"new" + data, 2),
        (lambda data: data[:50_000] + b"!" + data[50_001:], 2),
        (lambda data: data + b"new", 1),
        (lambda data: data[:60_000], 1),
    ],
)
def test_a_change_makes_few_chunks_new(change: Callable[[bytes], bytes], n_new: int) -> None:
    data = random.Random(3).randbytes(100_000)
    told = list(cut(reader(change(data)), KnownChunks(names(data)), SMALL))
    assert sum(not chunk.is_known for chunk in told) <= n_new


def test_a_file_known_whole_is_read_once_and_not_searched() -> None:
    data = random.Random(4).randbytes(200_000)
    n_read = 0

    def read_at(offset: int, n: int) -> bytes:
        nonlocal n_read
        n_read += len(data[offset : offset + n])
        return data[offset : offset + n]

    known = KnownChunks(names(data))
    assert all(chunk.is_known for chunk in cut(read_at, known, SMALL))
    assert n_read < len(data) + 10 * SMALL.most


def test_a_file_of_which_all_has_changed_where_it_was_cut_is_not_read_over_and_over() -> None:
    """Without a change of content there are no cuts but the largest chunk's: guesses about zeros turned to ones all fit."""
    n_read = 0

    def ones(offset: int, n: int) -> bytes:
        nonlocal n_read
        n_read += max(0, min(n, 500_000 - offset))
        return b"\1" * min(n, 500_000 - offset)

    assert not any(chunk.is_known for chunk in cut(ones, KnownChunks(names(bytes(500_000))), SMALL))
    assert n_read < 1.4 * 500_000


@pytest.mark.parametrize("inserted", [b"!", b"!" * 1000, bytes(700)])
@pytest.mark.parametrize("is_in_place", [True, False])
def test_a_change_amid_zeros_is_not_looked_for_in_every_one_of_them(inserted: bytes, is_in_place: bool) -> None:
    """Each of their chunks is found in a thousand places, and at most of them something else comes next."""
    data = (bytes(600_000) + b"\1" * 600_000) * 2
    changed = data[:100_000] + inserted + data[100_000 + len(inserted) * is_in_place :]
    n_read = 0

    def read_at(offset: int, n: int) -> bytes:
        nonlocal n_read
        n_read += len(changed[offset : offset + n])
        return changed[offset : offset + n]

    assert [chunk.name for chunk in cut(read_at, KnownChunks(names(data)), SMALL)] == names(changed)
    assert n_read < 1.4 * len(changed)


@pytest.mark.parametrize("n_lost", [0, 1, 2, 1000])
def test_a_known_chunk_that_the_store_has_lost_is_taken_in_again(n_lost: int, tmp_path: Path) -> None:
    data = random.Random(8).randbytes(100_000)
    (tmp_path / "big").write_bytes(data)
    known, objects = KnownChunks(names(data)), MemoryObjects()
    for name in sorted(known, key=lambda each: each.id)[n_lost:]:
        objects.put_blob(data[name.offset : name.offset + name.length])
    changed = data[:50_000] + b"new" + data[50_000:]
    (tmp_path / "big").write_bytes(changed)
    kept, _ = take_file(str(tmp_path / "big"), objects, known, SMALL)
    assert b"".join(read_large(objects, kept.entry.digest)) == changed
    assert kept.entry == take_file(str(tmp_path / "big"), MemoryObjects(), KnownChunks(), SMALL)[0].entry
    assert kept.chunks == names(changed)


def test_it_is_fastcdc() -> None:
    data = random.Random(5).randbytes(300_000)
    peer = FastCDC(SMALL.average, min_size=SMALL.least, max_size=SMALL.most, normalized_chunking=1)
    assert [name.length for name in names(data)] == [chunk.length for chunk in peer.cut_buf(data)]


def test_a_reader_that_fails_is_heard() -> None:
    def read_at(offset: int, n: int) -> bytes:
        if offset > 20_000:
            raise OSError("gone")
        return bytes(n)

    with pytest.raises(OSError, match="gone"):
        list(cut(read_at, sizes=SMALL))

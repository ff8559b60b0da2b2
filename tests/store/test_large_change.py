"""The change from one version of a large file to another, against both lists of chunks compared one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotscience_jlab.errors import StoreDamaged
from dotscience_jlab.model.snapshot import TreeEntry
from dotscience_jlab.store.chunks import AT_END, Chunk, ChunkName, KnownChunks, fast_digest_of
from dotscience_jlab.store.large_change import change_between
from dotscience_jlab.store.large_file import CHUNKS_PER_FOLDER, folders_of, put_large
from dotscience_jlab.store.memory import MemoryObjects
from dotscience_jlab.store.objects import object_id
from dotscience_jlab.store.patch import Piece, differing, pieces_of

BLOCKS = [b"a", b"bc", b"de", b"fgh", b"\0\0", b"ijklmn"]
"""Two of a length, so that one may take the other's place without moving what follows."""
FOLDER = list(range(4)) * (CHUNKS_PER_FOLDER // 4)
VERSIONS = st.builds(
    lambda n_folders, numbers, tail: FOLDER * n_folders + numbers + tail * 70,
    st.integers(0, 2), st.lists(st.integers(0, 5), max_size=8), st.lists(st.integers(0, 5), max_size=4),
)


def kept(objects: MemoryObjects, numbers: list[int]) -> tuple[TreeEntry, list[ChunkName], bytes]:
    """A file of those blocks, each a chunk."""
    data = b"".join(BLOCKS[n] for n in numbers)

    def chunks() -> Iterator[Chunk]:
        offset = 0
        for block in (BLOCKS[n] for n in numbers):
            end = offset + len(block)
            name = object_id(b"blob", block)
            next_byte = data[end] if end < len(data) else AT_END
            yield Chunk(ChunkName(offset, len(block), fast_digest_of(block), name, next_byte), False, block)
            offset = end

    found = put_large(objects, chunks(), "file")
    return found.entry, list(found.chunks or ()), data


@settings(deadline=None)
@given(VERSIONS, VERSIONS, st.sampled_from(["this", "this for certain", "that", "that for certain", "none"]))
def test_the_same_writes_as_a_comparison_of_all(first: list[int], second: list[int], remembered: str) -> None:
    objects = MemoryObjects()
    present, names, _ = kept(objects, first)
    wanted, wanted_names, data = kept(objects, second)
    known = {
        "this": KnownChunks(names), "this for certain": KnownChunks(names, present.digest),
        "that": KnownChunks(wanted_names), "that for certain": KnownChunks(wanted_names, wanted.digest),
        "none": KnownChunks(),
    }[remembered]
    change = change_between(objects, present.digest, wanted, known)
    old, new = pieces_of(objects, present.digest), pieces_of(objects, wanted.digest)
    assert sorted(change.writes()) == sorted(differing(old, new))
    assert [*map(tuple, change.before)] in ([*map(tuple, old)], [*map(tuple, names)])
    digests = {piece.id: fast_digest_of(objects.blob(piece.id)) for piece in change.writes()}
    told = change.names(digests, lambda offset: data[offset] if offset < len(data) else AT_END)
    assert told == wanted_names or (told is None and known.names != names)


def test_a_change_in_the_middle_is_all_that_is_opened() -> None:
    objects = MemoryObjects()
    present, names, _ = kept(objects, FOLDER * 3)
    wanted, _, _ = kept(objects, FOLDER + [2, *FOLDER[1:]] + FOLDER)
    opened = []

    class Watched(MemoryObjects):
        def tree(self, tree: str) -> dict:  # type: ignore[type-arg]
            opened.append(tree)
            return objects.tree(tree)

        def blob_size(self, digest: str) -> int:
            return objects.blob_size(digest)

    change = change_between(Watched(), present.digest, wanted, KnownChunks(names))
    n_bytes = sum(len(BLOCKS[n]) for n in FOLDER)
    assert change.writes()[0] == Piece(n_bytes, len(BLOCKS[2]), object_id(b"blob", BLOCKS[2]))
    assert folders_of([name.id for name in names])[0] not in opened
    assert len(opened) == 3


def test_chunks_that_do_not_make_up_the_file_are_damage() -> None:
    objects = MemoryObjects()
    present, names, _ = kept(objects, [0, 1, 2])
    wanted, _, _ = kept(objects, [0, 3, 2])
    with pytest.raises(StoreDamaged):
        change_between(objects, present.digest, replace(wanted, size_bytes=wanted.size_bytes + 1), KnownChunks(names))

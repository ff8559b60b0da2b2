"""How one version of a large file differs from another: looked for folder by folder of their chunks, and where all is the same
from there on to the end, no further.

    before   |--a--|--b--|--c--|--d--|      first 1, middle [x], rest 2: a stays, x comes where b was, c and d come behind it
    wanted   |--a--|--x--|--c--|--d--|      shift: by how much x is longer than b, and c and d have moved
"""

from __future__ import annotations

from typing import Callable, Iterable, Mapping, NamedTuple, Sequence

from ..errors import StoreDamaged
from ..model.snapshot import TreeEntry
from .chunks import ChunkName, KnownChunks
from .large_file import CHUNKS_PER_FOLDER, chunk_folders, chunks_in, folders_of
from .objects import ObjectId, Objects
from .patch import Piece, pieces_of, size_of


class Change(NamedTuple):
    before: Sequence[Piece] | Sequence[ChunkName]
    """All of the version before."""
    first: int
    """So many chunks at its beginning stay where they are."""
    middle: list[Piece]
    """Those that come next."""
    rest: int
    """Then come those of before from this one on,"""
    shift: int
    """so many bytes further."""

    def writes(self) -> list[Piece]:
        """What of the wanted version does not lie at the same place before."""
        behind = self.before[self.rest :] if self.shift else ()
        end = len(self.before) if self.shift else self.rest
        there = {(each.offset, each.length, each.id) for each in self.before[self.first : end]}
        moved = [Piece(each.offset + self.shift, each.length, each.id) for each in behind]
        return [piece for piece in (*self.middle, *moved) if piece not in there]

    def names(self, fast_digests: Mapping[ObjectId, bytes], byte_at: Callable[[int], int]) -> list[ChunkName] | None:
        """How the wanted version is cut, as a scan would remember it; None if it is not remembered how the one before was.

        fast_digests: of the chunks that were written. byte_at: the byte at an offset of it, AT_END behind its last.
        """
        if not all(isinstance(each, ChunkName) for each in self.before[:1]):
            return None
        end = len(self.before) if self.shift else self.rest  # what comes behind may lie where one of the middle is wanted
        digests = {each.id: each.fast_digest for each in self.before[self.first : end]}  # type: ignore[union-attr]
        digests.update(fast_digests)
        found: list[ChunkName] = [*self.before[: self.first]]  # type: ignore[list-item]
        if found:
            found[-1] = found[-1]._replace(next_byte=byte_at(found[-1].offset + found[-1].length))
        for offset, length, name in self.middle:
            found.append(ChunkName(offset, length, digests[name], name, byte_at(offset + length)))
        rest: Sequence[ChunkName] = self.before[self.rest :]  # type: ignore[assignment]
        found += [each._replace(offset=each.offset + self.shift) for each in rest] if self.shift else rest
        return found


def change_between(objects: Objects, present: ObjectId, wanted: TreeEntry, known: KnownChunks) -> Change:
    """From the large file `present` to `wanted`; StoreDamaged if the chunks of either do not make up the file.

    known: how a version of the file is remembered to be cut, perhaps the present one: where that is not certain it shows when its
    folders are named anew, at about 1 us a chunk. Then only the folders of `wanted` that differ are opened; else each chunk is
    looked at.
    """
    folders, wanted_folders = chunk_folders(objects, present), chunk_folders(objects, wanted.digest)
    before: Sequence[Piece] | Sequence[ChunkName] = known.names
    ids = [name.id for name in known]
    if not ids or (known.digest != present and folders_of(ids) != folders):
        before, ids, folders = pieces_of(objects, present, {name.id: name.length for name in known}), [], []
    n_same = _n_common(folders, wanted_folders)
    chunks: list[ObjectId] = []
    for n, folder in enumerate(wanted_folders[n_same:], n_same):
        is_there = folders[n : n + 1] == [folder]
        chunks += ids[n * CHUNKS_PER_FOLDER : (n + 1) * CHUNKS_PER_FOLDER] if is_there else chunks_in(objects, folder)
    first = min(n_same * CHUNKS_PER_FOLDER, len(before))
    left = [each.id for each in before[first:]]
    begin = _n_common(left, chunks)
    n_behind = _n_common(reversed(left[begin:]), reversed(chunks[begin:]))
    first, rest, end = first + begin, len(before) - n_behind, len(chunks) - n_behind
    lengths = {each.id: each.length for each in before[first:rest]}
    middle, offset = [], size_of(before[:first])
    for chunk in chunks[begin:end]:
        length = lengths[chunk] if chunk in lengths else objects.blob_size(chunk)
        middle.append(Piece(offset, length, chunk))
        offset += length
    n_before = size_of(before)
    shift = offset - (before[rest].offset if rest < len(before) else n_before)
    if n_before + shift != wanted.size_bytes:
        said = f"The large file {wanted.digest} is damaged: its chunks make {n_before + shift:,} bytes, not {wanted.size_bytes:,}."
        raise StoreDamaged(said, "`ds check` names what is damaged and what refers to it.")
    return Change(before, first, middle, rest, shift)


def _n_common(one: Iterable[ObjectId], other: Iterable[ObjectId]) -> int:
    """How many at the beginning are the same: a b c, a b d -> 2"""
    n = 0
    for a, b in zip(one, other):
        if a != b:
            break
        n += 1
    return n

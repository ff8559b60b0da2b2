"""A large file inside a snapshot's tree: a folder of its chunks, which plain git sees as such and can put together.

    data/big.csv   ->   data/big.csv.ds/meta              {"format":1,"mode":"file","n_chunks":300,"size_bytes":201326592}
                        data/big.csv.ds/00000/000000 … 000255
                        data/big.csv.ds/00001/000256 … 000299

The folder's id names the file: equal bytes, equal id. Unchanged chunks, and folders of them, are shared between versions.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Iterable, Iterator, Mapping, NamedTuple, Sequence

from ..errors import NotFound, StoreDamaged, StoreTooNew
from ..model.ids import BlobDigest
from ..model.snapshot import EXECUTABLE, FILE, TreeEntry
from .chunks import Chunk, ChunkName
from .objects import FOLDER_MODE, ObjectId, Objects, Sink, TreeItem, object_id

META = b"meta"
FORMAT = 1
CHUNKS_PER_FOLDER = 256
CHUNK_MODE = 0o100644
PIECE_BYTES = 4 << 20
"""A plain blob is read in pieces of this size: earlier programs kept files up to 50 MB as one."""
FOLDER_NAME = re.compile(rb"[0-9]{5,}")


@dataclass(frozen=True)
class Meta:
    mode: str
    n_chunks: int
    size_bytes: int
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


class Kept(NamedTuple):
    """A file that was put into a store."""

    entry: TreeEntry
    chunks: Sequence[ChunkName] | None
    """How it was cut, if it was."""
    n_new_bytes: int
    """Of its bytes those that the store may not have had."""


class Unkept(Exception):
    """A chunk that was known, and therefore not held, is not in the store any more: the file is to be cut without what is known."""


def put_large(sink: Sink, chunks: Iterable[Chunk], mode: str) -> Kept:
    """A chunk that is known and still there is neither named nor written again; Unkept, if it is not there and not held."""
    names: list[ChunkName] = []
    n_new_bytes = 0
    folder: dict[bytes, TreeItem] = {}
    items: dict[bytes, TreeItem] = {}
    for chunk in chunks:
        if not (chunk.is_known and sink.keep(chunk.name.id)):
            if chunk.held is None:
                raise Unkept(chunk.name.id)
            # What was only remembered is named anew: nothing is stored under a name that was not seen to be its own.
            sink.put_blob(chunk.held, None if chunk.is_known else BlobDigest(chunk.name.id))
            n_new_bytes += len(chunk.held)
        if len(folder) == CHUNKS_PER_FOLDER:
            items[b"%05d" % len(items)], folder = TreeItem(FOLDER_MODE, sink.put_tree(folder)), {}
        folder[b"%06d" % len(names)] = TreeItem(CHUNK_MODE, chunk.name.id)
        names.append(chunk.name)
    if folder:
        items[b"%05d" % len(items)] = TreeItem(FOLDER_MODE, sink.put_tree(folder))
    size_bytes = names[-1].offset + names[-1].length if names else 0
    items[META] = TreeItem(CHUNK_MODE, sink.put_blob(Meta(mode, len(names), size_bytes).to_bytes()))
    return Kept(TreeEntry(BlobDigest(sink.put_tree(items)), size_bytes, mode, is_chunked=True), names, n_new_bytes)


def folders_of(chunks: Sequence[ObjectId]) -> list[ObjectId]:
    """git's names of the folders that `put_large` would make of these chunks; nothing is kept. Less than 1 us a chunk."""
    ids = bytes.fromhex("".join(chunks)).decode("latin-1")  # text is put together sooner than bytes
    found, mode = [], f"{CHUNK_MODE:o}"
    for at in range(0, len(chunks), CHUNKS_PER_FOLDER):
        end = min(at + CHUNKS_PER_FOLDER, len(chunks))
        lines = [f"{mode} {n:06}\0{ids[20 * n : 20 * n + 20]}" for n in range(at, end)]
        if at < 1_000_000 < end:
            lines.sort()  # 1000000 stands before 999999
        found.append(object_id(b"tree", "".join(lines).encode("latin-1")))
    return found


def is_large(items: Mapping[bytes, TreeItem]) -> bool:
    """True if a folder of this content is a large file."""
    return META in items and all(
        (item.mode == FOLDER_MODE and FOLDER_NAME.fullmatch(name)) or (name == META and item.mode != FOLDER_MODE)
        for name, item in items.items()
    )


def read_meta(objects: Objects, digest: ObjectId) -> Meta:
    """Of the large file of that name; costs two small objects. StoreTooNew if a later version wrote it."""
    try:
        body = json.loads(objects.blob(objects.tree(digest)[META].id))
        if body["format"] > FORMAT:
            raise StoreTooNew(
                f"The large file {digest} is of format {body['format']}; this program knows {FORMAT}.",
                "Install a newer dotscience-jlab.",
            )
        mode = EXECUTABLE if body["mode"] == EXECUTABLE else FILE
        return Meta(mode, int(body["n_chunks"]), int(body["size_bytes"]), int(body["format"]))
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(digest, str(error)) from error


def chunk_folders(objects: Objects, digest: ObjectId) -> list[ObjectId]:
    """The folders of chunks of the large file of that name, in order."""
    return [item.id for _, item in sorted((int(name), item) for name, item in objects.tree(digest).items() if name != META)]


def chunks_in(objects: Objects, folder: ObjectId) -> list[ObjectId]:
    """In order."""
    items = objects.tree(folder)
    return [items[name].id for name in sorted(items, key=int)]


def chunk_ids(objects: Objects, digest: ObjectId) -> Iterator[ObjectId]:
    """In order."""
    for folder in chunk_folders(objects, digest):
        yield from chunks_in(objects, folder)


def keep_whole(objects: Objects, sink: Sink, digest: ObjectId, head: ObjectId | None = None) -> bool:
    """True if all of the large file is there, and maintenance takes it for new.

    head: a large file in the newest snapshot: what it holds is kept anyway, and is not looked for.
    """
    if not sink.keep(digest):
        return False
    items = objects.tree(digest)
    there = {item.id for item in objects.tree(head).values()} if head is not None else set()
    folders = [item for item in items.values() if item.id not in there]
    if not all(sink.keep(item.id) for item in folders):
        return False
    held = set(chunk_ids(objects, head)) if head is not None and folders else set()
    return all(
        sink.keep(chunk)
        for folder in folders if folder.mode == FOLDER_MODE
        for chunk in chunks_in(objects, folder.id) if chunk not in held
    )


def read_file(objects: Objects, digest: ObjectId, offset: int = 0) -> Iterator[bytes]:
    """The bytes of any file by its digest, in pieces of at most a few MiB. NotFound before the first one."""
    content = objects.content(digest)
    if isinstance(content, bytes):
        return (content[at : at + PIECE_BYTES] for at in range(offset, len(content), PIECE_BYTES))
    if not is_large(content):
        raise NotFound(f"{digest} does not name the bytes of a file.")
    return read_large(objects, digest, offset)


def read_large(objects: Objects, digest: ObjectId, offset: int = 0) -> Iterator[bytes]:
    """A chunk at a time, each checked against its name. StoreDamaged before the first wrong byte, or at the end if some lack.

    Chunks before `offset` are not read, only their sizes.
    """
    meta, at, n_chunks = read_meta(objects, digest), 0, 0
    last, data = "", b""
    for chunk in chunk_ids(objects, digest):
        n_chunks += 1
        if at < offset and (end := at + objects.blob_size(chunk)) <= offset:
            at = end
            continue
        if chunk != last:  # of a sparse file thousands on end are the same
            last, data = chunk, objects.blob(chunk)
        yield data[max(offset - at, 0) :]
        at += len(data)
    if (n_chunks, at) != (meta.n_chunks, meta.size_bytes):
        raise _damaged(digest, f"it holds {at:,} bytes in {n_chunks:,} chunks, not {meta.size_bytes:,} in {meta.n_chunks:,}")


def _damaged(digest: ObjectId, what: str) -> StoreDamaged:
    return StoreDamaged(f"The large file {digest} is damaged: {what}.", "Restore the store from a copy.")

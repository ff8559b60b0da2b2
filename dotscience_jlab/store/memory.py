"""Objects and refs in memory, with git's own names: for tests, and as the proof that a history knows no disk."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import Collection, ContextManager, Iterator, Mapping

from ..errors import Forgotten, NotFound
from ..model.ids import BlobDigest
from .objects import LOOSE, Buffer, CommitText, ObjectId, Sink, StoredObject, TreeItem, line_ref, object_id, tree_bytes


class MemoryObjects:
    def __init__(self) -> None:
        self._blobs: dict[ObjectId, bytes] = {}
        self._trees: dict[ObjectId, dict[bytes, TreeItem]] = {}
        self._commits: dict[ObjectId, CommitText] = {}
        self._refs: dict[str, ObjectId] = {}
        self._refused: dict[ObjectId, str] = {}
        self._busy = threading.Lock()

    def put_blob(self, data: Buffer, name: BlobDigest | None = None) -> BlobDigest:
        name = name or BlobDigest(object_id(b"blob", data))
        if name in self._refused:
            raise Forgotten(self._refused[name])
        self._blobs[name] = bytes(data)
        return name

    def put_tree(self, items: dict[bytes, TreeItem]) -> ObjectId:
        name = object_id(b"tree", tree_bytes(items))
        if name in self._refused:
            raise Forgotten(self._refused[name])
        self._trees[name] = dict(items)
        return name

    def put_commit(self, commit: CommitText) -> ObjectId:
        name = object_id(b"commit", repr(commit).encode("utf-8", "surrogateescape"))
        self._commits[name] = commit
        return name

    def batch(self) -> ContextManager[Sink]:
        return nullcontext(self)

    def content(self, name: ObjectId) -> bytes | dict[bytes, TreeItem]:
        return self._trees[name] if name in self._trees else self.blob(name)

    def blob(self, digest: ObjectId) -> bytes:
        return _found(self._blobs, digest)

    def has(self, name: ObjectId) -> bool:
        return name in self._blobs or name in self._trees or name in self._commits

    def keep(self, name: ObjectId) -> bool:
        return self.has(name)

    def blob_size(self, digest: ObjectId) -> int:
        return len(self.blob(digest))

    def tree(self, tree: ObjectId) -> dict[bytes, TreeItem]:
        return _found(self._trees, tree)

    def commit(self, commit: ObjectId) -> CommitText:
        return _found(self._commits, commit)

    def ref(self, name: str) -> ObjectId | None:
        return self._refs.get(name)

    def refs(self, below: str) -> dict[str, ObjectId]:
        return {name.removeprefix(below): self._refs[name] for name in sorted(self._refs) if name.startswith(below)}

    def lines(self) -> list[str]:
        return list(self.refs(line_ref("")))

    def ref_ways(self) -> dict[str, tuple[ObjectId, ...]]:
        return {name: (commit,) for name, commit in self._refs.items()}

    def stored(self) -> Iterator[StoredObject]:
        yield from [StoredObject(name, LOOSE, len(data)) for name, data in self._blobs.items()]
        yield from [StoredObject(name, LOOSE, 0) for name in (*self._trees, *self._commits)]

    def is_folder(self, name: ObjectId) -> bool:
        return name in self._trees

    def refusal(self, name: ObjectId) -> str:
        return self._refused.get(name, "")

    def refuse(self, names: Mapping[ObjectId, str]) -> None:
        self._refused.update(names)

    def expire(self, names: Collection[ObjectId]) -> int:
        """Bytes freed."""
        freed = sum(len(self._blobs.pop(name, b"")) for name in names)
        for name in names:
            self._trees.pop(name, None)
        return freed

    def sync(self) -> None:
        """Memory is as durable as it gets."""

    def move_ref(self, name: str, old: ObjectId | None, new: ObjectId) -> bool:
        with self._busy:
            if self._refs.get(name) != old:
                return False
            self._refs[name] = new
            return True

    def drop_ref(self, name: str, old: ObjectId) -> bool:
        with self._busy:
            if self._refs.get(name) != old:
                return False
            del self._refs[name]
            return True

    def sweep(self) -> None:
        """A killed process leaves nothing in memory."""

    def size_bytes(self) -> int:
        return sum(map(len, self._blobs.values()))

    def shared_bytes(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""


def _found(table: dict, name: ObjectId):  # type: ignore[type-arg, no-untyped-def]
    if name not in table:
        raise NotFound(f"The object {name} is not in this history.")
    return table[name]

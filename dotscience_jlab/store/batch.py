"""Objects that come in together: a handful become loose files, as git's own do; many, or large ones, become one pack.

A pack costs a few files however much is in it, and a fork shares it with one hard link; a small one would only be one more
place to look for every object.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..model.ids import BlobDigest
from .disk import disk_errors
from .objects import Buffer, ObjectId, TreeItem, object_id, tree_bytes
from .pack import PackDraft

MOST_LOOSE = 256
MOST_LOOSE_BYTES = 8 << 20
"""Above either a pack is begun. Up to there everything waits in memory."""


class Repository(Protocol):
    """What a batch needs of it."""

    path: Path

    def has(self, name: ObjectId) -> bool: ...

    def keep(self, name: ObjectId) -> bool: ...

    def is_kept(self, kind: bytes, name: ObjectId, data: Buffer) -> bool:
        """Forgotten if these bytes were purged."""

    def put_loose(self, kind: bytes, name: ObjectId, data: Buffer) -> None: ...

    def adopt(self, draft: PackDraft) -> None:
        """Read from it, and publish it before a ref moves."""

    def remember_tree(self, name: ObjectId, items: dict[bytes, TreeItem]) -> None:
        """It is likely to be read soon."""


class Batch:
    """A `Sink` for one thread. Ends with `finish` or `discard`."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._waiting: dict[ObjectId, tuple[bytes, Buffer]] = {}
        self._n_bytes = 0
        self._draft: PackDraft | None = None

    def put_blob(self, data: Buffer, name: BlobDigest | None = None) -> BlobDigest:
        return BlobDigest(self._put(b"blob", data, name))

    def put_tree(self, items: dict[bytes, TreeItem]) -> ObjectId:
        made = self._put(b"tree", tree_bytes(items), None)
        self._repository.remember_tree(made, items)
        return made

    def has(self, name: ObjectId) -> bool:
        return self._is_new_here(name) or self._repository.has(name)

    def keep(self, name: ObjectId) -> bool:
        return self._is_new_here(name) or self._repository.keep(name)

    def finish(self) -> None:
        """Everything can be read through the repository when this returns. OSError: `discard` then."""
        if self._draft is None:
            for name, (kind, data) in self._waiting.items():
                self._repository.put_loose(kind, name, data)
            return
        with disk_errors(self._repository.path):
            self._draft.settle()
        self._repository.adopt(self._draft)

    def discard(self) -> None:
        if self._draft is not None:
            self._draft.discard()

    def _put(self, kind: bytes, data: Buffer, name: ObjectId | None) -> ObjectId:
        name = name or object_id(kind, data)
        if self._is_new_here(name) or self._repository.is_kept(kind, name, data):
            return name
        with disk_errors(self._repository.path):
            if self._draft is not None:
                self._draft.add(kind, name, data)
                return name
            self._waiting[name] = kind, data
            self._n_bytes += len(data)
            if len(self._waiting) > MOST_LOOSE or self._n_bytes > MOST_LOOSE_BYTES:
                self._begin_pack()
        return name

    def _is_new_here(self, name: ObjectId) -> bool:
        return name in self._waiting or (self._draft is not None and name in self._draft)

    def _begin_pack(self) -> None:
        folder = self._repository.path / "objects" / "pack"
        folder.mkdir(parents=True, exist_ok=True)
        self._draft = PackDraft(folder)
        for name, (kind, data) in self._waiting.items():
            self._draft.add(kind, name, data)
        self._waiting.clear()

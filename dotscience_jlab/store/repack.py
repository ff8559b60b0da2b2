"""Writes objects that a store has already into new packs, a bounded one at a time."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from .disk import disk_errors
from .durable import sync_path
from .git import GitObjects
from .objects import ObjectId
from .pack import PackDraft

MOST_PACK_BYTES = 64 << 20
MOST_PACK_OBJECTS = 50_000
"""Of one pack: bounds the memory for its index, and how long the disk is busy with it at once."""


class Repacking:
    """Made by `repacking`; what was added is on the disk, under its final name, when that ends."""

    def __init__(self, objects: GitObjects) -> None:
        self._objects = objects
        self._folder: Path = objects.path / "objects" / "pack"
        self._draft: PackDraft | None = None
        self.n_objects = 0
        self.n_bytes = 0

    def add(self, name: ObjectId) -> None:
        """Its bytes are checked against its name on the way. NotFound, or StoreDamaged: then nothing is added."""
        kind, data = self._objects.raw(name)
        with disk_errors(self._folder):
            if self._draft is None:
                self._draft = PackDraft(self._folder)
            self._draft.add(kind, name, data)
            self.n_objects += 1
            if len(self._draft) >= MOST_PACK_OBJECTS or self._draft.size_bytes >= MOST_PACK_BYTES:
                self.publish()

    def publish(self) -> None:
        if self._draft is not None:
            self._draft.settle()
            self._draft.publish()
            sync_path(self._folder)
            self.n_bytes += self._draft.size_bytes
            self._draft = None

    def discard(self) -> None:
        if self._draft is not None:
            self._draft.discard()


@contextmanager
def repacking(objects: GitObjects) -> Iterator[Repacking]:
    made = Repacking(objects)
    try:
        yield made
        with disk_errors(objects.path):
            made.publish()
    finally:
        made.discard()

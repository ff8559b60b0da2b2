"""The files of the newest snapshot, by path: what a scan compares the folder with."""

from __future__ import annotations

from typing import Mapping

from ..model.ids import BlobDigest
from ..model.paths import WorkspacePath
from ..model.snapshot import FILE, MAIN_LINE, TreeEntry
from . import trees
from .large_file import read_meta
from .objects import ObjectId, Objects, TreeItem, line_ref

Files = dict[WorkspacePath, TreeEntry]


class HeadFiles:
    """Of the line asked for last: kept in step while publishing, read anew when somebody else moved the line."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: tuple[ObjectId, Files] | None = None
        """(tree, its files)"""

    def at(self, line: str) -> tuple[ObjectId | None, Files]:
        """(the head's tree, its files); the caller must not change them. (None, {}) for a line without a snapshot."""
        commit = self._objects.ref(line_ref(line))
        if commit is None:
            return None, {}
        tree = self._objects.commit(commit).tree
        if self._known is None or self._known[0] != tree:
            self._known = tree, {path: entry_of(self._objects, item) for path, item in trees.walk(self._objects, tree)}
        return self._known

    def move(self, line: str, before: ObjectId | None, after: ObjectId, edits: Mapping[WorkspacePath, TreeEntry | None]) -> None:
        """`edits` made tree `after` of tree `before`."""
        if line != MAIN_LINE or (self._known[0] if self._known else None) != before:
            self._known = None
            return
        files = self._known[1] if self._known else {}
        for path, entry in edits.items():
            if entry is None:
                files.pop(path, None)
            else:
                files[path] = entry
        self._known = after, files


def entry_of(objects: Objects, item: TreeItem) -> TreeEntry:
    """Of a file's item; costs a look at its size."""
    if item.mode == trees.LARGE_MODE:
        meta = read_meta(objects, item.id)
        return TreeEntry(BlobDigest(item.id), meta.size_bytes, meta.mode, is_chunked=True)
    return TreeEntry(BlobDigest(item.id), objects.blob_size(item.id), trees.MODE_NAMES.get(item.mode, FILE))


def item_of(entry: TreeEntry) -> TreeItem:
    return TreeItem(trees.LARGE_MODE if entry.is_chunked else trees.MODES[entry.mode], entry.digest)

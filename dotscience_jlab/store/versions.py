"""Every version of every file along a line, each with the stretch of snapshots that holds it: one walk over what changed."""

from __future__ import annotations

import os
import re
from typing import Iterable, Iterator, NamedTuple

from ..model.paths import WorkspacePath
from .objects import FOLDER_MODE, ObjectId, Objects, TreeItem

LARGE_SUFFIX = b".ds"
META = b"meta"
_ESCAPED = re.compile(rb"(.*\.ds~*)~")


class Version(NamedTuple):
    path: WorkspacePath
    item: TreeItem
    """A large file is the folder of its chunks."""
    first: int
    end: int
    """It stands in the trees `first` to `end - 1` of those walked."""


def versions(objects: Objects, trees: Iterable[ObjectId]) -> Iterator[Version]:
    """trees: oldest first. A version comes when it ends. Memory: the files of one tree."""
    standing: dict[WorkspacePath, tuple[TreeItem, int]] = {}
    before: ObjectId | None = None
    n = -1
    for n, tree in enumerate(trees):
        for path, was, now in changed_files(objects, before, tree):
            if was is not None:
                item, first = standing.pop(path)
                yield Version(path, item, first, n)
            if now is not None:
                standing[path] = now, n
        before = tree
    for path, (item, first) in standing.items():
        yield Version(path, item, first, n + 1)


def changed_files(
    objects: Objects, before: ObjectId | None, after: ObjectId | None, prefix: bytes = b""
) -> Iterator[tuple[WorkspacePath, TreeItem | None, TreeItem | None]]:
    """(path, item before, item after) of files that differ; a large file is one, and equal folders are not opened."""
    if before == after:
        return
    old = objects.tree(before) if before is not None else {}
    new = objects.tree(after) if after is not None else {}
    for name in dict.fromkeys(name for name, _ in old.items() ^ new.items()):
        was, now = old.get(name), new.get(name)
        was_file, now_file = (_as_file(objects, name, item) for item in (was, now))
        if was_file is not None or now_file is not None:
            yield WorkspacePath(os.fsdecode(prefix + file_name(name, was_file or now_file))), was_file, now_file
        was_folder = was.id if was is not None and was_file is None else None
        now_folder = now.id if now is not None and now_file is None else None
        if was_folder or now_folder:
            yield from changed_files(objects, was_folder, now_folder, prefix + file_name(name, None) + b"/")


def _as_file(objects: Objects, name: bytes, item: TreeItem | None) -> TreeItem | None:
    if item is None or (item.mode == FOLDER_MODE and not (name.endswith(LARGE_SUFFIX) and META in objects.tree(item.id))):
        return None
    return item


def file_name(name: bytes, item: TreeItem | None) -> bytes:
    """As the user calls it: the folder `big.csv.ds` of a large file -> `big.csv`; `a.ds~` -> `a.ds`"""
    if item is not None and item.mode == FOLDER_MODE:
        name = name.removesuffix(LARGE_SUFFIX)
    escaped = _ESCAPED.fullmatch(name)
    return escaped[1] if escaped else name

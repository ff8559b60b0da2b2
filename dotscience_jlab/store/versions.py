"""Every version of every file along a line, each with the stretch of snapshots that holds it: one walk over what changed."""

from __future__ import annotations

from typing import Iterable, Iterator, NamedTuple

from ..model.paths import WorkspacePath
from .objects import ObjectId, Objects, TreeItem
from .trees import differences


class Version(NamedTuple):
    path: WorkspacePath
    item: TreeItem
    """A large file is one, of mode `trees.LARGE_MODE`."""
    first: int
    end: int
    """It stands in the trees `first` to `end - 1` of those walked."""


def versions(objects: Objects, trees: Iterable[ObjectId]) -> Iterator[Version]:
    """trees: oldest first. A version comes when it ends. Memory: the files of one tree."""
    standing: dict[WorkspacePath, tuple[TreeItem, int]] = {}
    before: ObjectId | None = None
    n = -1
    for n, tree in enumerate(trees):
        for path, _, was, now in differences(objects, before, tree):
            if was is not None:
                item, first = standing.pop(path)
                yield Version(path, item, first, n)
            if now is not None:
                standing[path] = now, n
        before = tree
    for path, (item, first) in standing.items():
        yield Version(path, item, first, n + 1)

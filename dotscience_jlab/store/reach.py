"""What a history refers to: every object that its refs lead to, streamed; equal folders of neighbours are not opened.

A commit costs its tree's difference to the tree before it, so ten thousand similar snapshots cost what changed between them.
Names are given at least once, not exactly once.
"""

from __future__ import annotations

from typing import Callable, Container, Iterable, Iterator

from .objects import FOLDER_MODE, CommitText, ObjectId, Objects

IsLeftOut = Callable[[CommitText, ObjectId], bool]


def reachable(
    objects: Objects,
    heads: Iterable[ObjectId],
    seen: set[ObjectId] | None = None,
    is_left_out: IsLeftOut = lambda text, commit: False,
    skip: Container[ObjectId] = frozenset(),
) -> Iterator[ObjectId]:
    """Commits, trees and blobs that `heads` lead to, without what only commits left out hold. Memory: the names of commits.

    seen: commits met before, whose objects are not given again; this walk's are added. skip: trees and blobs that are passed
    by, with what is below them.
    """
    seen = set() if seen is None else seen
    waiting = list(heads)
    while waiting:
        commit: ObjectId | None = waiting.pop()
        newer: ObjectId | None = None
        """The tree whose difference to the next older one has still to be given."""
        while commit is not None:
            is_known, text = commit in seen, objects.commit(commit)
            seen.add(commit)
            if not is_left_out(text, commit):
                if newer is not None:
                    yield from tree_objects(objects, newer, text.tree, skip)
                if is_known:
                    newer = None
                    break
                yield commit
                newer = text.tree
            elif is_known and newer is None:
                break
            waiting += text.parents[1:]
            commit = text.parents[0] if text.parents else None
        if newer is not None:
            yield from tree_objects(objects, newer, None, skip)


def tree_objects(
    objects: Objects, tree: ObjectId, base: ObjectId | None, skip: Container[ObjectId] = frozenset()
) -> Iterator[ObjectId]:
    """`tree` and all below it, but for what lies at the same place in `base`."""
    if tree == base or tree in skip:
        return
    yield tree
    known = objects.tree(base) if base is not None else {}
    for name, item in objects.tree(tree).items() - known.items():
        if item.mode == FOLDER_MODE:
            was = known.get(name)
            below = was.id if was is not None and was.mode == FOLDER_MODE else None
            yield from tree_objects(objects, item.id, below, skip)
        elif item.id not in skip:
            yield item.id


def heads_of(objects: Objects) -> list[ObjectId]:
    """The commits that refs lead to, each once."""
    return list(dict.fromkeys(named[-1] for named in objects.ref_ways().values()))

"""Commits made again with some of them left out, or over other trees: how a history forgets while ids stay.

    a - b - c - d   without b and with the trees of c and d changed   ->   a - c' - d'

Messages, and with them the ids of snapshots, times and authors are as they were; what comes before the first change is shared.
"""

from __future__ import annotations

from typing import Callable

from ..errors import Conflict
from .objects import CommitText, ObjectId, Objects

MOVE_TRIES = 40
Stand = tuple[ObjectId, ...]
"""What stands for a commit in the new history: itself or its copy; of one left out, what stands for its parents."""


class Rewriting:
    """Remembers what it has made, so that commits which come to a line meanwhile cost only themselves. Moves no ref."""

    def __init__(
        self,
        objects: Objects,
        *,
        is_left_out: Callable[[CommitText, ObjectId], bool] = lambda text, commit: False,
        new_tree: Callable[[ObjectId], ObjectId] = lambda tree: tree,
    ) -> None:
        self._objects = objects
        self._is_left_out = is_left_out
        self._new_tree = new_tree
        self._made: dict[ObjectId, Stand] = {}

    def of(self, head: ObjectId) -> ObjectId | None:
        """What stands for `head`; None if it and all before it are left out. Costs one commit read for each before it, once."""
        waiting = [head]
        while waiting:
            commit = waiting[-1]
            if commit in self._made:
                waiting.pop()
                continue
            text = self._objects.commit(commit)
            unmade = [parent for parent in text.parents if parent not in self._made]
            if unmade:
                waiting += unmade
            else:
                self._made[commit] = self._stand(commit, text)
                waiting.pop()
        return next(iter(self._made[head]), None)

    def _stand(self, commit: ObjectId, text: CommitText) -> Stand:
        stands = [self._made[parent] for parent in text.parents]
        first_is_gone = bool(stands) and not stands[0]  # then another parent would take its place on the line
        parents = () if first_is_gone else tuple(dict.fromkeys(each for stand in stands for each in stand))
        if self._is_left_out(text, commit):
            return parents
        tree = self._new_tree(text.tree)
        if (tree, parents) == (text.tree, text.parents):
            return (commit,)
        return (self._objects.put_commit(text._replace(tree=tree, parents=parents)),)


def swap_ref(objects: Objects, name: str, old: ObjectId, new: ObjectId | None) -> None:
    """new None: the ref goes. Under the store's lock: who holds the ref then is another git, for milliseconds, or dead, until
    its lock is stale."""
    for _ in range(MOVE_TRIES):
        if objects.drop_ref(name, old) if new is None else objects.move_ref(name, old, new):
            return
        if objects.ref(name) != old:
            break
    raise Conflict("Another program is writing this history.", "Try again in a moment.")

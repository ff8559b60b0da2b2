"""Which of several lines about one id is the newest, whichever way histories were united.

Every commit of records has a *generation*: one more than the largest of its parents. A line's place is its commit's
(generation, id), then the segment's path, then its number in it. What knew of the other has the larger generation, so it counts as
newer; of two that did not know of each other the same one counts on every computer, in whatever order they were united.

    1 --- 2 --- 4 --- 5        4 unites 2 and 3: it brings no lines of its own; read 1, 2, 3, 5
     \\-- 2' -- 3 --/           (2 and 2': the smaller commit id first)
"""

from __future__ import annotations

import heapq
from typing import Iterator

from .lines import Line, read_lines
from .objects import ObjectId, Objects
from .records import Generations
from .trees import differences, find

Place = tuple[int, ObjectId]
"""(generation, commit)"""


def records_since(objects: Objects, tip: ObjectId, known: ObjectId | None) -> tuple[Iterator[list[Line]], bool]:
    """(lines of `tip` that are not reachable from commit `known` (None: all), commit by commit, oldest first, of kinds that
    this version knows; True if `known` is no part of it any more, and all of it comes).

    Where histories were united since, older lines about the same ids come along, in their place: taken in one after
    the other, the last one about an id is the newest. Costs the commits since `known`, and those that did not know of them.
    """
    commits = Generations(objects)
    new, old, is_part = _split(objects, commits, tip, known)
    if known is not None and not is_part:
        new, old, _ = _split(objects, commits, tip, None)
        return _in_order(objects, commits, new, []), True
    return _in_order(objects, commits, new, old), False


def _in_order(objects: Objects, commits: Generations, new: list[Place], old: list[Place]) -> Iterator[list[Line]]:
    if not old:
        for _, commit in sorted(new):
            yield list(brought(objects, commits, commit))
        return
    wanted = {line.id for _, commit in new for line in brought(objects, commits, commit)}
    for _, commit in sorted(new + old):
        yield [line for line in brought(objects, commits, commit) if line.id in wanted]


def _split(
    objects: Objects, commits: Generations, head: ObjectId, known: ObjectId | None
) -> tuple[list[Place], list[Place], bool]:
    """(what only `head` reaches; what `known` reaches that could be newer than some of it; True if `head` reaches `known`).

    Largest generation first, so that who reaches a commit is settled when its turn comes.
    """
    is_known = {head: False}
    waiting = [(-commits.of(head), head)]
    if known is not None and objects.has(known):
        waiting.append((-commits.of(known), known))
        is_known[known] = True
    heapq.heapify(waiting)
    n_new_waiting, smallest_new = 1, None
    new: list[Place] = []
    old: list[Place] = []
    is_part = False
    while waiting and (n_new_waiting or (smallest_new is not None and -waiting[0][0] >= smallest_new)):
        minus, commit = heapq.heappop(waiting)
        if is_known[commit]:
            old.append((-minus, commit))
        else:
            new.append((-minus, commit))
            n_new_waiting, smallest_new = n_new_waiting - 1, -minus
        for parent in commits.parents(commit):
            is_part = is_part or (parent == known and not is_known[commit])
            if parent not in is_known:
                is_known[parent] = is_known[commit]
                n_new_waiting += not is_known[commit]
                heapq.heappush(waiting, (-commits.of(parent), parent))
            elif is_known[commit] and not is_known[parent]:
                is_known[parent] = True
                n_new_waiting -= 1
    return new, old if new else [], is_part


def brought(objects: Objects, commits: Generations, commit: ObjectId) -> Iterator[Line]:
    """The lines of segments that none of its parents has."""
    first, *others = [commits.tree(parent) for parent in commits.parents(commit)] or [None]
    for path, _, _, item in differences(objects, first, commits.tree(commit)):
        is_new = item is not None and all(find(objects, other, path) != item for other in others if other)
        if path.startswith("segments/") and item is not None and is_new:
            yield from read_lines(path, objects.blob(item.id))

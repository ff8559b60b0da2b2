"""Two histories' records become one: the union of their segments and blobs, under a commit with both as parents.

    ours    segments/3f/3fa9….jsonl, blobs/a9/a9c1…          the same commit on every computer that unites the same two,
    theirs  segments/3f/3fa9….jsonl, segments/70/70bb….jsonl   so both may do it, and have nothing left to unite
    ->      segments/3f/3fa9….jsonl, segments/70/70bb….jsonl, blobs/a9/a9c1…
"""

from __future__ import annotations

from ..errors import Conflict
from .objects import FOLDER_MODE, RECORDS_REF, CommitText, ObjectId, Objects, TreeItem
from .records import GENERATION, MOVE_TRIES, Generations


def unite_records(objects: Objects, theirs: ObjectId) -> bool:
    """Bring in the records of commit `theirs`, whose objects are here and were checked; durably. False if we had them all.

    The caller holds the store's lock. Costs the folders that differ, and a walk from both to where one knew of the other.
    """
    commits = Generations(objects)
    for _ in range(MOVE_TRIES):
        ours = objects.ref(RECORDS_REF)
        if ours is not None and reaches(commits, ours, theirs):
            return False
        made = theirs if ours is None or reaches(commits, theirs, ours) else _united(objects, commits, ours, theirs)
        objects.sync()
        if objects.move_ref(RECORDS_REF, ours, made):
            return True
    raise Conflict("Other programs keep changing this history.", "Try again in a moment.")


def reaches(commits: Generations, later: ObjectId, earlier: ObjectId) -> bool:
    """True if `later` is `earlier` or descends from it."""
    floor = commits.of(earlier)
    seen, waiting = {later}, [later]
    while waiting:
        commit = waiting.pop()
        if commit == earlier:
            return True
        for parent in commits.parents(commit):
            if parent not in seen and commits.of(parent) >= floor:
                seen.add(parent)
                waiting.append(parent)
    return False


def _united(objects: Objects, commits: Generations, ours: ObjectId, theirs: ObjectId) -> ObjectId:
    parents = tuple(sorted((ours, theirs)))
    tree = union_tree(objects, *(commits.tree(each) for each in parents))
    number = 1 + max(commits.of(each) for each in parents)
    at = max(objects.commit(each).at for each in parents)
    return objects.put_commit(CommitText(tree, parents, f"Union of two histories\n\n{GENERATION}: {number}\n", at))


def union_tree(objects: Objects, one: ObjectId, other: ObjectId) -> ObjectId:
    """Everything of both. Names are of contents, so a name in both means the same; if it does not, `one` stays."""
    if one == other:
        return one
    items = dict(objects.tree(one))
    for name, item in objects.tree(other).items():
        here = items.get(name)
        if here is None:
            items[name] = item
        elif here.mode == item.mode == FOLDER_MODE:
            items[name] = TreeItem(FOLDER_MODE, union_tree(objects, here.id, item.id))
    return objects.put_tree(items)

"""How many bytes of the disk only some snapshots hold."""

from __future__ import annotations

from typing import Collection

from ..model.ids import SnapshotId
from .inventory import Inventory
from .messages import snapshot_id
from .objects import CommitText, ObjectId, Objects
from .reach import heads_of, reachable, tree_objects

STAYS, GOES = 1, 2


def freed_bytes(objects: Objects, snapshots: Collection[SnapshotId]) -> int:
    """See `Store.freed_by`."""
    gone: list[CommitText] = []

    def is_left_out(text: CommitText, commit: ObjectId) -> bool:
        is_gone = snapshot_id(text.message, commit) in snapshots
        if is_gone:
            gone.append(text)
        return is_gone

    if not snapshots:
        return 0
    with Inventory(objects) as inventory:
        inventory.mark(reachable(objects, heads_of(objects), is_left_out=is_left_out), STAYS)
        for text in gone:
            before = objects.commit(text.parents[0]).tree if text.parents else None
            inventory.mark(tree_objects(objects, text.tree, before), GOES)
        return inventory.bytes_of(GOES)

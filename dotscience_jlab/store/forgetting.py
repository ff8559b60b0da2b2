"""Forgets snapshots: tombstones among the records, then the line without them. Ids of the rest stay.

    new commits, unseen -> tombstones (records ref) -> the line's ref, compared and swapped -> the index

Killed before the tombstones nothing has happened; killed after them readers see the new state already, because a tombstone
wins, and the next opening or write finishes the line. What only they held is left to maintenance.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Collection

from ..errors import InvalidRequest
from ..model.ids import ExecutionId, SnapshotId
from ..model.instant import Instant
from ..model.run import Tombstone
from .messages import snapshot_id
from .objects import CommitText, ObjectId, line_ref
from .rewrite import Rewriting, swap_ref

if TYPE_CHECKING:
    from .history import History

IDS_PER_TOMBSTONE = 500
HOLDS_FORGOTTEN = "forgotten on "
"""Of a line whose commits still hold snapshots that a tombstone names: a fact of the index, with the line's name behind it."""


def forget_snapshots(
    store: History,
    snapshots: Collection[SnapshotId],
    reason: str,
    at: Instant,
    by: str,
    executions: Collection[ExecutionId],
) -> None:
    """See `Store.forget`. The store's lock is held only for the tombstones and the move of each line."""
    found = sorted((store.snapshot(each) for each in dict.fromkeys(snapshots)), key=lambda each: each.created_at)
    lines = {each.line for each in found}
    for line in lines:
        head = store.head(line)
        if head is not None and any(each.id == head.id for each in found):
            raise InvalidRequest("The newest snapshot of a line is never forgotten.", "Make a newer one first.")
    stones = [
        Tombstone(
            uuid.uuid4().hex, tuple(each.id for each in some), reason, at, by,
            snapshot_times=tuple(each.created_at for each in some),
        )
        for some in _parts(found)
    ]
    stones += [Tombstone(uuid.uuid4().hex, tuple(some), reason, at, by) for some in _parts(sorted(set(executions)))]
    if not stones:
        return
    rewriting = _without(store, {each.id for each in found})
    for line in lines:
        _rewritten(store, line, rewriting)  # most of the work, while others go on writing
    with store.locked():
        store.append(stones)
        finish_forgetting(store, rewriting)
    store.upkeep.mark_untidy()


def finish_forgetting(store: History, rewriting: Rewriting | None = None) -> None:
    """Take out of every line what tombstones name. Nothing to do costs one look into the index."""
    lines = store.index.facts(HOLDS_FORGOTTEN)
    if not lines:
        return
    with store.locked():
        for line in lines:
            _finish_line(store, line.removeprefix(HOLDS_FORGOTTEN), rewriting or _without(store, set()))


def _finish_line(store: History, line: str, rewriting: Rewriting) -> None:
    objects, ref = store.objects, line_ref(line)
    head = objects.ref(ref)
    new_head = _rewritten(store, line, rewriting)
    if head is not None and new_head is None:
        return  # all of it is forgotten: the commit stays, unseen, until there is a newer one; a line that is gone is damage
    objects.sync()
    if head is not None and new_head != head:
        swap_ref(objects, ref, head, new_head)
    store.lines_were_rewritten()


def _rewritten(store: History, line: str, rewriting: Rewriting) -> ObjectId | None:
    head = store.objects.ref(line_ref(line))
    return rewriting.of(head) if head is not None else None


def _without(store: History, gone: set[SnapshotId]) -> Rewriting:
    """gone: what the caller is about to forget; those of tombstones are left out in any case."""

    def is_left_out(text: CommitText, commit: ObjectId) -> bool:
        name = snapshot_id(text.message, commit)
        return name in gone or store.index.tombstone(name) is not None

    return Rewriting(store.objects, is_left_out=is_left_out)


def _parts(items: list) -> list[list]:  # type: ignore[type-arg]
    return [items[begin : begin + IDS_PER_TOMBSTONE] for begin in range(0, len(items), IDS_PER_TOMBSTONE)]

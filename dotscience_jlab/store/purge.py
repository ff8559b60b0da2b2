"""Purges bytes: out of every snapshot and record, off the disk at once, and proves it.

    tombstones (from now on the bytes are refused) -> every commit again over trees without them -> all refs -> the index
    -> packs that hold them written anew -> a look through everything that is left

Ids of snapshots and records stay. Killed anywhere, the tombstones are there or nothing has happened, and the next opening goes
on. Tombstones win every union, so bytes that another history still has do not come back by it.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Collection, Iterator, Mapping

from ..errors import Conflict, InvalidRequest, NotFound
from ..model.ids import BlobDigest, ExecutionId
from ..model.instant import Instant
from ..model.paths import WorkspacePath
from ..model.run import PURGE, Tombstone
from .inventory import UNMARKED, Inventory
from .lent import check_not_lent
from .objects import RECORDS_REF, ObjectId, line_ref
from .reach import heads_of, reachable, tree_objects
from .redact import Redaction, segments_with
from .rewrite import Rewriting, swap_ref
from .trees import differences
from .versions import versions

if TYPE_CHECKING:
    from .history import History

IDS_PER_TOMBSTONE = 500
EMPTY_BLOB = BlobDigest("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
LIVE = LEFT = 1
REMOTE_REF = re.compile(r"refs/(?:ds/)?remotes/([^/]+)/.+")
AGREED_REF = re.compile(r"refs/ds/remotes/(?P<remote>[^/]+)/(agreed/(?P<line>.+)|records)")
"""Marks of what a remote has and this history has had, all of it (`exchange.py`)."""
PURGING = "purging"
"""A fact of the index: tombstones name bytes that are still here."""


@dataclass(frozen=True)
class PurgedPath:
    path: WorkspacePath
    n_snapshots: int


@dataclass(frozen=True)
class PurgePlan:
    """What goes. Nothing has been changed."""

    digests: tuple[BlobDigest, ...]
    """Of files, as snapshots name them: for a large one, of the folder of its chunks."""
    executions: tuple[ExecutionId, ...]
    objects: tuple[ObjectId, ...]
    """All that leaves the disk: those files, chunks that nothing else has, segments of records that are written anew."""
    paths: tuple[PurgedPath, ...]
    """Everywhere that the bytes stand, under any name, on the lines of this history."""
    n_snapshots: int
    stored_bytes: int
    """That the objects take on the disk."""
    remotes: tuple[str, ...] = ()
    """Whose lines, as last seen, hold the bytes: this history cannot take them away there."""


@dataclass(frozen=True)
class Purged:
    freed_bytes: int
    n_looked_at: int
    """Objects that were looked at for the proof: everything that is left."""
    n_refs_dropped: int
    """Marks of what a remote holds, which led to the bytes."""


def digests_at(store: History, path: WorkspacePath) -> set[BlobDigest]:
    """Every content that the file `path`, or any file below the folder, ever had in a snapshot; NotFound if none."""
    found = {
        BlobDigest(item.id) for each, item in _files_ever(store) if each == path or each.startswith(f"{path}/")
    }
    if not found:
        raise NotFound(f"No snapshot holds {path}, nor did one.", "`ds show` lists what a snapshot holds.")
    if found == {EMPTY_BLOB}:
        raise InvalidRequest(f"{path} has always been empty: there are no bytes to purge.")
    return found - {EMPTY_BLOB}


def plan_purge(store: History, digests: Collection[BlobDigest], executions: Collection[ExecutionId] = ()) -> PurgePlan:
    """NotFound for a digest that is not stored here. Costs about as much as `Store.freed_by`."""
    objects = store.objects
    if EMPTY_BLOB in digests:
        raise InvalidRequest("The empty file holds no bytes to purge.")
    for digest in digests:
        if not objects.has(digest):
            raise NotFound(f"Nothing here is stored as {digest}.", "It may be purged already.")
    chosen = set(digests)
    for each in executions:
        blob = store.index.execution(each).outputs_blob
        chosen |= {blob} if blob is not None and objects.has(blob) else set()
    segments = segments_with(objects, set(executions)) if executions else set()
    candidates = set(segments)
    for digest in chosen:
        candidates.update(tree_objects(objects, digest, None) if objects.is_folder(digest) else (digest,))
    with Inventory(objects) as inventory:
        inventory.mark(reachable(objects, heads_of(objects), skip={*chosen, *segments}), LIVE)
        inventory.db.execute("CREATE TABLE candidates (id BLOB PRIMARY KEY) WITHOUT ROWID")
        inventory.db.executemany("INSERT INTO candidates VALUES (?)", [(bytes.fromhex(each),) for each in candidates])
        going = inventory.db.execute(
            "SELECT id, sum(size) FROM objects JOIN candidates USING (id) WHERE mark = ? GROUP BY id", (UNMARKED,)
        ).fetchall()
    paths, n_snapshots = _places(store, chosen)
    return PurgePlan(
        tuple(sorted(chosen)), tuple(sorted(executions)), tuple(name.hex() for name, _ in going), paths, n_snapshots,
        sum(size for _, size in going), _remotes_with(store, {*chosen, *segments}),
    )


def purge(store: History, plan: PurgePlan, reason: str, at: Instant, by: str) -> Purged:
    """Do it. Conflict if something outside the lines and records of this history still leads to the bytes."""
    ids = [*plan.executions, *dict.fromkeys((*plan.digests, *plan.objects))]
    parts = (ids[begin : begin + IDS_PER_TOMBSTONE] for begin in range(0, len(ids), IDS_PER_TOMBSTONE))
    stones = [Tombstone(uuid.uuid4().hex, tuple(some), reason, at, by, PURGE) for some in parts]
    if not stones:
        return Purged(0, 0, 0)
    check_not_lent(store, plan.objects)
    cleaned = _Cleaned(store, {*plan.digests, *plan.objects}, plan.executions)
    for name, named in store.objects.ref_ways().items():
        cleaned.commit(name, named[-1])  # most of the work, while others go on writing
    with store.locked():
        store.append(stones)
        n_refs_dropped = _move_refs(store, cleaned)
    return _finished(store, plan.objects, n_refs_dropped)


def finish_purge(store: History) -> None:
    """Go on where a process was killed, or do what tombstones from elsewhere ask. Nothing to do costs one look into the index."""
    if store.index.pragma(PURGING) != "yes":
        return
    here = [digest for digest in store.index.purged() if store.objects.has(digest)]
    with store.locked():
        _move_refs(store, _Cleaned(store, here, store.index.purged_executions()))
    with Inventory(store.objects) as inventory:
        inventory.mark(reachable(store.objects, heads_of(store.objects)), LIVE)
        free = [digest for digest in here if inventory.mark_of(digest) != LIVE]  # another file may have a chunk too
    lent = store.upkeep.lent(free)  # a fork borrows it: refused here from now on, and gone when it is borrowed no more
    _finished(store, [digest for digest in free if digest not in lent], 0, is_all=not lent)


def _finished(store: History, names: Collection[ObjectId], n_refs_dropped: int, *, is_all: bool = True) -> Purged:
    freed = store.upkeep.expire(names)
    with Inventory(store.objects) as inventory:
        inventory.mark(names, LEFT)
        n_left, n_looked_at = inventory.count_of(LEFT), inventory.count_of(UNMARKED)
    if n_left:
        raise Conflict(f"{n_left} objects could not be purged.", "Try again; `ds check` says more.")
    store.index.scrub()
    store.upkeep.mark_untidy()  # the folders that named them
    if is_all:
        with store.index.write() as db:
            db.execute("DELETE FROM facts WHERE name = ?", (PURGING,))
    return Purged(freed, n_looked_at, n_refs_dropped)


class _Cleaned:
    """What stands for each commit of this history without some bytes."""

    def __init__(self, store: History, digests: Collection[ObjectId], executions: Collection[ExecutionId]) -> None:
        redaction = Redaction(store.objects, digests, executions)
        self._files = Rewriting(store.objects, new_tree=redaction.files_tree)
        self._records = Rewriting(store.objects, new_tree=redaction.records_tree)

    def commit(self, ref: str, commit: ObjectId) -> ObjectId | None:
        return (self._records if ref.endswith(RECORDS_REF.removeprefix("refs/")) else self._files).of(commit)


def _move_refs(store: History, cleaned: _Cleaned) -> int:
    """Every ref to what stands for its commit now; how many marks of remotes were dropped instead."""
    objects, n_moved, n_dropped = store.objects, 0, 0
    ways = objects.ref_ways()
    moved = {name: new for name, named in ways.items() if (new := cleaned.commit(name, named[-1])) != named[-1]}
    _note_replaced(store, {name: ways[name][-1] for name in moved})
    for name, new in moved.items():
        named = ways[name]
        objects.sync()
        if REMOTE_REF.fullmatch(name):
            new, n_dropped = None, n_dropped + 1
        swap_ref(objects, name, named[0], new)
        n_moved += 1
        if name == RECORDS_REF and new is not None:
            store.index.pragma("records_commit", new)  # the index knows all that they say
    if n_moved:
        store.lines_were_rewritten()
    return n_dropped


def _note_replaced(store: History, marks: Mapping[str, ObjectId]) -> None:
    """What a remote has of ours, and leads to the bytes: so that the next push may take it away there, too."""
    found: dict[str, dict[str, str]] = {}
    for name, commit in marks.items():
        mark = AGREED_REF.fullmatch(name)
        if mark:
            found.setdefault(mark["remote"], {})[line_ref(mark["line"]) if mark["line"] else RECORDS_REF] = commit
    if found:
        remotes = (replace(each, replaces={**each.replaces, **found.get(each.name, {})}) for each in store.workspace.remotes)
        store.save_workspace(replace(store.workspace, remotes=tuple(remotes)))


def _files_ever(store: History) -> Iterator[tuple[WorkspacePath, ObjectId]]:
    """(path, item) of every file of every snapshot, also of those that were merged in; at least once each."""
    objects, seen = store.objects, set()
    waiting = [named[-1] for name, named in objects.ref_ways().items() if name != RECORDS_REF]
    while waiting:
        commit = waiting.pop()
        if commit in seen:
            continue
        seen.add(commit)
        text = objects.commit(commit)
        waiting += text.parents
        before = objects.commit(text.parents[0]).tree if text.parents else None
        yield from ((path, now) for path, _, _, now in differences(objects, before, text.tree) if now is not None)


def _remotes_with(store: History, digests: Collection[ObjectId]) -> tuple[str, ...]:
    found = set()
    for name, way in store.objects.ref_ways().items():
        remote = REMOTE_REF.fullmatch(name)
        if remote and any(each in digests for each in reachable(store.objects, way[-1:])):
            found.add(remote[1])
    return tuple(sorted(found))


def _places(store: History, digests: set[BlobDigest]) -> tuple[tuple[PurgedPath, ...], int]:
    """(each path with the number of its snapshots, number of snapshots in all), on the lines of this history."""
    by_path: dict[WorkspacePath, int] = {}
    n_snapshots = 0
    for line in store.objects.lines():
        touched: set[int] = set()
        for version in versions(store.objects, store.trees_of(line)):
            if version.item.id in digests:
                by_path[version.path] = by_path.get(version.path, 0) + version.end - version.first
                touched.update(range(version.first, version.end))
        n_snapshots += len(touched)
    return tuple(PurgedPath(path, n) for path, n in sorted(by_path.items())), n_snapshots


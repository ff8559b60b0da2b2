"""What takes the room: by kind, and by file over all snapshots, with who holds it there."""

from __future__ import annotations

import os
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterable, Iterator

from ..model.ids import RunId, SnapshotId
from ..model.paths import WorkspacePath
from ..model.snapshot import MAIN_LINE
from .inventory import UNMARKED, Inventory
from .messages import snapshot_id
from .objects import RECORDS_REF, ObjectId, Objects, line_ref
from .reach import heads_of, reachable, tree_objects
from .trees import LARGE_MODE
from .versions import Version, versions

if TYPE_CHECKING:
    from .history import History

NOTEBOOKS, DATA, OUTPUTS, RECORDS, FOLDERS, OTHER = range(1, 7)
KIND_NAMES = {
    NOTEBOOKS: "notebooks", DATA: "data", OUTPUTS: "outputs", RECORDS: "records", FOLDERS: "folders", OTHER: "other",
    UNMARKED: "unused",
}
LARGEST = 20


@dataclass(frozen=True)
class FileSpace:
    """One path over all snapshots of the main line."""

    path: WorkspacePath
    stored_bytes: int
    """On the disk, all versions together; parts that versions share count once."""
    n_versions: int
    n_snapshots: int
    """That hold the file, in some version."""
    runs: tuple[RunId, ...]
    """Whose end state holds it, oldest first."""


@dataclass(frozen=True)
class Space:
    total_bytes: int
    kinds: dict[str, int]
    """Bytes on the disk: notebooks, data, outputs (environments and artifacts too), records, folders (trees and commits of
    snapshots), other (other refs), unused (nothing refers to it; maintenance removes it). An object counts for the first."""
    shared_bytes: int
    """Of files that forks have too: deleting one side frees nothing."""
    largest: tuple[FileSpace, ...]


def measure_space(store: History) -> Space:
    """Costs the names of all objects in a temporary file, one commit read a snapshot, and what changed between neighbours."""
    objects = store.objects
    names, trees = _line(objects, MAIN_LINE)
    spans: dict[WorkspacePath, _Spans] = {}
    with Inventory(objects) as inventory:
        inventory.db.execute("CREATE TABLE pieces (path BLOB, id BLOB, PRIMARY KEY (path, id)) WITHOUT ROWID")
        last_of: dict[WorkspacePath, ObjectId] = {}
        for version in versions(objects, trees):
            pieces = list(_pieces(objects, version, last_of))
            inventory.mark(pieces, NOTEBOOKS if version.path.endswith(".ipynb") else DATA)
            rows = [(os.fsencode(version.path), bytes.fromhex(piece)) for piece in pieces]
            inventory.db.executemany("INSERT OR IGNORE INTO pieces VALUES (?, ?)", rows)
            spans.setdefault(version.path, _Spans()).add(version.first, version.end)
        with store.index.read() as db:
            inventory.mark((digest for (digest,) in db.execute("SELECT digest FROM named_blobs").fetchall()), OUTPUTS)
        seen: set[ObjectId] = set()
        for ref, kind in ((RECORDS_REF, RECORDS), (line_ref(MAIN_LINE), FOLDERS)):
            head = objects.ref(ref)
            inventory.mark(reachable(objects, [head] if head else [], seen), kind)
        inventory.mark(reachable(objects, heads_of(objects), seen), OTHER)
        kinds = {name: inventory.bytes_of(kind) for kind, name in KIND_NAMES.items()}
        largest = inventory.db.execute(
            "SELECT path, sum(size) AS n FROM pieces JOIN objects USING (id) GROUP BY path ORDER BY n DESC, path LIMIT ?",
            (LARGEST,),
        ).fetchall()
    runs = _runs_at(store, {name: n for n, name in enumerate(names)})
    found = []
    for path_bytes, n_bytes in largest:
        path = WorkspacePath(os.fsdecode(path_bytes))
        span = spans[path]
        found.append(FileSpace(path, n_bytes, span.n_versions, span.n_snapshots, span.among(runs)))
    return Space(objects.size_bytes(), kinds, objects.shared_bytes(), tuple(found))


class _Spans:
    """Where along the line a path stands: stretches, those that touch joined."""

    def __init__(self) -> None:
        self.n_versions = self.n_snapshots = 0
        self._stretches: list[list[int]] = []

    def add(self, first: int, end: int) -> None:
        self.n_versions += 1
        self.n_snapshots += end - first
        if self._stretches and self._stretches[-1][1] == first:
            self._stretches[-1][1] = end
        else:
            self._stretches.append([first, end])

    def among(self, sorted_places: list[tuple[int, RunId]]) -> tuple[RunId, ...]:
        found: list[RunId] = []
        for first, end in self._stretches:
            low, high = bisect_left(sorted_places, (first, "")), bisect_left(sorted_places, (end, ""))
            found += [run for _, run in sorted_places[low:high]]
        return tuple(found)


def _pieces(objects: Objects, version: Version, last_of: dict[WorkspacePath, ObjectId]) -> Iterator[ObjectId]:
    """What the version before it had is left out. last_of: path -> its last version, if it was a large file."""
    if version.item.mode == LARGE_MODE:
        yield from tree_objects(objects, version.item.id, last_of.get(version.path))
        last_of[version.path] = version.item.id
    else:
        yield version.item.id


def _line(objects: Objects, line: str) -> tuple[list[SnapshotId], list[ObjectId]]:
    """(snapshots, their trees), oldest first"""
    names, trees = [], []
    commit = objects.ref(line_ref(line))
    while commit is not None:
        text = objects.commit(commit)
        names.append(snapshot_id(text.message, commit))
        trees.append(text.tree)
        commit = text.parents[0] if text.parents else None
    return names[::-1], trees[::-1]


def _runs_at(store: History, places: dict[SnapshotId, int]) -> list[tuple[int, RunId]]:
    """(place of its snapshot on the line, run), sorted"""
    with store.index.read() as db:
        rows: Iterable[tuple[str, str]] = db.execute("SELECT id, json_extract(body, '$.snapshot') FROM runs").fetchall()
    return sorted((places[SnapshotId(at)], RunId(run)) for run, at in rows if at in places)

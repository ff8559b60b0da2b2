"""Keeps the index in step with the refs: after a crash, a rebuild, a pull, or another process's write.

What the refs hold and the index does not is read from git and taken in; a line or records that were rewritten are taken in anew.
A fact of the index says of each ref how far it has come: `records_commit`, `commit of <line>`.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Iterator, Sequence

from ..errors import DotscienceError, StoreDamaged, StoreError
from ..model.ids import BlobDigest, RunId, SnapshotId
from ..model.run import PURGE, Tombstone
from ..model.snapshot import MAIN_LINE, Snapshot
from . import trees
from .forgetting import HOLDS_FORGOTTEN
from .index import SqliteIndex
from .index_feed import LINES_AT_ONCE
from .lines import Line, named_blobs
from .messages import parse_commit, snapshot_id
from .objects import RECORDS_REF, REMOTES_REF, CommitText, ObjectId, Objects, line_ref
from .purge import PURGING
from .record_order import records_since
from .records import commits_since
from .series import read_series
from .snapshot_rows import Counted, SnapshotRows

SCHEMA = "CREATE TABLE IF NOT EXISTS named_blobs (digest TEXT PRIMARY KEY) WITHOUT ROWID"
N_PURGES = "purges"
"""A fact of the index: how many times something was purged, so that each process notices."""
log = logging.getLogger(__name__)


class CatchingUp:
    """Writes the index of a history. Its caller keeps other writers out where that matters."""

    def __init__(self, objects: Objects, index: SqliteIndex, rows: SnapshotRows, root: Path) -> None:
        self._objects = objects
        self._index = index
        self._rows = rows
        self._root = root
        self._n_purges: str | None = None
        with index.write() as db:
            db.execute(SCHEMA)

    # -- refs ahead of the index ---------------------------------------------------------------------

    def catch_up(self, line: str = MAIN_LINE) -> None:
        """Take in what the refs hold and the index does not: after a crash, a rebuild, or another process's write.

        The refs are read inside the index's transaction: else a slower process could put older news over newer ones.
        """
        if self._is_in_step(line):
            return
        with self._index.write():
            self._records(*self._tip_and_known(RECORDS_REF, "records_commit"))
            self._line(line, *self._tip_and_known(line_ref(line), f"commit of {line}"))

    def look(self, line: str) -> None:
        """Before a question: where the index cannot be written (a full disk), what it knows already is shown."""
        try:
            self.catch_up(line)
        except StoreDamaged:
            raise
        except StoreError as error:
            log.warning("%s: the index stays behind: %s", self._root, error)

    @contextmanager
    def behind_at_worst(self) -> Iterator[None]:
        """Around the index once a ref has moved: what is kept is kept, and an index that refuses it catches up later."""
        try:
            yield
        except StoreError as error:
            log.warning("%s: kept, but not yet in the index: %s", self._root, error)

    def _is_in_step(self, line: str) -> bool:
        return all(
            self._objects.ref(name) == (self._index.pragma(fact) or None)
            for name, fact in ((RECORDS_REF, "records_commit"), (line_ref(line), f"commit of {line}"))
        )

    def _tip_and_known(self, name: str, fact: str) -> tuple[ObjectId | None, ObjectId | None]:
        """What the ref names, and what the index has taken in. A ref that was there and is gone is damage: going on without
        it would begin a second history and leave the first to be swept away."""
        tip, known = self._objects.ref(name), self._index.pragma(fact)
        if tip is None and known is not None and name in (RECORDS_REF, line_ref(MAIN_LINE)):
            raise StoreDamaged(f"The ref {name} is gone; it named {known}.", "`ds check` says how to put it back.")
        return tip, known

    def _records(self, tip: ObjectId | None, known: ObjectId | None) -> None:
        if tip == known or tip is None:
            return
        batches, is_rewritten = records_since(self._objects, tip, known)
        if is_rewritten:
            with self._index.write() as db:
                self._index.forget_records()
                db.execute("DELETE FROM named_blobs")
        series: dict[str, str] = {}
        lines = chain.from_iterable(batches)
        while found := list(islice(lines, LINES_AT_ONCE)):
            self.add_lines(found, None)
            series.update((each.id, each.body["series_blob"]) for each in found if each.body.get("series_blob"))
        self._index.pragma("records_commit", tip)
        for run, blob in series.items():
            if not self._index.is_forgotten(run):
                self._index.add_points(RunId(run), read_series(self._objects.blob(BlobDigest(blob))))

    def _line(self, line: str, tip: ObjectId | None, known: ObjectId | None) -> None:
        if tip == known:
            return
        if line != MAIN_LINE:
            self._other_line(line, tip)
            return
        commits, is_rewritten = commits_since(self._objects, tip, known)
        if is_rewritten:
            self._all_lines(commits, self._rows.take_out_all())
        else:
            self._own_line(line, commits, {})

    def _all_lines(self, commits: Sequence[ObjectId], counted: Counted) -> None:
        """commits: of the workspace's own line; the other lines after it."""
        self._own_line(MAIN_LINE, commits, counted)
        for other in self._other_lines():
            self._other_line(other, self._objects.ref(line_ref(other)))

    def _other_line(self, line: str, tip: ObjectId | None) -> None:
        """A snapshot that several lines have is listed under the first of them, and under the workspace's own before all."""
        found: list[tuple[ObjectId, Snapshot]] = []
        own = self._objects.lines()
        commit = tip
        while commit is not None:
            text = self._objects.commit(commit)
            if self._rows.is_listed(snapshot_id(text.message, commit)):
                break
            found.append((commit, self._snapshot_of(text, commit, line)))
            commit = text.parents[0] if text.parents else None
        for each, snapshot in reversed(found):
            if not self._index.is_forgotten(snapshot.id):
                self._rows.add(snapshot, each)
            elif line in own:  # a remote's stays as the remote has it
                self._index.pragma(f"{HOLDS_FORGOTTEN}{line}", "yes")
        self._index.pragma(f"commit of {line}", tip or "")

    def _snapshot_of(self, text: CommitText, commit: ObjectId, line: str) -> Snapshot:
        """From the commit alone: its message and trailers say all but the number of changes."""
        parent = text.parents[0] if text.parents else None
        before = self._objects.commit(parent) if parent else None
        n_changes = trees.count_differences(self._objects, before.tree if before else None, text.tree)
        parents = (snapshot_id(before.message, parent),) if before and parent else ()
        return replace(parse_commit(text, commit, line), parents=parents, n_changes=n_changes)

    def _other_lines(self) -> list[str]:
        """All but the workspace's own: this folder's by name, then those of remotes as last fetched."""
        own = [line for line in self._objects.lines() if line != MAIN_LINE]
        remote = (name.split("/heads/", 1) for name in self._objects.refs(REMOTES_REF) if "/heads/" in name)
        return [*own, *(f"{name}:{line}" for name, line in remote)]

    def _own_line(self, line: str, commits: Sequence[ObjectId], counted: Counted) -> None:
        """commits: oldest first. counted: snapshots whose number of changes is known, as long as nothing of them is new."""
        last = self._rows.newest_commit(line)
        parents: tuple[SnapshotId, ...] = (SnapshotId(last[0]),) if last else ()
        before, was_as_before = self._objects.commit(last[1]).tree if last else None, True
        for each in commits:
            text = self._objects.commit(each)
            said = parse_commit(text, each, line)
            if self._index.tombstone(said.id) is not None:
                self._index.pragma(f"commit of {line}", each)
                self._index.pragma(f"{HOLDS_FORGOTTEN}{line}", "yes")
                continue
            old, old_commit = counted.get(said.id, (None, None))
            is_as_before = old_commit is not None and self._tree_if_there(old_commit) == text.tree
            n_changes = (
                old.n_changes if old is not None and is_as_before and was_as_before and old.parents == parents
                else trees.count_differences(self._objects, before, text.tree)
            )
            was_as_before = is_as_before
            self._rows.add(replace(said, parents=parents, n_changes=n_changes), each)
            parents, before = (said.id,), text.tree

    def _tree_if_there(self, commit: ObjectId) -> ObjectId | None:
        try:
            return self._objects.commit(commit).tree
        except DotscienceError:
            return None

    def add_lines(self, lines: Sequence[Line], commit: ObjectId | None) -> None:
        """commit: of the records, with which the index is in step behind these lines; None: there are more to come."""
        with self._index.write() as db:
            self._index.feed_lines(lines)
            rows = {(digest,) for line in lines for digest in named_blobs(line.body)}
            db.executemany("INSERT OR IGNORE INTO named_blobs VALUES (?)", rows)
            for line in lines:
                if line.kind == "tombstone":
                    self._drop(line.record())  # type: ignore[arg-type]
            if commit is not None:
                self._index.pragma("records_commit", commit)

    def _drop(self, stone: Tombstone) -> None:
        self._rows.drop(stone.ids)
        if stone.act == PURGE:
            if any(len(each) == 40 and self._objects.has(each) for each in stone.ids):
                self._index.pragma(PURGING, "yes")
            self._index.pragma(N_PURGES, str(int(self._index.pragma(N_PURGES) or 0) + 1))
            self.heed_purges()

    def is_named(self, digest: BlobDigest) -> bool:
        """True if a record names these bytes."""
        with self._index.read() as db:
            return db.execute("SELECT 1 FROM named_blobs WHERE digest = ?", (digest,)).fetchone() is not None

    def lines(self) -> list[str]:
        return [MAIN_LINE, *self._other_lines()]

    def take_in_again(self) -> None:
        """All lines, whatever the index says of them: they may share what was rewritten."""
        with self._index.write():
            commits, _ = commits_since(self._objects, self._objects.ref(line_ref(MAIN_LINE)), None)
            self._all_lines(commits, self._rows.take_out_all())

    def heed_purges(self) -> None:
        """Purged bytes are refused, also those that another process purged; one look into the index."""
        n_purges = self._index.pragma(N_PURGES)
        if n_purges != self._n_purges:
            self._objects.refuse(self._index.purged())
            self._n_purges = n_purges

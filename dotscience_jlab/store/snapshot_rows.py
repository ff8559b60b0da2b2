"""The snapshots' table of the index: which there are on which line, in which order, and git's name of each.

A line of a remote, or of a fork's past, shares snapshots with the workspace's own: each is listed under one line only.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Collection, Mapping, Sequence

from ..errors import Forgotten, NotFound
from ..model.codec import from_json, to_json
from ..model.ids import SnapshotId, check_id
from ..model.instant import Instant, epoch_s
from ..model.run import Tombstone
from ..model.snapshot import MAIN_LINE, Snapshot
from .checksums import body_with_checksum
from .forgetting import HOLDS_FORGOTTEN
from .index import SqliteIndex, dropped
from .objects import ObjectId

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS snapshots (id TEXT PRIMARY KEY, line TEXT, ordinal INTEGER, commit_id TEXT, created_at TEXT,"
    " body TEXT) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS snapshots_by_line ON snapshots (line, ordinal)",
)
Counted = Mapping[SnapshotId, tuple[Snapshot, ObjectId]]
"""id -> (snapshot, its commit) as they were before their line was rewritten"""


class SnapshotRows:
    """All questions are about what the index holds now; whoever asks has let it catch up."""

    def __init__(self, index: SqliteIndex) -> None:
        self._index = index
        with index.write() as db:
            for statement in SCHEMA:
                db.execute(statement)

    def get(self, snapshot: SnapshotId) -> Snapshot:
        """NotFound, or Forgotten with the nearest that is kept."""
        return self._read([self._row(snapshot)[1:]])[0]

    def commit_of(self, snapshot: SnapshotId) -> ObjectId:
        """Errors as `get`."""
        return self._row(snapshot)[0]

    def newest(self, line: str) -> Snapshot | None:
        with self._index.read() as db:
            found = db.execute(
                "SELECT body FROM snapshots WHERE line = ? ORDER BY ordinal DESC LIMIT 1", (line,)
            ).fetchone()
        return self._read([found])[0] if found else None

    def newest_commit(self, line: str) -> tuple[SnapshotId, ObjectId] | None:
        with self._index.read() as db:
            return db.execute(
                "SELECT id, commit_id FROM snapshots WHERE line = ? ORDER BY ordinal DESC LIMIT 1", (line,)
            ).fetchone()

    def listed(self, line: str, limit: int, before: SnapshotId | None = None) -> list[Snapshot]:
        """Newest first; `before`: from the one before that."""
        with self._index.read() as db:
            top = 2**62
            if before is not None:
                self._row(before)
                top = db.execute("SELECT ordinal FROM snapshots WHERE id = ?", (before,)).fetchone()[0]
            rows = db.execute(
                "SELECT body FROM snapshots WHERE line = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT ?",
                (line, top, limit),
            ).fetchall()
        return self._read(rows)

    def is_listed(self, snapshot: SnapshotId, line: str | None = None) -> bool:
        """line None: under any."""
        with self._index.read() as db:
            found = db.execute("SELECT line FROM snapshots WHERE id = ?", (snapshot,)).fetchone()
        return found is not None and line in (None, found[0])

    def add(self, snapshot: Snapshot, commit: ObjectId) -> None:
        """Nothing to do if another process saw the new head first and took it in."""
        with self._index.write() as db:
            if self._index.pragma(f"commit of {snapshot.line}") == commit:
                return
            last = db.execute("SELECT max(ordinal) FROM snapshots WHERE line = ?", (snapshot.line,)).fetchone()[0] or 0
            body = body_with_checksum(to_json(snapshot))
            row = (snapshot.id, snapshot.line, last + 1, commit, snapshot.created_at, body)
            db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)", row)
            self._index.pragma(f"commit of {snapshot.line}", commit)

    def drop(self, snapshots: Collection[str]) -> None:
        """Readers see them no more, also before their lines are rewritten, which is noted as due."""
        with self._index.write() as db:
            ids = json.dumps(list(snapshots))
            lines = db.execute(
                "SELECT DISTINCT line FROM snapshots WHERE id IN (SELECT value FROM json_each(?))", (ids,)
            ).fetchall()
            for (line,) in lines:
                self._index.pragma(f"{HOLDS_FORGOTTEN}{line}", "yes")
            db.execute("DELETE FROM snapshots WHERE id IN (SELECT value FROM json_each(?))", (ids,))

    def take_out_all(self) -> Counted:
        """The workspace's line was rewritten: what it was is no part of it any more, and the others may have shared it.
        Returns what it was, because counting changes takes time."""
        with self._index.write() as db:
            rows = db.execute("SELECT body, commit_id FROM snapshots").fetchall()
            db.execute("DELETE FROM snapshots")
            db.execute("DELETE FROM facts WHERE name LIKE 'commit of %' OR name LIKE ?", (f"{HOLDS_FORGOTTEN}%",))
        known = self._read([(body,) for body, _ in rows])
        return {each.id: (each, commit) for each, (_, commit) in zip(known, rows)}

    def _row(self, snapshot: str) -> tuple[str, str]:
        """(commit, body)"""
        check_id("snapshot", snapshot)
        with self._index.read() as db:
            found = db.execute("SELECT commit_id, body FROM snapshots WHERE id = ?", (snapshot,)).fetchone()
        if found is not None:
            return found[0], found[1]
        stone = self._index.tombstone(snapshot)
        if stone is not None:
            raise self._forgotten(snapshot, stone)
        raise NotFound(f"There is no snapshot {snapshot} here.", "`ds log` lists them.")

    def _forgotten(self, snapshot: str, stone: Tombstone) -> Forgotten:
        at = stone.snapshot_times[0] if stone.snapshot_times else None
        nearest = self._nearest(at) if at else None
        of = f" of {_minute(at)}" if at else ""
        hint = f"The nearest that is kept is {nearest.id}, of {_minute(nearest.created_at)}." if nearest else ""
        told = {"by": stone.by, "nearest": nearest.id if nearest else None}
        return Forgotten(f"The snapshot {snapshot}{of} {dropped(stone)}", hint, **told)

    def _nearest(self, at: Instant) -> Snapshot | None:
        """The kept snapshot of the main line that is closest in time."""
        with self._index.read() as db:
            rows = db.execute(
                "SELECT body FROM (SELECT body FROM snapshots WHERE line = ? AND created_at <= ? ORDER BY created_at DESC LIMIT 1)"
                " UNION ALL "
                "SELECT body FROM (SELECT body FROM snapshots WHERE line = ? AND created_at > ? ORDER BY created_at LIMIT 1)",
                (MAIN_LINE, at, MAIN_LINE, at),
            ).fetchall()
        found = self._read(rows)
        return min(found, key=lambda each: abs(epoch_s(each.created_at) - epoch_s(at)), default=None)

    def _read(self, rows: Sequence[tuple[str, ...]]) -> list[Snapshot]:
        """rows: bodies alone. A pin is a later word, so that it is not in them."""
        found = [from_json(Snapshot, self._index.checked(body)) for (body,) in rows]
        pinned = self._index.pinned()
        return [replace(each, is_pinned=True) if each.id in pinned else each for each in found] if pinned else found


def _minute(at: Instant) -> str:
    """'2026-11-21T14:03:27.000000Z' -> '2026-11-21 14:03 UTC'"""
    return f"{at[:10]} {at[11:16]} UTC"

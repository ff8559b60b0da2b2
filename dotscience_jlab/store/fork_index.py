"""The index of a fork, copied from the origin's as it stands: page by page, instead of reading every record anew.

What the copy must not have: the origin's snapshots after the forked one, its other lines, and what it knows of the origin's files
on the disk. What the records ref does not hold yet (a cell that runs) cannot be told apart in a copy: then none is made, and
the fork's index is built from its history when it is first opened.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from ..model.ids import SnapshotId
from ..model.run import RUNNING
from ..model.snapshot import MAIN_LINE
from .forgetting import HOLDS_FORGOTTEN
from .index import SqliteIndex
from .objects import ObjectId
from .purge import PURGING

MAIN_COMMIT = f"commit of {MAIN_LINE}"
FACTS = ("schema", "records_commit", "purges", MAIN_COMMIT)
"""What holds for the fork too; the others are about the origin's remotes, lines and work in hand."""
OF_THE_DISK = ("files_seen", "chunk_maps")


def copy_index(origin: SqliteIndex, target: Path, snapshot: SnapshotId, commit: ObjectId, records: ObjectId | None) -> bool:
    """False, and nothing at `target`, where the copy would not be what a rebuild gives. commit, records: the fork's two refs.

    Costs a read and a write of `state.db`. Nobody has `target` open.
    """
    if not _is_copyable(origin, snapshot, commit, records):
        return False
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous=OFF")  # a cache: what a power cut leaves of it is found damaged, and built anew
            with origin.read() as source:
                source.backup(db)
            db.execute("BEGIN")
            for table in OF_THE_DISK:
                db.execute(f"DELETE FROM {table}")
            db.execute(
                "DELETE FROM snapshots WHERE line != ?1 OR ordinal > (SELECT ordinal FROM snapshots WHERE id = ?2)",
                (MAIN_LINE, snapshot),
            )
            db.execute(f"DELETE FROM facts WHERE name NOT IN ({', '.join('?' * len(FACTS))})", FACTS)
            db.execute("UPDATE facts SET value = ? WHERE name = ?", (commit, MAIN_COMMIT))
            db.execute("COMMIT")
            free, pages = (db.execute(f"PRAGMA {word}").fetchone()[0] for word in ("freelist_count", "page_count"))
            if 2 * free > pages:  # little is left: the room of what went is not carried along by every fork
                db.execute("VACUUM")
        return True
    except sqlite3.Error:
        for name in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                target.with_name(target.name + name).unlink()
        return False


def _is_copyable(origin: SqliteIndex, snapshot: SnapshotId, commit: ObjectId, records: ObjectId | None) -> bool:
    with origin.read() as db:
        row = db.execute("SELECT line, commit_id FROM snapshots WHERE id = ?", (snapshot,)).fetchone()
        is_live = db.execute(
            "SELECT EXISTS (SELECT 1 FROM executions WHERE outcome = ?1) OR EXISTS (SELECT 1 FROM runs WHERE state = ?1)",
            (RUNNING,),
        ).fetchone()[0]
    is_in_step = row == (MAIN_LINE, commit) and (origin.pragma("records_commit") or None) == records
    in_hand = origin.pragma(PURGING) == "yes" or origin.pragma(f"{HOLDS_FORGOTTEN}{MAIN_LINE}") == "yes"
    return is_in_step and not is_live and not in_hand

"""Every object of a store with the bytes it takes on the disk, in a temporary table: to mark, count and sum a million of them.

SQLite keeps the table in a file of its own that nobody sees and that is gone with the connection, so memory stays flat.
"""

from __future__ import annotations

import sqlite3
from itertools import islice
from typing import Iterable, Iterator

from .objects import ObjectId, Objects, StoredObject

AT_ONCE = 1000
UNMARKED = 0


class Inventory:
    """As the disk was when it was made. Marks are small numbers; the first one put on an object stays."""

    def __init__(self, objects: Objects) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute(
            "CREATE TABLE objects (id BLOB, place TEXT, size INTEGER, mark INTEGER DEFAULT 0, PRIMARY KEY (id, place))"
            " WITHOUT ROWID"
        )
        for some in _parts(objects.stored()):
            rows = [(bytes.fromhex(each.name), each.place, each.size_bytes) for each in some]
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR IGNORE INTO objects (id, place, size) VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")

    def mark(self, names: Iterable[ObjectId], mark: int) -> None:
        """Those of `names` that have no mark yet."""
        for some in _parts(names):
            rows = [(mark, bytes.fromhex(name)) for name in some]
            self._db.execute("BEGIN")
            self._db.executemany("UPDATE objects SET mark = ? WHERE id = ? AND mark = 0", rows)
            self._db.execute("COMMIT")

    def mark_all(self, mark: int) -> None:
        """All that have no mark yet."""
        self._db.execute("UPDATE objects SET mark = ? WHERE mark = 0", (mark,))

    def bytes_of(self, mark: int) -> int:
        """On the disk; an object that lies there twice counts twice."""
        return int(self._db.execute("SELECT coalesce(sum(size), 0) FROM objects WHERE mark = ?", (mark,)).fetchone()[0])

    def count_of(self, mark: int) -> int:
        return int(self._db.execute("SELECT count(DISTINCT id) FROM objects WHERE mark = ?", (mark,)).fetchone()[0])

    def mark_of(self, name: ObjectId) -> int | None:
        """None: it is not there."""
        found = self._db.execute("SELECT mark FROM objects WHERE id = ? LIMIT 1", (bytes.fromhex(name),)).fetchone()
        return int(found[0]) if found else None

    def names_in(self, place: str, mark: int | None = None) -> Iterator[ObjectId]:
        """Sorted. Do not mark while reading."""
        which = "" if mark is None else " AND mark = ?"
        values = (place,) if mark is None else (place, mark)
        for (name,) in self._db.execute(f"SELECT id FROM objects WHERE place = ?{which} ORDER BY id", values):
            yield name.hex()

    def bytes_in(self, mark: int) -> dict[str, int]:
        """place -> bytes of the objects there with that mark"""
        return dict(self._db.execute("SELECT place, sum(size) FROM objects WHERE mark = ? GROUP BY place", (mark,)).fetchall())

    @property
    def db(self) -> sqlite3.Connection:
        """For a question of one's own; the table is `objects (id, place, size, mark)`."""
        return self._db

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Inventory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _parts(items: Iterable) -> Iterator[list]:  # type: ignore[type-arg]
    iterator = iter(items)
    while some := list(islice(iterator, AT_ONCE)):
        yield some


__all__ = ["UNMARKED", "Inventory", "StoredObject"]

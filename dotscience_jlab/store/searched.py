"""Which stored bytes were looked through for secrets, and of what kind were those in them: rows of `state.db`, a cache.

Never a value: `{"aws-key": 2}` and the line of the first one is all that is noted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Collection, Iterable, Mapping

from ..model.ids import BlobDigest
from .index import SqliteIndex

SCHEMA = """CREATE TABLE IF NOT EXISTS searched (
    digest TEXT PRIMARY KEY, version INTEGER, path TEXT, line INTEGER, kinds TEXT) WITHOUT ROWID"""
AT_ONCE = 500


@dataclass(frozen=True)
class Searched:
    digest: BlobDigest
    """Of the blob: of a large file, of one of its chunks."""
    path: str
    """Of the file as it was named when it was found."""
    line: int = 0
    """Of the first, from 1; 0: there is none."""
    kinds: Mapping[str, int] | None = None
    """kind -> how many; None or empty: nothing was found."""


class SearchedBlobs:
    def __init__(self, index: SqliteIndex, version: int) -> None:
        """version: of the patterns. What an earlier one looked at counts as not looked at."""
        self._index = index
        self._version = version
        with index.write() as db:
            db.execute(SCHEMA)

    def of(self, digests: Collection[BlobDigest]) -> dict[BlobDigest, Searched]:
        """Of those that were looked at."""
        found, names = {}, list(digests)
        for at in range(0, len(names), AT_ONCE):
            part = names[at : at + AT_ONCE]
            marks = ",".join("?" * len(part))
            with self._index.read() as db:
                rows = db.execute(
                    f"SELECT digest, path, line, kinds FROM searched WHERE version = ? AND digest IN ({marks})",
                    (self._version, *part),
                ).fetchall()
            found.update((row[0], _searched(row)) for row in rows)
        return found

    def with_finds(self) -> list[Searched]:
        """By path."""
        with self._index.read() as db:
            rows = db.execute(
                "SELECT digest, path, line, kinds FROM searched WHERE version = ? AND kinds != '{}' ORDER BY path, digest",
                (self._version,),
            ).fetchall()
        return list(map(_searched, rows))

    def note(self, looked: Iterable[Searched]) -> None:
        rows = [(each.digest, self._version, each.path, each.line, json.dumps(dict(each.kinds or {}))) for each in looked]
        with self._index.write() as db:
            db.executemany("INSERT OR REPLACE INTO searched VALUES (?, ?, ?, ?, ?)", rows)


def _searched(row: tuple[str, str, int, str]) -> Searched:
    return Searched(BlobDigest(row[0]), row[1], row[2], json.loads(row[3]))

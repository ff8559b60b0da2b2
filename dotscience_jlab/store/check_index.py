"""Compares `state.db` with what git says: built anew beside it, from the same refs, and read row by row.

Rows of sessions that are not over may be newer than git's: those are held against their own checksums, and taken as they are.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Iterator

from ..model.codec import from_stored
from ..model.snapshot import MAIN_LINE
from ..model.states import RUNNING
from ..model.workspace import Workspace
from .checksums import checked_body, is_point_whole
from .findings import INDEX, MOST_NAMED, Finding
from .history import History
from .index import SCHEMA_VERSION, SqliteIndex
from .objects import RECORDS_REF, CommitText, ObjectId, Objects, TreeItem, line_ref

NOTHING = b'{"points":[]}\n'
"""Stands in for records and series that are damaged: neither a record nor a point."""
TABLES = {
    "executions": ("id",), "runs": ("id",), "sessions": ("id",), "annotations": ("id",), "forgotten": ("id",),
    "snapshots": ("id",), "uses": ("path", "role", "execution"), "run_values": ("run", "field", "name"),
    "notebooks": ("path",), "named_blobs": ("digest",), "points": ("run", "position"),
    "point_sums": ("run",),
}  # fmt: skip
"""table -> its key, in whose order rows are read. `facts` and `files_seen` are no part of the history."""
WITH_BODY = ("executions", "runs", "sessions", "annotations", "forgotten", "snapshots")
REMEDY = "`ds check --repair` builds it anew from the history."


def check_index(path: Path, objects: Objects, workspace: Workspace, root: Path, broken: set[ObjectId]) -> list[Finding]:
    """path: of `state.db`. broken: objects that cannot be read; what they held is named by rows that git does not have."""
    if not path.exists():
        return []
    was_at_rest = _is_at_rest(path)
    found = _check(path, objects, workspace, root, broken)
    if found and was_at_rest and not _is_at_rest(path):  # somebody began to write meanwhile: then a moment's look was not one
        return _check(path, objects, workspace, root, broken)
    return found


def _check(path: Path, objects: Objects, workspace: Workspace, root: Path, broken: set[ObjectId]) -> list[Finding]:
    try:
        with closing(_opened(path)) as live:
            found = [_finding(each) for each in _faults(live)]
            if found or _fact(live, "schema") != SCHEMA_VERSION:
                return found
            with _rebuilt(_Readable(objects, _refs(live), broken), workspace, root) as (fresh, index):
                _add_unfinished(live, index, is_partial=bool(broken))
                tables = TABLES.items()
                return [each for table, key in tables for each in _compared(table, key, live, fresh, is_partial=bool(broken))]
    except sqlite3.Error as error:
        return [_finding(f"it cannot be read ({error})")]


def known_refs(path: Path) -> dict[str, ObjectId]:
    """ref -> the commit that `state.db` has taken in; {} if it says nothing."""
    if not path.exists():
        return {}
    try:
        with closing(_opened(path)) as live:
            return {name: commit for name, commit in _refs(live).items() if commit}
    except sqlite3.Error:
        return {}


def _opened(path: Path) -> sqlite3.Connection:
    """Reads one state of it, however long this takes, and writes nothing, not even the files of a WAL."""
    how = "immutable=1" if _is_at_rest(path) else "mode=ro"
    live = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, timeout=30.0)
    live.execute("BEGIN")
    return live


def _is_at_rest(path: Path) -> bool:
    """Nobody has it open."""
    return not path.with_name(path.name + "-wal").exists()


def _faults(live: sqlite3.Connection) -> Iterator[str]:
    told = [line for (line,) in live.execute("PRAGMA integrity_check(5)") if line != "ok"]
    if told:
        yield f"its structure is damaged ({told[0]})"
        return
    tables = {name for (name,) in live.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in sorted(TABLES.keys() - tables):
        yield f"the table {table} is gone"
    for table in (*WITH_BODY, "files_seen"):
        if table in tables:
            n_wrong = sum(not _is_whole(body) for (body,) in live.execute(f"SELECT body FROM {table}"))
            if n_wrong:
                yield f"{n_wrong} rows of {table} are not as they were written"
    if "points" in tables:
        points = live.execute("SELECT position, name, step, time, value, checksum FROM points")
        n_wrong = sum(not is_point_whole(*row) for row in points)
        if n_wrong:
            yield f"{n_wrong} points are not as they were written"
    if {"points", "point_sums"} <= tables:
        sums = "SELECT run, count(*), sum(checksum) % 4294967296 FROM points GROUP BY run"
        n_wrong = live.execute(f"SELECT count(*) FROM (SELECT * FROM ({sums}) EXCEPT SELECT * FROM point_sums)").fetchone()[0]
        if n_wrong:
            yield f"points of {n_wrong} runs are missing"


def _is_whole(body: object) -> bool:
    try:
        checked_body(body)
    except ValueError:
        return False
    return True


def _finding(fault: str, **more: Any) -> Finding:
    return Finding(INDEX, "state.db", f"The index state.db is damaged: {fault}.", REMEDY, is_damage=False, **more)


def _refs(live: sqlite3.Connection) -> dict[str, ObjectId | None]:
    facts = live.execute("SELECT name, value FROM facts WHERE name = 'records_commit' OR name LIKE 'commit of %'")
    return {
        RECORDS_REF if name == "records_commit" else line_ref(name.removeprefix("commit of ")): value or None
        for name, value in facts.fetchall()
    }


def _fact(live: sqlite3.Connection, name: str) -> str | None:
    found = live.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return found[0] if found else None


@contextmanager
def _rebuilt(objects: _Readable, workspace: Workspace, root: Path) -> Iterator[tuple[sqlite3.Connection, SqliteIndex]]:
    """The index as git alone makes it, on the disk for as long as it is compared."""
    with tempfile.TemporaryDirectory(prefix="ds-check-") as folder:
        index = SqliteIndex(Path(folder, "state.db"))
        try:
            History(objects, index, workspace, root)  # type: ignore[arg-type]
            with closing(sqlite3.connect(os.path.join(folder, "state.db"), isolation_level=None)) as fresh:
                yield fresh, index
        finally:
            index.close()


def _add_unfinished(live: sqlite3.Connection, index: SqliteIndex, *, is_partial: bool) -> None:
    """What sessions that are not over have told since git was written: the spool has it.

    is_partial: records are lost from git, so only what is running counts as not yet written there.
    """
    with index.read() as fresh:
        over = {session for (session,) in fresh.execute("SELECT id FROM sessions")}
    rows = itertools.chain(
        live.execute("SELECT body, outcome FROM executions ORDER BY started_at, id"),
        live.execute("SELECT body, state FROM runs ORDER BY started_at, id"),
    )
    for body, state in rows:
        record = from_stored(checked_body(body))
        if record is not None and record.session is not None and record.session not in over:
            if state == RUNNING or not is_partial:
                index.feed([record])


def _compared(
    table: str, key: tuple[str, ...], live: sqlite3.Connection, fresh: sqlite3.Connection, *, is_partial: bool
) -> Iterator[Finding]:
    """Rows that one has and the other has not, or not so. is_partial: git itself is damaged, so what only the index has is lost."""
    order = ", ".join(key)
    n_wrong = 0
    named: list[str] = []
    for name, ours, theirs in _merged(
        live.execute(f"SELECT {order}, * FROM {table} ORDER BY {order}"),
        fresh.execute(f"SELECT {order}, * FROM {table} ORDER BY {order}"),
        len(key),
    ):
        if ours == theirs or (table == "points" and theirs is None):  # of a run that is not over: the spool has them
            continue
        if table == "snapshots" and ours and theirs and _is_same_on_another_line(ours, theirs):
            continue
        if table == "point_sums" and ours is not None and (theirs is None or ours[-2] > theirs[-2]):
            continue
        if is_partial and theirs is not None:  # made without what cannot be read
            continue
        n_wrong += 1
        if len(named) < MOST_NAMED:
            named.append(str(name[0] if table != "uses" else name[-1]))
    if not n_wrong:
        return
    told = {"records": tuple(dict.fromkeys(named)), "n_records": n_wrong}
    if is_partial:
        sentence = f"{n_wrong} rows of {table} are in the index state.db alone: the history has lost them."
        yield Finding(INDEX, table, sentence, "Keep state.db: it is the only place that still has them.", **told)
    else:
        yield _finding(f"{n_wrong} rows of {table} differ from the history", **told)


def _is_same_on_another_line(ours: tuple, theirs: tuple) -> bool:
    """A snapshot that several lines have is listed under one of them; which, the order decides in which they were seen."""
    _, _, our_line, _, our_commit, *_ = ours
    _, _, their_line, _, their_commit, *_ = theirs
    return our_commit == their_commit and MAIN_LINE not in (our_line, their_line)


def _merged(ours: Iterator[tuple], theirs: Iterator[tuple], n_key: int) -> Iterator[tuple[tuple, tuple | None, tuple | None]]:
    """(key, our row or None, their row or None) of two tables read in the order of their keys."""
    left, right = next(ours, None), next(theirs, None)
    while left is not None or right is not None:
        if right is None or (left is not None and _sort_key(left[:n_key]) < _sort_key(right[:n_key])):
            yield left[:n_key], left, None  # type: ignore[index]
            left = next(ours, None)
        elif left is None or _sort_key(right[:n_key]) < _sort_key(left[:n_key]):
            yield right[:n_key], None, right
            right = next(theirs, None)
        else:
            yield left[:n_key], left, right
            left, right = next(ours, None), next(theirs, None)


def _sort_key(key: tuple) -> tuple:
    """SQLite's order of values of any type: nothing, numbers, texts by their UTF-8, bytes."""
    return tuple(
        (0, 0) if each is None else (1, each) if isinstance(each, (int, float)) else
        (2, each.encode("utf-8", "surrogatepass")) if isinstance(each, str) else (3, each)
        for each in key
    )  # fmt: skip


class _Readable:
    """The objects without what is broken, and the refs as the index has taken them in. Nothing can be written through it."""

    def __init__(self, objects: Objects, refs: dict[str, ObjectId | None], broken: set[ObjectId]) -> None:
        self._refs = {name: commit for name, commit in refs.items() if commit is not None and commit not in broken}
        self._objects = objects
        self._broken = broken
        self.has, self.blob_size, self.refuse = objects.has, objects.blob_size, objects.refuse

    def ref(self, name: str) -> ObjectId | None:
        return self._refs.get(name)

    def lines(self) -> list[str]:
        return sorted(self.refs(line_ref("")))

    def refs(self, below: str) -> dict[str, ObjectId]:
        return {name[len(below) :]: commit for name, commit in sorted(self._refs.items()) if name.startswith(below)}

    def commit(self, commit: ObjectId) -> CommitText:
        text = self._objects.commit(commit)
        return text._replace(parents=tuple(parent for parent in text.parents if parent not in self._broken))

    def tree(self, tree: ObjectId) -> dict[bytes, TreeItem]:
        return {} if tree in self._broken else self._objects.tree(tree)

    def blob(self, digest: ObjectId) -> bytes:
        return NOTHING if digest in self._broken else self._objects.blob(digest)

"""`state.db`: answers queries over the records, newest version of each; a cache that is rebuilt from git at any time.

One SQLite database, WAL where the file system allows. Every row keeps the whole record as JSON (`body`) beside the columns
that are searched or sorted by. Annotations are applied when a row is read, so a later word never rewrites a record.
SQLite has no checksums: a body ends with one, a point has one. A row that is not what was written is never handed out; the
database is then removed, which its owner notices (`History.is_there`), opens it anew, and so rebuilds it.
One connection, guarded by a lock: a query takes well under a millisecond, and requests come from a handful of threads.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Collection, Iterable, Iterator, Sequence

from ..errors import (
    DotscienceError,
    Forgotten,
    InvalidRequest,
    NotFound,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreReadOnly,
)
from ..model.codec import from_stored
from ..model.execution import Execution, Session
from ..model.ids import BlobDigest, ExecutionId, RunId, SessionId, SnapshotId
from ..model.run import PURGE, Annotation, Run, Series, Tombstone
from .base import Page, Record
from .checksums import checked_body, is_point_whole, point_checksum
from .downsample import downsampled
from .index_choice import Chosen, Condition
from .index_feed import feed_lines, with_words
from .index_rows import VALUE_FIELDS, plain, stored_float
from .lines import Line, line_of

SCHEMA_VERSION = "3"

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS executions (
    id TEXT PRIMARY KEY, session TEXT, ordinal INTEGER, started_at TEXT, notebook TEXT, path TEXT, cell_id TEXT,
    outcome TEXT, words TEXT, body TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uses (path TEXT, role TEXT, execution TEXT, started_at TEXT,
    PRIMARY KEY (path, role, execution)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uses_by_execution ON uses (execution);
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, number INTEGER, name TEXT, state TEXT, started_at TEXT, notebook TEXT, path TEXT, words TEXT,
    body TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run_values (run TEXT, field TEXT, name TEXT, number REAL, text TEXT,
    PRIMARY KEY (run, field, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, started_at TEXT, finished_at TEXT, body TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS annotations (id TEXT PRIMARY KEY, about TEXT, created_at TEXT, body TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS annotations_by_about ON annotations (about, created_at, id);
CREATE TABLE IF NOT EXISTS forgotten (id TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS points (run TEXT, position INTEGER, name TEXT, step INTEGER, time REAL, value REAL,
    checksum INTEGER, PRIMARY KEY (run, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS point_sums (run TEXT PRIMARY KEY, n INTEGER, checksum INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notebooks (path TEXT PRIMARY KEY, notebook TEXT) WITHOUT ROWID;
"""

INDEXES = """
CREATE INDEX IF NOT EXISTS executions_by_time ON executions (started_at, id);
CREATE INDEX IF NOT EXISTS executions_by_path ON executions (path, started_at, id, notebook);
CREATE INDEX IF NOT EXISTS executions_by_notebook ON executions (notebook, started_at, id);
CREATE INDEX IF NOT EXISTS executions_by_session ON executions (session, ordinal);
CREATE INDEX IF NOT EXISTS executions_running ON executions (started_at) WHERE outcome = 'running';
CREATE INDEX IF NOT EXISTS runs_running ON runs (started_at) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (started_at, id);
CREATE INDEX IF NOT EXISTS runs_by_number ON runs (number);
CREATE INDEX IF NOT EXISTS runs_by_name ON runs (name);
CREATE INDEX IF NOT EXISTS runs_by_path ON runs (path, started_at, id, notebook);
CREATE INDEX IF NOT EXISTS runs_by_notebook ON runs (notebook, started_at, id);
"""
"""What questions search by and feeding does not: made last where everything is taken in at once, which takes half the time."""

SETTINGS = ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")
DRAFT_SETTINGS = ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-65536")
"""The last in KiB."""
REBUILT = "It is only a cache and is built anew from the history: ask again."
RECORD_TABLES = ("executions", "uses", "runs", "run_values", "sessions", "annotations", "forgotten", "points", "point_sums",
                 "notebooks")
_SORT_COLUMNS = {"started_at", "name", "number", "state", "path"}
_BODY_SORTS = {"finished_at", "duration_s", "description", "opened_by", "published_at"}


class SqliteIndex:
    """`path` None: in memory. is_draft: nobody else has it open, and whoever is interrupted throws it away; `finish` it."""

    def __init__(self, path: Path | None, *, is_draft: bool = False) -> None:
        self.path = path
        self._busy = threading.RLock()
        self._inode: int | None = None
        with self._errors():
            self._db = sqlite3.connect(":memory:" if path is None else path, check_same_thread=False, timeout=30.0,
                                       isolation_level=None)
            for setting in DRAFT_SETTINGS if is_draft else SETTINGS:
                self._db.execute(f"PRAGMA {setting}")
            self._db.executescript(SCHEMA if is_draft else SCHEMA + INDEXES)
            self._inode = path.stat().st_ino if path is not None else None
        if self.pragma("schema") is None:
            self.pragma("schema", SCHEMA_VERSION)

    # -- feeding -----------------------------------------------------------------------------------

    def feed(self, records: Iterable[Record]) -> None:
        self.feed_lines(map(line_of, records))

    def feed_lines(self, lines: Iterable[Line]) -> None:
        """In their order, the last one about an id counts; all or nothing."""
        with self.write() as db:
            feed_lines(db, lines, self._record)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing; nested calls join the outer one."""
        with self._busy, self._errors():
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # on a full disk SQLite may have rolled back by itself
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """For a question; sees one state of the database a statement."""
        with self._busy, self._errors():
            yield self._db

    def add_points(self, run: RunId, points: Iterable[tuple[int, str, int | None, float, float]]) -> None:
        rows = {}
        for position, name, step, time, value in points:
            row = (position, plain(name), _stored_step(step), float(time), stored_float(value))
            rows.setdefault(position, (run, *row, point_checksum(*row)))
        with self.write() as db:
            if not rows or self.is_forgotten(run):
                return
            between = "SELECT position FROM points WHERE run = ? AND position BETWEEN ? AND ?"
            for (position,) in db.execute(between, (run, min(rows), max(rows))).fetchall():
                rows.pop(position, None)
            new = list(rows.values())
            db.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?)", new)
            n, checksum = self._point_sum(run)
            checksum = (checksum + sum(row[-1] for row in new)) % 2**32
            db.execute("INSERT OR REPLACE INTO point_sums VALUES (?, ?, ?)", (run, n + len(new), checksum))

    def _point_sum(self, run: RunId) -> tuple[int, int]:
        """(how many points, sum of their checksums): what tells that one is missing."""
        return self._db.execute("SELECT n, checksum FROM point_sums WHERE run = ?", (run,)).fetchone() or (0, 0)

    def notebooks_at(self, path: str) -> list[tuple[str, str]]:
        path = plain(path)
        with self.read() as db:
            rows = db.execute(
                "SELECT path, notebook FROM notebooks WHERE path = ? OR substr(path, 1, ?) = ? ORDER BY path",
                (path, len(path) + 1, path + "/"),
            ).fetchall()
        return [(found[len(path) :], notebook) for found, notebook in rows]

    def pragma(self, name: str, value: str | None = None) -> str | None:
        if value is not None:
            with self.write() as db:
                db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
            return value
        with self.read() as db:
            found = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
            return found[0] if found else None

    def facts(self, prefix: str) -> list[str]:
        """Names of the facts that begin so."""
        with self.read() as db:
            rows = db.execute("SELECT name FROM facts WHERE substr(name, 1, ?) = ?", (len(prefix), prefix)).fetchall()
            return [name for (name,) in rows]

    # -- executions --------------------------------------------------------------------------------

    def execution(self, execution: ExecutionId) -> Execution:
        return self._record(self._body_of("executions", execution, "execution"))

    def has_message(self, msg_id: str) -> bool:
        """Whether an execution of any session was asked for by that message. Reads all ids."""
        ending = f":{msg_id}"
        with self.read() as db:
            return db.execute("SELECT 1 FROM executions WHERE substr(id, ?) = ?", (-len(ending), ending)).fetchone() is not None

    def executions(
        self,
        *,
        notebook: str | None = None,
        path: str | None = None,
        session: SessionId | None = None,
        cell_id: str | None = None,
        outcome: str | None = None,
        text: str | None = None,
        file: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page:
        where, values = _conditions(notebook=notebook, session=session, cell_id=cell_id, outcome=outcome)
        file, after = plain(file), plain(after)
        if text:
            where.append("instr(words, ?) > 0")
            values.append(plain(text.lower()))
        if file is not None:
            where.append("id IN (SELECT execution FROM uses WHERE path = ?)")
            values.append(file)
        with self._busy, self._errors():
            chosen = Chosen("executions", self._of_notebook(path), where, values)
            total = chosen.count(self._db)
            if after is not None:
                started_at, _, last_id = after.partition(" ")
                chosen = chosen.but("(started_at, id) < (?, ?)", started_at, last_id)
            rows = chosen.by_time(self._db, limit + 1)
            bodies = [self._body_of("executions", each, "execution") for each, _ in rows[:limit]]
        more = rows[limit - 1] if len(rows) > limit else None
        return Page(tuple(map(self._record, bodies)), total, f"{more[1]} {more[0]}" if more else None)

    def _of_notebook(self, path: str | None) -> list[Condition]:
        """A renamed notebook keeps its history: what was executed under its old names belongs to it, and so does what another
        notebook of that name did. No row meets two of these."""
        if path is None:
            return [("1", ())]
        path = plain(path)
        found = self._db.execute("SELECT notebook FROM notebooks WHERE path = ?", (path,)).fetchone()
        if found is None:
            return [("path = ?", (path,))]
        return [("notebook = ?", found), ("path = ? AND notebook IS NOT ?", (path, *found))]

    def uses_of(self, path: str, *, role: str | None = None, limit: int = 1000) -> list[tuple[ExecutionId, str]]:
        where, values = _conditions(path=plain(path), role=role)
        with self._busy, self._errors():
            rows = self._db.execute(
                f"SELECT execution, role FROM uses WHERE {_all(where)} ORDER BY started_at, execution LIMIT ?",
                [*values, limit],
            )
            return [(ExecutionId(execution), found_role) for execution, found_role in rows.fetchall()]

    def executions_of(self, snapshots: Collection[SnapshotId]) -> list[tuple[ExecutionId, bool]]:
        """(execution, does it belong to a run) of those whose snapshot is one of these. Costs a look at every execution."""
        with self._busy, self._errors():
            rows = self._db.execute(
                "SELECT id, json_extract(body, '$.runs') FROM executions"
                " WHERE json_extract(body, '$.snapshot') IN (SELECT value FROM json_each(?)) ORDER BY started_at, id",
                (json.dumps(list(snapshots)),),
            ).fetchall()
        return [(ExecutionId(execution), bool(runs and json.loads(runs))) for execution, runs in rows]

    def still_running(self) -> tuple[list[Execution], list[Run]]:
        with self._busy, self._errors():
            executions = self._db.execute("SELECT body FROM executions WHERE outcome = 'running' ORDER BY started_at").fetchall()
            runs = self._db.execute("SELECT body FROM runs WHERE state = 'running' ORDER BY started_at").fetchall()
            return [self._record(body) for (body,) in executions], [self._record(body) for (body,) in runs]

    def notebook_for(self, path: str) -> str | None:
        with self._busy, self._errors():
            found = self._db.execute("SELECT notebook FROM notebooks WHERE path = ?", (plain(path),)).fetchone()
        return found[0] if found else None

    def session(self, session: SessionId) -> Session:
        return self._record(self._body_of("sessions", session, "session"))

    def sessions(self, *, is_open: bool | None = None, limit: int = 100) -> list[Session]:
        where = {None: "1", True: "finished_at IS NULL", False: "finished_at IS NOT NULL"}[is_open]
        with self._busy, self._errors():
            rows = self._db.execute(f"SELECT body FROM sessions WHERE {where} ORDER BY started_at DESC LIMIT ?", (limit,))
            return [self._record(body) for (body,) in rows.fetchall()]

    # -- runs --------------------------------------------------------------------------------------

    def run(self, run: RunId) -> Run:
        with self._busy:
            return self._annotated(self._record(self._body_of("runs", run, "run")))

    def find_run(self, reference: str) -> Run:
        text = plain(reference.strip())
        with self._busy, self._errors():
            if self.is_forgotten(text):
                return self.run(RunId(text))
            rows = self._db.execute("SELECT id FROM runs WHERE id = ? OR name = ?", (text, text)).fetchall()
            if not rows and text.isdigit():
                rows = self._db.execute("SELECT id FROM runs WHERE number = ?", (int(text),)).fetchall()
            if not rows and re.fullmatch(r"[0-9a-f][0-9a-f-]{3,35}", text):
                rows = self._db.execute("SELECT id FROM runs WHERE substr(id, 1, ?) = ?", (len(text), text)).fetchall()
            if len(rows) == 1:
                return self.run(RunId(rows[0][0]))
        if rows:
            listed = ", ".join(row[0][:8] for row in rows[:5])
            raise InvalidRequest(f"{reference!r} could be any of {len(rows)} runs: {listed}.", "Give more of the id.")
        raise NotFound(f"There is no run {reference!r} here.", "`ds runs` lists them.")

    def runs(
        self,
        *,
        notebook: str | None = None,
        path: str | None = None,
        state: str | None = None,
        text: str | None = None,
        ids: Sequence[RunId] | None = None,
        sort: str = "-started_at",
        offset: int = 0,
        limit: int = 100,
    ) -> Page:
        where, values = _conditions(**{"runs.notebook": notebook, "runs.state": state})
        if text:
            where.append("instr(runs.words, ?) > 0")
            values.append(plain(text.lower()))
        if ids is not None:
            where.append("runs.id IN (SELECT value FROM json_each(?))")  # any number of them
            values.append(json.dumps(list(ids)))
        join, join_values, order = _order(sort)
        with self._busy, self._errors():
            chosen = Chosen("runs", self._of_notebook(path), where, values)
            total = chosen.count(self._db)
            if sort == "-started_at":
                ids_found = [each for each, _ in chosen.by_time(self._db, limit, offset)]
            else:
                ids_found = chosen.sorted(self._db, join, join_values, order, limit, offset)
            return Page(tuple(self.run(RunId(each)) for each in ids_found), total)

    def next_run_number(self) -> int:
        with self._busy, self._errors():
            return (self._db.execute("SELECT max(number) FROM runs").fetchone()[0] or 0) + 1

    def series(
        self, run: RunId, names: Sequence[str] | None = None, max_points: int | None = None, since: int = 0
    ) -> list[Series]:
        table: dict[str, list[tuple[int | None, float, float]]] = {}
        for name, step, time, value in self.all_points(run):
            if names is None or name in names:
                table.setdefault(name, []).append((step, time, value))
        return [downsampled(name, table[name], since, max_points) for name in sorted(table)]

    def all_points(self, run: RunId) -> Iterator[tuple[str, int | None, float, float]]:
        return (row[1:] for row in self.placed_points(run))

    def placed_points(self, run: RunId) -> Iterator[tuple[int, str, int | None, float, float]]:
        """As `add_points` takes them, in the order logged."""
        with self._busy, self._errors():
            rows = self._db.execute(
                "SELECT position, name, step, time, value, checksum FROM points WHERE run = ? ORDER BY position", (run,)
            ).fetchall()
            sums = self._point_sum(run)
        is_whole = all(is_point_whole(*row) for row in rows)
        if not is_whole or sums != (len(rows), sum(row[-1] for row in rows) % 2**32):
            raise self._damaged("points are not as they were written")
        return (
            (position, name, step, time, math.nan if value is None else value) for position, name, step, time, value, _ in rows
        )

    def has_points(self, run: RunId) -> bool:
        with self._busy, self._errors():
            return self._db.execute("SELECT 1 FROM points WHERE run = ? LIMIT 1", (run,)).fetchone() is not None

    # -- the rest ----------------------------------------------------------------------------------

    def forget_records(self) -> None:
        """Everything that came from records, before they are taken in anew: theirs is another history now."""
        with self.write() as db:
            for table in RECORD_TABLES:
                db.execute(f"DELETE FROM {table}")

    def finish(self) -> None:
        """A draft is whole: make what it is searched by, and close it."""
        with self._busy, self._errors():
            self._db.executescript(INDEXES)
        self.close()

    def close(self) -> None:
        with self._busy:
            self._db.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """SQLite's errors as ours; the cache is never the truth, so damage asks for a rebuild."""
        try:
            yield
        except DotscienceError:
            raise
        except sqlite3.OperationalError as error:
            text = str(error)
            if "full" in text:
                raise StoreFull("There is no space left for the history's index.", "Free some disk space.") from error
            if "readonly" in text or "unable to open" in text:
                raise StoreReadOnly("The history's index cannot be written.", "Check the folder's permissions.") from error
            if "locked" in text:
                raise StoreError("Another program keeps the history's index busy.", "Try again in a moment.") from error
            raise self._damaged(text) from error
        except sqlite3.ProgrammingError as error:
            if "closed" not in str(error):
                raise
            raise StoreError("The history was closed while it was asked.", "Try again.") from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, why: str) -> StoreDamaged:
        """Removes the file, unless it is another one by now: who has it open notices, and opens a new one."""
        if self.path is not None and self._inode is not None:
            with suppress(OSError):
                if self.path.stat().st_ino == self._inode:
                    remove_index(self.path)
        return StoreDamaged(f"The history's index is damaged: {why}.", REBUILT)

    def checked(self, body: str) -> dict[str, Any]:
        """The JSON of a row as it was written; StoreDamaged if it is not."""
        try:
            return checked_body(body)
        except ValueError as error:
            raise self._damaged(str(error)) from error

    def _record(self, body: str) -> Any:
        return from_stored(self.checked(body))

    def _annotated(self, run: Run) -> Run:
        return with_words(self._db, run, self._record)

    def _body_of(self, table: str, key: str, kind: str) -> str:
        with self._busy, self._errors():
            found = self._db.execute(f"SELECT body FROM {table} WHERE id = ?", (key,)).fetchone()
            if found is not None:
                return str(found[0])
        stone = self.tombstone(key)
        if stone is not None:
            raise Forgotten(f"The {kind} {key} {dropped(stone)}", by=stone.by)
        raise NotFound(f"There is no {kind} {key} here.")

    def tombstone(self, key: str) -> Tombstone | None:
        """What says that this id or digest was dropped, with that id alone."""
        with self._busy, self._errors():
            found = self._db.execute("SELECT body FROM forgotten WHERE id = ?", (key,)).fetchone()
        return replace(self._record(found[0]), ids=(key,)) if found is not None else None

    def purged(self) -> dict[BlobDigest, str]:
        """digest -> why its bytes are not kept, in a sentence"""
        with self._busy, self._errors():
            rows = self._db.execute("SELECT id, body FROM forgotten WHERE length(id) = 40").fetchall()
        return {BlobDigest(digest): f"It {dropped(self._record(body))}" for digest, body in rows}

    def purged_executions(self) -> frozenset[ExecutionId]:
        with self._busy, self._errors():
            rows = self._db.execute("SELECT id, body FROM forgotten WHERE instr(id, ':') > 0").fetchall()
        return frozenset(ExecutionId(each) for each, body in rows if self._record(body).act == PURGE)

    def scrub(self) -> None:
        """No page of the file holds what was deleted."""
        with self._busy, self._errors():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def pinned(self) -> frozenset[SnapshotId]:
        """Snapshots whose newest pin says true."""
        with self._busy, self._errors():
            rows = self._db.execute(
                "SELECT about, body FROM annotations WHERE about >= 's-' AND about < 's.' ORDER BY created_at, id"
            ).fetchall()
        words = ((SnapshotId(about), self._record(body)) for about, body in rows)
        newest = {about: bool(word.value) for about, word in words if word.field == "pin"}
        return frozenset(about for about, is_pinned in newest.items() if is_pinned)

    def words_about(self, about: str, field: str) -> list[Annotation]:
        with self._busy, self._errors():
            rows = self._db.execute("SELECT body FROM annotations WHERE about = ? ORDER BY created_at, id", (about,)).fetchall()
        return [word for (body,) in rows if (word := self._record(body)).field == field]

    def is_forgotten(self, key: str) -> bool:
        with self.read() as db:
            return db.execute("SELECT 1 FROM forgotten WHERE id = ?", (key,)).fetchone() is not None


def dropped(stone: Tombstone) -> str:
    """'was forgotten on 2026-11-21 by ann: more than a year old.'"""
    by = f" by {stone.by}" if stone.by else ""
    act = "purged" if stone.act == "purge" else "forgotten"
    return f"was {act} on {stone.created_at[:10]}{by}: {stone.reason.rstrip('.')}."


def _order(sort: str) -> tuple[str, list[str], str]:
    """(JOIN clause, its values, ORDER BY): 'metrics.acc' -> by its number, then its text, runs without it last."""
    direction = "DESC" if sort.startswith("-") else "ASC"
    key = sort.lstrip("-")
    if key in _SORT_COLUMNS:
        return "", [], f"runs.{key} {direction}"
    if key in _BODY_SORTS:
        column = f"json_extract(runs.body, '$.{key}')"
        return "", [], f"{column} IS NULL, {column} {direction}"
    field, _, name = key.partition(".")
    if field in VALUE_FIELDS and name:
        join = "LEFT JOIN run_values AS v ON v.run = runs.id AND v.field = ? AND v.name = ?"
        return join, [field, plain(name)], f"v.run IS NULL, v.number IS NULL, v.number {direction}, v.text {direction}"
    raise InvalidRequest(f"Runs cannot be sorted by {key!r}.", "Sort by a column's name, parameters.NAME or metrics.NAME.")


def _conditions(**equal: Any) -> tuple[list[str], list[Any]]:
    chosen = {column: value for column, value in equal.items() if value is not None}
    return [f"{column} = ?" for column in chosen], [plain(str(value)) for value in chosen.values()]


def _all(where: list[str]) -> str:
    return " AND ".join(where) or "1"


def _stored_step(step: int | None) -> int | None:
    """SQLite's integers end at 64 bits; a step beyond is kept as none."""
    return step if step is not None and -(2**63) <= step < 2**63 else None


def remove_index(path: Path) -> None:
    """It is a cache: removing it loses nothing, also while others have it open."""
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)

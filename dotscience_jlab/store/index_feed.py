"""Puts records into the tables of `state.db`, a thousand at a time: what one after the other would leave there, for a tenth.

Whatever the order of lines about different ids, the same is left; of one id the last line counts, a tombstone before all.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from itertools import islice
from typing import Any, Callable, Collection, Iterable

from ..model.codec import stored_text, to_stored
from ..model.run import PATH, PURGE, Annotation, Run, Tombstone
from .checksums import text_of, with_checksum
from .index_rows import Body, execution_row, plain, run_row, use_rows, value_rows
from .lines import Line

LINES_AT_ONCE = 1000

Reading = Callable[[str], Any]
"""The record of a row's body; StoreDamaged if it is not as it was written."""


def feed_lines(db: sqlite3.Connection, lines: Iterable[Line], read: Reading) -> None:
    """The caller holds the transaction."""
    waiting = iter(lines)
    while batch := list(islice(waiting, LINES_AT_ONCE)):
        _Batch(db, read, batch).write()


class _Batch:
    """lines: in their order."""

    def __init__(self, db: sqlite3.Connection, read: Reading, lines: list[Line]) -> None:
        self._db, self._read, self._lines = db, read, lines
        self._executions: dict[str, Line] = {}
        self._runs: dict[str, Line] = {}
        self._sessions: dict[str, Line] = {}
        self._words: dict[str, Line] = {}
        """Annotations"""
        named = [line.body["about"] if line.kind == "annotation" else line.id for line in lines]
        self._gone = self._known("SELECT id FROM forgotten WHERE id", named)

    def write(self) -> None:
        renaming: dict[str, str] = {}
        """path -> notebook, since the last rename"""
        for line in self._lines:
            if line.kind == "execution" and line.id not in self._gone:
                self._executions[line.id] = line
                if line.body.get("path") and line.body.get("notebook"):
                    renaming[plain(line.body["path"])] = line.body["notebook"]
            elif line.kind == "run" and line.id not in self._gone:
                self._runs[line.id] = line
            elif line.kind == "session":
                self._sessions[line.id] = line
            elif line.kind == "annotation" and line.body["field"] == PATH:
                self._write_notebooks(renaming)
                renaming = {}
                self._follow_rename(line.body)
            elif line.kind == "annotation":
                self._words[line.id] = line
            elif line.kind == "tombstone":
                self._bury(line.record())  # type: ignore[arg-type]
        self._write_notebooks(renaming)
        self._write_sessions()
        self._write_executions([line for line in self._executions.values() if line.id not in self._gone])
        self._write_words([line for line in self._words.values() if line.body["about"] not in self._gone])
        self._write_runs({line.id: line for line in self._runs.values() if line.id not in self._gone})

    def _known(self, question: str, names: Iterable[str]) -> set[str]:
        rows = self._db.execute(f"{question} IN (SELECT value FROM json_each(?))", (json.dumps(list(names)),))
        return {name for (name,) in rows.fetchall()}

    # -- notebooks ---------------------------------------------------------------------------------

    def _write_notebooks(self, notebooks: dict[str, str]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO notebooks VALUES (?, ?)", notebooks.items())

    def _follow_rename(self, word: Body) -> None:
        old, new = plain(word.get("name", "")), plain(str(word["value"]))
        self._db.execute("DELETE FROM notebooks WHERE path = ? AND notebook = ?", (old, word["about"]))
        self._db.execute("INSERT OR REPLACE INTO notebooks VALUES (?, ?)", (new, word["about"]))

    # -- what is gone ------------------------------------------------------------------------------

    def _bury(self, stone: Tombstone) -> None:
        times = stone.snapshot_times or ("",) * len(stone.ids)
        for forgotten, at in zip(stone.ids, times, strict=False):
            if self._outranks(stone, forgotten):
                own = replace(stone, ids=(forgotten,), snapshot_times=(at,) if at else ())  # not all ids beside each of them
                body = with_checksum(stored_text(to_stored(own)))
                self._db.execute("INSERT OR REPLACE INTO forgotten VALUES (?, ?)", (forgotten, body))
            for table, column in (("executions", "id"), ("runs", "id"), ("uses", "execution"), ("points", "run"),
                                  ("point_sums", "run"), ("run_values", "run"), ("annotations", "about")):
                self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", (forgotten,))
            self._gone.add(forgotten)

    def _outranks(self, stone: Tombstone, forgotten: str) -> bool:
        """Of several tombstones for one thing a purge is shown before a forgetting, then the earliest, in whatever order they
        are taken in."""
        found = self._db.execute("SELECT body FROM forgotten WHERE id = ?", (forgotten,)).fetchone()
        known: Tombstone | None = self._read(found[0]) if found else None
        return known is None or _rank(stone) < _rank(known)

    # -- rows --------------------------------------------------------------------------------------

    def _write_sessions(self) -> None:
        rows = [
            (line.id, line.body["started_at"], line.body.get("finished_at"), with_checksum(line.text))
            for line in self._sessions.values()
        ]
        self._db.executemany("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)", rows)

    def _write_executions(self, lines: Collection[Line]) -> None:
        known = self._known("SELECT id FROM executions WHERE id", (line.id for line in lines))
        self._db.executemany("DELETE FROM uses WHERE execution = ?", [(each,) for each in known])
        rows = [execution_row(line.body, with_checksum(line.text)) for line in lines]
        self._db.executemany("INSERT OR REPLACE INTO executions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        uses = [row for line in lines for row in use_rows(line.body)]
        self._db.executemany("INSERT OR IGNORE INTO uses VALUES (?, ?, ?, ?)", uses)

    def _write_words(self, lines: Collection[Line]) -> None:
        """Columns of runs say what was said later: runs that are not in this batch are written anew."""
        rows = [(line.id, line.body["about"], line.body["created_at"], with_checksum(line.text)) for line in lines]
        self._db.executemany("INSERT OR REPLACE INTO annotations VALUES (?, ?, ?, ?)", rows)
        others = {line.body["about"] for line in lines} - self._runs.keys()
        if others:
            asked = (json.dumps(sorted(others)),)
            for (body,) in self._db.execute("SELECT body FROM runs WHERE id IN (SELECT value FROM json_each(?))", asked).fetchall():
                stored = to_stored(self._read(body))
                self._runs[stored["id"]] = Line("run", stored["id"], stored, text_of(body))

    def _write_runs(self, lines: dict[str, Line]) -> None:
        """Columns that searches and sorts use are of the run with its later words; the body is as recorded."""
        known = self._known("SELECT id FROM runs WHERE id", lines)
        self._db.executemany("DELETE FROM run_values WHERE run = ?", [(each,) for each in known])
        bodies = {line.id: line.body for line in lines.values()}
        for each in self._known("SELECT DISTINCT about FROM annotations WHERE about", lines):
            bodies[each] = to_stored(self._annotated(lines[each].record()))  # type: ignore[arg-type]
        rows = [run_row(body, with_checksum(lines[run].text)) for run, body in bodies.items()]
        self._db.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        values = [row for body in bodies.values() for row in value_rows(body)]
        self._db.executemany("INSERT OR REPLACE INTO run_values VALUES (?, ?, ?, ?, ?)", values)

    def _annotated(self, run: Run) -> Run:
        return with_words(self._db, run, self._read)


def with_words(db: sqlite3.Connection, run: Run, read: Reading) -> Run:
    """The run with all that was said of it later."""
    for (body,) in db.execute("SELECT body FROM annotations WHERE about = ? ORDER BY created_at, id", (run.id,)).fetchall():
        run = annotated(run, read(body))
    return run


def annotated(run: Run, word: Annotation) -> Run:
    """The run with one later word applied; a field this version does not know changes nothing."""
    if word.field == "name":
        return replace(run, name=str(word.value or run.name))
    if word.field == "note":
        return replace(run, note=str(word.value or ""))
    if word.field == "description":
        return replace(run, description=str(word.value or ""))
    if word.field == "star":
        return replace(run, is_starred=bool(word.value))
    if word.field == "label":
        labels = {name: value for name, value in run.labels.items() if name != word.name}
        return replace(run, labels=labels if word.value is None else {**labels, word.name: word.value})
    return run


def _rank(stone: Tombstone) -> tuple[bool, str, str]:
    return stone.act != PURGE, stone.created_at, stone.id

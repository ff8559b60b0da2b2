"""duckdb: what its functions are given, and the files that a statement names between quotes.

    select * from 'a.csv' join read_parquet('b/*.parquet') …   reads both
    COPY t TO 'c.parquet'; EXPORT DATABASE 'd'                  writes
    ATTACH 'e.duckdb'; ATTACH 'f.duckdb' (READ_ONLY)            both; reads
"""

from __future__ import annotations

import os
import re
from typing import Any, Dict, Iterator, Tuple

from .opener import BOTH, INPUT, OUTPUT, Found, Opener, argument

MAX_SQL_CHARACTERS = 100_000
_WORD = re.compile(r"'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"|--[^\n]*|/\*.*?\*/|;|[A-Za-z_]\w*", re.S)
"""A text, a quoted name, a comment, the end of a statement, a word."""


def files_of(sql: str) -> Iterator[Tuple[str, str]]:
    """(path, role) of texts that stand where a file may. What is read counts only if there is such a file; that is for others."""
    statement = before = ""
    is_copy_target = False
    for match in _WORD.finditer(sql[:MAX_SQL_CHARACTERS]):
        text = match[0]
        if match[1] is None and match[2] is None:
            if text == ";":
                statement, is_copy_target = "", False
            elif text[0].isalpha() or text[0] == "_":
                statement, before = statement or text.upper(), text.upper()
                is_copy_target = is_copy_target or (statement in ("COPY", "EXPORT") and before in ("TO", "DATABASE"))
            continue
        path = (match[1] if match[1] is not None else match[2]).replace("''", "'")
        if is_copy_target:
            yield path, OUTPUT
            is_copy_target, statement = False, "SELECT"
        elif statement == "ATTACH":
            rest = sql[match.end() : match.end() + 200].partition(";")[0].upper()
            yield path, INPUT if "READ_ONLY" in rest else BOTH
            statement = "SELECT"
        elif before in ("FROM", "JOIN", "DATABASE") or "." in path or "*" in path or "/" in path:
            yield path, INPUT
        before = ""


def _sql(args: Tuple[Any, ...], keywords: Dict[str, Any]) -> Found:
    """The statement is the argument behind the connection, or the first one where there is none."""
    text = next((each for each in (*args[:2], keywords.get("query")) if isinstance(each, str)), "")
    if "'" not in text and '"' not in text:
        return ()
    return [(path, role) for path, role in files_of(text) if role != INPUT or _is_there(path)]


def _is_there(path: str) -> bool:
    """A text of a statement is a file's name only if there is such a file; a pattern is looked up later."""
    return "*" in path or "?" in path or (len(path) < 4096 and os.path.exists(path))


def _base(args: Tuple[Any, ...], keywords: Dict[str, Any]) -> Found:
    path = argument(0, "database", args, keywords)
    if path is None or str(path).startswith(":") or not str(path):
        return ()
    is_read_only = argument(1, "read_only", args, keywords)
    return ((path, INPUT if is_read_only else BOTH),)


_STATEMENTS = ("sql", "query", "execute", "executemany", "from_query", "query_df")
_READERS = {
    "read_csv": "path_or_buffer",
    "from_csv_auto": "path_or_buffer",
    "read_json": "path_or_buffer",
    "read_parquet": "file_glob",
    "from_parquet": "file_glob",
}
_WRITERS = ("write_csv", "to_csv", "write_parquet", "to_parquet")
OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "duckdb": (
        Opener("connect", 0, "database", BOTH, _base),
        *(Opener(f"{owner}{name}", 1, "query", INPUT, _sql) for owner in ("", "DuckDBPyConnection.") for name in _STATEMENTS),
        *(Opener(name, 0, keyword, INPUT) for name, keyword in _READERS.items()),
        *(Opener(f"DuckDBPyConnection.{name}", 1, keyword, INPUT) for name, keyword in _READERS.items()),
        *(Opener(f"DuckDBPyRelation.{name}", 1, "file_name", OUTPUT) for name in _WRITERS),
    )
}

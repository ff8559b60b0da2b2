"""sqlite3: the file of a connection is an audit event; the files that are attached to it later are told of here."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from ..databases import database
from ..file_watch import tell_opened
from .opener import BOTH, Opener

_ATTACH = 24
"""SQLITE_ATTACH, the authorizer's code. Source: sqlite.org/c3ref/c_alter_table.html."""


def _hear_attached(connection: Any) -> None:
    """By the connection's authorizer, which is asked when a statement is compiled, not at each of its steps. It allows everything.

    Code that sets an authorizer of its own replaces this one: then an attached file is left to the scan.
    """

    def allow(action: int, first: Any, second: Any, base: Any, inner: Any) -> int:
        try:
            if action == _ATTACH and first:
                path, role = database(first)
                if path:
                    tell_opened(path, role)
        except Exception:  # inside somebody's statement
            return 0
        return 0

    connection.set_authorizer(allow)


OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "sqlite3.dbapi2": (Opener("connect", 0, "database", BOTH, lambda args, keywords: (), _hear_attached),)
}

"""Which file `sqlite3.connect` is given, by its path or by an address."""

from __future__ import annotations

import os
from typing import Any, Tuple

from .roles import BOTH, INPUT


def database(name: Any) -> Tuple[str, str]:
    """(path, role) of what `sqlite3.connect` is given; ('', …) for a database in memory.

    'a.db' -> ('a.db', both); 'file:a.db?mode=ro' -> ('a.db', input)
    """
    text = os.fsdecode(name)
    if not text.startswith("file:"):
        return ("" if text == ":memory:" else text), BOTH
    from urllib.parse import unquote, urlsplit  # late: few databases are named by an address

    parts = urlsplit(text)
    is_in_memory = "mode=memory" in parts.query or parts.path == ":memory:"
    is_read_only = "mode=ro" in parts.query or "immutable=1" in parts.query
    return "" if is_in_memory else unquote(parts.path), INPUT if is_read_only else BOTH

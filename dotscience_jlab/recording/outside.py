"""A file outside the workspace that is kept because the user asked for it: `ds.input(path, copy=True)`."""

from __future__ import annotations

import os

from ..errors import Forgotten
from ..model.snapshot import TreeEntry
from ..store.base import Store

LARGEST_COPY_BYTES = 100_000_000
"""A larger one stays outside, known by path, size and digest."""


def keep_outside(store: Store, disk_path: str) -> TreeEntry | None:
    """Its bytes into the store; None: it is larger than that, was purged once, or cannot be read."""
    try:
        if os.stat(disk_path).st_size > LARGEST_COPY_BYTES:
            return None
        with open(disk_path, "rb") as file:
            data = file.read()
        return TreeEntry(store.put_bytes(data), len(data))
    except (OSError, Forgotten):
        return None

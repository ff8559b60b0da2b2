"""A workspace-relative path is POSIX, normal, and stays inside: `data/raw.csv`, never `../x`, `/x`, `a//b` or ''.

Bytes that are not UTF-8 travel as surrogate escapes (PEP 383), as Python gives them.
"""

from __future__ import annotations

from typing import NewType, Optional

from ..errors import UnsafePath

WorkspacePath = NewType("WorkspacePath", str)

STORE_FOLDER = ".dotscience"
"""Where a workspace keeps its history; never part of a snapshot."""


def workspace_path(text: str) -> WorkspacePath:
    """Check a path that came from outside. 'data/raw.csv' -> itself; '../x', '/x', 'a/./b', 'C:\\x\\0' -> UnsafePath.

    Purely textual: the caller still compares the real path on disk, links resolved, with the real root.
    """
    if not isinstance(text, str) or not text or "\0" in text or text.startswith("/"):
        raise UnsafePath(f"{text!r} is not a path inside the project folder.")
    parts = text.split("/")
    if any(part in ("", ".", "..") for part in parts) or parts[0] == STORE_FOLDER:
        raise UnsafePath(f"{text!r} is not a path inside the project folder.")
    return WorkspacePath(text)


def relative_to_root(disk_path: str, root: str) -> Optional[WorkspacePath]:
    """('/w/data/x', '/w') -> 'data/x'; outside, or inside the store folder -> None. Textual, both absolute and normal."""
    prefix = root.rstrip("/") + "/"
    if not disk_path.startswith(prefix):
        return None
    inside = disk_path[len(prefix) :]
    if not inside or inside.split("/", 1)[0] == STORE_FOLDER:
        return None
    return WorkspacePath(inside)

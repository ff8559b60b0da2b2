"""Jupyter's contents paths to disk paths and back; nothing outside Jupyter's root, links resolved, is ever named.

    'nb/train.ipynb' <-> '/home/u/work/nb/train.ipynb'      (root /home/u/work)
    '../x', 'a/%2e%2e/%2e%2e/x', 'link-out/x', 'a\\0' -> UnsafePath
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from jupyter_core.paths import is_hidden

from ..errors import NotFound, UnsafePath

MAX_DECODINGS = 10
MAX_PATH_BYTES = 4096


class ContentsPaths:
    """`root`: Jupyter's root folder, or None where contents do not lie on this disk."""

    def __init__(self, root: Callable[[], str | None], allow_hidden: Callable[[], bool]) -> None:
        self._root = root
        self._allow_hidden = allow_hidden

    def disk_path(self, path: str) -> str:
        """The real, absolute path of `path`; it need not exist. UnsafePath, or NotFound for what Jupyter hides."""
        root = self._real_root()
        _refuse_climbing(path)
        inside = path.strip("/")
        found = os.path.realpath(os.path.join(root, inside)) if inside else root
        if not _is_within(found, root):
            raise UnsafePath(f"{path!r} leads out of Jupyter's folder.", "Open Jupyter in a folder that holds it.")
        if inside and not self._allow_hidden() and is_hidden(os.path.join(root, inside), root):
            raise NotFound(f"{path!r} is hidden.", "Set c.ContentsManager.allow_hidden to work with hidden files.")
        return found

    def contents_path(self, disk_path: str | None) -> str | None:
        """'' for the root itself; None for what lies outside of it, or is no disk path."""
        if not disk_path or not os.path.isabs(disk_path):
            return None
        try:
            root = self._real_root()
        except NotFound:
            return None
        real = os.path.realpath(disk_path)
        if not _is_within(real, root):
            return None
        relative = os.path.relpath(real, root)
        return "" if relative == "." else Path(relative).as_posix()

    def _real_root(self) -> str:
        root = self._root()
        if not root:
            raise NotFound("Jupyter's files do not lie on this computer's disk.", "Recording needs folders on disk.")
        return os.path.realpath(root)


def _refuse_climbing(path: str) -> None:
    """Purely textual, and on every further decoding too: a proxy before us may decode once more than we do."""
    try:
        n_bytes = len(os.fsencode(path))
    except UnicodeEncodeError as error:
        raise UnsafePath(f"{path!r} is not a path.") from error
    if n_bytes > MAX_PATH_BYTES:
        raise UnsafePath("The path is too long.")
    text = path
    for _ in range(MAX_DECODINGS):
        if "\0" in text or ".." in text.replace("\\", "/").split("/"):
            raise UnsafePath(f"{path!r} is not a path inside Jupyter's folder.")
        decoded = unquote(text, errors="surrogateescape")
        if decoded == text:
            return
        text = decoded
    raise UnsafePath(f"{path!r} is encoded over and over.")


def _is_within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)

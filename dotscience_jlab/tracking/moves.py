"""Files that get another name, another link or none, as the audit events of `os` tell of them, before it happens."""

from __future__ import annotations

import os
from typing import Any, Callable, Tuple

from .roles import BOTH, INPUT, OUTPUT

MOVES = frozenset({"os.rename", "os.link", "os.symlink", "os.remove", "os.truncate"})
MAX_FILES_OF_A_FOLDER = 10_000


def move(event: str, args: Tuple[Any, ...], tell: Callable[[Any, str, str], None]) -> None:
    """os.rename a -> b: a is read and gone, b is written. A folder stands for the files in it.

    `os.replace` and `shutil.move` come by here as `os.rename`, `Path.unlink` and `shutil.rmtree` as `os.remove`.
    """
    if event == "os.rename":
        before, after = _at(args[0], args[2]), _at(args[1], args[3])
        for inner in _files_below(before):
            source = os.path.join(before, inner) if inner else before
            tell(source, INPUT, "audit")
            tell(source, OUTPUT, "audit")
            tell(os.path.join(after, inner) if inner else after, OUTPUT, "audit")
    elif event == "os.link":
        tell(_at(args[0], args[2]), INPUT, "audit")
        tell(_at(args[1], args[3]), OUTPUT, "audit")
    elif event == "os.symlink":
        tell(_at(args[1], args[2]), OUTPUT, "audit")
    elif event == "os.remove":
        tell(_at(args[0], args[1]), OUTPUT, "audit")
    elif event == "os.truncate" and not isinstance(args[0], int):
        tell(args[0], BOTH, "audit")


def _at(path: Any, folder_fd: int) -> str:
    """A path that is relative to an open folder, as `shutil.rmtree` goes about it, in full; -1: to the working folder."""
    text = os.fsdecode(path)
    if folder_fd == -1 or os.path.isabs(text):
        return text
    return os.path.join(os.readlink(f"/proc/self/fd/{folder_fd}"), text)


def _files_below(path: str) -> "list[str]":
    """[''] for a file; of a folder the files in it, relative to it."""
    if not os.path.isdir(path) or os.path.islink(path):
        return [""]
    found = []
    for folder, _folders, names in os.walk(path):
        found += [os.path.relpath(os.path.join(folder, name), path) for name in names]
        if len(found) > MAX_FILES_OF_A_FOLDER:
            break
    return found

"""Names that differ in case only, and disks that take them for one (`Data.csv` and `data.csv` on most Macs)."""

from __future__ import annotations

import os
import unicodedata
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..model.paths import STORE_FOLDER, WorkspacePath


def clashes(paths: Iterable[WorkspacePath]) -> dict[WorkspacePath, str]:
    """path -> sentence, for every second of two that a case-blind disk takes for one; a file and a folder clash too.

    ['Data', 'data/x'] -> {'data/x': …}: were `Data` a link, what is written to `data/x` would go where it leads.
    ['Data/x', 'data/y'] -> {}: both folders become one, and each file has its place.
    """
    files: dict[str, WorkspacePath] = {}
    folders: dict[str, WorkspacePath] = {}
    found = {}
    for path in sorted(paths):
        key, parts = _key(path), path.split("/")
        above = ["/".join(parts[:n]) for n in range(1, len(parts))]
        other = files.get(key) or folders.get(key) or next((files[_key(each)] for each in above if _key(each) in files), None)
        if other is not None:
            found[path] = f"This disk cannot hold it beside {other}: the names differ in case only."
            continue
        files[key] = path
        for each in above:
            folders.setdefault(_key(each), path)
    return found


def is_case_blind(folder: Path) -> bool:
    """Of the disk that the folder lies on. Looks at what is there; a folder without a history gets a file for an instant."""
    if (folder / STORE_FOLDER).exists():
        return _are_one(folder / STORE_FOLDER, folder / STORE_FOLDER.upper())
    probe = folder / f".ds-{uuid.uuid4().hex}"
    try:
        probe.touch()
        return _are_one(probe, folder / probe.name.upper())
    except OSError:
        return False
    finally:
        with suppress(OSError):
            probe.unlink()


def _are_one(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _key(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()

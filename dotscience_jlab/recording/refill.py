"""Puts secrets back into a file that is restored: the present file of the user's holds them, the history does not.

    key = "«secret:aws-key·1a2b3c4d»"      the present file holds a literal of that digest -> key = "AKIA…"
                                            it does not -> the placeholder stays, and the plan says so
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Iterable

from ..model.change import RestoreStep
from ..model.snapshot import LINK, TreeEntry
from ..store.base import Store
from .cleaning import MAX_NOTEBOOK_BYTES, PLACEHOLDER, Cleaner
from .notebook_texts import with_texts

MARK = "«secret:".encode()


def pieces_for_disk(store: Store, path: str, entry: TreeEntry, present: Path) -> Iterable[bytes]:
    """The bytes of a file of a snapshot as they go onto the disk. present: the user's own file, whose secrets it keeps."""
    pieces = store.read_file(entry.digest)
    cleaner = store.cleaning
    if entry.mode == LINK or not isinstance(cleaner, Cleaner) or not cleaner.wants(path, entry.size_bytes):
        return pieces
    data = b"".join(pieces)
    return (refilled(cleaner, path, data, literals_of(cleaner, path, read_present(present))),)


def refilled(cleaner: Cleaner, path: str, data: bytes, literals: dict[str, str]) -> bytes:
    """literals: placeholder -> what it stands for. `data` itself if it holds none of them."""
    if MARK not in data or not literals:
        return data

    def fill(text: str) -> str:
        return PLACEHOLDER.sub(lambda match: literals.get(match[0], match[0]), text) if "«secret:" in text else text

    if path.lower().endswith(".ipynb"):
        try:
            return with_texts(data, fill)
        except (ValueError, RecursionError):
            pass
    return fill(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def literals_of(cleaner: Cleaner, path: str, data: bytes) -> dict[str, str]:
    """placeholder -> what it stands for, of all secrets in a file of the user's own."""
    found: dict[str, str] = {}

    def look(text: str) -> str:
        found.update(cleaner.literals_in(text))
        return text

    if path.lower().endswith(".ipynb"):
        try:
            with_texts(data, look)
            return found
        except (ValueError, RecursionError):
            pass
    look(data.decode("utf-8", "replace"))
    return found


def read_present(disk_path: Path) -> bytes:
    """b'' if there is no such file, or a link, or one too large to hold what was cleaned."""
    try:
        if disk_path.is_symlink() or disk_path.stat().st_size > MAX_NOTEBOOK_BYTES:
            return b""
        return disk_path.read_bytes()
    except OSError:
        return b""


def words_on_secrets(store: Store, step: RestoreStep, wanted: TreeEntry | None) -> str:
    """What a restore of that file means for the secrets in it, in a sentence; '' if there are none. wanted: None: it is removed.

    Costs a read of both versions of a small text file or notebook; of others nothing.
    """
    cleaner = store.cleaning
    if not isinstance(cleaner, Cleaner) or not cleaner.wants(step.path, wanted.size_bytes if wanted else step.size_bytes):
        return ""
    here = literals_of(cleaner, step.path, read_present(store.root / step.path))
    data = b"".join(store.read_file(wanted.digest)) if wanted is not None and wanted.mode != LINK else b""
    sought = [match[0] for match in PLACEHOLDER.finditer(data.decode("utf-8", "replace"))] if MARK in data else []
    missing, lost = sorted({each for each in sought if each not in here}), sorted(set(here) - set(sought))
    return " ".join(filter(None, (_missing(missing), _lost(lost))))


def _missing(placeholders: list[str]) -> str:
    if not placeholders:
        return ""
    return f"{_listed(placeholders)} stays a placeholder: the present file does not hold it." if len(placeholders) == 1 else (
        f"{_listed(placeholders)} stay placeholders: the present file does not hold them.")


def _lost(placeholders: list[str]) -> str:
    if not placeholders:
        return ""
    it = "it" if len(placeholders) == 1 else "them"
    return f"No snapshot keeps {_listed(placeholders)} of the present file: an undo brings placeholders, so write {it} down first."


def _listed(placeholders: list[str]) -> str:
    """'a secret (aws-key)', '3 secrets (jwt, password)'"""
    kinds = Counter(match[1] for match in map(PLACEHOLDER.fullmatch, placeholders) if match)
    return f"{'a secret' if len(placeholders) == 1 else f'{len(placeholders)} secrets'} ({', '.join(sorted(kinds))})"


"""How much more data may be copied: the caps, the quota, and the floor of free space. Code goes in whatever they say."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from .base import KeepRules

CODE_SUFFIXES = (".ipynb", ".py", ".r", ".jl", ".sql", ".sh", ".md", ".toml", ".yaml", ".yml", ".cfg", ".ini")
NO_MORE_DATA = "copying of data has stopped."
DISK_IS_LOW = f"The disk is nearly full; {NO_MORE_DATA}"
_PINNED_VERSIONS = re.compile(r"(^|/)[^/]*(requirements|constraints)[^/]*\.txt$")


def is_code(path: str) -> bool:
    """'a/train.py', 'requirements-dev.txt' -> True; 'corpus/000017.txt' -> False: text is what many data sets are made of."""
    lower = path.lower()
    return lower.endswith(CODE_SUFFIXES) or _PINNED_VERSIONS.search(lower) is not None


def why_no_room(kept_in: Path, rules: KeepRules) -> str:
    """'' while the disk has room for more data. One call to the system."""
    usage = shutil.disk_usage(kept_in)
    return DISK_IS_LOW if usage.free < max(rules.free_bytes, rules.free_share * usage.total) else ""


@dataclass
class Room:
    """How much more data may be copied."""

    rules: KeepRules
    store_bytes: int
    kept_in: Path
    _is_disk_low: bool | None = None

    def is_left(self, n_files: int, size_bytes: int) -> bool:
        """False if every new file of that size or more is refused, but for code."""
        return n_files < self.rules.n_files and self.holds(size_bytes) and not self._is_low()

    def holds(self, size_bytes: int) -> bool:
        """True if so much more stays within the quota."""
        return self.store_bytes + size_bytes <= self.rules.data_bytes

    def refusal(self, path: str, size_bytes: int, *, is_new: bool, n_files: int) -> str:
        """'' if there is room for it, else why not. Code always goes in.

        size_bytes: that it adds to the history: of a large file that is known in part, only what is new.
        """
        if is_code(path):
            return ""
        if is_new and n_files >= self.rules.n_files:
            return f"The folder holds more than {self.rules.n_files:,} files."
        if not self.holds(size_bytes):
            return f"The history holds {size_words(self.rules.data_bytes)} already; {NO_MORE_DATA}"
        return DISK_IS_LOW if self._is_low() else ""

    def _is_low(self) -> bool:
        if self._is_disk_low is None:
            self._is_disk_low = bool(why_no_room(self.kept_in, self.rules))
        return self._is_disk_low

    def take(self, n_bytes: int) -> None:
        self.store_bytes += n_bytes


def size_words(size_bytes: int) -> str:
    """1_000_000 -> '1 MB'"""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:g} {name}"
    return f"{size_bytes} bytes"

"""One file as seen opened by an execution: read, written, or its own product that it only looks at again."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ..model.ids import BlobDigest

NAMED = "command line"
"""A program was told to write it: whether it did shows in whether it changed."""


@dataclass
class Opening:
    roles: set[str] = field(default_factory=set)
    """input, output"""
    seen_by: set[str] = field(default_factory=set)
    is_declared: bool = False
    is_written: bool = False
    """Opened to be written: its output even where the bytes are the same again. Opened for both, it is one only if they differ."""
    was_there: bool | None = None
    """When it was first opened; None: not said."""
    read_at: float | None = None
    """When it was first opened for reading (epoch seconds, the kernel's clock)."""
    first: tuple[int, BlobDigest] | None = None
    """(size, digest) when it was first read, as soon as the recorder heard of it; None: it has not looked."""
    is_copy_wanted: bool = False
    """`ds.input(…, copy=True)`: a file outside the workspace is to be kept."""

    def see(self, role: str, seen_by: str, at: float | None = None, was_there: bool | None = None) -> None:
        """What a cell wrote before it read it is its product, and no input of it."""
        if not self.seen_by:
            self.was_there = was_there
        is_declared = seen_by == "declared"
        is_own = self.is_written and "input" not in self.roles and not is_declared
        found = {"input", "output"} if role == "both" else {role}
        self.roles |= found - {"input"} if is_own else found
        self.seen_by.add(seen_by)
        self.is_declared |= is_declared
        self.is_written |= role == "output" and seen_by != NAMED
        if "input" in found and not is_own and self.read_at is None:
            self.read_at = at

    def is_output(self, disk_path: str, *, is_changed: bool) -> bool:
        """False: nothing was written after all, it came and went within the cell, or it is a folder."""
        if self.is_declared:
            return True
        if os.path.isdir(disk_path):
            return False
        if not os.path.lexists(disk_path):
            return self.was_there is not False
        return self.is_written or is_changed

"""A change: one difference between two states of a workspace, or between two records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .paths import WorkspacePath
from .snapshot import TreeEntry

ADDED, UPDATED, REMOVED = "added", "updated", "removed"


@dataclass(frozen=True)
class Change:
    path: WorkspacePath
    kind: str
    """added | updated | removed"""
    before: Optional[TreeEntry] = None
    after: Optional[TreeEntry] = None


@dataclass(frozen=True)
class RestoreStep:
    """One thing a restore would do to one path on disk."""

    path: WorkspacePath
    act: str
    """write | remove | keep (same already) | cannot"""
    reason: str = ""
    """For `cannot`: why, in a sentence (never stored, too large then, forgotten). For others: what becomes of secrets in it."""
    size_bytes: int = 0
    is_new: bool = False
    """There is no such file on disk now."""
    digest: Optional[str] = None
    writer: str = ""
    """'python (pid 123)': who has the file open for writing; it is replaced only after a yes to that."""


@dataclass(frozen=True)
class RestorePlan:
    snapshot: str
    steps: tuple
    """RestoreStep, by path."""
    plan_digest: str
    """Of the plan and of the disk state it was made from: apply refuses when either has changed."""
    n_writes: int = 0
    n_removes: int = 0
    n_cannot: int = 0
    write_bytes: int = 0

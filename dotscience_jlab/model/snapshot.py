"""A snapshot: the immutable state of a workspace at a moment, with its parents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

from .ids import BlobDigest, ExecutionId, NotebookId, RunId, SnapshotId
from .instant import Instant
from .paths import WorkspacePath

MAIN_LINE = "main"

FILE, EXECUTABLE, LINK = "file", "executable", "link"


@dataclass(frozen=True)
class TreeEntry:
    """One file of a snapshot. `digest` names its bytes; for a link, the bytes of its target; for a large file, its chunks."""

    digest: BlobDigest
    size_bytes: int
    mode: str = FILE
    """file | executable | link"""
    is_torn: bool = False
    """It changed while it was read, three times: kept as last read, marked."""
    is_chunked: bool = False
    """A large file: kept in pieces, and read as a stream."""


@dataclass(frozen=True)
class Snapshot:
    id: SnapshotId
    created_at: Instant
    message: str
    """First line for a reader of `git log`."""
    parents: Tuple[SnapshotId, ...] = ()
    line: str = MAIN_LINE
    reason: str = "execution"
    """execution | message (asked for) | before restore | restore | fork | session end | editor save"""
    execution: Optional[ExecutionId] = None
    notebook: Optional[NotebookId] = None
    run: Optional[RunId] = None
    n_changes: int = 0
    """Paths that differ from the first parent."""
    is_pinned: bool = False


@dataclass(frozen=True)
class SnapshotDraft:
    """What `Store.publish` turns into a snapshot: edits against the line's head, nothing said about other paths."""

    message: str
    created_at: Instant
    edits: Dict[WorkspacePath, Optional[TreeEntry]] = field(default_factory=dict)
    """path -> its new entry; None removes it. Bytes are in the store already."""
    line: str = MAIN_LINE
    reason: str = "execution"
    execution: Optional[ExecutionId] = None
    notebook: Optional[NotebookId] = None
    run: Optional[RunId] = None
    base: Optional[SnapshotId] = None
    """Start from this snapshot's tree rather than the head's (restore of everything); the parent is the head all the same."""


@dataclass(frozen=True)
class Skipped:
    """A path under the root that is not in the snapshot, and why, in words."""

    path: str
    reason: str

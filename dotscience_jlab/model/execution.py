"""An execution: one run of one cell, as the kernel saw it. What was executed is the truth, not the file on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

from .certificate import Certificate
from .ids import BlobDigest, ExecutionId, NotebookId, RunId, SessionId, SnapshotId
from .instant import Instant
from .paths import WorkspacePath

RUNNING, OK, ERROR, INTERRUPTED, KILLED, INCOMPLETE = "running", "ok", "error", "interrupted", "killed", "incomplete"
OUTCOMES = (RUNNING, OK, ERROR, INTERRUPTED, KILLED, INCOMPLETE)


@dataclass(frozen=True)
class Failure:
    name: str
    """ZeroDivisionError"""
    value: str
    traceback: Tuple[str, ...] = ()
    """As IPython printed it, with its colour codes."""


@dataclass(frozen=True)
class FileUse:
    """A file and its role for an execution or a run, with the evidence for that edge."""

    disk_path: str
    role: str
    """input | output"""
    path: Optional[WorkspacePath] = None
    """None: outside the workspace, known by disk_path only."""
    evidence: str = "observed"
    """declared | observed | corrected | ambiguous (then `candidates` names the executions it may belong to)"""
    seen_by: Tuple[str, ...] = ()
    """audit, library, child process, scan, declared, server, …"""
    kept: str = "stored"
    """stored | fingerprint (too large: digest only) | excluded (by a rule) | missing | outside | secret
    | remote (`disk_path` is a URL)"""
    kept_reason: str = ""
    """Why not stored, in a sentence; '' when stored."""
    size_bytes: Optional[int] = None
    digest: Optional[BlobDigest] = None
    """Of the bytes: for an input as first opened, for an output as of the snapshot."""
    version: Optional[SnapshotId] = None
    """For an input: the snapshot that last changed it; None: unknown, or there before history began."""
    candidates: Tuple[ExecutionId, ...] = ()
    blob: Optional[BlobDigest] = None
    """Of a file outside the workspace that was copied in on request, `ds.input(path, copy=True)`: its bytes."""


@dataclass(frozen=True)
class NamesSeen:
    """What became of the notebook's variables in an execution: its end against the end of the one before. Names, sorted."""

    bound: Tuple[str, ...] = ()
    """New, or another object than before."""
    changed: Tuple[str, ...] = ()
    """The same object, changed; and what no variable shows (model/hidden_state.py)."""
    deleted: Tuple[str, ...] = ()
    opaque: Tuple[str, ...] = ()
    """Of those bound or changed: what happens to their objects later may go unseen."""
    plain: Tuple[str, ...] = ()
    """Of those bound: their objects cannot change, and share nothing with another name."""
    is_whole: bool = True
    """False: not every name was looked at."""


@dataclass(frozen=True)
class Execution:
    id: ExecutionId
    session: SessionId
    source: str
    order: int
    started_at: Instant
    outcome: str = RUNNING
    kind: str = "cell"
    finished_at: Optional[Instant] = None
    duration_s: Optional[float] = None
    notebook: Optional[NotebookId] = None
    """None for consoles, widgets and scripts."""
    path: Optional[WorkspacePath] = None
    """Of the notebook (a widget's is its kernel's) or script at the time, if it lies in the workspace."""
    cell_id: Optional[str] = None
    cell_id_from: str = "message"
    """message | matched (by source) | unknown"""
    execution_count: Optional[int] = None
    error: Optional[Failure] = None
    outputs: Tuple[Dict[str, Any], ...] = ()
    """nbformat outputs, when small; else () and `outputs_blob` holds a JSON array of them."""
    outputs_blob: Optional[BlobDigest] = None
    outputs_text: str = ""
    """First 300 characters of the plain text of the outputs, for lists and search."""
    n_outputs: int = 0
    n_cut_bytes: int = 0
    """Bytes of output left out by the cap; 0: complete."""
    files: Tuple[FileUse, ...] = ()
    unexplained: Tuple[str, ...] = ()
    """Paths in the workspace that changed while it ran, though no cell was seen writing them, nor could this one have: by a
    terminal, or another program."""
    runs: Tuple[RunId, ...] = ()
    snapshot: Optional[SnapshotId] = None
    """State after this execution; None while running, or with the reason in `capture_reasons`."""
    notebook_from: str = "none"
    """What the snapshot's notebook was built on: shared model | browser | disk | none."""
    overlaps: Tuple[ExecutionId, ...] = ()
    """Executions of other sessions that ran at the same time in this workspace."""
    is_overlapped: bool = False
    """The acknowledgement came late: the next cell may have begun before the snapshot was staged."""
    capture: str = "complete"
    """complete | partial"""
    capture_reasons: Tuple[str, ...] = ()
    environment: Optional[BlobDigest] = None
    names: Optional[NamesSeen] = None
    """None: nobody looked."""
    redactions: Tuple[str, ...] = ()
    """Names of known secrets, and kinds of others, that were replaced in it; never a value."""


@dataclass(frozen=True)
class Session:
    """One life of a kernel or script process."""

    id: SessionId
    kind: str
    started_at: Instant
    python: str = ""
    executable: str = ""
    host: str = ""
    pid: Optional[int] = None
    kernel_id: Optional[str] = None
    path: Optional[WorkspacePath] = None
    finished_at: Optional[Instant] = None
    end: str = "running"
    """running | exit | killed | lost"""
    end_reason: str = ""
    capture_reasons: Tuple[str, ...] = ()
    environment: Optional[BlobDigest] = None
    details: Dict[str, Any] = field(default_factory=dict)
    certificate: Optional[Certificate] = None
    """None: it ended by itself, and well."""

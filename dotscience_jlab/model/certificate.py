"""How one life of a kernel or script ended, where it did not end by itself: the cause, what was running, from where to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .ids import ExecutionId, SnapshotId
from .instant import Instant

OUT_OF_MEMORY, SIGNAL, RESTARTED, SHUT_DOWN = "out of memory", "signal", "restarted", "shut down"
SERVER_STOPPED, REBOOTED, EXIT_STATUS, UNKNOWN = "server stopped", "rebooted", "exit status", "unknown"
CAUSES = (OUT_OF_MEMORY, SIGNAL, RESTARTED, SHUT_DOWN, SERVER_STOPPED, REBOOTED, EXIT_STATUS, UNKNOWN)


@dataclass(frozen=True)
class LastMetric:
    """The last point that the session logged before it ended."""

    name: str
    value: float
    step: Optional[int] = None
    """None: it was logged without one."""


@dataclass(frozen=True)
class Certificate:
    cause: str
    """One of CAUSES; `unknown` wherever nobody can know, never a guess."""
    sentence: str
    """The cause for a reader."""
    at: Instant
    signal: Optional[str] = None
    """SIGKILL; None: it was no signal, or none is known."""
    exit_status: Optional[int] = None
    """None: it is not known, or a signal ended it."""
    peak_memory_bytes: Optional[int] = None
    """The most that the process and its children held at once, as far as it was looked at; None: nobody could look."""
    execution: Optional[ExecutionId] = None
    """The one that was cut off; None: nothing was running."""
    cell_id: Optional[str] = None
    last_metric: Optional[LastMetric] = None
    resume_from: Optional[SnapshotId] = None
    """The last snapshot of what the cut execution wrote: its last checkpoint, else the state in which its end left the folder."""

"""A workspace: a folder tree under tracking; on screen, the project folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

from .ids import SnapshotId, StoreId
from .instant import Instant
from .remote import Remote

FORMAT_VERSION = 2

RECORDING, BEHIND, PAUSED, NOT_RECORDED = "recording", "behind", "paused", "not_recorded"
"""The dot's four states."""


@dataclass(frozen=True)
class Origin:
    """Where a fork came from."""

    store: StoreId
    snapshot: SnapshotId
    disk_path: str
    forked_at: Instant


@dataclass(frozen=True)
class Workspace:
    """What `workspace.json` in the store holds."""

    id: StoreId
    created_at: Instant
    format_version: int = FORMAT_VERSION
    root: str = ""
    """Disk path of the folder when last opened; a copied store is noticed by it."""
    origin: Optional[Origin] = None
    is_paused: bool = False
    settings: Dict[str, Any] = field(default_factory=dict)
    """Limits of this folder by name (settings.Limits), and `excludes`: extra patterns."""
    remotes: Tuple[Remote, ...] = ()
    """Other places that keep this history, by name; `remote.checked_remote` before each use."""


@dataclass(frozen=True)
class Status:
    """How it is with the recording of one notebook or folder, in words for a person."""

    state: str
    """recording | behind | paused | not_recorded"""
    reason: str = ""
    remedy: str = ""
    remedy_command: str = ""
    """Id of what a button would do: resume, restart_recorder, free_space, …"""
    workspace: Optional[StoreId] = None
    root: str = ""
    name: str = ""
    """Last part of the root, for the header."""
    path: str = ""
    """What was asked about, relative to the root; '' for the root itself or a path outside."""
    store_bytes: int = 0
    recorded_at: Optional[Instant] = None
    """When the last execution was recorded."""
    behind_s: float = 0.0
    left_out: Tuple[Dict[str, Any], ...] = ()
    """{'path', 'reason'} of files left out, at most 50."""
    n_left_out: int = 0
    scan_reason: str = ""
    """Why every file is looked at after each cell; '' while the system's news of changed files are believed."""
    capture: str = "complete"
    capture_reasons: Tuple[str, ...] = ()
    copy_place: str = ""
    """Address of the remote that is kept up to date by itself; '' for none."""
    copied_at: Optional[Instant] = None
    """When it last was brought up to date."""
    copy_problem: str = ""
    """Why it could not be, the last time."""
    had_history_until: Optional[Instant] = None
    """An earlier history of this folder is gone; it last recorded then."""
    can_get_back: bool = False
    """A copy of that earlier history was kept, and where is known."""
    also_recorded_by: Tuple[str, ...] = ()
    """Other recorders that kernels record into this history through, in words: of other computers, other users."""
    origin_root: str = ""
    """Of a fork: the folder that it came from, absolute; '' where that is gone, or this is no fork."""

"""How it is with the recording of one notebook or folder, in words for a person: the dot's four states."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Callable

from ..errors import DotscienceError, NotFound, NotRecorded
from ..model.codec import to_json
from ..model.instant import epoch_s, instant
from ..model.paths import relative_to_root
from ..model.workspace import BEHIND, NOT_RECORDED, PAUSED, RECORDING, Status
from ..settings import Settings
from ..store.base import Store
from ..store.room import NO_MORE_DATA, why_no_room
from .activity import Activity
from .copies import copy_place
from .presence import others_here
from .rebuilding import BEING_READ
from .workspaces import Workspaces, find_root

BEHIND_AFTER_S = 3.0
"""A recording that lags less is simply "recording"."""
LISTED_LEFT_OUT = 50
EARLIER_SHOWN_S = 7 * 86400.0


def status_of(
    disk_path: str, workspaces: Workspaces, settings: Settings, activity_of: Callable[[Store], Activity], now: float
) -> Status:
    """Never raises for a state it can name; makes nothing on disk."""
    if settings.is_disabled:
        return Status(NOT_RECORDED, f"Recording is off: {settings.disabled_by}.", "Run `ds on`, or remove that setting.")
    try:
        root = find_root(workspaces.real(disk_path), workspaces.home).path
        recent = workspaces.recent_at(root)
        if recent is not None:
            path = relative_to_root(os.path.realpath(disk_path), str(root)) or ""
            return Status(BEHIND, BEING_READ, workspace=recent.workspace.id, root=str(root), name=root.name, path=path)
        store = workspaces.for_path(disk_path, create=False)
    except (NotFound, NotRecorded) as error:
        root = find_root(workspaces.real(disk_path), workspaces.home).path
        if root in workspaces.never:
            return Status(NOT_RECORDED, f"Notebooks directly in {root} are not recorded.", "Move it into a folder of its own.")
        if isinstance(error, NotRecorded):
            return Status(NOT_RECORDED, error.message, error.hint)
        if root in workspaces.refusals:
            error = workspaces.refusals[root]
            return Status(NOT_RECORDED, error.message, error.hint or "`ds doctor` says more.", root=str(root), name=root.name)
        return _without_history(root, workspaces, now)
    except DotscienceError as error:
        return Status(NOT_RECORDED, error.message, error.hint)
    status = _with_activity(store, activity_of(store), disk_path, now)
    status = _with_room(replace(status, also_recorded_by=others_here(store, settings)), store, workspaces, activity_of(store))
    return replace(_with_copy(status, store, activity_of(store)), **_earlier(store, workspaces, now))


def _without_history(root: Path, workspaces: Workspaces, now: float) -> Status:
    known = workspaces.list.at_root(root)
    if known is None or known.recorded_at is None:
        return Status(RECORDING, "Nothing is recorded here yet.", "Run a cell.", root=str(root), name=root.name)
    by_hand = "`ds pull --from ADDRESS` gets it back from a copy, if there is one."
    return Status(
        RECORDING,
        f"This folder had history until {local_moment(known.recorded_at, now)}.",
        f"`ds pull` gets it back from {known.remote.url}." if known.remote else by_hand,
        "get_back" if known.remote else "",
        root=str(root),
        name=root.name,
        had_history_until=known.recorded_at,
        can_get_back=known.remote is not None,
    )


def _earlier(store: Store, workspaces: Workspaces, now: float) -> dict[str, Any]:
    """Of a history that began lately where another one was: somebody may still want that one back."""
    workspace = store.workspace
    if now - epoch_s(workspace.created_at) > EARLIER_SHOWN_S:
        return {}
    known = workspaces.list.at_root(store.root, but=workspace.id)
    if known is None or known.recorded_at is None:
        return {}
    return {"had_history_until": known.recorded_at, "can_get_back": known.remote is not None}


def _with_room(status: Status, store: Store, workspaces: Workspaces, activity: Activity) -> Status:
    """What is said of a floor or a quota that was reached, where nothing else is to be said."""
    if status.state != RECORDING or status.reason:
        return status
    refused = (each.reason for each in (activity.scan.skipped if activity.scan else ()) if each.reason.endswith(NO_MORE_DATA))
    try:
        why = next(refused, "") or why_no_room(store.root, workspaces.rules(store))
    except OSError:
        return status
    remedy = "Code and outputs still are recorded; `ds space` says what takes the room."
    return replace(status, reason=why, remedy=remedy) if why else status


def _with_copy(status: Status, store: Store, activity: Activity) -> Status:
    place = copy_place(store)
    if place is None:
        return status
    problem = str(activity.copy_problem) if activity.copy_problem is not None else ""
    return replace(
        status, copy_place=place.url, copied_at=store.index.pragma(f"copied_at {place.name}"), copy_problem=problem
    )


def local_moment(at: str, now: float) -> str:
    """In this machine's time zone: '14:03' of today, else '2026-11-20 14:03'"""
    then, today = datetime.fromtimestamp(epoch_s(at)), datetime.fromtimestamp(now)
    return then.strftime("%H:%M" if then.date() == today.date() else "%Y-%m-%d %H:%M")


def _with_activity(store: Store, activity: Activity, disk_path: str, now: float) -> Status:
    scan, behind_s = activity.scan, activity.behind_s(now)
    status = Status(
        RECORDING,
        workspace=store.workspace.id,
        root=str(store.root),
        name=store.root.name,
        store_bytes=store.size_bytes(),
        recorded_at=_recorded_at(store, activity),
        left_out=tuple(to_json(each) for each in scan.skipped[:LISTED_LEFT_OUT]) if scan else (),
        n_left_out=scan.n_skipped if scan else 0,
        scan_reason=store.why_all_is_looked_at,
        path=relative_to_root(os.path.realpath(disk_path), str(store.root)) or "",
        origin_root=_origin_root(store),
    )
    if activity.problem is not None:
        hint = activity.problem.hint or "`ds doctor` says more."
        return replace(status, state=NOT_RECORDED, reason=activity.problem.message, remedy=hint, remedy_command="retry")
    if store.workspace.is_paused:
        return replace(status, state=PAUSED, reason="Recording is paused in this folder.", remedy_command="resume")
    if behind_s > BEHIND_AFTER_S:
        return replace(status, state=BEHIND, behind_s=round(behind_s, 1), reason="The recorder is catching up.")
    try:
        half = store.put_backs.unfinished()
    except DotscienceError as error:
        return replace(status, reason=error.message, remedy=error.hint)
    if half:
        more = f" So are {len(half) - 1} more." if len(half) > 1 else ""
        return replace(status, reason=half[0].reason + more, remedy=half[0].remedy)
    if activity.arrival is not None:
        return replace(status, reason=activity.arrival.sentence)
    return status


def _origin_root(store: Store) -> str:
    origin = store.workspace.origin
    return origin.disk_path if origin is not None and os.path.isdir(origin.disk_path) else ""


def _recorded_at(store: Store, activity: Activity) -> str | None:
    if activity.recorded_at is not None:
        return instant(activity.recorded_at)
    newest = store.index.executions(limit=1).items
    return newest[0].finished_at or newest[0].started_at if newest else None

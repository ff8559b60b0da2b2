"""Holds the system's news of changed files against a look at every file, now and then while nothing runs and at a session's end."""

from __future__ import annotations

import logging
from typing import Iterable

from ..errors import DotscienceError
from ..model.paths import relative_to_root
from ..store.base import Store
from .activity import Activity
from .workspaces import Workspaces

CHECK_EVERY_S = 600.0

log = logging.getLogger(__name__)


def is_check_due(activity: Activity, now: float) -> bool:
    """Something was recorded since the last check, that is ten minutes ago, and nothing is running now."""
    if activity.recorded_at is None or activity.running or activity.being_stored:
        return False
    checked_at = activity.watch_checked_at
    return now - (checked_at or activity.recorded_at) >= CHECK_EVERY_S and (checked_at is None or activity.recorded_at > checked_at)


def check_watch(store: Store, workspaces: Workspaces, activity: Activity, now: float, mapped: Iterable[str]) -> None:
    """mapped: disk paths that living sessions have in their memory for writing: those change without news.

    Costs one scan of the folder, during which its other sessions wait.
    """
    activity.watch_checked_at = now
    root = str(store.root)
    excused = [path for path in (relative_to_root(each, root) for each in mapped) if path]
    was_believed = not store.why_all_is_looked_at
    try:
        with workspaces.writer(store):
            store.check_watch(workspaces.rules(store), excused)
    except DotscienceError as error:
        log.warning("%s: %s", root, error)
        return
    if was_believed and store.why_all_is_looked_at:
        log.warning("%s: %s", root, store.why_all_is_looked_at)

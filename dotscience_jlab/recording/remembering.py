"""Keeps on the user's list when each folder was last recorded: it is told of a folder whose history is gone with it."""

from __future__ import annotations

import logging
import time
from typing import Callable

from ..errors import DotscienceError
from ..model.ids import StoreId
from ..model.instant import instant
from ..store.base import Store
from .activity import Activity
from .workspaces import Workspaces

REMEMBER_S = 30.0
"""The list is written at most so often for what goes on; for a folder's first cell, and when it goes, at once."""

log = logging.getLogger("dotscience_jlab.recorder")


class Remembering:
    """Of one recorder. Not thread-safe: it has one caller."""

    def __init__(self, workspaces: Workspaces, activity: Callable[[Store], Activity]) -> None:
        self._workspaces = workspaces
        self._activity = activity
        self._listed: dict[StoreId, float] = {}
        """store -> the time that the list says of it (epoch seconds)"""
        self._listed_at = time.monotonic()

    def step(self, *, is_last: bool = False) -> None:
        """To be called every second or so, and once at the end (`is_last`). Costs a stat for each store that recorded lately."""
        is_due = is_last or time.monotonic() - self._listed_at > REMEMBER_S
        if is_due:
            self._listed_at = time.monotonic()
        for store in self._workspaces.opened():
            recorded_at = self._activity(store).recorded_at
            if recorded_at is not None and recorded_at != self._listed.get(store.workspace.id):
                try:
                    self._keep(store, recorded_at, is_due)
                except DotscienceError as error:
                    log.warning("remembering %s: %s", store.root, error)

    def _keep(self, store: Store, recorded_at: float, is_due: bool) -> None:
        workspace = store.workspace.id
        if not store.is_there():
            self._workspaces.list.note(workspace, instant(recorded_at))
        elif is_due or workspace not in self._listed:
            self._workspaces.remember(store, instant(recorded_at))
        else:
            return
        self._listed[workspace] = recorded_at

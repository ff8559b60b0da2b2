"""The folder setting "keep a copy at …": pushes by itself when a folder is idle, gently, and says so where it cannot."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Callable

from ..errors import DotscienceError
from ..model.remote import Remote
from ..store.base import Store
from ..store.exchange import is_in_step
from ..store.history import History
from .activity import Activity
from .exchange import is_awaited, is_under_way
from .remotes import Remotes
from .workspaces import Workspaces

LOOK_S = 2.0
QUIET_S = 20.0
"""No cell ran and nothing was stored for so long."""
LONGEST_S = 600.0
"""One push is ended after so long, between two steps or in one; the next goes on where it was."""
FIRST_RETRY_S = 60.0
LONGEST_RETRY_S = 3600.0

log = logging.getLogger("dotscience_jlab.recorder")


@dataclass(frozen=True)
class Attempts:
    """The failures since the last push that worked."""

    n_failed: int = 0
    failed_at: float = 0.0

    def may_try(self, now: float) -> bool:
        """After 1, 2, 4, … minutes, at most an hour."""
        wait_s = min(FIRST_RETRY_S * 2 ** min(self.n_failed - 1, 20), LONGEST_RETRY_S) if self.n_failed else 0.0
        return now - self.failed_at >= wait_s


def is_quiet(activity: Activity, now: float) -> bool:
    """Nothing runs, nothing waits to be stored, and that for QUIET_S."""
    last_ended = activity.ended[-1][2] if activity.ended else 0.0
    return not activity.running and not activity.being_stored and now - max(activity.recorded_at or 0.0, last_ended) >= QUIET_S


def copy_place(store: Store) -> Remote | None:
    """The remote that is kept up by itself; the first, if it is several."""
    return next((each for each in store.workspace.remotes if each.keeps_copy and each.is_unscanned_allowed), None)


class CopyKeeper:
    """One thread for all folders that this recorder has open: one push at a time."""

    def __init__(
        self, workspaces: Workspaces, remotes: Remotes, activity: Callable[[Store], Activity], notify: Callable[..., None]
    ) -> None:
        self._workspaces = workspaces
        self._remotes = remotes
        self._activity = activity
        self._notify = notify
        self._attempts: dict[str, Attempts] = {}
        self._bell = threading.Event()
        self._is_stopping = False
        self._is_pushing = False
        self._thread = threading.Thread(target=self._run, name="copies", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """A push that is under way ends; it goes on where it was the next time."""
        self._is_stopping = True
        self._bell.set()
        self._thread.join(timeout=30)

    def has_more(self) -> bool:
        """Something is not there yet and nothing has failed: worth staying for."""
        return self._is_pushing or any(
            self._waits(store, place) and not self._attempts.get(store.workspace.id, Attempts()).n_failed
            for store, place in self._places()
        )

    def look(self, now: float) -> None:
        """Push what is due."""
        for store, place in self._places():
            if self._is_stopping:
                return
            attempts = self._attempts.get(store.workspace.id, Attempts())
            if is_under_way(store.workspace.id, place.name):
                continue
            if attempts.may_try(now) and is_quiet(self._activity(store), now) and self._waits(store, place):
                self._push(store, place, attempts)

    def _push(self, store: Store, place: Remote, attempts: Attempts) -> None:
        activity = self._activity(store)
        self._is_pushing = True
        deadline = time.monotonic() + LONGEST_S

        def is_stopped() -> bool:
            return self._is_stopping or is_awaited(store.workspace.id, place.name) or time.monotonic() > deadline

        try:
            self._remotes.push(store, place.name, is_gentle=True, is_stopped=is_stopped, progress=lambda *_: None)
            self._attempts.pop(store.workspace.id, None)
        except DotscienceError as error:
            if is_stopped() or is_under_way(store.workspace.id, place.name):
                return  # a person's own push or pull: what is left after it is looked at again
            if str(activity.copy_problem) != str(error):
                log.warning("copy of %s: %s", store.root, error)
            activity.copy_problem = error
            self._attempts[store.workspace.id] = Attempts(attempts.n_failed + 1, time.time())
        finally:
            self._is_pushing = False
        self._notify("status", store.workspace.id, [], None)

    def _places(self) -> list[tuple[Store, Remote]]:
        stores = ((store, copy_place(store)) for store in self._workspaces.opened())
        return [(store, place) for store, place in stores if place is not None]

    def _waits(self, store: Store, place: Remote) -> bool:
        try:
            return isinstance(store, History) and store.is_there() and not is_in_step(store, place)
        except DotscienceError:
            return False  # its own look says what is wrong with that history

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                self.look(time.time())
            except Exception:  # the thread's edge: other folders' copies go on
                log.exception("keeping copies")
            self._bell.wait(LOOK_S)

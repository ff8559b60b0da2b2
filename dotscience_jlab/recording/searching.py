"""Looks through new data for secrets while nobody works, so that a push need not: a few files at a time, not while a cell runs."""

from __future__ import annotations

import logging
import time
from typing import Callable, Iterator

from ..errors import DotscienceError
from ..model.ids import BlobDigest, SnapshotId
from ..store.base import Store
from ..store.history import History
from ..store.large_file import chunk_ids
from ..store.outgoing import Outgoing
from .activity import Activity
from .copies import is_quiet
from .quarantine import MOST_BYTES, MOST_PARTS, look_through
from .secret_kinds import kinds

STEP_S = 0.5
"""Of each second at most so much is spent on it."""
LOOK_EVERY_S = 5.0

log = logging.getLogger("dotscience_jlab.recorder")


class Searching:
    """Of one recorder; `step` has one caller at a time."""

    def __init__(self, activity: Callable[[Store], Activity]) -> None:
        self._activity = activity
        self._searched_to: dict[str, SnapshotId] = {}
        """workspace -> everything up to this snapshot was looked through, since this recorder began"""
        self._looked_at = float("-inf")

    def step(self, stores: list[Store], now: float) -> None:
        """Costs nothing while nothing is new. What fails is logged, and looked at again at the next push."""
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        kinds()  # loaded now, so that no cell waits for it
        for store in stores:
            if isinstance(store, History) and store.is_there() and is_quiet(self._activity(store), now):
                try:
                    self._search(store)
                except DotscienceError as error:
                    log.warning("searching %s: %s", store.root, error)
                    self._looked_at = time.monotonic() + 60.0
                    return
        self._looked_at = time.monotonic()

    def _search(self, store: History) -> None:
        head = store.head()
        before = self._searched_to.get(store.workspace.id)
        if head is None or head.id == before:
            return
        deadline = time.monotonic() + STEP_S
        look_through(store, blobs_since(store, before, head.id), 0, lambda *_: None, lambda: time.monotonic() > deadline)
        if time.monotonic() <= deadline:
            self._searched_to[store.workspace.id] = head.id


def blobs_since(store: History, before: SnapshotId | None, after: SnapshotId) -> Iterator[Outgoing]:
    """Of files that differ between two snapshots what is to be looked through of the later one, chunk by chunk."""
    for change in store.changes(before, after):
        entry = change.after
        if entry is None:
            continue
        if not entry.is_chunked:
            if entry.size_bytes <= MOST_BYTES:
                yield Outgoing(entry.digest, change.path, 0, entry.size_bytes)
            continue
        for number, chunk in enumerate(chunk_ids(store.objects, entry.digest)):
            if number >= MOST_PARTS:
                break
            yield Outgoing(BlobDigest(chunk), change.path, number, 0)

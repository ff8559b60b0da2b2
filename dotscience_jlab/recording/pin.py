"""Pins: a person's word that a snapshot stays, whatever a policy says. A record, so that it survives and merges by union."""

from __future__ import annotations

import uuid

from ..model.instant import instant
from ..model.run import Annotation
from ..model.snapshot import Snapshot
from ..store.base import Store


def pin_snapshot(store: Store, snapshot: Snapshot, is_pinned: bool, now: float, by: str = "") -> Snapshot:
    """The snapshot as it is afterwards; nothing is written if it is so already."""
    if snapshot.is_pinned != is_pinned:
        store.append([Annotation(uuid.uuid4().hex, snapshot.id, "pin", is_pinned, instant(now), by=by)])
    return store.snapshot(snapshot.id)

"""A snapshot that somebody asked for, or that guards a restore: the folder as it lies on disk, now."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.instant import instant
from ..model.paths import WorkspacePath
from ..model.snapshot import Snapshot, SnapshotDraft
from ..store.base import Store
from .activity import Activity
from .workspaces import Workspaces


def take_snapshot(
    store: Store,
    workspaces: Workspaces,
    activity: Activity,
    message: str,
    reason: str,
    now: float,
    touched: Iterable[WorkspacePath] = (),
) -> Snapshot:
    """The head itself if nothing differs from it. Costs one scan and the storing of what changed.

    touched: paths that are kept up to the larger limit.
    """
    with workspaces.writer(store):
        scan = store.scan(workspaces.rules(store), touched)
        before = store.head()
        first_line = " ".join(message.split())[:200] or "Snapshot"
        draft = SnapshotDraft(first_line, instant(now), dict(scan.edits), reason=reason)
        snapshot = store.publish(draft)
        if before is None or snapshot.id != before.id:
            activity.versions.update({path: snapshot.id for path in scan.edits})
        activity.scan, activity.problem = scan, None
        return snapshot

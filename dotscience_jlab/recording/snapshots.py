"""A snapshot that somebody asked for, or that guards a restore: the folder, now.

One that was asked for holds open notebooks as their reader sees them; one that guards a restore holds the bytes on disk,
because those are what the restore overwrites.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model.instant import instant
from ..model.paths import WorkspacePath, relative_to_root
from ..model.snapshot import Snapshot, SnapshotDraft, TreeEntry
from ..store.base import Store
from .activity import Activity
from .notebook import write_document
from .unkept import put_unless_purged
from .workspaces import Workspaces

ASKED_FOR = "message"
"""The reason of a snapshot that somebody asked for."""


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
        edits = dict(scan.edits)
        if reason == ASKED_FOR:
            edits.update(_unsaved_notebooks(store, activity))
        snapshot = store.publish(SnapshotDraft(first_line, instant(now), edits, reason=reason))
        if before is None or snapshot.id != before.id:
            activity.versions.update({path: snapshot.id for path in edits})
        activity.scan, activity.problem = scan, None
        return snapshot


def _unsaved_notebooks(store: Store, activity: Activity) -> dict[WorkspacePath, TreeEntry]:
    """Entries of the notebooks that hold more than their file on disk, as last reported or executed."""
    edits: dict[WorkspacePath, TreeEntry | None] = {}
    for disk_path, document in activity.documents.newer_than_disk().items():
        path = relative_to_root(disk_path, str(store.root))
        if path is not None:
            edits[path] = put_unless_purged(store, path, write_document(document))
    return edits

"""Files that a state had and its snapshot does not hold: too large then, left out by a rule, a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import Forgotten
from ..model.execution import Execution, FileUse
from ..model.paths import WorkspacePath
from ..model.snapshot import Skipped, Snapshot, TreeEntry
from ..store.base import Store

MAX_EXECUTIONS_LOOKED_AT = 1000
"""Newest first, back from the snapshot: the uses of an older file are repeated by each execution that reads it."""

_NOT_KEPT = {
    "fingerprint": "It was not copied then; only its fingerprint is known.",
    "excluded": "A rule left it out of the history.",
    "secret": "It looked like a secret and is never stored.",
}


def unkept_files(store: Store, snapshot: Snapshot, held: Mapping[WorkspacePath, object]) -> dict[WorkspacePath, FileUse]:
    """path -> its last use up to the snapshot, of files that executions read or wrote and `held`, the snapshot's tree, lacks."""
    found: dict[WorkspacePath, FileUse] = {}
    for execution in _executions_until(store, snapshot):
        for use in execution.files:
            if use.path is not None and use.path not in held:
                found.setdefault(use.path, use)
    return {path: use for path, use in sorted(found.items()) if use.kept in _NOT_KEPT}


def put_unless_purged(store: Store, path: str, data: bytes) -> TreeEntry | None:
    """The entry of a file of these bytes at that path, kept without its secrets; None if they were purged: then the snapshot is
    without them."""
    try:
        return store.put_file_bytes(store.cleaning.file(path, data))
    except Forgotten:
        return None


def why_not_kept(use: FileUse) -> str:
    """A sentence."""
    return use.kept_reason or _NOT_KEPT.get(use.kept, "It was not stored.")


def skipped(unkept: Mapping[WorkspacePath, FileUse]) -> tuple[Skipped, ...]:
    return tuple(Skipped(path, why_not_kept(use)) for path, use in unkept.items())


def _executions_until(store: Store, snapshot: Snapshot) -> Iterable[Execution]:
    after, n_seen = None, 0
    while n_seen < MAX_EXECUTIONS_LOOKED_AT:
        page = store.index.executions(after=after, limit=200)
        for execution in page.items:
            n_seen += 1
            if (execution.finished_at or execution.started_at) <= snapshot.created_at:
                yield execution
        after = page.next
        if after is None:
            return

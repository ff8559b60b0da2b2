"""Puts a snapshot's files back on disk: takes a snapshot first, so that a restore is itself undone by a restore."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Callable, Sequence

from ..errors import Conflict, StoreError
from ..model.change import RestorePlan
from ..model.ids import SnapshotId
from ..model.paths import WorkspacePath
from ..model.snapshot import EXECUTABLE, LINK, Snapshot, TreeEntry
from ..store.base import KeepRules, Store
from .references import local_minute
from .restore_plan import REMOVE, WRITE, plan_restore

TakeSnapshot = Callable[[str, str], Snapshot]
"""(message, reason) -> a snapshot of the folder as it is now."""


def apply_restore(
    store: Store,
    snapshot: SnapshotId,
    paths: Sequence[str] | None,
    plan_digest: str,
    *,
    take_snapshot: TakeSnapshot,
    rules: KeepRules = KeepRules(),
) -> dict[str, Any]:
    """Do what the plan of that digest says; Conflict if the plan would be another one by now, and nothing is touched.

    Each file is written beside its place, flushed, and renamed into it. Should the disk refuse in the middle, StoreError names
    the snapshot that holds the state before. {snapshot_before, snapshot_after, written, removed, sentence}.
    """
    target = store.snapshot(snapshot)
    plan = plan_restore(store, snapshot, paths, rules=rules)
    if plan.plan_digest != plan_digest:
        raise Conflict("The folder has changed since you looked.", "Look at the new list, then restore.")
    before = take_snapshot(f"Before restoring {local_minute(target.created_at)}", "before restore")
    tree = store.tree(target.id)
    try:
        removed = _remove(store.root, plan)
        written = _write(store, plan, tree)
    except OSError as error:
        raise StoreError(
            f"The restore stopped half-way: {error.strerror} ({error.filename}).",
            f"The state before it is snapshot {before.id}: restore that, or free space and restore again.",
        ) from error
    when = local_minute(target.created_at)
    after = take_snapshot(f"Restored {_count(len(written) + len(removed))} of {when}", "restore")
    sentence = (
        f"Restored {_count(len(written) + len(removed))} to the state of {when}; the state before is snapshot {before.id}."
        if written or removed
        else f"Nothing to restore: the files are as they were at {when}."
    )
    return {
        "snapshot_before": before.id,
        "snapshot_after": after.id,
        "written": written,
        "removed": removed,
        "sentence": sentence,
    }


def _remove(root: Path, plan: RestorePlan) -> list[str]:
    """Removals come first, so that a folder can become a file; folders left empty go too."""
    removed = []
    for step in plan.steps:
        if step.act != REMOVE:
            continue
        path = root / step.path
        path.unlink(missing_ok=True)
        removed.append(step.path)
        _remove_empty(root, path.parent)
    return removed


def _remove_empty(root: Path, folder: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _write(store: Store, plan: RestorePlan, tree: dict[WorkspacePath, TreeEntry]) -> list[str]:
    written = []
    for step in plan.steps:
        if step.act == WRITE:
            put_file(store.root, step.path, tree[step.path], store.read_blob(tree[step.path].digest))
            written.append(step.path)
    return written


def put_file(root: Path, path: WorkspacePath, entry: TreeEntry, data: bytes) -> None:
    """Write one file whole or not at all. The plan has made sure that no folder on the way is a link."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        _remove_empty(target.parent, target)
    if entry.mode == LINK:
        draft = target.with_name(f".{target.name[:100]}.{os.getpid()}.ds-link")
        os.symlink(os.fsdecode(data), draft)
        os.replace(draft, target)
        return
    fd, name = tempfile.mkstemp(prefix=".ds-", dir=target.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _permissions(target, entry))
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _permissions(target: Path, entry: TreeEntry) -> int:
    """Those the file has now, or those a new file gets, with the executable bit as it was then."""
    try:
        now = target.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        now = 0o666 & ~mask
    return now | ((now & 0o444) >> 2) if entry.mode == EXECUTABLE else now & ~0o111


def _count(n: int) -> str:
    return f"{n} file" + ("" if n == 1 else "s")

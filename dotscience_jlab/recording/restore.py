"""Puts files of a snapshot back on disk: all new bytes beside the old ones first, then one rename a file.

    plan again: same digest? -> safety snapshot -> is all in it? -> write drafts -> unchanged since? -> remove, rename

Before the last arrow nothing of the user's has changed, and whatever fails leaves the folder as it was. What the renames
replace is in the safety snapshot, so a restore is undone by restoring that one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import Conflict
from ..model.change import RestorePlan, RestoreStep
from ..model.ids import SnapshotId
from ..model.paths import WorkspacePath
from ..model.snapshot import Snapshot
from ..store.base import KeepRules, Store
from .drafts import Draft, check_inside, discard, disk_error, is_folder, place, write_draft
from .references import local_minute
from .restore_plan import CANNOT, REMOVE, WRITE, plan_restore

__all__ = ["apply_restore", "plan_restore"]

TakeSnapshot = Callable[[str, str, Sequence[WorkspacePath]], Snapshot]
"""(message, reason, touched) -> a snapshot of the folder as it lies on disk; `touched` is kept up to the larger limit."""


def apply_restore(
    store: Store,
    snapshot: SnapshotId,
    paths: Sequence[str] | None,
    plan_digest: str,
    *,
    take_snapshot: TakeSnapshot,
    rules: KeepRules = KeepRules(),
) -> dict[str, Any]:
    """Do what the plan of that digest says: {snapshot_before, snapshot_after, written, removed, sentence}.

    Conflict, and nothing changed, if the folder or the plan is not what it was. Should the disk refuse in the middle of the
    renames, the error names the snapshot that holds the state before. The kernel is never touched.
    """
    plan = plan_restore(store, snapshot, paths, rules=rules)
    if plan.plan_digest != plan_digest:
        raise Conflict("The folder has changed since you looked.", "Look at the new list, then restore.")
    target = store.snapshot(snapshot)
    when = local_minute(target.created_at)
    writes = [step.path for step in plan.steps if step.act == WRITE]
    removes = [step.path for step in plan.steps if step.act == REMOVE]
    looks = {path: _look(store.root / path) for path in (*writes, *removes)}
    before = take_snapshot(f"Before restoring the state of {when}", "before restore", (*writes, *removes))
    _check_kept(store, before, plan)
    drafts: list[Draft] = []
    try:
        _write_drafts(store, target, writes, drafts)
        for path, look in looks.items():
            if _look(store.root / path) != look:
                raise Conflict(f"{path} was changed a moment ago; nothing was restored.", "Look again, then restore.")
        _swap(store.root, removes, drafts, before)
    finally:
        for draft in drafts:
            discard(draft)
    after = take_snapshot(f"Restored {_files(len(looks))} to the state of {when}", "restore", tuple(looks))
    return {
        "snapshot_before": before.id,
        "snapshot_after": after.id,
        "written": writes,
        "removed": removes,
        "sentence": restore_sentence(plan, when, before.id),
    }


def restore_sentence(plan: RestorePlan, when: str, before: SnapshotId) -> str:
    """'Restored 3 files to their state of 2026-11-21 14:03, removed 1 file; the state before is snapshot s-….'"""
    failed = [step for step in plan.steps if step.act == CANNOT]
    done = []
    if plan.n_writes:
        done.append(f"restored {_files(plan.n_writes)} to {'its' if plan.n_writes == 1 else 'their'} state of {when}")
    if plan.n_removes:
        done.append(f"removed {_files(plan.n_removes)}" + ("" if done else f" that the state of {when} does not have"))
    if done:
        text = ", ".join(done)
        text = f"{text[0].upper()}{text[1:]}; the state before is snapshot {before}."
    else:
        text = "Nothing was restored." if failed else f"Nothing to restore: the files are as they were at {when}."
    if failed:
        listed = "; ".join(f"{step.path}: {step.reason.rstrip('.')}" for step in failed[:3])
        text += f" {_files(len(failed))} could not be restored ({listed}{'; …' if len(failed) > 3 else ''})."
    return text


def _check_kept(store: Store, before: Snapshot, plan: RestorePlan) -> None:
    """Everything that would be overwritten or removed is in the safety snapshot, or nothing is done."""
    kept = store.tree(before.id)
    for step in plan.steps:
        is_overwritten = step.act == WRITE and not step.is_new and not is_folder(store.root / step.path)
        if (is_overwritten and step.path not in kept) or (step.act == REMOVE and not _holds(kept, step)):
            raise Conflict(
                f"{step.path} could not be put into a safety snapshot; nothing was restored.", "Copy it away, then restore."
            )


def _holds(kept: Any, step: RestoreStep) -> bool:
    return step.path in kept and kept[step.path].digest == step.digest


Look = tuple[int, ...] | None
"""(mode, size, mtime_ns, ctime_ns, inode) of what lies at a path; None: nothing."""


def _look(disk_path: Path) -> Look:
    try:
        found = os.lstat(disk_path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISDIR(found.st_mode):
        return (stat.S_IFDIR,)  # its times move when a draft is put into it
    return found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _write_drafts(store: Store, target: Snapshot, paths: Sequence[WorkspacePath], drafts: list[Draft]) -> None:
    """Fills `drafts` as it goes, so that the caller can take them away whatever happens."""
    tree = store.tree(target.id)
    for path in paths:
        pieces = store.read_file(tree[path].digest)
        try:
            drafts.append(write_draft(store.root, path, tree[path], pieces))
        except OSError as error:
            raise disk_error(error, "Nothing was restored.") from error


def _swap(root: Path, removes: Sequence[WorkspacePath], drafts: Sequence[Draft], before: Snapshot) -> None:
    """Removals first, so that a folder can become a file and a file a folder."""
    folders: set[Path] = set()
    try:
        for path in removes:
            check_inside(root, path)
            (root / path).unlink()
            folders.add((root / path).parent)
            _remove_empty_folders(root, (root / path).parent)
        for draft in drafts:
            place(root, draft)
            folders.add((root / draft.path).parent)
    except OSError as error:
        raise disk_error(error, f"The restore stopped half-way; the state before it is snapshot {before.id}.") from error
    for folder in folders:
        _flush_folder(folder)


def _remove_empty_folders(root: Path, folder: Path) -> None:
    """Folders that held only what was removed go too: a snapshot has no empty folders."""
    with suppress(OSError):
        while folder != root:
            folder.rmdir()
            folder = folder.parent


def _flush_folder(folder: Path) -> None:
    """Makes the renames last, where a folder can be opened at all (not on Windows)."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n} files"

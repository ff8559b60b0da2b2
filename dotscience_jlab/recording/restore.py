"""Puts files of a snapshot back on disk: all new bytes beside the old ones first, then one rename a file.

    plan again: same digest? -> safety snapshot -> is all in it? -> write drafts -> unchanged since? -> patch, remove, rename

Before the last arrow nothing of the user's has changed, and whatever fails leaves the folder as it was. What is replaced is in
the safety snapshot, so a restore is undone by restoring that one. The draft of a large file shares its blocks with the present
one where the disk can do that; where not, the file is patched in place, under an intent (`store/put_back.py`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import Conflict, DotscienceError, NeedsConsent
from ..model.change import RestorePlan, RestoreStep
from ..model.ids import SnapshotId
from ..model.paths import WorkspacePath
from ..model.snapshot import Snapshot, TreeEntry
from ..store.base import KeepRules, Store
from ..store.lease import is_open_for_writing
from .drafts import Draft, check_inside, clone_draft, discard, disk_error, is_folder, place, write_draft
from .references import local_minute
from .refill import pieces_for_disk
from .restore_plan import CANNOT, REMOVE, WRITE, plan_restore

__all__ = ["apply_restore", "plan_restore"]

IN_PLACE_ABOVE = 64 << 20
"""Bytes of the wanted version. Up to here a whole new file is written: then it is never anything but the old or the new one."""

_LET_IT_END = "Let it end, or say that it may be replaced all the same (`--even-open`)."

Tree = Mapping[WorkspacePath, TreeEntry]
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
    in_place_above: int = IN_PLACE_ABOVE,
    even_open: bool = False,
) -> dict[str, Any]:
    """Do what the plan of that digest says: {snapshot_before, snapshot_after, written, removed, sentence}.

    Conflict, and nothing changed, if the folder or the plan is not what it was. Should the disk refuse in the middle of the
    renames, the error names the snapshot that holds the state before. The kernel is never touched.

    NeedsConsent, and nothing changed, if a process has a file open for writing that would be replaced or removed, unless
    `even_open`: what it writes next would go into the restored file, or past it.

    Costs two snapshots and what is written: of files over `in_place_above` bytes only the chunks that differ.
    """
    plan = plan_restore(store, snapshot, paths, rules=rules)
    if plan.plan_digest != plan_digest:
        raise Conflict("The folder has changed since you looked.", "Look at the new list, then restore.")
    if not even_open:
        _check_not_open(plan, store.root)
    target = store.snapshot(snapshot)
    when = local_minute(target.created_at)
    writes = [step.path for step in plan.steps if step.act == WRITE]
    removes = [step.path for step in plan.steps if step.act == REMOVE]
    looks = {path: _look(store.root / path) for path in (*writes, *removes)}
    before = take_snapshot(f"Before restoring the state of {when}", "before restore", (*writes, *removes))
    wanted, kept = store.tree(target.id), store.tree(before.id)
    _check_kept(store, kept, plan)
    restoring = _Restoring(store, target, before, wanted, kept, in_place_above, even_open)
    try:
        restoring.write_drafts(writes)
        for path, look in looks.items():
            if _look(store.root / path) != look:
                raise Conflict(f"{path} was changed a moment ago; nothing was restored.", "Look again, then restore.")
        restoring.patch()
        restoring.swap(removes)
    finally:
        restoring.discard()
    after = take_snapshot(f"Restored {_files(len(looks))} to the state of {when}", "restore", tuple(looks))
    return {
        "snapshot_before": before.id,
        "snapshot_after": after.id,
        "written": writes,
        "removed": removes,
        "sentence": restore_sentence(plan, when, before.id) + _disturbed(store, after, wanted, restoring.patched),
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


def _check_not_open(plan: RestorePlan, root: Path) -> None:
    """Whoever the plan names, and strangers whom it cannot name: another user's process, one in a container."""
    held = [step for step in plan.steps if step.writer]
    if held:
        who = "; ".join(f"{step.path} is being written by {step.writer}" for step in held[:3])
        raise NeedsConsent(f"{who}{'; …' if len(held) > 3 else ''}. Nothing was restored.",
                           _LET_IT_END)
    for step in plan.steps:
        if step.act in (WRITE, REMOVE) and is_open_for_writing(root / step.path):
            raise NeedsConsent(f"{step.path} is being written by another program. Nothing was restored.", _LET_IT_END)


def _disturbed(store: Store, after: Snapshot, wanted: Tree, patched: Sequence[WorkspacePath]) -> str:
    """A sentence about files that somebody wrote while they were patched; '' if all are as they were wanted."""
    others = [path for path in patched if (entry := store.entry(after.id, path)) is None or entry.digest != wanted[path].digest]
    if not others:
        return ""
    return f" Another program wrote to {', '.join(others)} meanwhile: restore again once it has ended."


def _check_kept(store: Store, kept: Tree, plan: RestorePlan) -> None:
    """Everything that would be overwritten or removed is in the safety snapshot, or nothing is done. What a restore left
    half-written is kept in the one that it took."""
    half = {each.path for each in store.put_backs.unfinished()}
    for step in plan.steps:
        if step.path in half:
            continue
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


class _Restoring:
    """The writing half: first beside the files, then at their places."""

    def __init__(
        self, store: Store, target: Snapshot, before: Snapshot, wanted: Tree, kept: Tree, in_place_above: int, even_open: bool
    ) -> None:
        self._store = store
        self._root = store.root
        self._target = target
        self._before = before
        self._wanted = wanted
        self._kept = kept
        self._in_place_above = in_place_above
        self._even_open = even_open
        self._drafts: list[Draft] = []
        self._clones: list[WorkspacePath] = []
        self._to_patch: list[WorkspacePath] = []
        self.patched: list[WorkspacePath] = []

    def write_drafts(self, paths: Sequence[WorkspacePath]) -> None:
        """Of all but those that will be patched."""
        for path in paths:
            if self._wanted[path].size_bytes <= self._in_place_above or path not in self._kept:
                self._write_draft(path)
            elif (draft := self._clone(path)) is not None:
                self._drafts.append(draft)
                self._clones.append(path)
            else:
                self._to_patch.append(path)

    def patch(self) -> None:
        """A file that cannot be patched gets a draft after all."""
        for path in self._to_patch:
            check_inside(self._root, path)
            try:
                is_done = self._store.put_backs.patch(
                    path, self._kept[path], self._wanted[path], self._before.id, self._target.id, even_open=self._even_open
                )
            except DotscienceError as error:
                raise type(error)(error.message, self._how_it_stands(path)) from error
            if is_done:
                self.patched.append(path)
            else:
                self._write_draft(path)

    def swap(self, removes: Sequence[WorkspacePath]) -> None:
        """Removals first, so that a folder can become a file and a file a folder."""
        folders: set[Path] = set()
        try:
            for path in removes:
                check_inside(self._root, path)
                (self._root / path).unlink()
                folders.add((self._root / path).parent)
                _remove_empty_folders(self._root, (self._root / path).parent)
            for draft in self._drafts:
                place(self._root, draft)
                folders.add((self._root / draft.path).parent)
        except OSError as error:
            raise disk_error(error, self._half_way) from error
        for path in self._clones:
            self._store.put_backs.placed(path)
        for folder in folders:
            _flush_folder(folder)

    def discard(self) -> None:
        for draft in self._drafts:
            discard(draft)

    def _write_draft(self, path: WorkspacePath) -> None:
        with self._said_how_far():
            pieces = pieces_for_disk(self._store, path, self._wanted[path], self._root / path)
            self._drafts.append(write_draft(self._root, path, self._wanted[path], pieces))

    def _clone(self, path: WorkspacePath) -> Draft | None:
        def clone(disk_path: Path) -> bool:
            return self._store.put_backs.clone(path, self._kept[path], self._wanted[path], disk_path)

        with self._said_how_far():
            return clone_draft(self._root, path, clone)

    @contextmanager
    def _said_how_far(self) -> Iterator[None]:
        """Whatever refuses a draft, the error says what has been done so far."""
        try:
            yield
        except OSError as error:
            raise disk_error(error, self._so_far) from error
        except DotscienceError as error:
            raise type(error)(error.message, f"{self._so_far} {error.hint}".strip(), **error.details) from error

    @property
    def _so_far(self) -> str:
        return self._half_way if self.patched else "Nothing was restored."

    @property
    def _half_way(self) -> str:
        return f"The restore stopped half-way; the state before it is snapshot {self._before.id}."

    def _how_it_stands(self, path: WorkspacePath) -> str:
        if any(each.path == path for each in self._store.put_backs.unfinished()):
            return (f"{path} is half-written and marked as such; `ds restore {self._target.id} {path}` goes on. "
                    f"The state before is snapshot {self._before.id}.")
        return self._so_far


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

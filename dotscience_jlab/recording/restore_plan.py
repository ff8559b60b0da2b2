"""What restoring a snapshot would do to each path: write, remove, keep, or cannot, and why. Nothing on disk is changed.

A restore may undo itself, so a file is only overwritten or removed if its present bytes are kept: `present`, what a snapshot
of the folder would hold now, is compared with `wanted`, what the snapshot held. Anything on disk that is in neither was left
out by a rule, is a secret or too large, and is not touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import NotFound, UnsafePath
from ..model.change import RestorePlan, RestoreStep
from ..model.execution import FileUse
from ..model.ids import SnapshotId
from ..model.paths import STORE_FOLDER, WorkspacePath, workspace_path
from ..model.snapshot import TreeEntry
from ..store.base import KeepRules, Store
from . import case_clashes
from .refill import words_on_secrets
from .unkept import unkept_files, why_not_kept
from .writers import writers_of

WRITE, REMOVE, KEEP, CANNOT = "write", "remove", "keep", "cannot"

Tree = Mapping[WorkspacePath, TreeEntry]


def plan_restore(
    store: Store, snapshot: SnapshotId, paths: Sequence[str] | None = None, *, rules: KeepRules = KeepRules()
) -> RestorePlan:
    """Steps by path. paths: files or folders of the workspace; None: the whole folder.

    A file that is the same already is a `keep` step if it was asked for by its own name, and no step otherwise. NotFound for
    a path that is neither in the snapshot nor in the folder; UnsafePath for one that leaves the folder. Costs one scan.
    """
    target = store.snapshot(snapshot)
    asked = None if paths is None else [workspace_path(path.rstrip("/")) for path in paths]
    everything = store.tree(target.id)
    wanted = {path: entry for path, entry in everything.items() if is_selected(path, asked)}
    present = {path: entry for path, entry in present_tree(store, rules, wanted).items() if is_selected(path, asked)}
    lost = {path: use for path, use in unkept_files(store, target, everything).items() if is_selected(path, asked)}
    for path in asked or ():
        if not any(is_selected(each, [path]) for each in (*wanted, *present, *lost)):
            raise NotFound(
                f"{path} is neither in the snapshot nor recorded now.", "`ds show` lists what the snapshot holds."
            )
    folder = Folder(store.root)
    half = frozenset(each.path for each in store.put_backs.unfinished())
    planned = plan_steps(wanted, present, lost, folder, frozenset(asked or ()), half)
    steps = _with_writers(store.root, _with_secrets(store, planned, wanted))
    return RestorePlan(
        snapshot=target.id,
        steps=steps,
        plan_digest=_digest(target.id, asked, steps, present),
        n_writes=sum(step.act == WRITE for step in steps),
        n_removes=sum(step.act == REMOVE for step in steps),
        n_cannot=sum(step.act == CANNOT for step in steps),
        write_bytes=sum(step.size_bytes for step in steps if step.act == WRITE),
    )


def present_tree(store: Store, rules: KeepRules, touched: Iterable[WorkspacePath]) -> dict[WorkspacePath, TreeEntry]:
    """What a snapshot of the folder would hold now; nothing is published. touched: kept up to the larger limit."""
    head = store.head()
    tree = {} if head is None else store.tree(head.id)
    edits = store.scan(rules, {*touched, *tree}).edits
    return {path: entry for path, entry in {**tree, **edits}.items() if entry is not None}


def is_selected(path: str, asked: Sequence[str] | None) -> bool:
    """True if `path` is one of `asked`, or lies in a folder of that name."""
    return asked is None or any(path == each or path.startswith(each + "/") for each in asked)


class Folder:
    """The workspace's folder as the plan sees it: looks, never follows the last link of a path, changes nothing."""

    def __init__(self, root: Path, is_case_blind: bool | None = None) -> None:
        self.root = root
        self.is_case_blind = case_clashes.is_case_blind(root) if is_case_blind is None else is_case_blind
        """The disk takes `Data.csv` and `data.csv` for one name."""

    def kind(self, path: str) -> str | None:
        """file | link | folder | other (device, pipe, socket), None: nothing there."""
        try:
            mode = os.lstat(self.root / path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        for name, is_kind in (("file", stat.S_ISREG), ("link", stat.S_ISLNK), ("folder", stat.S_ISDIR)):
            if is_kind(mode):
                return name
        return "other"

    def names(self, folder: str) -> list[str]:
        """Workspace paths of everything in it."""
        return sorted(f"{folder}/{name}" for name in os.listdir(self.root / folder))

    def is_workspace(self, folder: str) -> bool:
        return self.kind(f"{folder}/{STORE_FOLDER}") == "folder"


def plan_steps(
    wanted: Tree, present: Tree, lost: Mapping[WorkspacePath, FileUse], folder: Folder, named: frozenset[str],
    half: frozenset[WorkspacePath] = frozenset(),
) -> tuple[RestoreStep, ...]:
    """By path. All trees hold selected paths only; `named` were asked for by their own name; `half` were left half-written by
    a restore that was cut short: what they were is kept already."""
    leaving = {path for path in present if path not in wanted}
    twins = case_clashes.clashes(wanted) if folder.is_case_blind else {}
    steps: dict[str, RestoreStep] = {}
    for path, entry in wanted.items():
        here = present.get(path)
        if here is not None and (here.digest, here.mode) == (entry.digest, entry.mode):
            if path in named:
                steps[path] = RestoreStep(path, KEEP, size_bytes=entry.size_bytes, digest=entry.digest)
            continue
        reason = twins.get(path) or _obstacle(path, here is not None or path in half, leaving, folder)
        act = CANNOT if reason else WRITE
        is_new = any(each in leaving for each in _parents(path)) or folder.kind(path) is None
        steps[path] = RestoreStep(path, act, reason, entry.size_bytes, is_new=is_new, digest=entry.digest)
    for path in leaving:
        reason = _remove_obstacle(path, folder)
        act = CANNOT if reason else REMOVE
        steps[path] = RestoreStep(path, act, reason, present[path].size_bytes, digest=present[path].digest)
    for path, use in lost.items():
        if path not in steps:
            steps[path] = RestoreStep(path, CANNOT, why_not_kept(use), use.size_bytes or 0, folder.kind(path) is None, use.digest)
    return tuple(steps[path] for path in sorted(steps))


def _obstacle(path: WorkspacePath, is_kept: bool, leaving: set[WorkspacePath], folder: Folder) -> str:
    """Why this path cannot be written, as a sentence; '' if it can."""
    reason = forbidden_name(path)
    if reason:
        return reason
    for parent in _parents(path):
        if parent in leaving:
            return ""
        kind = folder.kind(parent)
        if kind is None:
            return ""
        if kind == "link":
            return f"{parent} is a link now; writing through it would change another folder."
        if kind != "folder":
            return f"{parent} is not a folder now."
        if folder.is_workspace(parent):
            return f"{parent} is a project folder of its own now, with its own history."
    kind = folder.kind(path)
    if kind == "folder":
        strangers = _strangers(path, leaving, folder)
        return f"There is a folder of that name now, and it holds {strangers[0]}, which is not recorded." if strangers else ""
    if kind == "other":
        return "There is a device, pipe or socket of that name now."
    if kind is not None and not is_kept:
        return "The present file is not recorded (a rule leaves it out, or it is too large), so it could not be brought back."
    return ""


def forbidden_name(path: WorkspacePath) -> str:
    """Why a file of that name, in a snapshot that came from elsewhere, is written nowhere; '' if it may be."""
    try:
        workspace_path(path)
    except UnsafePath as error:
        return error.message
    if any(part.casefold() in (STORE_FOLDER, ".git") for part in path.split("/")):
        return "This folder belongs to the history or to git and is never written."
    return ""


def _remove_obstacle(path: WorkspacePath, folder: Folder) -> str:
    """Why this recorded file, absent from the snapshot, cannot be removed; '' if it can."""
    for parent in _parents(path):
        if folder.kind(parent) == "link":
            return f"{parent} is a link now; what lies behind it is not touched."
    return ""


def _parents(path: str) -> Iterator[WorkspacePath]:
    """'a/b/c' -> 'a', 'a/b'"""
    parts = path.split("/")
    return (WorkspacePath("/".join(parts[:n])) for n in range(1, len(parts)))


def _strangers(path: str, leaving: set[WorkspacePath], folder: Folder) -> list[str]:
    """Files below the folder `path` that would not be removed."""
    found = []
    for each in folder.names(path):
        if folder.kind(each) == "folder":
            found += _strangers(each, leaving, folder)
        elif each not in leaving:
            found.append(each)
    return found


def _with_secrets(store: Store, steps: Sequence[RestoreStep], wanted: Tree) -> tuple[RestoreStep, ...]:
    """What becomes of secrets in files that are written or removed: the history has only their places."""
    return tuple(
        replace(step, reason=words_on_secrets(store, step, wanted.get(step.path))) if step.act in (WRITE, REMOVE) else step
        for step in steps
    )


def _with_writers(root: Path, steps: Sequence[RestoreStep]) -> tuple[RestoreStep, ...]:
    """Who has what would be replaced or removed open for writing."""
    at_risk = [step.path for step in steps if step.act == REMOVE or (step.act == WRITE and not step.is_new)]
    writers = writers_of(root / path for path in at_risk)
    return tuple(replace(step, writer=writers.get(root / step.path, "")) for step in steps) if writers else tuple(steps)


def _digest(snapshot: SnapshotId, asked: Sequence[str] | None, steps: Sequence[RestoreStep], present: Tree) -> str:
    """Changes when the plan does, and when a file it would overwrite or remove does."""
    body = [snapshot, asked]
    for step in steps:
        here = present.get(step.path)
        before = None if here is None else [here.digest, here.mode]
        body.append([step.path, step.act, step.reason, step.digest, step.is_new, before])
    return hashlib.sha256(json.dumps(body).encode()).hexdigest()

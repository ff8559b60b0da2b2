"""Which files an execution read and wrote, and why we believe it: openings seen in the kernel, set against the scan.

An edit of the folder is this execution's output if its process was seen opening the file for writing, or if the file changed
between its start and its end, nobody else did it and its process could have (`unopened.py`). What other executions might have
changed is `ambiguous`, with its candidates; what none of them explains is named as that. What changed before the cell began is
nobody's, and is left to the snapshot alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Callable, Iterable, Mapping

from ..model.execution import FileUse
from ..model.ids import BlobDigest, ExecutionId, SnapshotId
from ..model.paths import WorkspacePath, relative_to_root
from ..model.snapshot import TreeEntry
from ..store.base import ScanResult
from .opening import Opening
from .unopened import AMBIGUOUS, UNEXPLAINED, Writing, attribute

CHANGED = "It was changed while it was read."
CLOCK_SLACK_S = 0.05
"""A file system's time stamps lag the clock by up to a timer tick."""


@dataclass(frozen=True)
class FolderView:
    """What the recorder knows of the folder around one execution. All lookups are by workspace path."""

    root: str
    started_at: float
    ended_at: float
    scan: ScanResult
    before: Callable[[WorkspacePath], TreeEntry | None]
    """The file as of the snapshot before."""
    changed_at: Callable[[WorkspacePath], float | None]
    """When it last changed on disk (ctime, epoch seconds); None: it is gone."""
    version: Callable[[WorkspacePath], SnapshotId | None]
    """The snapshot that last changed it."""
    outside_digest: Callable[[str], tuple[int, BlobDigest | None] | None]
    """(size, digest or None when too large) of a file outside the workspace; None: not there."""
    others: tuple[ExecutionId, ...] = ()
    """Executions that may have changed files meanwhile: of other sessions, or the next ones of this session."""
    claimed: frozenset[str] = frozenset()
    """Disk paths that the others were seen writing."""
    origin: str = ""
    """Of a fork: the folder that it came from."""
    editor_paths: frozenset[str] = frozenset()
    """Paths that a browser saved, uploaded or moved meanwhile, and notebooks."""
    writing: Writing = Writing(None, False)
    mapped: frozenset[str] = frozenset()
    """Disk paths that the session's processes have, or just had, in their memory for writing."""
    keep_outside: Callable[[str], TreeEntry | None] = lambda disk_path: None
    """Puts a file outside into the store, where that was asked for; None: it is too large, or gone."""


@dataclass(frozen=True)
class Uses:
    files: tuple[FileUse, ...]
    """Inputs first, then outputs, each by path."""
    unexplained: tuple[str, ...]
    """Workspace paths that changed meanwhile, by nobody that was seen."""
    reasons: tuple[str, ...]
    """Why what was read is not known for certain."""


def file_uses(openings: Mapping[str, Opening], view: FolderView, execution: ExecutionId) -> Uses:
    found: dict[tuple[str, str], FileUse] = {}
    reasons: list[str] = []
    for disk_path, opening in openings.items():
        path = relative_to_root(disk_path, view.root)
        roles = [role for role in sorted(opening.roles) if role == "input" or _is_written(disk_path, path, opening, view)]
        for role in roles:
            if path is None:
                use = _outside_use(disk_path, role, opening, view)
            else:
                use = _inside_use(disk_path, path, role, opening, view, path in view.scan.edits, was_written="output" in roles)
            if use is not None:
                found[role, disk_path] = use
                if role == "input" and use.kept_reason.startswith(CHANGED):
                    reasons.append(f"{path or disk_path}: {CHANGED[0].lower()}{CHANGED[1:]}")
    unopened = {}
    for path in {**view.scan.edits, **view.scan.fingerprints}:
        disk_path = os.path.join(view.root, path)
        if ("output", disk_path) not in found and path not in view.editor_paths and disk_path not in view.claimed:
            use = _unopened_edit(disk_path, path, view, execution, is_read=disk_path in openings)
            if use is not None:
                unopened[path] = use
    unexplained = []
    sizes = {path: None if use.kept == "missing" else use.size_bytes or 0 for path, use in unopened.items()}
    explained = [use.size_bytes or 0 for (role, _), use in found.items() if role == "output"]
    mapped = [path for path in sizes if os.path.join(view.root, path) in view.mapped]
    for path, evidence in attribute(sizes, explained, view.writing, mapped).items():
        use = unopened[path]
        if evidence == UNEXPLAINED and not view.others:
            unexplained.append(str(path))
            continue
        if evidence == AMBIGUOUS and not view.others:
            use = replace(use, evidence=AMBIGUOUS, candidates=(execution,))
        found["output", use.disk_path] = use
    return Uses(tuple(found[key] for key in sorted(found)), tuple(sorted(unexplained)), tuple(reasons))


def _is_written(disk_path: str, path: WorkspacePath | None, opening: Opening, view: FolderView) -> bool:
    """By its time; written through memory it may keep its time, and then differs from what is known of it."""
    is_changed = _modified_at(disk_path) >= view.started_at - CLOCK_SLACK_S
    if not is_changed and path is not None and path in view.scan.edits:
        is_changed = disk_path in view.mapped or view.before(path) is not None
    return opening.is_output(disk_path, is_changed=is_changed)


def _inside_use(
    disk_path: str, path: WorkspacePath, role: str, opening: Opening, view: FolderView, is_edited: bool, *, was_written: bool
) -> FileUse:
    evidence = "declared" if opening.is_declared else "observed"
    seen_by = tuple(sorted(opening.seen_by | ({"scan"} if is_edited and role == "output" else set())))
    if role == "input" and not was_written and is_edited:
        changed = _changed_while_read(disk_path, path, opening, view, evidence, seen_by)
        if changed is not None:
            return changed
    is_as_before = not is_edited or (role == "input" and was_written)
    entry = view.before(path) if is_as_before else view.scan.edits[path]
    if not is_as_before and entry is None and not os.path.lexists(disk_path):
        return FileUse(disk_path, role, path, evidence, seen_by, kept="missing", kept_reason="It was removed.")
    if entry is not None:
        version = view.version(path) if role == "input" and not is_edited else None
        return FileUse(
            disk_path, role, path, evidence, seen_by, size_bytes=entry.size_bytes, digest=entry.digest, version=version
        )
    if role == "input" and was_written and (is_edited or path in view.scan.fingerprints):
        reason = "It was changed by this cell, and what was there before had not been kept."
        return FileUse(disk_path, role, path, evidence, seen_by, "missing", reason)
    if path in view.scan.fingerprints:
        size, digest = view.scan.fingerprints[path]
        return FileUse(disk_path, role, path, evidence, seen_by, "fingerprint", _fingerprint_reason(view.scan, path), size, digest)
    skipped = _skip_reason(view.scan, path)
    if skipped:
        kept = "secret" if "secret" in skipped.lower() else "excluded"
        return FileUse(disk_path, role, path, evidence, seen_by, kept, skipped, _size(disk_path))
    kept, reason = ("excluded", "Left out of snapshots by a rule.") if os.path.exists(disk_path) else (
        "missing", "It was not there when the cell ended."
    )
    return FileUse(disk_path, role, path, evidence, seen_by, kept, reason, _size(disk_path))


def _changed_while_read(
    disk_path: str, path: WorkspacePath, opening: Opening, view: FolderView, evidence: str, seen_by: tuple[str, ...]
) -> FileUse | None:
    """The file differs from what stood there when it was first read, by another's doing: what was read is named, if known."""
    after, before = view.scan.edits[path], view.before(path)
    if opening.first is None:
        if opening.read_at is None or _modified_at(disk_path) <= opening.read_at:
            return None
        return FileUse(disk_path, "input", path, evidence, seen_by, "missing", f"{CHANGED} What was read is not known.")
    size, digest = opening.first
    if after is not None and after.digest == digest:
        return None
    if before is not None and before.digest == digest:
        return FileUse(disk_path, "input", path, evidence, seen_by, "stored", CHANGED, size, digest, view.version(path))
    reason = f"{CHANGED} Of what was read the fingerprint is kept."
    return FileUse(disk_path, "input", path, evidence, seen_by, "fingerprint", reason, size, digest)


def _outside_use(disk_path: str, role: str, opening: Opening, view: FolderView) -> FileUse | None:
    """A file outside is known by path, size and digest. One that was only looked for and is not there is no use at all."""
    found = view.outside_digest(disk_path)
    evidence = "declared" if opening.is_declared else "observed"
    seen_by = tuple(sorted(opening.seen_by))
    if found is None:
        if not opening.is_declared:
            return None
        return FileUse(disk_path, role, None, evidence, seen_by, "missing", "There is no such file.")
    size, digest = found
    if role == "input" and opening.is_copy_wanted:
        entry = view.keep_outside(disk_path)
        if entry is not None:
            return replace(FileUse(disk_path, role, None, evidence, seen_by, "stored"), size_bytes=entry.size_bytes, digest=digest,
                           blob=entry.digest)
    reason = _outside_reason(disk_path, role, view)
    if role == "input" and opening.first is not None and opening.first[1] != digest and "output" not in opening.roles:
        size, digest = opening.first
        reason = f"{CHANGED} {reason}"
    return FileUse(disk_path, role, None, evidence, seen_by, "outside", reason, size, digest)


def _outside_reason(disk_path: str, role: str, view: FolderView) -> str:
    """A fork's notebook that names its origin by an absolute path changes the origin, and should not do so unseen."""
    if not view.origin or relative_to_root(disk_path, view.origin) is None:
        return "It lies outside the project folder."
    owner = f"(belongs to {os.path.basename(view.origin)}/, which this is a fork of)"
    if role == "output":
        return f"This cell writes outside the fork: {disk_path} {owner}."
    return f"This cell reads outside the fork: {disk_path} {owner}."


def _unopened_edit(
    disk_path: str, path: WorkspacePath, view: FolderView, execution: ExecutionId, *, is_read: bool
) -> FileUse | None:
    """A change that no opening for writing explains: ours if it fell into our time and nobody else ran.

    is_read: we were seen reading it; then a change a moment before we began is what we read, not what we wrote.
    """
    entry = view.scan.edits.get(path)
    changed_at = view.changed_at(path)
    earliest = view.started_at - (0 if is_read else CLOCK_SLACK_S)
    if changed_at is not None and not earliest <= changed_at <= view.ended_at + CLOCK_SLACK_S:
        return None
    if changed_at is None and view.others:
        return None
    size: int | None
    digest: BlobDigest | None
    if entry is not None:
        kept, reason, size, digest = "stored", "", entry.size_bytes, entry.digest
    elif path in view.scan.fingerprints:
        size, digest = view.scan.fingerprints[path]
        kept, reason = "fingerprint", _fingerprint_reason(view.scan, path)
    elif changed_at is not None:
        kept, reason, size, digest = "excluded", _skip_reason(view.scan, path) or "Left out of snapshots by a rule.", None, None
    else:
        kept, reason, size, digest = "missing", "It was removed.", None, None
    evidence, candidates = ("ambiguous", (execution, *view.others)) if view.others else ("observed", ())
    return FileUse(disk_path, "output", path, evidence, ("scan",), kept, reason, size, digest, None, candidates)


def _fingerprint_reason(scan: ScanResult, path: WorkspacePath) -> str:
    why = _skip_reason(scan, path) or "It is larger than what is copied."
    return f"{why} Only its fingerprint is kept."


def _skip_reason(scan: ScanResult, path: WorkspacePath) -> str:
    parents: Iterable[str] = (path, *_parents(path))
    reasons = {skipped.path.rstrip("/"): skipped.reason for skipped in scan.skipped}
    return next((reasons[each] for each in parents if each in reasons), "")


def _parents(path: str) -> Iterable[str]:
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path


def _modified_at(disk_path: str) -> float:
    try:
        return os.stat(disk_path).st_mtime
    except OSError:
        return 0.0


def _size(disk_path: str) -> int | None:
    try:
        return os.stat(disk_path).st_size
    except OSError:
        return None

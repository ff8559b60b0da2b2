"""Writes files of a snapshot into a new folder: the project folder is not touched, and the new one has no history."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import NotFound
from ..model.codec import to_json
from ..model.ids import SnapshotId
from ..model.paths import WorkspacePath, workspace_path
from ..model.snapshot import EXECUTABLE, LINK, Skipped, TreeEntry
from ..store.base import Store
from .case_clashes import clashes, is_case_blind
from .drafts import check_inside, write_sparsely
from .new_folder import check_place, new_folder
from .refill import pieces_for_disk
from .restore_plan import forbidden_name, is_selected
from .unkept import skipped, unkept_files


def restore_into(
    store: Store, snapshot: SnapshotId, paths: Sequence[str] | None, folder: Path, *, progress: Callable[[int, int, str], None]
) -> dict[str, Any]:
    """{n_files, bytes, missing}: those of `paths` (files or folders; None: all), under their own paths below `folder`.

    missing: what the state had and cannot be written, each with its reason. NotFound for a path that the snapshot does not
    have; Conflict or UnsafePath if `folder` is neither new nor empty, or lies in a history. What fails half-way leaves nothing.
    """
    check_place(store, folder)
    target = store.snapshot(snapshot)
    asked = None if paths is None else [workspace_path(path.rstrip("/")) for path in paths]
    held = store.tree(target.id)
    tree = {path: entry for path, entry in held.items() if is_selected(path, asked)}
    for each in asked or ():
        if not any(is_selected(path, [each]) for path in tree):
            raise NotFound(f"{each} is not in the snapshot.", "`ds show` lists what it holds.")
    lost = {path: use for path, use in unkept_files(store, target, held).items() if is_selected(path, asked)}
    with new_folder(folder):
        refused = clashes(tree) if is_case_blind(folder) else {}
        refused.update((path, reason) for path in tree if (reason := forbidden_name(path)))
        writes = [path for path in tree if path not in refused]
        for n_done, path in enumerate(writes, 1):
            _write(store, folder, path, tree[path])
            progress(n_done, len(writes), "files")
    missing = (*skipped(lost), *(Skipped(path, reason) for path, reason in sorted(refused.items())))
    return {"n_files": len(writes), "bytes": sum(tree[path].size_bytes for path in writes), "missing": to_json(missing)}


def _write(store: Store, folder: Path, path: WorkspacePath, entry: TreeEntry) -> None:
    place, pieces = folder / path, pieces_for_disk(store, path, entry, store.root / path)
    place.parent.mkdir(parents=True, exist_ok=True)
    check_inside(folder, path)
    if entry.mode == LINK:
        os.symlink(os.fsdecode(b"".join(pieces)), place)
        return
    with open(place, "xb") as file:
        write_sparsely(file, pieces)
    if entry.mode == EXECUTABLE:
        place.chmod(place.stat().st_mode | 0o111)

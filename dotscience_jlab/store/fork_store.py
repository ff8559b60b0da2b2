"""A new history that begins where another one stood: objects shared by hard links, so that deleting the origin is safe."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from ..errors import Conflict
from ..model.ids import SnapshotId
from ..model.instant import instant
from ..model.workspace import Origin
from .git import GitObjects
from .history import History
from .layout import create_layout, store_folder
from .objects import RECORDS_REF, line_ref
from .open import open_store


def copy_history(origin: History, new_root: Path, snapshot: SnapshotId) -> History:
    """The history of `new_root`: the origin's snapshots up to `snapshot`, and its records as of now, under an id of its own.

    Costs one hard link an object file (a copy where the file system has none). Conflict if `new_root` has a history.
    The user's files are not touched.
    """
    folder = store_folder(new_root, None)
    if folder.exists():
        raise Conflict(f"{new_root} has a history already.", "Choose another folder.")
    at = instant(time.time())
    create_layout(folder, new_root, at, Origin(origin.workspace.id, snapshot, str(origin.root), at))
    try:
        objects = GitObjects(folder / "store.git")
        source = origin.objects
        if isinstance(source, GitObjects):
            _share_objects(source.path / "objects", folder / "store.git" / "objects")
        for name, target in ((RECORDS_REF, source.ref(RECORDS_REF)), (line_ref("main"), origin.commit_of(snapshot))):
            if target is not None:
                objects.move_ref(name, None, target)
        objects.close()
        return open_store(new_root)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _share_objects(source: Path, target: Path) -> None:
    """Objects never change once written, so sharing one file between two histories is safe."""
    for folder, _, files in os.walk(source):
        below = target / os.path.relpath(folder, source)
        below.mkdir(exist_ok=True)
        for file in files:
            if file.startswith("tmp_"):
                continue
            try:
                os.link(os.path.join(folder, file), below / file)
            except FileExistsError:
                continue
            except OSError:
                shutil.copy2(os.path.join(folder, file), below / file)

"""Opens `state.db`, or makes it anew beside its place, where nobody reads it yet and an interruption costs nothing.

    state.db.<32 hex>   every record and snapshot, no journal, what it is searched by last   ->   state.db
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path

from ..errors import StoreDamaged
from ..model.workspace import Workspace
from .disk import disk_errors
from .durable import sync_path
from .history import History
from .index import SCHEMA_VERSION, SqliteIndex, remove_index
from .lock import StoreLock
from .objects import Objects


def opened_index(path: Path, objects: Objects, workspace: Workspace, root: Path, lock: StoreLock) -> SqliteIndex:
    """One that is old or damaged is removed and made anew: it is only a cache."""
    with lock:
        index = usable_index(path)
    if index is None:
        build_index(path, objects, workspace, root, lock)
        return SqliteIndex(path)
    return index


def usable_index(path: Path) -> SqliteIndex | None:
    """None if there is none that can be used; then nothing is in its place."""
    if path.exists():
        try:
            index = SqliteIndex(path)
            if index.pragma("schema") == SCHEMA_VERSION:
                return index
            index.close()
        except StoreDamaged:
            pass
        with disk_errors(path):
            remove_index(path)
    return None


def build_index(path: Path, objects: Objects, workspace: Workspace, root: Path, lock: StoreLock) -> None:
    """Put a whole one at `path`, unless somebody else does first. Costs a read of all records and of all snapshots' folders."""
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        index = SqliteIndex(draft, is_draft=True)
        try:
            History(objects, index, workspace, root).take_in_all()  # type: ignore[arg-type]
        except BaseException:
            index.close()
            raise
        index.finish()
        with disk_errors(path):
            sync_path(draft)
            with lock:
                if not path.exists():
                    remove_index(path)  # the journal of an earlier one would be taken for its own
                    os.replace(draft, path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)

"""Opens the history of a folder, or begins one."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from filelock import FileLock, Timeout

from ..errors import Conflict, NotFound, StoreDamaged
from ..model.ids import StoreId, new_store_id
from ..model.instant import instant
from ..model.workspace import Origin, Workspace
from .disk import disk_errors
from .git import GitObjects
from .history import History
from .index import SCHEMA_VERSION, SqliteIndex
from .layout import create_layout, protect, read_workspace, store_folder, write_workspace
from .memory import MemoryObjects

LOCK_WAIT_S = 30.0
LOCK_POLL_S = 0.002
"""A write takes a few milliseconds: who waits for one should not sleep through five."""


def open_store(
    root: Path,
    *,
    create: bool = False,
    fallback_dir: Path | None = None,
    origin: Origin | None = None,
    store_id: StoreId | None = None,
) -> History:
    """The history of the workspace at `root`. NotFound if there is none and not `create`.

    fallback_dir: holds the histories of folders that cannot be written. An index that is missing, old or damaged is
    rebuilt: at worst a read of all records. A history that cannot be written is read through an index in memory.
    """
    folder = store_folder(root, fallback_dir)
    if not (folder / "store.git" / "workspace.json").exists():
        if not create:
            raise NotFound(f"There is no history in {root}.", "Run a cell there, or `ds init`.")
        create_layout(folder, root, instant(time.time()), origin, store_id)
    workspace = read_workspace(folder, root)
    protect(folder)
    repository = folder / "store.git"
    lock = _StoreLock(repository / "lock")
    objects = GitObjects(repository)
    if os.access(repository, os.W_OK):
        with lock:
            objects.sweep()
            index = _open_index(repository / "state.db")
    else:
        index = SqliteIndex(None)
    pinned = repository / ("state.db" if index.path else "workspace.json")
    inode = pinned.stat().st_ino

    def is_there() -> bool:
        try:
            return pinned.stat().st_ino == inode  # no other file can have it while the index holds it open
        except OSError:
            return False

    return History(
        objects,
        index,
        workspace,
        root,
        save_workspace=lambda changed: write_workspace(folder, changed),
        remove=lambda: shutil.rmtree(folder),
        is_there=is_there,
        lock=lock,
    )


def memory_store(root: Path) -> History:
    """A history in memory over a real folder."""
    return History(MemoryObjects(), SqliteIndex(None), Workspace(new_store_id(), instant(time.time()), root=str(root)), root)


class _StoreLock:
    """Between processes; within one the history has a lock of its own. Held only for one write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(str(path), timeout=LOCK_WAIT_S, poll_interval=LOCK_POLL_S, thread_local=False)

    def __enter__(self) -> None:
        try:
            with disk_errors(self._path.parent):
                self._lock.acquire()
        except Timeout as error:
            raise Conflict("Another program has been writing this history for a long time.", "Try again.") from error

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _open_index(path: Path) -> SqliteIndex:
    """An index that is old or damaged is removed and begun anew: it is only a cache."""
    try:
        index = SqliteIndex(path)
        if index.pragma("schema") == SCHEMA_VERSION:
            return index
        index.close()
    except StoreDamaged:
        pass
    with disk_errors(path):
        for name in (path.name, path.name + "-wal", path.name + "-shm"):
            path.with_name(name).unlink(missing_ok=True)
    return SqliteIndex(path)


@contextmanager
def opened_store(root: Path, **options: object) -> Iterator[History]:
    """For a short visit."""
    store = open_store(root, **options)  # type: ignore[arg-type]
    try:
        yield store
    finally:
        store.close()

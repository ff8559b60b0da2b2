"""Opens the history of a folder, or begins one."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from filelock import FileLock, Timeout

from ..errors import Conflict, NotFound, StoreDamaged
from ..model.ids import new_store_id
from ..model.instant import instant
from ..model.workspace import Origin, Workspace
from .git import GitObjects
from .history import History
from .index import SCHEMA_VERSION, SqliteIndex
from .layout import create_layout, protect, read_workspace, store_folder, write_workspace
from .memory import MemoryObjects

LOCK_WAIT_S = 30.0
STALE_LOCK_S = 60.0
"""A ref's `.lock` file older than this was left by a killed process: nobody holds one for longer than a rename."""


def open_store(
    root: Path, *, create: bool = False, fallback_dir: Path | None = None, origin: Origin | None = None
) -> History:
    """The history of the workspace at `root`. NotFound if there is none and not `create`.

    fallback_dir: holds the histories of folders that cannot be written. An index that is missing, old or damaged is
    rebuilt: at worst a read of all records.
    """
    folder = store_folder(root, fallback_dir)
    if not (folder / "store.git" / "workspace.json").exists():
        if not create:
            raise NotFound(f"There is no history in {root}.", "Run a cell there, or `ds init`.")
        create_layout(folder, root, instant(time.time()), origin)
    workspace = read_workspace(folder, root)
    protect(folder)
    repository = folder / "store.git"
    _sweep_stale_locks(repository)
    marker = (repository / "workspace.json").stat().st_ino, repository.stat().st_ino

    def is_there() -> bool:
        try:
            return repository.stat().st_ino == marker[1]
        except OSError:
            return False

    return History(
        GitObjects(repository),
        _open_index(repository / "state.db"),
        workspace,
        root,
        save_workspace=lambda changed: write_workspace(folder, changed),
        remove=lambda: shutil.rmtree(folder),
        is_there=is_there,
        lock=_StoreLock(repository / "lock"),
    )


def memory_store(root: Path) -> History:
    """A history in memory over a real folder."""
    return History(MemoryObjects(), SqliteIndex(None), Workspace(new_store_id(), instant(time.time()), root=str(root)), root)


class _StoreLock:
    """Between processes; within one the history has a lock of its own. Held only for one write."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(str(path), timeout=LOCK_WAIT_S, thread_local=False)

    def __enter__(self) -> None:
        try:
            self._lock.acquire()
        except Timeout as error:
            raise Conflict("Another program has been writing this history for a long time.", "Try again.") from error

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _open_index(path: Path) -> SqliteIndex:
    try:
        index = SqliteIndex(path)
        if index.pragma("schema") == SCHEMA_VERSION:
            return index
        index.close()
    except (sqlite3.DatabaseError, StoreDamaged):
        pass
    for name in (path.name, path.name + "-wal", path.name + "-shm"):
        path.with_name(name).unlink(missing_ok=True)
    return SqliteIndex(path)


def _sweep_stale_locks(repository: Path) -> None:
    for lock in (repository / "refs").rglob("*.lock"):
        try:
            if time.time() - lock.stat().st_mtime > STALE_LOCK_S:
                lock.unlink()
        except OSError:
            continue


@contextmanager
def opened_store(root: Path, **options: object) -> Iterator[History]:
    """For a short visit."""
    store = open_store(root, **options)  # type: ignore[arg-type]
    try:
        yield store
    finally:
        store.close()

"""Opens the history of a folder, or begins one."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterator

from ..errors import NotFound, StoreError
from ..model.ids import StoreId, new_store_id
from ..model.instant import instant
from ..model.workspace import Origin, Workspace
from .chunks import SIZES, ChunkSizes
from .expire import expire
from .git import GitObjects
from .history import History
from .index import SqliteIndex
from .index_build import opened_index
from .layout import create_layout, protect, read_workspace, store_folder, write_workspace
from .lending import borrowers, lent_of, stand_by_lenders, take_off
from .lock import StoreLock
from .maintenance import is_due
from .memory import MemoryObjects
from .salt import salt_of
from .untidy import mark_untidy
from .upkeep import Upkeep
from .watch import FolderWatch

REMOVE_TRIES = 10


def open_store(
    root: Path,
    *,
    create: bool = False,
    fallback_dir: Path | None = None,
    origin: Origin | None = None,
    store_id: StoreId | None = None,
    sizes: ChunkSizes = SIZES,
    find_root: Callable[[StoreId], Path | None] = lambda store: None,
) -> History:
    """The history of the workspace at `root`. NotFound if there is none and not `create`; StoreError if it borrows from one that is
    gone.

    find_root: where the user's list has the folder of a history, by its id: one that lends may have been moved.
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

    def find_repository(store: StoreId) -> Path | None:
        found = find_root(store)
        return store_folder(found, fallback_dir) / "store.git" if found is not None else None

    lent_by = stand_by_lenders(repository, workspace.id, root, instant(time.time()), find_repository)
    lock = StoreLock(repository)
    objects = GitObjects(repository)
    if os.access(repository, os.W_OK):
        with lock:
            objects.sweep()
        index = opened_index(repository / "state.db", objects, workspace, root, lock)
    else:
        index = SqliteIndex(None)
    pinned = repository / ("state.db" if index.path else "workspace.json")
    inode = pinned.stat().st_ino

    def is_there() -> bool:
        try:
            is_same = pinned.stat().st_ino == inode  # no other file can have it while the index holds it open
            return is_same and all((each / "workspace.json").exists() for each in lent_by)
        except OSError:
            return False

    def remove() -> None:
        _remove_folder(folder)
        for lender in lent_by:
            with suppress(StoreError, OSError):  # it stays on a list that is not ours to write, and counts as missing
                take_off(lender, lambda each: each.store == workspace.id)

    return History(
        objects,
        index,
        workspace,
        root,
        save_workspace=lambda changed: write_workspace(folder, changed),
        remove=remove,
        is_there=is_there,
        protect=lambda: protect(folder),
        upkeep=_upkeep(objects, lock) if index.path is not None else Upkeep(),
        lock=lock,
        watch=FolderWatch(root, folder) if sys.platform == "linux" and index.path else None,
        sizes=sizes,
        salt=lambda: salt_of(repository),
    )


def _remove_folder(folder: Path) -> None:
    """Also where somebody else takes files of it away at that moment: a thread that finds its index closed removes it."""
    for _ in range(REMOVE_TRIES):
        try:
            shutil.rmtree(folder)
            return
        except FileNotFoundError:
            if not folder.exists():
                return
    shutil.rmtree(folder)


def _upkeep(objects: GitObjects, lock: StoreLock) -> Upkeep:
    repository = objects.path

    def command_if_due(now: float) -> tuple[str, ...] | None:
        command = (sys.executable, "-m", "dotscience_jlab.store.maintenance", str(repository))
        return command if is_due(repository, now) else None

    return Upkeep(
        lambda names: expire(objects, lock, names),
        lambda: mark_untidy(repository),
        lambda names: lent_of(repository, names),
        lambda: [each.root for each in borrowers(repository)],
        command_if_due,
    )


def memory_store(root: Path, sizes: ChunkSizes = SIZES) -> History:
    """A history in memory over a real folder."""
    objects, workspace = MemoryObjects(), Workspace(new_store_id(), instant(time.time()), root=str(root))
    return History(objects, SqliteIndex(None), workspace, root, upkeep=Upkeep(objects.expire), sizes=sizes)


@contextmanager
def opened_store(root: Path, **options: object) -> Iterator[History]:
    """For a short visit."""
    store = open_store(root, **options)  # type: ignore[arg-type]
    try:
        yield store
    finally:
        store.close()

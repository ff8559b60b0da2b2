"""Makes a fork stand alone: what it borrows is copied into it, then its origin is told that it borrows no more.

    borrowed objects -> packs of its own -> alternates and lenders.json go -> the entry in each lender's borrowers.json goes

Killed in between it still borrows, or it is on a list that it no longer needs to be on: the next `detach` goes on.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ContextManager

from ..errors import StoreError
from .disk import disk_errors
from .durable import sync_path
from .git import GitObjects
from .history import History
from .inventory import Inventory
from .lending import borrow, lenders, take_off
from .maintenance import alone
from .objects import ObjectId
from .reach import heads_of, reachable
from .repack import repacking

WAIT_S = 600.0
"""For maintenance that is at it already."""
PROGRESS_EVERY = 256
"""objects"""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Detached:
    n_objects: int
    """That were borrowed and are the fork's own now."""
    n_bytes: int
    n_files: int
    """That had another name in another history, and are the fork's own now."""
    file_bytes: int


def detach(
    history: History, alone_in_it: ContextManager[object], *, is_unsharing: bool, progress: Progress = lambda *_: None
) -> Detached:
    """alone_in_it: held for the end, so that nothing is stored on the strength of what is borrowed. is_unsharing: also give files
    that are shared by hard links a copy of their own (deleting the other side is safe without that).

    Costs a read and a write of what is borrowed. StoreError, and everything as it was, if the disk refuses.
    """
    objects = history.objects
    assert isinstance(objects, GitObjects)
    borrowed_from, repository = lenders(objects.path), objects.path
    n_objects = n_bytes = 0
    if borrowed_from:
        seen: set[ObjectId] = set()
        copied = _copy_borrowed(objects, seen, progress)
        with alone_in_it, history.locked():
            objects.sync()
            late = _copy_borrowed(objects, seen, progress)
            n_objects, n_bytes = copied[0] + late[0], copied[1] + late[1]
            borrow(repository, ())
            objects.borrow_no_more()
        for lender in borrowed_from:
            with suppress(StoreError, OSError):  # a lender that is gone, or not ours to write
                take_off(lender.repository, lambda each: each.store == history.workspace.id)
    n_files = file_bytes = 0
    if is_unsharing:
        with alone(repository, WAIT_S), disk_errors(repository):
            for path in list(_shared(repository)):
                size = path.stat().st_size
                _unshare(path)
                n_files, file_bytes = n_files + 1, file_bytes + size
                progress(n_files, 0, "files")
    return Detached(n_objects, n_bytes, n_files, file_bytes)


def shared_bytes(repository: Path) -> tuple[int, int]:
    """(files, bytes) that other histories have too, by hard links."""
    sizes = [path.stat().st_size for path in _shared(repository)]
    return len(sizes), sum(sizes)


def _copy_borrowed(objects: GitObjects, seen: set[ObjectId], progress: Progress) -> tuple[int, int]:
    """(objects, bytes): all that the refs lead to and that does not lie here. seen: commits met before."""
    with Inventory(objects) as inventory, repacking(objects) as packs:
        known: set[ObjectId] = set()
        for name in reachable(objects, heads_of(objects), seen):
            if name not in known and inventory.mark_of(name) is None:
                known.add(name)
                packs.add(name)
                if packs.n_objects % PROGRESS_EVERY == 0:
                    progress(packs.n_objects, 0, "objects")
        packs.publish()
        return packs.n_objects, packs.n_bytes


def _shared(repository: Path) -> Iterator[Path]:
    objects = repository / "objects"
    for path in (*objects.glob("pack/*.pack"), *objects.glob("pack/*.idx"), *objects.glob("??/*")):
        with suppress(FileNotFoundError):
            if path.stat().st_nlink > 1:
                yield path


def _unshare(path: Path) -> None:
    """The same bytes under the same name, in a file of its own; whole at any instant."""
    draft = path.with_name(f"tmp_{uuid.uuid4().hex}")
    try:
        shutil.copy2(path, draft)
        sync_path(draft)
        os.replace(draft, path)
        sync_path(path.parent)
    finally:
        draft.unlink(missing_ok=True)

"""The files of a fork: those one works with first, the large ones behind, and none that exists is ever written over.

    links, notebooks, files below 1 MiB  -> written before the fork is told of
    larger ones                          -> shared with the origin's own file where the file system can (`reflink.py`), at once
                                         -> else written behind

Each is written into `.dotscience/arriving/` and then put into its place, whole. What is still to come stands in the fork's store
(`store/arriving.py`), so that whoever opens the fork next goes on.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ..errors import NotFound, StoreDamaged
from ..model.ids import SnapshotId
from ..model.paths import STORE_FOLDER, WorkspacePath
from ..model.snapshot import EXECUTABLE, LINK, TreeEntry
from ..store.arriving import Arriving, read_arriving, write_arriving
from ..store.base import Store
from .refill import pieces_for_disk
from .reflink import reflink

FIRST_BYTES = 1 << 20
"""A file below this is there before the fork is told of."""
NOTED_EVERY_S = 1.0
"""How often is written down how far it is: what came since is looked for again after a kill."""
STEP_BYTES = 64 << 20
"""Progress is told at least this often."""

Tree = Mapping[WorkspacePath, TreeEntry]
Progress = Callable[[int, int, str], None]


def is_first(path: WorkspacePath, entry: TreeEntry) -> bool:
    return entry.mode == LINK or path.endswith(".ipynb") or entry.size_bytes < FIRST_BYTES


def all_of(snapshot: SnapshotId, tree: Tree) -> Arriving:
    return Arriving(snapshot, tuple(tree), sum(entry.size_bytes for entry in tree.values()))


def write_first(origin: Store, snapshot: SnapshotId, tree: Tree, root: Path, progress: Progress) -> Arriving:
    """All that comes first, and all that costs no copy; returns what is left, which is written down. OSError.

    tree: of the snapshot; `root` has its history already, which was told that all of them are to come, and nothing else.
    """
    folder = _Folder(root, snapshot, tree, origin, is_ours=True)
    first = [path for path, entry in tree.items() if is_first(path, entry)]
    for n_done, path in enumerate(first):
        folder.write(path)
        progress(n_done + 1, len(first), "files")
    later = [path for path in tree.keys() - set(first) if not folder.share(path)]
    return folder.note(sorted(later))


def write_rest(store: Store, is_stopping: Callable[[], bool], progress: Progress) -> bool:
    """What is still to come, by size; the fork's `store` knows of it all the while. False: stopped before the end.

    OSError; StoreDamaged once all others are there.

    progress: (bytes done, bytes in all, 'bytes').
    """
    arriving = read_arriving(store.root)
    if arriving is None:
        return True
    tree = store.tree(arriving.snapshot)
    folder = _Folder(store.root, arriving.snapshot, tree, store)
    left = sorted((path for path in arriving.paths if path in tree), key=lambda path: tree[path].size_bytes)
    total, n_done, noted_at = sum(tree[path].size_bytes for path in left), 0, time.monotonic()
    lost: list[WorkspacePath] = []
    refusal: StoreDamaged | None = None
    while left:
        if is_stopping():
            folder.note([*left, *lost])
            return False
        store.expect(left)
        told = partial(_tell_part, progress, n_done, total)
        try:
            folder.write(left[0], told, is_stopping)
        except NotFound:  # purged meanwhile: it comes no more
            left.pop(0)
            continue
        except StoreDamaged as error:  # the others are not held up by it
            refusal = refusal or error
            lost.append(left.pop(0))
            continue
        if is_stopping():
            continue
        n_done += tree[left.pop(0)].size_bytes
        progress(n_done, total, "bytes")
        if time.monotonic() - noted_at > NOTED_EVERY_S:
            folder.note([*left, *lost])
            noted_at = time.monotonic()
    folder.note(lost)
    store.expect(())
    if refusal is not None:
        raise refusal
    return True


def _tell_part(progress: Progress, n_before: int, total: int, n_bytes: int) -> None:
    progress(n_before + n_bytes, total, "bytes")


class _Folder:
    """A fork's folder that is being filled. is_ours: nobody else knows of it yet."""

    def __init__(self, root: Path, snapshot: SnapshotId, tree: Tree, source: Store, *, is_ours: bool = False) -> None:
        self._root = root
        self._snapshot = snapshot
        self._tree = tree
        self._source = source
        self._waiting = root / STORE_FOLDER / "arriving"
        self._made: set[Path] = set()
        self._can_share = source.root != root
        self._is_ours = is_ours
        shutil.rmtree(self._waiting, ignore_errors=True)  # half of a file that a killed process wrote
        self._waiting.mkdir()

    def note(self, left: Iterable[WorkspacePath]) -> Arriving:
        paths = tuple(left)
        arriving = Arriving(self._snapshot, paths, sum(self._tree[path].size_bytes for path in paths))
        write_arriving(self._root, arriving)
        if not paths:
            shutil.rmtree(self._waiting, ignore_errors=True)
        return arriving

    def write(
        self, path: WorkspacePath, told: Callable[[int], None] = lambda n_bytes: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """From the origin's own file if that takes no copy, else from the store. Not at all if something is there already."""
        if os.path.lexists(self._root / path) or self.share(path):
            return
        entry, target = self._tree[path], self._place(path)
        pieces = pieces_for_disk(self._source, path, entry, self._source.root / path)
        if entry.mode == LINK:
            with suppress(FileExistsError):
                os.symlink(os.fsdecode(b"".join(pieces)), target)
            return
        with open(self._waiting / "file", "wb") as file:
            n_bytes = n_told = 0
            for piece in pieces:
                if is_stopping():
                    return
                n_bytes += file.write(piece)
                if n_bytes - n_told >= STEP_BYTES:
                    told(n_bytes)
                    n_told = n_bytes
        self._put(entry, target)

    def share(self, path: WorkspacePath) -> bool:
        """True: the file is there, without a copy. It is the origin's as it is now, if that is as it was last read and wanted."""
        entry = self._tree[path]
        if not self._can_share or entry.mode == LINK or not self._source.is_on_disk(path, entry):
            return False
        with open(self._waiting / "file", "wb") as file:
            if not self._is_shared(path, file):
                return False
        if not self._source.is_on_disk(path, entry):
            return False  # it was changed at that very moment
        self._put(entry, self._place(path))
        return True

    def _is_shared(self, path: WorkspacePath, file: BinaryIO) -> bool:
        if self._tree[path].size_bytes == 0:
            return True
        # One refusal tells of the file system: asking for each of ten thousand files costs as much as copying them.
        self._can_share = reflink(self._source.root / path, file.fileno())
        return self._can_share

    def _place(self, path: WorkspacePath) -> Path:
        target = self._root / path
        if target.parent not in self._made:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(target.parent)
        return target

    def _put(self, entry: TreeEntry, target: Path) -> None:
        """By a link, because a rename would write over a file that somebody has put there meanwhile."""
        draft = self._waiting / "file"
        if entry.mode == EXECUTABLE:
            draft.chmod(draft.stat().st_mode | 0o111)
        if self._is_ours:
            os.rename(draft, target)
            return
        try:
            os.link(draft, target)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            if not os.path.lexists(target):
                os.rename(draft, target)
            return
        draft.unlink()

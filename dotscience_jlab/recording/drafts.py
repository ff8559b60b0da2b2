"""New bytes of a file, written beside their place first, so that the file is always either the old one or the new one, whole."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import Conflict, DotscienceError, StoreError, StoreFull
from ..model.paths import WorkspacePath
from ..model.snapshot import EXECUTABLE, LINK, TreeEntry
from ..store.patch import is_blank, with_executable_bit


@dataclass(frozen=True)
class Draft:
    path: WorkspacePath
    disk_path: Path
    """Where the new bytes wait: in the folder they go to, or the nearest above it that is there (same disk, one rename)."""


def write_draft(root: Path, path: WorkspacePath, entry: TreeEntry, pieces: Iterable[bytes]) -> Draft:
    """The bytes on disk and flushed, under a name of their own; OSError, and nothing left behind, if there is no room."""
    draft = Draft(path, _nearest_folder(root, path) / f".ds-{uuid.uuid4().hex}")
    if entry.mode == LINK:
        os.symlink(os.fsdecode(b"".join(pieces)), draft.disk_path)
        return draft
    bits = 0o777 if entry.mode == EXECUTABLE else 0o666
    fd = os.open(draft.disk_path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), bits)
    try:
        with open(fd, "wb") as file:
            write_sparsely(file, pieces)
            file.flush()
            os.fsync(file.fileno())
        _take_permissions(root / path, draft.disk_path, entry)
    except BaseException:
        discard(draft)
        raise
    return draft


def clone_draft(root: Path, path: WorkspacePath, clone: Callable[[Path], bool]) -> Draft | None:
    """As `write_draft`, of whatever `clone` makes at the place that it is given; None if it makes nothing."""
    draft = Draft(path, _nearest_folder(root, path) / f".ds-{uuid.uuid4().hex}")
    return draft if clone(draft.disk_path) else None


def write_sparsely(file: BinaryIO, pieces: Iterable[bytes]) -> None:
    """Into a new file, from its beginning; pieces of nothing but zeros become holes."""
    n_bytes = 0
    for piece in pieces:
        if is_blank(piece):
            file.seek(len(piece), os.SEEK_CUR)
        else:
            file.write(piece)
        n_bytes += len(piece)
    file.truncate(n_bytes)


def place(root: Path, draft: Draft) -> None:
    """Rename into place. Conflict if a folder on the way became a link; OSError if a folder that is not empty lies there."""
    destination = root / draft.path
    destination.parent.mkdir(parents=True, exist_ok=True)
    check_inside(root, draft.path)
    if is_folder(destination):
        _remove_hollow_folder(destination)
    os.replace(draft.disk_path, destination)


def discard(draft: Draft) -> None:
    """Take it away if it still waits."""
    with suppress(OSError):
        draft.disk_path.unlink()


def check_inside(root: Path, path: WorkspacePath) -> None:
    """No folder on the way to `path` is a link: what is written or removed lies under the root itself."""
    real = os.path.realpath((root / path).parent)
    if real != os.path.join(os.path.realpath(root), *path.split("/")[:-1]):
        raise Conflict(f"A folder on the way to {path} is a link; it was not touched.", "Replace the link by a folder.")


def is_folder(disk_path: Path) -> bool:
    return disk_path.is_dir() and not disk_path.is_symlink()


def disk_error(error: OSError, hint: str) -> DotscienceError:
    """What the disk refused, as a sentence."""
    where = error.filename or "the folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull(f"There is no space left to write {where}.", hint)
    return StoreError(f"{where} cannot be written: {error.strerror}.", hint)


def _nearest_folder(root: Path, path: WorkspacePath) -> Path:
    """The deepest folder above `path` that is there, links not counted."""
    found = root
    for part in path.split("/")[:-1]:
        if not is_folder(found / part):
            break
        found /= part
    return found


def _take_permissions(present: Path, draft: Path, entry: TreeEntry) -> None:
    """Those that the file has now, with the executable bit as it was then; a new file keeps what the umask gave it."""
    with suppress(FileNotFoundError, NotADirectoryError):
        found = os.lstat(present)
        if stat.S_ISREG(found.st_mode):
            os.chmod(draft, with_executable_bit(stat.S_IMODE(found.st_mode), entry.mode))


def _remove_hollow_folder(folder: Path) -> None:
    """A folder that holds nothing but empty folders; OSError for any other."""
    for each in folder.iterdir():
        if not is_folder(each):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(each))
        _remove_hollow_folder(each)
    folder.rmdir()

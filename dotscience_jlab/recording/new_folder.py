"""A folder that is filled from a snapshot: where it may lie, and that nothing of it stays if that fails half-way."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from ..errors import Conflict, InvalidRequest, UnsafePath
from ..model.paths import STORE_FOLDER
from ..store.base import Store
from .drafts import disk_error


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Makes it, to be filled inside; whatever goes wrong there takes it away again, with the folders above it that were made.

    An OSError comes out as the sentence of `disk_error`.
    """
    made = _first_missing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException as error:
        shutil.rmtree(made or folder, ignore_errors=True)
        if made is None:
            folder.mkdir(exist_ok=True)
        if isinstance(error, OSError):
            raise disk_error(error, "The new folder was taken away again; the project folder is as it was.") from error
        raise


def check_place(store: Store, new_root: Path) -> None:
    """A fork lies in a new or empty folder anywhere outside a history; Conflict, UnsafePath or InvalidRequest say why not.

    Inside its origin too: JupyterLab opens only what lies below its own root, and that often is the origin itself. Snapshots
    and restores of the origin leave a project folder inside it alone; only who deletes the origin deletes such a fork.
    """
    if not new_root.is_absolute():
        raise InvalidRequest(f"{str(new_root)!r} is not an absolute path.")
    real = Path(os.path.realpath(new_root))
    if {STORE_FOLDER, ".git"} & set(real.parts):
        raise UnsafePath("A fork cannot lie inside a history.", "Choose another folder.")
    if real == Path(os.path.realpath(store.root)):
        raise Conflict(f"{new_root.name} is the project folder itself.", "Choose another name.")
    if new_root.is_symlink() or (new_root.exists() and (not new_root.is_dir() or any(new_root.iterdir()))):
        raise Conflict(f"{new_root.name} is there already and not empty.", "Choose another name.")
    blocked = next((each for each in new_root.parents if each.exists() and not each.is_dir()), None)
    if blocked is not None:
        raise Conflict(f"{blocked} is a file, so no folder can be made in it.", "Choose another folder.")


def _first_missing(folder: Path) -> Path | None:
    """The uppermost folder that making `folder` would make; None if it is there."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    return missing[-1] if missing else None

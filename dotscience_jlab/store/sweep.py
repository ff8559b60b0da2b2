"""What killed writers leave behind: found and removed. Only while nobody else writes: the caller holds the store's lock.

    objects/3f/tmp_obj_…, objects/pack/tmp_…     half-written objects and packs
    objects/pack/pack-….idx without its .pack    an index of nothing
    refs/…/x.lock                                a ref's lock whose holder is dead
    workspace.json.<hex>, ../store.git.<hex>     drafts of a file, of a whole new history

A pack without its index is never among them: its bytes may be the only copy. `check.py` makes it readable again.
"""

from __future__ import annotations

import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Iterator

STALE_LOCK_S = 5.0
"""Our writers hold the store's lock, so a ref's `.lock` is another git's, held for milliseconds, or a killed process's."""
STALE_DRAFT_S = 3600.0
"""Large files are written without the store's lock; a draft that did not grow for this long has no writer any more."""
OF_A_PACK = (".idx", ".rev", ".bitmap", ".mtimes")
_DRAFT = re.compile(r".+\.[0-9a-f]{32}")


def sweep(repository: Path) -> list[Path]:
    """Remove what is stale; returns it. One listing of the folders of objects."""
    gone = stale(repository)
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()
    return gone


def stale(repository: Path) -> list[Path]:
    return [*_old(locks(repository), STALE_LOCK_S), *_old(drafts(repository), STALE_DRAFT_S)]


def locks(repository: Path) -> Iterator[Path]:
    yield from repository.glob("*.lock")
    yield from (repository / "refs").rglob("*.lock")


def drafts(repository: Path) -> Iterator[Path]:
    objects = repository / "objects"
    yield from objects.glob("??/tmp_obj_*")
    yield from objects.glob("tmp_*")
    yield from objects.glob("pack/tmp_*")
    for path in objects.glob("pack/*"):
        if path.suffix in OF_A_PACK and not path.with_suffix(".pack").exists():
            yield path
    for folder in (repository, repository / "info", repository.parent):
        yield from (path for path in folder.glob("*.*") if _DRAFT.fullmatch(path.name))


def _old(paths: Iterator[Path], age_s: float) -> Iterator[Path]:
    for path in paths:
        with suppress(OSError):  # gone already
            if time.time() - path.lstat().st_mtime > age_s:
                yield path

"""Which other histories on this computer hold some bytes: forks, copies, and whatever else came by them."""

from __future__ import annotations

from pathlib import Path
from typing import Collection, Iterable

from ..errors import DotscienceError
from ..model.ids import BlobDigest
from .git import GitObjects
from .layout import store_folder


def roots_with(roots: Iterable[Path], fallback_dir: Path, digests: Collection[BlobDigest]) -> list[Path]:
    """Those of `roots` whose history holds one of them. Costs one look a digest; a history that cannot be read is left out."""
    found = []
    for root in roots:
        repository = store_folder(root, fallback_dir) / "store.git"
        if not (repository / "workspace.json").exists():
            continue
        try:
            objects = GitObjects(repository)
            try:
                if any(objects.has(digest) for digest in digests):
                    found.append(root)
            finally:
                objects.close()
        except DotscienceError:
            continue
    return found

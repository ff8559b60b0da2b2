"""What lies in a repository, object by object, with the bytes that each takes there."""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_right
from contextlib import suppress
from pathlib import Path
from typing import Iterator

from dulwich.pack import Pack

from .objects import LOOSE, ObjectId, StoredObject

PACK_TRAILER_BYTES = 20
_REST_OF_NAME = re.compile(r"[0-9a-f]{38}")


def loose_objects(repository: Path) -> Iterator[StoredObject]:
    for name, found in loose_files(repository):
        yield StoredObject(name, LOOSE, found.st_size)


def loose_files(repository: Path) -> Iterator[tuple[ObjectId, os.stat_result]]:
    """One folder after the other, sorted; what goes meanwhile is left out."""
    for first in range(256):
        folder = f"{repository}/objects/{first:02x}"
        names: list[str] = []
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if _REST_OF_NAME.fullmatch(entry.name))
        for name in names:
            with suppress(FileNotFoundError):
                yield f"{first:02x}{name}", os.lstat(f"{folder}/{name}")


def packed_objects(pack: Pack) -> Iterator[StoredObject]:
    """An entry takes what lies between its beginning and the next one's."""
    place = os.path.basename(pack._basename)
    bounds = array("Q", sorted(offset for _, offset, _ in pack.index.iterentries()))
    bounds.append(os.path.getsize(f"{pack._basename}.pack") - PACK_TRAILER_BYTES)
    for name, offset, _ in pack.index.iterentries():
        yield StoredObject(name.hex(), place, bounds[bisect_right(bounds, offset)] - offset)

"""Gathers loose objects into one pack, so that a fork shares them all by one hard link: what maintenance does at idle, now.

A few stay as they are: a link each is quicker than a pack, and a small pack is one more place to look for every object.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from filelock import Timeout

from ..errors import StoreDamaged
from .git import GitObjects
from .loose import loose_path
from .maintenance import alone
from .objects import ObjectId
from .repack import repacking

FEW_LOOSE = 32
"""A link and its folder take 0.1 ms each, a pack 10 ms with its way to the disk."""
_REST_OF_NAME = re.compile(r"[0-9a-f]{38}")


def own_loose(repository: Path) -> list[ObjectId]:
    """Names of the loose objects. Costs one listing of each of their folders, 256 at most."""
    objects = f"{repository}/objects"
    found = []
    for first in os.listdir(objects):
        if len(first) == 2:
            with suppress(FileNotFoundError, NotADirectoryError):
                found += [first + rest for rest in os.listdir(f"{objects}/{first}") if _REST_OF_NAME.fullmatch(rest)]
    return found


def gather_loose(objects: GitObjects, few: int = FEW_LOOSE) -> int:
    """How many were packed: all but those shared with a fork already, or none if there are few of them, or maintenance runs.

    Costs about 0.1 ms an object. Killed at any instant, each of them lies in the pack or where it was.
    """
    folder = f"{objects.path}/objects"
    own = [name for name in own_loose(objects.path) if _is_own(loose_path(folder, name))]
    if len(own) <= few:
        return 0
    try:
        with alone(objects.path, wait_s=0):
            packed = []
            with repacking(objects) as packs:
                for name in own:
                    with suppress(StoreDamaged):  # it stays where it is, for `ds check` to name
                        packs.add(name)
                        packed.append(name)
            for name in packed:
                path = loose_path(folder, name)
                if _is_own(path):
                    with suppress(FileNotFoundError):
                        os.unlink(path)
            return len(packed)
    except Timeout:
        return 0


def _is_own(path: str) -> bool:
    try:
        return os.stat(path).st_nlink == 1
    except FileNotFoundError:
        return False

"""Takes objects out of a store at once, however young: packs that hold them are written anew without them."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Collection, ContextManager

from .git import GitObjects
from .graves import bury, bury_pack
from .maintenance import alone, drop_caches
from .objects import ObjectId
from .repack import repacking

WAIT_S = 600.0
"""For maintenance that is at it already."""


def expire(objects: GitObjects, lock: ContextManager[object], names: Collection[ObjectId]) -> int:
    """Bytes freed. No ref may lead to one of `names`. Files that forks share stay the forks' own.

    StoreError, and nothing lost, if something else in such a pack is damaged.
    """
    going = {bytes.fromhex(name) for name in names}
    freed = 0
    objects.sync()  # what waits for its name gets one, and is found
    with alone(objects.path, WAIT_S):
        for pack in objects.own_packs():
            if not any(name in going for name, _, _ in pack.index.iterentries()):
                continue
            with repacking(objects) as packs:
                for name, _, _ in pack.index.iterentries():
                    if name not in going:
                        packs.add(name.hex())
            with lock:
                drop_caches(objects.path / "objects")
                freed += bury_pack(Path(f"{pack._basename}.pack"), math.inf) - packs.n_bytes
        with lock:
            for name in names:
                with suppress(FileNotFoundError):
                    freed += bury(objects.path / "objects" / name[:2] / name[2:], math.inf)
    return max(freed, 0)



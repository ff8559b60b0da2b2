"""Takes the file of an object away for good, unless somebody marks it as young at that very moment.

A writer that finds its bytes in the store already touches their file instead of writing them (`git.py`), without the store's
lock. So a file first gets another name: who touches it before is seen by its time, who comes after finds it gone and writes anew.

    objects/3f/a9c1…           -> objects/3f/tmp_dead_a9c1…           -> gone, or back
    objects/pack/pack-7d….pack -> objects/pack/tmp_dead_pack-7d….pack -> gone, or back

Killed in between, the file comes back at the next opening. The caller holds the store's lock.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

PREFIX = "tmp_dead_"
BESIDE_A_PACK = (".idx", ".rev", ".bitmap", ".mtimes")


def bury(path: Path, young_since: float) -> int:
    """Bytes freed; 0 if it was touched after `young_since` (epoch seconds), and stays, or is gone already."""
    grave = path.with_name(PREFIX + path.name)
    try:
        os.rename(path, grave)
    except FileNotFoundError:
        return 0
    found = grave.stat()
    if found.st_mtime > young_since:
        os.rename(grave, path)
        return 0
    grave.unlink()
    return found.st_size if found.st_nlink == 1 else 0


def bury_pack(pack: Path, young_since: float) -> int:
    """The same for a pack, by its `.pack`; what lies beside it goes with it."""
    freed = bury(pack, young_since)
    if not pack.exists():
        for suffix in BESIDE_A_PACK:
            with suppress(FileNotFoundError):
                beside = pack.with_suffix(suffix)
                size = beside.stat().st_size
                beside.unlink()
                freed += size if freed else 0
    return freed


def exhume(repository: Path) -> None:
    """Bring back what a killed process had renamed and not yet removed."""
    objects = repository / "objects"
    for grave in (*objects.glob(f"??/{PREFIX}*"), *objects.glob(f"pack/{PREFIX}*.pack")):
        with suppress(OSError):
            os.rename(grave, grave.with_name(grave.name.removeprefix(PREFIX)))

"""Where there may be much that nothing refers to, and no ref was lost: maintenance takes it for damage anywhere else.

A fork takes its origin's packs whole, also what only the origin's later snapshots need. And a pack that a fork has too is not
written anew, when something in it was forgotten.

    excused    one a line: pack-7d…, or the name of a loose object
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Iterable

EXCUSED = "excused"


def excuse(repository: Path, places: Iterable[str]) -> None:
    """From now on, beside those that are excused already. OSError."""
    known, new = excused(repository), set(places)
    if not new <= known:
        draft = repository / f"{EXCUSED}.new"
        draft.write_text("".join(f"{name}\n" for name in sorted(known | new)))
        draft.replace(repository / EXCUSED)


def excused(repository: Path) -> frozenset[str]:
    with suppress(OSError):
        return frozenset((repository / EXCUSED).read_text().split())
    return frozenset()

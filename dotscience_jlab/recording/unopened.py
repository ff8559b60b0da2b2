"""A change in the folder that no opening explains: the cell's, perhaps the cell's, or nobody's that we know of.

The folder says that a file is new, not who wrote it. A cell is believed to have written it only where its process could have: the
system counts the bytes that a process and its ended children hand to write calls, and what is left of them, once the files that the
cell was seen writing are taken off, must be enough for the file. A file that was uploaded, or copied from a terminal, while a cell
trained is so told from one that a library wrote unseen. The rules stand in docs/capture.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Mapping

OBSERVED, AMBIGUOUS, UNEXPLAINED = "observed", "ambiguous", "unexplained"

NOISE_BYTES = 65_536
"""What a kernel writes beside a cell's code: IPython's history, wake-ups between threads. Measured: 0.1 to 30 KB a cell."""


@dataclass(frozen=True)
class Writing:
    """What is known of the bytes that an execution's processes wrote while it ran."""

    n_bytes: int | None
    """Without the reports to us; None: the system or the kernel does not say."""
    has_children: bool
    """Other processes worked for it. Theirs are the bytes that no hook in the kernel explains."""
    is_known: bool = True
    """False: the process died in the middle, and its count with it."""


def attribute(
    changes: Mapping[str, int | None], explained: Iterable[int], writing: Writing, mapped: Iterable[str] = ()
) -> dict[str, str]:
    """Of each change that was not opened (path -> size in bytes, None: removed) whether it is the execution's.

    explained: sizes of the files that it was seen writing. mapped: paths that its processes had in their memory for writing.
    """
    in_memory = frozenset(mapped)
    if writing.n_bytes is None:
        return dict.fromkeys(changes, OBSERVED if writing.is_known else AMBIGUOUS)
    left = writing.n_bytes - sum(explained)
    wanted = sum(size or 0 for size in changes.values())
    found = {}
    for path, size in changes.items():
        if path in in_memory:
            found[path] = OBSERVED
        elif size is None:  # a removal costs no bytes
            found[path] = OBSERVED if writing.has_children else UNEXPLAINED
        elif size > left:
            found[path] = UNEXPLAINED
        elif writing.has_children or wanted + NOISE_BYTES <= left:
            found[path] = OBSERVED
        else:
            found[path] = AMBIGUOUS
    return found

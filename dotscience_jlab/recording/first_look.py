"""The bytes of an input as they were when a cell first opened it: read as soon as the recorder hears of it, while the cell runs."""

from __future__ import annotations

import os
from collections import deque
from typing import Container

from ..model.ids import ExecutionId
from ..store.fingerprint import Fingerprints
from .opening import Opening

LARGEST_BYTES = 64 * 1024 * 1024
"""A larger file is looked at when the cell has ended only: 0.1 s of CPU, beside the user's own work."""
BYTES_A_STEP = 256 * 1024 * 1024
FILES_A_STEP = 500
"""About 0.3 s of CPU at the most, four times a second, beside a cell that reads as fast."""


class FirstLooks:
    """What one session has opened and nobody has looked at yet. Looks are taken only between reports: nothing waits for them."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[ExecutionId, Opening, str]] = deque()

    def ask(self, execution: ExecutionId, opening: Opening, disk_path: str) -> None:
        if opening.read_at is not None and opening.first is None and "output" not in opening.roles:
            self._waiting.append((execution, opening, disk_path))

    def step(self, running: Container[ExecutionId], fingerprints: Fingerprints) -> None:
        """Those of cells that still run; of an ended one the scan has looked at everything."""
        n_bytes = 0
        for _ in range(min(len(self._waiting), FILES_A_STEP)):
            execution, opening, disk_path = self._waiting.popleft()
            if execution in running:
                n_bytes += look_first(opening, disk_path, fingerprints)
            if n_bytes > BYTES_A_STEP:
                return


def look_first(opening: Opening, disk_path: str, fingerprints: Fingerprints) -> int:
    """Once for an opening, and only if the file has not changed since it was opened. Bytes read, or remembered as read."""
    try:
        found = os.stat(disk_path)
    except OSError:
        return 0
    if opening.read_at is None or opening.first is not None or found.st_size > LARGEST_BYTES or found.st_mtime > opening.read_at:
        return 0
    digest = fingerprints.of(disk_path)
    if digest is not None:
        opening.first = (found.st_size, digest)
    return found.st_size

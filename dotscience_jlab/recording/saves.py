"""Files that browsers saved, uploaded, moved or removed through the server: explained, and no cell's."""

from __future__ import annotations

import time
from collections import deque

KEPT = 1000


class Saves:
    """In memory only; the last 1,000. Safe from any thread."""

    def __init__(self) -> None:
        self._saves: deque[tuple[str, float]] = deque(maxlen=KEPT)

    def note(self, disk_path: str, at: float | None = None) -> None:
        """at: when the server was done with it, epoch seconds."""
        self._saves.append((disk_path, time.time() if at is None else at))

    def since(self, began: float) -> frozenset[str]:
        """Disk paths saved at that time or later."""
        return frozenset(path for path, at in tuple(self._saves) if at >= began)

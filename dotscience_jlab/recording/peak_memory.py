"""The most memory that a process and its children held at once, looked at from outside."""

from __future__ import annotations

import time
from collections.abc import Callable

from .process_tree import descendants, proc_bytes

TREE_EVERY_S = 1.0
"""Between two looks at the children, at least."""
TREE_SHARE = 0.01
"""Of one core, at most, for looking at them: shared pages are told apart by a walk over all of them."""


class PeakMemory:
    """Of one process alone Linux keeps the peak itself, so a look now and then misses only what came after the last one.

    With children it is the largest sum that was seen; what they share (a fork's pages) is counted once.
    """

    def __init__(self, pid: int, known_bytes: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._pid = pid
        self.bytes = known_bytes
        self._clock = clock
        self._next_tree_at = 0.0

    def look(self) -> None:
        """About 30 µs, and for the children what TREE_SHARE allows."""
        self.bytes = max(self.bytes, proc_bytes(self._pid, "status", b"VmHWM:") or 0)
        now = self._clock()
        if now < self._next_tree_at:
            return
        children = list(descendants(self._pid))
        if children:
            self.bytes = max(self.bytes, sum(proc_bytes(each, "smaps_rollup", b"Pss:") or 0 for each in (self._pid, *children)))
        self._next_tree_at = now + max(TREE_EVERY_S, (self._clock() - now) / TREE_SHARE)

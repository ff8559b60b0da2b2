"""Which calls of one kind a thread is inside of: only the outermost fit is the user's, and only the outermost log call."""

from __future__ import annotations

import sys
import threading
from typing import Any, Dict, List

MAX_PARENTS = 20


class Nesting:
    """For any thread. A worker of a thread pool (joblib's, in a fit) is inside what the thread that made the pool is inside of."""

    def __init__(self) -> None:
        self._calls: Dict[int, List[Any]] = {}

    def outer(self) -> List[Any]:
        """What this thread is inside of a call on, outermost first: the first argument of each call, `self` of a method."""
        calls = self._calls.get(threading.get_ident())
        if calls or not self._calls:
            return calls or []
        dummy = sys.modules.get("multiprocessing.dummy")  # where thread pools come from, if there are any
        thread: Any = threading.current_thread()
        for _ in range(MAX_PARENTS if dummy is not None else 0):
            thread = getattr(thread, "_parent", None) if isinstance(thread, dummy.DummyProcess) else None  # type: ignore[union-attr]
            if thread is None:
                break
            if self._calls.get(thread.ident):
                return self._calls[thread.ident]
        return []

    def enter(self, of: Any) -> None:
        self._calls.setdefault(threading.get_ident(), []).append(of)

    def leave(self) -> None:
        thread = threading.get_ident()
        calls = self._calls[thread]
        calls.pop()
        if not calls:
            del self._calls[thread]


FITS = Nesting()
"""fit, score and what else a model is asked."""
LOGS = Nesting()
"""Calls that log something: those of other trackers, and those by which a framework hands its values to trackers."""

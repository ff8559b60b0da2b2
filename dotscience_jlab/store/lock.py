"""The store's lock between processes: held by whoever moves refs or removes what lies in the store, for milliseconds."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import Conflict
from .disk import disk_errors

LOCK_WAIT_S = 30.0
LOCK_POLL_S = 0.002
"""A write takes a few milliseconds: who waits for one should not sleep through five."""


class StoreLock:
    """Within one process the history has a lock of its own. Held only for one write; may be taken again by who holds it."""

    def __init__(self, repository: Path) -> None:
        self._path = repository / "lock"
        self._lock = FileLock(str(self._path), timeout=LOCK_WAIT_S, poll_interval=LOCK_POLL_S, thread_local=False)

    def __enter__(self) -> None:
        try:
            with disk_errors(self._path.parent):
                self._lock.acquire()
        except Timeout as error:
            raise Conflict("Another program has been writing this history for a long time.", "Try again.") from error

    def __exit__(self, *_: object) -> None:
        self._lock.release()

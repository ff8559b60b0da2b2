"""Which files other sessions were seen writing: a change in the folder that one cell explains is not laid at another's door.

Each session's recorder notes what it has taken in. What a session has reported, but its recorder has not read yet, is read ahead
here, in its spool, without taking it from there.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from ..errors import DotscienceError
from ..model.ids import SessionId
from .inbox import Inbox
from .side_reports import SideReports

PATHS_KEPT = 20_000
"""Of all sessions, those written last."""


class Claims:
    """One for all sessions of a recorder; safe from any thread. Nothing raises."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: OrderedDict[tuple[str, str], tuple[str | None, float]] = OrderedDict()
        """(session, disk path) -> (execution, when it was last opened for writing)"""
        self._ahead: dict[str, Inbox] = {}
        self._children: dict[str, SideReports] = {}

    def note(self, session: str, event: dict[str, Any]) -> None:
        """A `file_opened` of that session, as reported."""
        with self._lock:
            self._note(session, event)

    def taken_in(self, session: SessionId, folder: Path, position: int) -> None:
        """The session's own recorder has read, and noted, everything before it."""
        with self._lock:
            ahead = self._ahead.get(session)
            if ahead is None:
                ahead = self._ahead[session] = Inbox(folder)
                self._children[session] = SideReports(folder)
            ahead.position = max(ahead.position, position)

    def ended(self, session: str) -> None:
        """Its spool is read to the end; what it wrote stays known."""
        with self._lock:
            self._ahead.pop(session, None)
            self._children.pop(session, None)

    def of_others(self, session: str, since: float, executions: tuple[str, ...] = ()) -> frozenset[str]:
        """Disk paths that sessions but this one opened for writing since then, or that one of these executions did at any time.

        A file that an idle kernel's thread writes is among them.
        """
        with self._lock:
            for other in [each for each in self._ahead if each != session]:
                self._read_ahead(other)
            found = ((who, path, by, at) for (who, path), (by, at) in self._written.items())
            return frozenset(path for who, path, by, at in found if who != session and (at >= since or by in executions))

    def _read_ahead(self, session: str) -> None:
        ahead, children = self._ahead[session], self._children[session]
        try:
            children.read()
            for event in children.until(float("inf")):
                self._note(session, event.to_json())
            while received := ahead.read():
                for item in received:
                    if isinstance(item.frame, dict):
                        self._note(session, item.frame)
        except (DotscienceError, OSError):  # it has just ended: its own recorder notes the rest
            return
        finally:
            ahead.faults.clear()

    def _note(self, session: str, event: dict[str, Any]) -> None:
        if event.get("event") != "file_opened" or event.get("role") not in ("output", "both"):
            return
        key = (session, os.path.normpath(str(event.get("disk_path"))))
        self._written[key] = (event.get("execution"), float(event.get("at") or 0.0))
        self._written.move_to_end(key)
        while len(self._written) > PATHS_KEPT:
            self._written.popitem(last=False)

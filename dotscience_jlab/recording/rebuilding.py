"""Indexes that are being made anew: each on a thread of its own, while the newest runs of its history can be seen already."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Callable

from ..errors import DotscienceError
from ..store.recent import Recent

BEING_READ = "The index of this history is being made anew: cells and runs further back are still being read."
log = logging.getLogger(__name__)


class Rebuilding:
    """look: what can be seen at once, None if nothing has to be made anew, or hardly anything. build: takes as long as it takes.
    done: told when it is over."""

    def __init__(
        self, look: Callable[[Path], Recent | None], build: Callable[[Path], None], done: Callable[[Recent], None]
    ) -> None:
        self._look, self._build, self._done = look, build, done
        self._going: dict[Path, tuple[Recent, threading.Thread]] = {}
        self._refused: set[Path] = set()
        """Could not be made: whoever opens the history is told why."""
        self._busy = threading.Lock()

    def recent(self, root: Path) -> Recent | None:
        """What can be seen of the history at `root` until its index is whole; None if it is. Begins a rebuild that is due."""
        with self._busy:
            if root in self._going:
                return self._going[root][0]
            if root in self._refused:
                return None
            try:
                found = self._look(root)
            except DotscienceError:
                return None  # whoever opens the history is told
            if found is not None:
                thread = threading.Thread(target=self._run, args=(root, found), name=f"index of {root.name}", daemon=True)
                self._going[root] = found, thread
                thread.start()
            return found

    def wait(self, root: Path) -> None:
        """Until the index at `root` is whole, or cannot be made."""
        if self.recent(root) is None:
            return
        with self._busy:
            going = self._going.get(root)
        if going is not None:
            going[1].join()

    def _run(self, root: Path, found: Recent) -> None:
        try:
            self._build(root)
        except Exception as error:  # the thread's edge
            log.warning("the index of %s: %s", root, error)
            self._refused.add(root)
        with self._busy:
            del self._going[root]
        self._done(found)

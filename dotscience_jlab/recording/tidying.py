"""Tidies histories while nobody works: one at a time, in a process of its own that may be killed at any instant."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterable

from ..store.base import Store

QUIET_S = 20.0
"""No cell has run for so long before it begins."""
LOOK_EVERY_S = 60.0

log = logging.getLogger(__name__)


class Tidying:
    """`step` is called about once a second, by one thread."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._root = ""
        self._quiet_since: float | None = None
        self._looked_at = float("-inf")

    @property
    def is_running(self) -> bool:
        return self._child is not None

    def step(self, stores: Iterable[Store], is_busy: bool, now: float) -> None:
        """now: epoch seconds. Begins, or notes the end of, one tidying; never waits."""
        if self._child is not None:
            self._note_end()
            return
        if is_busy:
            self._quiet_since = None
            return
        if self._quiet_since is None:
            self._quiet_since = now
        if now - self._quiet_since < QUIET_S or now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        for store in stores:
            command = store.maintenance_if_due(now) if store.is_there() else None
            if command is not None:
                self._begin(command, str(store.root))
                return

    def stop(self) -> None:
        """At the recorder's end."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def _begin(self, command: tuple[str, ...], root: str) -> None:
        self._root = root
        try:
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        except OSError as error:
            log.warning("%s is not tidied: %s", root, error)

    def _note_end(self) -> None:
        assert self._child is not None
        if self._child.poll() is None:
            return
        said, complaint = self._child.communicate()
        if self._child.returncode:
            log.warning("%s was not tidied: %s", self._root, complaint.strip()[-2000:])
        else:
            log.info("%s is tidied: %s", self._root, said.strip())
        self._child = None
        self._looked_at = float("-inf")  # another one may be due

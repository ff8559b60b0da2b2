"""Tells the recorder that something lies in the spool, and knows how far it has got. Connecting happens in the background.

Nothing here blocks but `wait`, and nothing raises but a KeyboardInterrupt during it: without a recorder the spool simply grows,
and the next recorder takes it in.
"""

from __future__ import annotations

import threading
import time
from typing import Callable, Optional, Sequence, Tuple

from ..errors import DotscienceError
from ..link.client import Link
from ..settings import Settings
from .outbox import is_forked

FIRST_RETRY_S, LONGEST_RETRY_S = 2.0, 60.0

Connect = Callable[[], Link]


class Doorbell:
    """One session's connection. `problem` says in words why there is none."""

    def __init__(
        self, session: str, settings: Settings, connect: Connect, secrets: Sequence[Tuple[str, str]] = ()
    ) -> None:
        """secrets: (name, value), grows: each connection is told of all, before it is told of what may hold them."""
        self._secrets = secrets
        self._n_told = 0
        self._session = session
        self._settings = settings
        self._connect = connect
        self._reading = threading.Lock()
        self._connecting = threading.Lock()
        self._link: Optional[Link] = None
        self._is_connecting = False
        self._retry_at = 0.0
        self._retry_s = FIRST_RETRY_S
        self._owed_offset = -1
        self.problem = ""

    @property
    def is_connected(self) -> bool:
        link = self._link
        return link is not None and link.is_open

    def ring(self, offset: int) -> None:
        """The spool holds whole frames up to `offset`. About 10 µs; starts connecting when there is no connection."""
        if is_forked():
            return
        link = self._link
        if link is not None and link.is_open and self._tell_secrets(link) and link.wake(self._session, offset):
            return
        with self._connecting:
            self._owed_offset = max(self._owed_offset, offset)
            if self.is_connected or self._is_connecting or time.monotonic() < self._retry_at:
                return
            self._is_connecting = True
        try:
            threading.Thread(target=self._make_connection, name="dotscience-connect", daemon=True).start()
        except RuntimeError:  # the interpreter is shutting down: the spool waits for the next recorder
            self._is_connecting = False

    def is_staged(self, offset: int) -> bool:
        """True if the recorder has staged everything before `offset`, as far as it has said by now. Never blocks."""
        link = self._link
        if link is None:
            return False
        with self._reading:
            link.read_acks()
        return link.acknowledged.get(self._session, -1) >= offset

    def wait(self, offset: int, timeout_s: float) -> bool:
        """The same, but waits for it; a KeyboardInterrupt goes through."""
        link = self._link
        if link is None:
            return False
        with self._reading:
            return link.wait_ack(self._session, offset, timeout_s)

    def close(self) -> None:
        link, self._link = self._link, None
        if link is not None and not is_forked():
            link.read_acks()  # closing over unread bytes would reset the connection, and the last ring with it
            link.close()

    def _tell_secrets(self, link: Link, n_told: Optional[int] = None) -> bool:
        """False: the recorder takes no more at the moment."""
        n_told = self._n_told if n_told is None else n_told
        while n_told < len(self._secrets):
            if not link.tell_secret(*self._secrets[n_told]):
                break
            n_told += 1
        self._n_told = n_told
        return n_told == len(self._secrets)

    def _make_connection(self) -> None:
        """In a thread of its own: it mostly sleeps until the recorder's socket is there."""
        link = None
        try:
            link = self._connect()
            self.problem, self._retry_s = "", FIRST_RETRY_S
        except DotscienceError as error:
            self.problem = str(error)
        except Exception as error:  # this thread's edge: the next ring tries again
            self.problem = f"{type(error).__name__}: {error}"
        with self._connecting:
            self._link = link
            self._is_connecting = False
            if link is None:
                self._retry_at = time.monotonic() + self._retry_s
                self._retry_s = min(self._retry_s * 2, LONGEST_RETRY_S)
            elif self._tell_secrets(link, 0) and self._owed_offset >= 0:
                link.wake(self._session, self._owed_offset)

"""Who records into a folder at this moment: each recorder holds a locked file in the history while kernels of its own use it.

    store.git/recorders/pod-b-4711      {"host": "pod-b", "user": "ann"}; locked as long as that recorder lives

Two servers of two computers on one home, or two people in one folder, have a recorder each; both windows say so.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..model.paths import STORE_FOLDER
from ..settings import Settings
from ..store.base import Store

FOLDER = "recorders"


class Presence:
    """Of one recorder. Never raises: a history that cannot be written only goes without."""

    def __init__(self, settings: Settings) -> None:
        self._said = {"host": settings.node, "user": settings.user}
        self._held: dict[Path, int] = {}

    def step(self, in_use: Iterable[Store]) -> None:
        """in_use: what its kernels record into now. To be called every second or so; does nothing while that stays the same."""
        wanted = {_place(store) for store in in_use}
        for folder in self._held.keys() - wanted:
            self._leave(folder)
        for folder in wanted - self._held.keys():
            with suppress(OSError):
                self._enter(folder)

    def close(self) -> None:
        self.step(())

    def _file(self, folder: Path) -> Path:
        return folder / f"{self._said['host']}-{os.getpid()}"

    def _enter(self, folder: Path) -> None:
        if not folder.parent.is_dir():
            return
        folder.mkdir(exist_ok=True, mode=0o700)
        fd = os.open(self._file(folder), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
            os.write(fd, json.dumps(self._said).encode())
        except OSError:
            os.close(fd)
            raise
        self._held[folder] = fd

    def _leave(self, folder: Path) -> None:
        with suppress(OSError):
            self._file(folder).unlink()
        os.close(self._held.pop(folder))


def others_here(store: Store, settings: Settings) -> tuple[str, ...]:
    """The other recorders, in words, sorted: 'pod-b', 'ann on pod-b', 'another Jupyter server of this computer'.

    A file that nobody holds is of a recorder that was killed, and is removed. One listing; a lock and a read for each.
    """
    found = set()
    try:
        files = [each for each in _place(store).iterdir() if each.name != f"{settings.node}-{os.getpid()}"]
    except OSError:
        return ()
    for file in files:
        with suppress(OSError):
            said = _held(file)
            if said is not None:
                found.add(_words(said, settings))
    return tuple(sorted(found))


def _held(file: Path) -> dict[str, str] | None:
    """What its recorder says of itself; None if it is gone. OSError where the file is."""
    fd = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            said = json.loads(os.read(fd, 4096))
        except ValueError:
            said = None  # it is being written
        return said if isinstance(said, dict) else {}
    else:
        file.unlink()
        return None
    finally:
        os.close(fd)


def _words(said: dict[str, str], settings: Settings) -> str:
    host, user = str(said.get("host", "")), str(said.get("user", ""))
    if user and user != settings.user:
        return f"{user} on {host}"
    return host if host and host != settings.node else "another Jupyter server of this computer"


def _place(store: Store) -> Path:
    return store.root / STORE_FOLDER / "store.git" / FOLDER

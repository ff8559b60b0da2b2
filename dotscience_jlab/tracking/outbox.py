"""The spool: what this process reports, appended to files that the recorder reads. A killed process loses nothing.

    <spool>/<session>/                    0700
        session.json                      pid, start ticks and boot id: tells whether the process still lives
        0000000000000000.spool            named by the offset it starts at; a new one every 16 MiB
        artifacts/                        images and tables, referred to by events

Every append is one `os.write` of whole frames on an O_APPEND descriptor: nothing waits in memory, and two threads cannot mix.
A forked child appends to the newest file under a lock, because rotation in its parent is not seen by it.
An append never raises: what could not be written is counted in `fault`, and the cell goes on.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Callable, Optional

from ..model.frames import MAX_FRAME_BYTES
from ..settings import node_name

try:
    import fcntl
except ImportError:  # not POSIX: one process writes, and no child is forked
    fcntl = None  # type: ignore[assignment]

ROTATE_BYTES = 16 * 1024 * 1024

_is_forked = False
"""True in a process that was forked from the one that imported this; cheaper to ask than the process id."""


def _note_fork() -> None:
    global _is_forked
    _is_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def is_forked() -> bool:
    return _is_forked


class Outbox:
    """One session's spool. Safe for threads and for forked children."""

    def __init__(self, folder: Path, on_fault: Callable[[str], None] = lambda reason: None,
                 rotate_bytes: int = ROTATE_BYTES) -> None:
        """Makes the folder and its first file. `on_fault` is called once per series of failures, with a sentence."""
        self.folder = folder
        self.fault = ""
        """Why the last append failed, in a sentence; '' while all is well."""
        self.n_lost = 0
        """Appends that failed since the last good one."""
        self._on_fault = on_fault
        self._rotate_bytes = rotate_bytes
        self._lock = threading.RLock()  # re-entrant: a signal handler of the user may record something in mid-append
        self._fd = -1
        self._start = 0
        self._size = 0
        try:
            self._make_folder()
            self._open(0)
        except OSError as error:
            self._fail(error)

    def append(self, frames: bytes) -> bool:
        """Write whole frames; True when they are in the file. About 2 µs."""
        if _is_forked:
            return self._append_in_child(frames)
        if len(frames) > MAX_FRAME_BYTES:
            self._fail(OSError(f"an event of {len(frames)} bytes is too large"))
            return False
        with self._lock:
            try:
                if self._size >= self._rotate_bytes or self._fd < 0:
                    self._rotate()
                n_written = os.write(self._fd, frames)
                self._size += n_written
                if n_written != len(frames):
                    self._cut_tail(n_written)
                    raise OSError(28, "No space left on device")
            except OSError as error:
                self._fail(error)
                return False
            if self.fault:
                self.fault = ""
            return True

    def position(self) -> int:
        """Global offset behind the last byte, forked children's included. One `fstat`."""
        with self._lock:
            if self._fd < 0:
                return self._start + self._size
            try:
                return self._start + os.fstat(self._fd).st_size
            except OSError:
                return self._start + self._size

    def keep_artifact(self, name: str, data: bytes) -> Optional[Path]:
        """Write `artifacts/<name>` beside the spool, whole or not at all; None if that is impossible."""
        folder = self.folder / "artifacts"
        path, draft = folder / name, folder / f".{name}.{os.getpid()}"
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            draft.write_bytes(data)
            os.replace(draft, path)
        except OSError as error:
            self._fail(error)
            return None
        return path

    def close(self) -> None:
        with self._lock:
            if self._fd >= 0 and not _is_forked:
                os.close(self._fd)
            self._fd = -1
            self._size = self._rotate_bytes  # whoever appends after all opens a new file

    # -- files ---------------------------------------------------------------------------------------

    def _make_folder(self) -> None:
        """Again, if a recorder took it away after the session had said that it ends: a late word must name its process too."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        identity = self.folder / "session.json"
        if not identity.exists():
            identity.write_text(json.dumps(process_identity()), encoding="utf-8")

    def _open(self, start: int) -> None:
        path = self.folder / f"{start:016d}.spool"
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        self._start, self._size = start, os.fstat(self._fd).st_size

    def _rotate(self) -> None:
        """Go on in a new file that starts where the newest ends. Under the lock, so that no child writes meanwhile."""
        self._make_folder()
        lock = self._take_file_lock()
        try:
            start, path = self._newest()
            end = start + (path.stat().st_size if path is not None else 0)
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
            self._open(end)
        finally:
            _release(lock)

    def _append_in_child(self, frames: bytes) -> bool:
        try:
            lock = self._take_file_lock()
            try:
                _, path = self._newest()
                if path is None:
                    return False
                fd = os.open(path, os.O_WRONLY | os.O_APPEND)
                try:
                    return os.write(fd, frames) == len(frames)
                finally:
                    os.close(fd)
            finally:
                _release(lock)
        except OSError:
            return False  # the parent meets the same disk and says so

    def _newest(self) -> "tuple[int, Optional[Path]]":
        names = [name for name in os.listdir(self.folder) if name.endswith(".spool") and name[:-6].isdigit()]
        if not names:
            return 0, None
        newest = max(names, key=lambda name: int(name[:-6]))
        return int(newest[:-6]), self.folder / newest

    def _take_file_lock(self) -> int:
        lock = os.open(self.folder / "rotation", os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    def _cut_tail(self, n_bytes: int) -> None:
        """Take back the part of a frame that fitted, so that the reader never meets half a frame in the middle."""
        size = os.fstat(self._fd).st_size - n_bytes
        os.ftruncate(self._fd, size)
        self._size = size

    def _fail(self, error: OSError) -> None:
        self.n_lost += 1
        is_new = not self.fault
        self.fault = f"What this cell does cannot be recorded: {error.strerror or error} ({self.folder})."
        if is_new:
            self._on_fault(self.fault)


def _release(lock: int) -> None:
    """Unlock before closing: a child forked meanwhile holds a copy of the descriptor, and would hold the lock with it."""
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)


def process_identity() -> "dict[str, object]":
    """{'pid', 'start_ticks', 'boot_id', 'host'}: tells this process from a later one with its number, and from one that has it on
    another computer of the same home. None where there is no /proc."""
    start_ticks = boot_id = None
    try:
        with open("/proc/self/stat", "rb") as file:
            start_ticks = int(file.read().rsplit(b")", 1)[1].split()[19])
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot_id = file.read().strip()
    except (OSError, ValueError, IndexError):
        pass
    return {"pid": os.getpid(), "start_ticks": start_ticks, "boot_id": boot_id, "host": node_name()}

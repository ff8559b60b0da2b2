"""Hears which files of a folder change, from the kernel's own queue (inotify), and knows when it may have missed something.

No thread reads along: the queue keeps what happens until somebody asks, and the kernel puts an event there before the call
that caused it returns. So after a cell has ended, everything it did is in the queue; a file of our own, touched and heard of,
proves that the queue is alive and read to that point. What is lost for certain (a full queue, a folder that cannot be watched,
an unmounted disk) is said, and then only a look at every file tells the truth.

Source: inotify(7).
"""

from __future__ import annotations

import errno
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from .mounts import why_not_local

if sys.platform == "linux":
    from inotify_simple import INotify, flags

    CHANGES = (
        flags.MODIFY | flags.ATTRIB | flags.CLOSE_WRITE | flags.MOVED_FROM | flags.MOVED_TO | flags.CREATE | flags.DELETE
        | flags.ONLYDIR | flags.DONT_FOLLOW
    )

SYNC_FILE = "sync"
SYNC_WAIT_MS = 100
WATCH_SHARE = 0.1
"""Of the watches this user may have, for one workspace: editors and other servers need some too."""
MAX_WATCHES_FILE = Path("/proc/sys/fs/inotify/max_user_watches")
ASSUMED_MAX_WATCHES = 8192


@dataclass
class Heard:
    """What has changed since it was last taken away. Paths are relative to the folder, '/'-separated, `os.fsdecode`d."""

    files: set[str] = field(default_factory=set)
    """Written, made, removed, renamed, or with another mode or owner."""
    folders: set[str] = field(default_factory=set)
    """Made, moved here, moved away or removed: everything below may have changed."""


class FolderWatch:
    """One folder tree. The owner says which folders count (`add`), and asks what changed (`take`)."""

    def __init__(self, root: Path, sync_folder: Path) -> None:
        """sync_folder: where the file lies that is touched to see whether news still comes; on the same machine, ours."""
        self._top = os.fspath(root) + os.sep
        self._sync_path = os.path.join(sync_folder, SYNC_FILE)
        self._inotify: INotify | None = None
        self._prefixes: dict[int, str] = {}
        self._watches: dict[str, int] = {}
        self._sync_watch = -1
        self._max_watches = int(WATCH_SHARE * _max_user_watches())
        self._heard = Heard()
        self.lost = "Nobody has listened yet."
        """Why something may have been missed, in words; '' while all has been heard."""
        self.is_hopeless = False
        """Listening again would not help: the disk is not local, or there are too few watches."""

    # -- which folders -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Forget all and listen anew; the owner then adds every folder *before* looking into it."""
        self.close()
        self._heard = Heard()
        self.lost = why_not_local(self._top)
        if self.lost:
            self.is_hopeless = True
            return
        try:
            self._inotify = INotify(nonblocking=True)
            self._watch_sync_file()
        except OSError as error:
            self._give_up(f"The system gives no file watch: {error.strerror}.")

    def add(self, prefix: str) -> None:
        """Listen to the folder `prefix` ('' or 'data/raw/') from now on. Costs one call to the system."""
        if self._inotify is None or prefix in self._watches:
            return
        if len(self._watches) >= self._max_watches:
            self._give_up(f"The folder has more than {self._max_watches:,} subfolders, more than may be watched.")
            return
        try:
            watch = self._inotify.add_watch(self._top + prefix, CHANGES)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                return  # gone already, or unreadable: its parent told of it, and nothing below can be recorded
            self._give_up(f"{prefix or 'The folder'} cannot be watched: {error.strerror}.")
            return
        moved_from = self._prefixes.get(watch)
        if moved_from is not None:  # the same folder under its new name
            self._watches.pop(moved_from, None)
        self._prefixes[watch], self._watches[prefix] = prefix, watch

    def drop(self, folder: str) -> None:
        """Listen no longer to `folder` ('data/raw') and what is below."""
        below = folder + "/"
        for prefix in [each for each in self._watches if each.startswith(below)]:
            watch = self._watches.pop(prefix)
            if self._prefixes.get(watch) == prefix:
                del self._prefixes[watch]
                try:
                    if self._inotify is not None:
                        self._inotify.rm_watch(watch)
                except OSError:
                    continue  # the folder is gone, and its watch with it

    # -- what changed --------------------------------------------------------------------------------

    def listen(self) -> None:
        """Empty the kernel's queue into memory, so that it does not run over. Never waits."""
        self._read(0)

    def take(self) -> Heard | None:
        """All that happened before this call; None: something may be missing (`lost` says why).

        Costs about 0.05 ms when nothing happened.
        """
        heard = self.peek()
        if heard is not None:
            self._heard = Heard()
        return heard

    def peek(self) -> Heard | None:
        """The same, and it stays to be taken."""
        return self._heard if self._inotify is not None and not self.lost and self._is_alive() else None

    def close(self) -> None:
        if self._inotify is not None:
            self._inotify.close()
        self._inotify = None
        self._prefixes, self._watches, self._sync_watch = {}, {}, -1
        self.lost = "Nobody listens."

    def _is_alive(self) -> bool:
        """Our own touch came back through the queue, and with it everything before."""
        self._read(0)
        try:
            if self._sync_watch < 0:
                self._watch_sync_file()
            os.utime(self._sync_path)
        except OSError as error:
            self._lose(f"The sync file cannot be touched: {error.strerror}.")
            return False
        deadline = time.monotonic() + SYNC_WAIT_MS / 1000
        while not self._read(SYNC_WAIT_MS):
            if self.lost or time.monotonic() > deadline:
                self._lose("The system does not tell of changes any more.")
                return False
        return not self.lost

    def _read(self, wait_ms: int) -> bool:
        """Sort in what is there; True if our own touch was among it."""
        if self._inotify is None:
            return False
        is_synced = False
        for watch, mask, _, name in self._inotify.read(timeout=wait_ms):
            if mask & flags.Q_OVERFLOW:
                self._lose("More changed at once than the system's queue holds.")
            elif watch == self._sync_watch:
                is_synced = True
                if mask & flags.IGNORED:
                    self._sync_watch = -1
            elif watch in self._prefixes:
                self._sort_in(watch, mask, name)
        return is_synced

    def _sort_in(self, watch: int, mask: int, name: str) -> None:
        prefix = self._prefixes[watch]
        if mask & (flags.IGNORED | flags.UNMOUNT):
            del self._prefixes[watch]
            self._watches.pop(prefix, None)
            if mask & flags.UNMOUNT or not prefix:
                self._lose("The folder, or a disk in it, is gone.")
        elif not name:
            return  # about the folder itself: its parent tells the same
        elif mask & flags.ISDIR:
            self._heard.folders.add(prefix + name)
        else:
            self._heard.files.add(prefix + name)

    def _watch_sync_file(self) -> None:
        assert self._inotify is not None
        with open(self._sync_path, "ab"):
            pass
        self._sync_watch = self._inotify.add_watch(self._sync_path, flags.ATTRIB)

    def _lose(self, reason: str) -> None:
        self.lost = self.lost or reason

    def _give_up(self, reason: str) -> None:
        self._lose(reason)
        self.is_hopeless = True
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None


def _max_user_watches() -> int:
    try:
        return int(MAX_WATCHES_FILE.read_text())
    except (OSError, ValueError):
        return ASSUMED_MAX_WATCHES

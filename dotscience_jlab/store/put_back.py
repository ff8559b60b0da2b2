"""Puts a large file back at the cost of what differs: in place under an intent, or as a copy that shares its blocks.

    is it what the snapshot before has? -> read all that is wanted -> intent -> write -> sync -> stamp -> intent gone

What a killed process left half-written is brought to its end when the history is opened next. Until then the file is marked:
no scan takes it for a file of the user's. Only what is certainly half ours is overwritten: a file that holds anything of neither
version was written by somebody else since, and is left alone.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from ..errors import Conflict, DotscienceError, NeedsConsent, NotFound, StoreError, StoreFull
from ..model.ids import SnapshotId
from ..model.instant import instant
from ..model.paths import WorkspacePath
from ..model.snapshot import EXECUTABLE, FILE, TreeEntry
from .chunks import AT_END, ChunkName
from .disk import disk_errors
from .intents import Held, Intent, Intents
from .large_change import Change, change_between
from .lease import ALONE, IN_COMPANY, can_patch_files, clone_file, is_alone, take_lease
from .objects import Objects
from .patch import Patch, holds, not_yet_written, pieces_of, with_executable_bit
from .seen import SeenFiles, seen_as_stamped, signature, stamp

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unfinished:
    """A file that is being put back, by us at this moment or by a process that died."""

    path: WorkspacePath
    target: SnapshotId
    before: SnapshotId
    reason: str
    """'big.bin is being put back. There is no space left on the disk.'"""
    remedy: str = ""


@dataclass(frozen=True)
class _Made:
    """A copy that we made and stamped, before it gets its place."""

    found: os.stat_result
    entry: TreeEntry
    chunks: list[ChunkName] | None


class PutBacks:
    """Of one workspace. intents: None where nothing can be written down durably; then nothing is done in place."""

    def __init__(self, root: Path, objects: Objects, seen: SeenFiles, busy: threading.RLock, intents: Intents | None) -> None:
        self._root = root
        self._objects = objects
        self._seen = seen
        self._busy = busy
        self._intents = intents
        self._refusals: dict[str, DotscienceError] = {}
        """Name of an intent -> why it could not be brought to its end."""
        self._made: dict[WorkspacePath, _Made] = {}

    def patch(
        self, path: WorkspacePath, present: TreeEntry, wanted: TreeEntry, before: SnapshotId, target: SnapshotId,
        *, even_open: bool = False,
    ) -> bool:
        """Turn the file into `wanted` in place; on the disk when this returns. False, and nothing done, where that cannot be:
        it is no large file, has other names (hard links), may not be written, or the history is in memory.

        present: what the snapshot `before` has of it; Conflict if the file is not that any more, NeedsConsent if somebody has it
        open for writing, whoever that is, unless `even_open`. Where the store or the disk
        refuses before the first byte, the file is as it was; after it, it is marked until somebody brings it to its end.
        Costs a look at both lists of chunks, two syncs for the intent, and what differs, read, written and synced.
        """
        if self._intents is None or not self._can_be_patched(present, wanted):
            return False
        with self._busy, self._opened(path) as fd:
            if fd is None:
                return False
            company, found = take_lease(fd), os.fstat(fd)
            if company == IN_COMPANY and not even_open:
                raise NeedsConsent(f"{path} is being written by another program; `--even-open` replaces it all the same.")
            intent = Intent(path, found.st_ino, before, present.digest, target, wanted.digest, wanted.size_bytes, wanted.mode,
                            instant(time.time()))
            with self._noted(intent) as noting:
                change = self._change(path, present, wanted)
                if not self._is_unchanged(path, present, fd) and not (_has_size(fd, present) and holds(fd, change.before)):
                    raise Conflict(f"{path} was changed a moment ago.", "Look again, then restore.")
                patch = Patch(self._objects, change.writes(), wanted.size_bytes)
                noting.result()
                try:
                    patch.reserve(fd, found.st_size)
                except BaseException:
                    os.ftruncate(fd, found.st_size)
                    raise
            self._carry_out(noting.result(), patch, fd, found.st_size)
            with suppress(OSError):  # then it is read once more
                chunks, after = _chunks_of(patch, change, fd), stamp(fd)
                if company == ALONE and is_alone(fd):
                    self._seen.put(path, seen_as_stamped(after, wanted), chunks)
            return True

    def clone(self, path: WorkspacePath, present: TreeEntry, wanted: TreeEntry, draft: Path) -> bool:
        """Make `wanted` of the file at `draft`, flushed, sharing all blocks that are the same. False, and nothing there, where
        the disk cannot. Once the caller has given it its place, he calls `placed`."""
        if not self._can_be_patched(present, wanted):
            return False
        with self._busy, self._opened(path, is_for_writing=False) as source:
            if source is None or not self._is_unchanged(path, present, source):
                return False
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            target = os.open(draft, flags, 0o600)
            try:
                if not clone_file(source, target) or not self._is_unchanged(path, present, source):
                    draft.unlink()
                    return False
                change = self._change(path, present, wanted)
                patch = Patch(self._objects, change.writes(), wanted.size_bytes)
                patch.write(target, present.size_bytes)
                os.fchmod(target, stat.S_IMODE(os.fstat(source).st_mode))
                _set_bits(target, wanted.mode)
                os.fsync(target)
                self._made[path] = _Made(stamp(target), wanted, _chunks_of(patch, change, target))
            except BaseException:
                with suppress(OSError):
                    draft.unlink()
                raise
            finally:
                os.close(target)
            return True

    def placed(self, path: WorkspacePath) -> None:
        """The copy made by `clone` lies at its place: it need not be read to be known."""
        with self._busy:
            made = self._made.pop(path, None)
            with suppress(OSError):
                now = os.lstat(self._root / path)
                if made is not None and _is_same(made.found, now):
                    self._seen.put(path, seen_as_stamped(now, made.entry), made.chunks)

    def finish(self) -> None:
        """Bring to its end whatever a killed process left half-done; what cannot be says why in `unfinished`. Never raises.

        Costs one listing if there is nothing; else a read and a sha1 of each such file, and a write of what it lacks.
        """
        try:
            waiting = self._all()
        except DotscienceError as error:
            log.warning("%s: whether files are half-written is not known: %s", self._root, error)
            return
        for name, intent in waiting:
            held = self._intents.hold(name) if self._intents is not None else None
            if held is None:
                continue
            try:
                with disk_errors(self._root):
                    self._finish(held)
            except DotscienceError as error:
                log.warning("%s: %s is not put back yet: %s", self._root, intent.path, error)
                self._refusals[name] = error
                os.close(held.fd)
                continue
            with suppress(DotscienceError):  # then the note stays, and the file is found whole the next time
                self._end(held)

    def unfinished(self) -> list[Unfinished]:
        """By path. One listing, and one stat for each."""
        found = [self._told(name, intent) for name, intent in self._all() if self._lies_there(intent) is not False]
        for name in self._damaged():
            said = f"A restore was cut short, and its note intents/{name} cannot be read."
            found.append(Unfinished(WorkspacePath(""), SnapshotId(""), SnapshotId(""), said,
                                    "Restore the large file that was being put back, then delete the note."))
        return sorted(found, key=lambda each: each.path)

    def half_written(self) -> dict[int, str]:
        """Inode -> sentence, of files that are neither what they were nor what they shall be."""
        return {intent.inode: self._told(name, intent).reason for name, intent in self._all() if self._lies_there(intent)}

    # -- inside --------------------------------------------------------------------------------------

    def _can_be_patched(self, present: TreeEntry, wanted: TreeEntry) -> bool:
        is_large = present.is_chunked and wanted.is_chunked and not present.is_torn
        return is_large and can_patch_files() and not self._objects.refusal(wanted.digest)

    @contextmanager
    def _opened(self, path: WorkspacePath, *, is_for_writing: bool = True) -> Iterator[int | None]:
        """None: it is no plain file of one name that we may write."""
        flags = (os.O_RDWR if is_for_writing else os.O_RDONLY) | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            fd = os.open(self._root / path, flags)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.ETXTBSY, errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR,
                               errno.ENXIO, errno.EWOULDBLOCK):
                yield None
                return
            raise
        try:
            found = os.fstat(fd)
            is_plain = stat.S_ISREG(found.st_mode) and (found.st_nlink == 1 or not is_for_writing)
            yield fd if is_plain else None
        finally:
            os.close(fd)

    def _is_unchanged(self, path: WorkspacePath, present: TreeEntry, fd: int) -> bool:
        seen = self._seen.get(path)
        is_that = seen is not None and (seen.entry.digest, seen.entry.mode) == (present.digest, present.mode)
        return seen is not None and is_that and seen.holds_for(signature(os.fstat(fd)))

    def _change(self, path: WorkspacePath, present: TreeEntry, wanted: TreeEntry) -> Change:
        return change_between(self._objects, present.digest, wanted, self._seen.known_chunks(path))

    @contextmanager
    def _noted(self, intent: Intent) -> Iterator[Future[Held]]:
        """The note is written while the block runs: waiting for the disk takes as long as reading what is wanted. It is there
        when the block has ended well, and gone if it has not."""
        assert self._intents is not None
        with disk_errors(self._root), ThreadPoolExecutor(1, "intent") as pool:
            noting = pool.submit(self._intents.begin, intent)
            try:
                yield noting
            except BaseException:
                with suppress(Exception):
                    self._intents.end(noting.result())
                raise

    def _carry_out(self, held: Held, patch: Patch, fd: int, size_bytes: int) -> None:
        """Should it fail, the intent stays."""
        try:
            with disk_errors(self._root):
                patch.write(fd, size_bytes)
                _set_bits(fd, held.intent.mode)
                with ThreadPoolExecutor(1, "sync") as pool:
                    syncing = pool.submit(os.fsync, fd)
                    patch.fast_digests()  # while the disk is waited for
                    syncing.result()
        except BaseException as error:
            if isinstance(error, DotscienceError):
                self._refusals[held.name] = error
            os.close(held.fd)
            raise
        self._end(held)

    def _end(self, held: Held) -> None:
        assert self._intents is not None
        with disk_errors(self._root):
            self._intents.end(held)
        self._refusals.pop(held.name, None)

    def _finish(self, held: Held) -> None:
        """When it returns the file is whole, or no business of ours any more."""
        intent = held.intent
        lies_there = self._lies_there(intent)
        if lies_there is None:
            raise NotFound(f"{intent.path} is not there any more.", _way_back(intent))
        if not lies_there:
            return  # another file has its place
        with self._busy, self._opened(intent.path) as fd:
            if fd is None:
                raise StoreError(f"{intent.path} cannot be written.", f"Give yourself the right to write it. {_way_back(intent)}")
            if take_lease(fd) == IN_COMPANY:
                raise Conflict(f"Another program has {intent.path} open.", "It goes on when that program has ended.")
            old, new = pieces_of(self._objects, intent.before_digest), pieces_of(self._objects, intent.digest)
            size_bytes = os.fstat(fd).st_size
            lacking = not_yet_written(fd, self._objects, old, new)
            if lacking is None:
                log.warning("%s: %s was written by another program since its restore was cut short", self._root, intent.path)
                return
            Patch(self._objects, lacking, intent.size_bytes).write(fd, size_bytes)
            _set_bits(fd, intent.mode)
            os.fsync(fd)

    def _lies_there(self, intent: Intent) -> bool | None:
        """True: the very file. False: another one has its place. None: nothing is there."""
        try:
            return os.lstat(self._root / intent.path).st_ino == intent.inode
        except OSError:
            return None

    def _told(self, name: str, intent: Intent) -> Unfinished:
        error = self._refusals.get(name)
        if error is None:
            return Unfinished(intent.path, intent.target, intent.before, f"{intent.path} is being put back.")
        remedy = error.hint
        if isinstance(error, StoreFull):
            remedy = f"Free some space, then run `ds restore {intent.target} {intent.path}`."
        return Unfinished(intent.path, intent.target, intent.before, f"{intent.path} is being put back. {error.message}", remedy)

    def _all(self) -> list[tuple[str, Intent]]:
        if self._intents is None:
            return []
        with disk_errors(self._root):
            return list(self._intents.all())

    def _damaged(self) -> list[str]:
        if self._intents is None:
            return []
        with disk_errors(self._root):
            return self._intents.damaged()


def _way_back(intent: Intent) -> str:
    path = intent.path
    return f"`ds restore {intent.target} {path}` brings it as it shall be, `ds restore {intent.before} {path}` as it was."


def _has_size(fd: int, entry: TreeEntry) -> bool:
    found = os.fstat(fd)
    mode = EXECUTABLE if found.st_mode & 0o100 else FILE
    return (found.st_size, mode) == (entry.size_bytes, entry.mode)


def _set_bits(fd: int, mode: str) -> None:
    now = stat.S_IMODE(os.fstat(fd).st_mode)
    wanted = with_executable_bit(now, mode)
    if wanted != now:
        os.fchmod(fd, wanted)


def _is_same(made: os.stat_result, now: os.stat_result) -> bool:
    """But for the time of the rename."""
    return all(getattr(made, name) == getattr(now, name) for name in ("st_ino", "st_size", "st_mtime_ns"))


def _chunks_of(patch: Patch, change: Change, fd: int) -> list[ChunkName] | None:
    """How the file is cut now, as a scan would remember it. None, if that is not known of all: then it is cut anew some time."""

    def byte_at(offset: int) -> int:
        return AT_END if offset == patch.size_bytes else os.pread(fd, 1, offset)[0]

    return change.names(patch.fast_digests(), byte_at)

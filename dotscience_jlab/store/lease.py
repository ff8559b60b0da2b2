"""Being the only one who has a file open for writing: while that holds, what we did not write was not written at all.

Linux grants such a lease only if nobody else has the file open or mapped for writing, and lets whoever wants to open it
meanwhile wait, at most 45 s, until we are done. Source: fcntl(2), "Leases".
"""

from __future__ import annotations

import errno
import os
import signal
from contextlib import suppress

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

ALONE, IN_COMPANY, UNKNOWN = "alone", "in company", "unknown"
_FICLONE = 0x40049409
"""Source: linux/fs.h; the same on every machine that Python runs on but for alpha, mips, powerpc and sparc, which refuse it."""


def can_patch_files() -> bool:
    """True where a file can be locked for one writer: else a new file takes the old one's place."""
    return fcntl is not None


def take_lease(fd: int) -> str:
    """ALONE: until `fd` is closed, `is_alone` tells whether anybody came. IN_COMPANY: somebody has it open for writing.
    UNKNOWN: this system or disk cannot say. `fd` is open for writing; the file must not be opened a second time here."""
    return _lease(fd, "F_WRLCK")


def is_open_for_writing(path: str | os.PathLike[str]) -> bool:
    """True if anybody has the file open or mapped for writing. False also where that cannot be known: no lease is given of
    another user's file, nor on every disk. Costs an open."""
    if fcntl is None:
        return False
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return _lease(fd, "F_RDLCK") == IN_COMPANY
    finally:
        os.close(fd)


def _lease(fd: int, kind: str) -> str:
    """kind: F_WRLCK of a file open for writing, F_RDLCK of one open for reading. ALONE, IN_COMPANY or UNKNOWN."""
    if fcntl is None or not hasattr(fcntl, "F_SETLEASE"):
        return UNKNOWN
    try:
        # Who comes is told of by a signal, and the usual one would end the process; this one is ignored by default.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, getattr(fcntl, kind))
    except OSError as error:
        return IN_COMPANY if error.errno == errno.EAGAIN else UNKNOWN
    return ALONE


def is_alone(fd: int) -> bool:
    """Nobody has opened the file for writing since `take_lease` said ALONE; who only wants to read it does no harm."""
    with suppress(OSError):
        return fcntl.fcntl(fd, fcntl.F_GETLEASE) in (fcntl.F_WRLCK, fcntl.F_RDLCK)
    return False


def lock_now(fd: int) -> bool:
    """Take the file's lock, which goes with `fd` or with the process; False if somebody has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def clone_file(source: int, target: int) -> bool:
    """Give the empty file `target` all blocks of `source`, shared until one of them is written; False where the disk cannot."""
    if fcntl is None:
        return False
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return os.fstat(target).st_size == os.fstat(source).st_size

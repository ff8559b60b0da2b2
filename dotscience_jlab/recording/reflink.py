"""One file's bytes under two names without a copy, where the file system can (btrfs, XFS, …): each side changes only its own.

Source: ioctl_ficlone(2).
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

FICLONE = 0x40049409


def reflink(source: Path, target_fd: int) -> bool:
    """True: the empty file `target_fd` holds what `source` held at one moment. False: it cannot be, and nothing has changed."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.ioctl(target_fd, FICLONE, fd)
        return True
    except OSError:
        return False
    finally:
        os.close(fd)

"""The disk's refusals, in words, with what to do."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from ..errors import StoreError, StoreFull, StoreReadOnly

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
NO_RIGHT = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Around a write below `path`. What was published before stays as it is."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise StoreFull("There is no space left on the disk.", "Free some space; recording goes on by itself.") from error
        if error.errno in NO_RIGHT:
            raise StoreReadOnly(f"{path} cannot be written.", "Give yourself the right to write there.") from error
        raise StoreError(f"The disk refused: {error.strerror or error}.", "`ds doctor` says more.") from error


def flush_file(path: Path) -> None:
    """Its bytes survive a power cut when this returns."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


flush_folder = flush_file
"""The names in it survive a power cut."""

"""The disk's refusals, in words, with what to do."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from ..errors import StoreError, StoreFull, StoreReadOnly

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
NO_RIGHT = (errno.EROFS, errno.EACCES, errno.EPERM)
REMEDIES = {
    errno.EIO: "Copy the project folder to another disk; the system's log says what is wrong with this one.",
    errno.EFBIG: "Raise the limit on the size of files (`ulimit -f`).",
    errno.EMFILE: "Raise the limit on open files (`ulimit -n`).",
    errno.ESTALE: "The network disk has gone and come back: open the folder again.",
}


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
        remedy = REMEDIES.get(error.errno or 0, "It is tried again; `ds doctor` says more.")
        raise StoreError(f"The disk refused: {error.strerror or error}.", remedy) from error

"""The name git would give a file's bytes, without keeping them: how a file too large to be copied is known again."""

from __future__ import annotations

import hashlib
import os

from ..model.ids import BlobDigest

READ_BYTES = 1 << 20


def fingerprint(disk_path: str) -> BlobDigest | None:
    """Streamed, memory flat, about 0.55 s a GiB; None if it is no file that can be read, or changes size meanwhile."""
    try:
        with open(disk_path, "rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            digest = hashlib.sha1(b"blob %d\0" % size_bytes, usedforsecurity=False)
            n_read = 0
            while block := file.read(READ_BYTES):
                digest.update(block)
                n_read += len(block)
    except OSError:
        return None
    return BlobDigest(digest.hexdigest()) if n_read == size_bytes else None

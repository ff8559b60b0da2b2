"""The history's salt: a digest of a secret says nothing without it. It lies beside the history, and is never sent anywhere."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

NAME = "salt"
SALT_BYTES = 32


def salt_of(repository: Path) -> bytes:
    """Made at the first need, mode 0600. Of a history that cannot be written one that holds until the process ends."""
    path = repository / NAME
    for _ in range(2):
        with suppress(OSError, ValueError):
            found = bytes.fromhex(path.read_text(encoding="ascii").strip())
            if len(found) >= SALT_BYTES:
                return found
        made = secrets.token_bytes(SALT_BYTES)
        draft = path.with_name(f"{NAME}.{secrets.token_hex(8)}")
        try:
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(fd, "w", encoding="ascii") as file:
                file.write(made.hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first: its salt is the one
                os.link(draft, path)
        except OSError:
            return made
        finally:
            with suppress(OSError):
                draft.unlink()
    return made


def share_salt(source: Path, draft: Path) -> None:
    """A fork goes on with its origin's, so that what was replaced there is known by the same name here."""
    fd = os.open(draft / NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(fd, "w", encoding="ascii") as file:
        file.write(salt_of(source).hex() + "\n")

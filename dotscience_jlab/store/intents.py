"""What is about to be done to a file in place, written down first: so that who comes after a crash can bring it to its end.

    store.git/intents/3fa9c1d2e4b5a697.json      one line, on the disk before the file is touched; gone when the file is whole

Whoever works at one holds its file's lock (`flock`), which goes with the process.
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Iterator, NamedTuple

from ..model.ids import BlobDigest, SnapshotId
from ..model.instant import Instant
from ..model.paths import WorkspacePath
from .checksums import body_with_checksum, checked_body
from .durable import sync_path
from .lease import lock_now

FORMAT = 1


@dataclass(frozen=True)
class Intent:
    """A large file is to become another version of itself."""

    path: WorkspacePath
    inode: int
    """Of the file it is about: another one at that path is not half-written."""
    before: SnapshotId
    """The snapshot that has what it was, `before_digest`."""
    before_digest: BlobDigest
    target: SnapshotId
    """The snapshot that has what it shall be, `digest`."""
    digest: BlobDigest
    size_bytes: int
    mode: str
    began_at: Instant
    format: int = FORMAT


class Held(NamedTuple):
    """An intent that we alone work at, until `fd` is closed."""

    name: str
    intent: Intent
    fd: int


class Intents:
    """Of one history. OSError where its disk refuses."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._folder = repository / "intents"

    def begin(self, intent: Intent) -> Held:
        """It survives a power cut when this returns. Costs two syncs."""
        name = f"{uuid.uuid4().hex[:16]}.json"
        draft = self._repository / f"{name}.{uuid.uuid4().hex}"
        fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            lock_now(fd)
            os.write(fd, body_with_checksum(asdict(intent)).encode("ascii") + b"\n")
            os.fsync(fd)
            if not self._folder.is_dir():
                self._folder.mkdir(exist_ok=True)
                sync_path(self._repository)
            os.replace(draft, self._folder / name)
            sync_path(self._folder)
        except BaseException:
            os.close(fd)
            for path in (draft, self._folder / name):
                with suppress(OSError):
                    path.unlink()
            raise
        return Held(name, intent, fd)

    def end(self, held: Held) -> None:
        """Done, or nothing was done. Should a power cut bring it back, its file will be found whole."""
        try:
            with suppress(FileNotFoundError):
                (self._folder / held.name).unlink()
        finally:
            os.close(held.fd)

    def hold(self, name: str) -> Held | None:
        """None: somebody works at it, it is gone, or it cannot be read."""
        try:
            fd = os.open(self._folder / name, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            intent = self._read(name) if lock_now(fd) else None
        except OSError:
            intent = None
        if intent is None:
            os.close(fd)
            return None
        return Held(name, intent, fd)

    def all(self) -> Iterator[tuple[str, Intent]]:
        """(name, intent) of those not ended; one listing. Who cannot be read is left out: `damaged` names it."""
        for name in self._names():
            intent = self._read(name)
            if intent is not None:
                yield name, intent

    def damaged(self) -> list[str]:
        return [name for name in self._names() if self._read(name) is None and (self._folder / name).exists()]

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self._folder))
        except FileNotFoundError:
            return []

    def _read(self, name: str) -> Intent | None:
        """None: it is gone, or it is not as it was written."""
        try:
            text = (self._folder / name).read_bytes().decode("ascii", "replace")
        except FileNotFoundError:
            return None
        try:
            body = checked_body(text.rstrip("\n"))
            if body["format"] > FORMAT:
                return None
            return Intent(**{field: body[field] for field in Intent.__dataclass_fields__})
        except (ValueError, KeyError, TypeError):
            return None

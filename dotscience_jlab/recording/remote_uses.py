"""What an execution read from, or wrote to, other computers: an edge to a URL, with what its server said of the version.

The bytes are not here and are not fetched: a later look at the same URL may find others, and only the ETag, the version id or the
time of the last change can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from ..model.events import RemoteOpened
from ..model.execution import FileUse

KEPT = "remote"

Value = TypeVar("Value")


@dataclass
class RemoteUse:
    """All that was told of one URL in one role: answers to parts of a file tell less than one for the whole of it."""

    size_bytes: int | None = None
    etag: str | None = None
    version: str | None = None
    modified: str | None = None
    is_changed: bool = False
    """Its ETag was another one at a later read."""

    def add(self, event: RemoteOpened) -> None:
        self.is_changed |= None not in (self.etag, event.etag) and self.etag != event.etag
        self.size_bytes = _known(event.size_bytes, self.size_bytes)
        self.etag = _known(event.etag, self.etag)
        self.version = _known(event.version, self.version)
        self.modified = _known(event.modified, self.modified)

    @property
    def reason(self) -> str:
        """'It lies elsewhere and is not copied: version "3HL4", ETag "9b2c".'"""
        told = [f"version {self.version}" if self.version else "", f"ETag {_quoted(self.etag)}" if self.etag else ""]
        told.append(f"last changed {self.modified}" if self.modified and not self.version else "")
        known = ", ".join(each for each in told if each) or "its server names no version of it"
        changed = " It changed while this cell ran." if self.is_changed else ""
        return f"It lies elsewhere and is not copied: {known}.{changed}"


class RemoteUses:
    """Of one execution."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], RemoteUse] = {}
        self._seen_by: dict[tuple[str, str], set[str]] = {}

    def add(self, event: RemoteOpened) -> None:
        key = (event.role, event.url)
        self._found.setdefault(key, RemoteUse()).add(event)
        self._seen_by.setdefault(key, set()).add(event.seen_by)

    def with_files(self, files: tuple[FileUse, ...]) -> tuple[FileUse, ...]:
        """Those and ours, inputs first, then outputs, each by path."""
        ours = (
            FileUse(
                url,
                role,
                seen_by=tuple(sorted(self._seen_by[role, url])),
                kept=KEPT,
                kept_reason=use.reason,
                size_bytes=use.size_bytes,
            )
            for (role, url), use in self._found.items()
        )
        return tuple(sorted((*files, *ours), key=lambda use: (use.role, use.disk_path))) if self._found else files


def _known(new: Value | None, old: Value | None) -> Value | None:
    return old if new is None else new


def _quoted(etag: str) -> str:
    return etag if '"' in etag else f'"{etag}"'

"""The notebooks of one workspace as last known: what a browser reported, what lies on disk, what was executed since.

The newest of them is the base on which the next snapshot's notebook is built. Kept in memory; a restart of the recorder
falls back to the file on disk.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .notebook import Document, empty_document, read_document

Signature = tuple[int, int, int]
"""(mtime_ns, size, inode) of the file on disk when it was last looked at."""


@dataclass(frozen=True)
class Base:
    document: Document
    come_from: str
    """shared model | browser | disk | none"""


@dataclass(frozen=True)
class _Known:
    document: Document
    come_from: str
    signature: Signature | None
    """Of the disk file that this document is newer than; a later save on disk makes it old."""
    holds_more: bool
    """It has executions or edits that the file on disk has not."""


@dataclass(frozen=True)
class _Reported:
    """What one open document of one browser has told."""

    document_id: str
    revision: int
    cells: dict[str, dict[str, Any]]
    order: list[str]
    metadata: dict[str, Any]


class Documents:
    """Keyed by absolute disk path of the notebook."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._reported: dict[str, _Reported] = {}
        self._busy = threading.Lock()

    def base(self, disk_path: str) -> Base:
        """The newest known state of that notebook; an empty one if nothing readable is known."""
        with self._busy:
            known = self._known.get(disk_path)
            signature = _signature(disk_path)
            if known is not None and (known.signature == signature or signature is None):
                return Base(known.document, known.come_from)
            document = _read(disk_path)
            if document is not None:
                self._known[disk_path] = _Known(document, "disk", signature, holds_more=False)
                return Base(document, "disk")
            return Base(known.document, known.come_from) if known else Base(empty_document(), "none")

    def keep(self, disk_path: str, document: Document, come_from: str) -> None:
        """The document with an execution put in: newer than the file on disk as it is now."""
        with self._busy:
            self._known[disk_path] = _Known(document, come_from, _signature(disk_path), holds_more=True)

    def is_newer_than_disk(self, disk_path: str) -> bool:
        """True while the document kept here holds executions that the file on disk, unchanged since, does not."""
        with self._busy:
            return self._holds_more(disk_path)

    def newer_than_disk(self) -> dict[str, Document]:
        """disk path -> document, of all that hold edits or executions which their file on disk does not."""
        with self._busy:
            return {path: known.document for path, known in self._known.items() if self._holds_more(path)}

    def report(
        self,
        disk_path: str,
        document_id: str,
        base_revision: int | None,
        revision: int,
        cells: dict[str, dict[str, Any]],
        order: list[str],
        metadata: dict[str, Any] | None,
        is_unsaved: bool = True,
    ) -> bool:
        """Take in what a browser says of an open document; False: its base is unknown here, send it whole.

        cells: the changed ones by id (all of them if base_revision is None); order: ids of all cells.
        is_unsaved: it differs from the file on disk.
        """
        with self._busy:
            before = self._reported.get(disk_path)
            all_cells = dict(cells)
            if base_revision is not None:
                if before is None or before.document_id != document_id or before.revision != base_revision:
                    return False
                all_cells = {**before.cells, **cells}
            if any(cell_id not in all_cells for cell_id in order):
                return False
            kept = {cell_id: all_cells[cell_id] for cell_id in order}
            fallback = before.metadata if before is not None else {}
            told = _Reported(document_id, revision, kept, list(order), fallback if metadata is None else metadata)
            self._reported[disk_path] = told
            document = {
                **empty_document(),
                "metadata": told.metadata,
                "cells": [{**kept[cell_id], "id": cell_id} for cell_id in order],
            }
            self._known[disk_path] = _Known(document, "browser", _signature(disk_path), holds_more=is_unsaved)
            return True

    def rename(self, old: str, new: str) -> None:
        """A file, or a folder with all below it."""
        with self._busy:
            for table in (self._known, self._reported):
                for path in [each for each in table if each == old or each.startswith(old + "/")]:
                    table[new + path[len(old) :]] = table.pop(path)  # type: ignore[index]
            known = self._known.get(new)
            if known is not None:
                self._known[new] = replace(known, signature=_signature(new))

    def forget(self, disk_path: str) -> None:
        """Something else (a restore) wrote this file: what was known of it is old."""
        with self._busy:
            self._known.pop(disk_path, None)
            self._reported.pop(disk_path, None)

    def _holds_more(self, disk_path: str) -> bool:
        known = self._known.get(disk_path)
        return known is not None and known.holds_more and known.signature == _signature(disk_path)


def _signature(disk_path: str) -> Signature | None:
    try:
        found = os.stat(disk_path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(disk_path: str) -> Document | None:
    try:
        return read_document(Path(disk_path).read_bytes())
    except OSError:
        return None

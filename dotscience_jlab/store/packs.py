"""Where objects in packs lie: in the packs of this repository, of those that it borrows from, and in drafts that have no name yet.

dulwich's index of a pack is used; which packs there are is looked up here, because dulwich lists them all for each new object.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from dulwich.object_store import DiskObjectStore, PackBasedObjectStore
from dulwich.pack import Pack

from .disk import disk_errors
from .loose import freshen
from .objects import ObjectId
from .pack import KIND_NAMES, MOST_HEADER_BYTES, PackDraft, read_entry, read_header

MOST_LENDERS = 100
"""More than anybody has; two that lend to each other do not go on for ever."""
RACY_NS = 20_000_000
"""A folder that changed less than this before it was listed may have changed again within the same tick of its time."""
YOUNG_PACK_S = 60.0


class Packs:
    """Safe for threads: dulwich's packs are not, so that they are asked one at a time; reading an entry's bytes holds nobody up."""

    def __init__(self, path: Path, store: DiskObjectStore) -> None:
        self._path = path
        self._store = store
        self._busy = threading.RLock()
        self._publishing = threading.Lock()
        self._listed: dict[str, tuple[int, list[Pack]]] = {}
        """Folder of objects -> when its packs were listed (ns), and what was there."""
        self._young: tuple[Pack, float] | None = None
        """The last one that was marked as young, and until when that need not be done again."""
        self._drafts: list[PackDraft] = []
        """Packs that are whole but have no name yet, since no ref needs them."""

    # -- which there are -----------------------------------------------------------------------------

    def all(self) -> list[Pack]:
        """This repository's and those of repositories that it borrows from, as they lie on the disk now."""
        with self._busy, disk_errors(self._path):
            return [pack for store in (self._store, *self.lenders()) for pack in self._present(store)]

    def own(self) -> list[Pack]:
        with self._busy:
            return self._present(self._store)

    def lenders(self) -> list[DiskObjectStore]:
        """Those that lend to a lender too, as git has it."""
        with self._busy:
            found: list[DiskObjectStore] = []
            waiting = list(self._store.alternates)
            while waiting and len(found) < MOST_LENDERS:
                found.append(waiting.pop(0))  # type: ignore[arg-type]
                waiting += found[-1].alternates
            return found

    def borrow_no_more(self) -> None:
        """What was borrowed lies here now, and the list of lenders is gone."""
        with self._busy:
            for store in self.lenders():
                store.close()
            self._store._alternates = []

    def _present(self, store: PackBasedObjectStore) -> list[Pack]:
        """Listed again only when the folder has changed: a stat for each new object rather than two listings."""
        try:
            changed_ns = os.stat(store.pack_dir).st_mtime_ns  # type: ignore[attr-defined]
        except FileNotFoundError:
            return []
        listed_ns, packs = self._listed.get(store.path, (0, []))  # type: ignore[attr-defined]
        if changed_ns + RACY_NS > listed_ns:
            listed_ns = time.time_ns()
            packs = list(store.packs) and list(store.packs)  # the first answer still has those that went since the last one
            self._listed[store.path] = listed_ns, packs  # type: ignore[attr-defined]
        return packs

    # -- where an object lies ------------------------------------------------------------------------

    def of(self, name: ObjectId) -> Pack | None:
        """A pack whose index cannot be read has nothing: what it held is then written anew."""
        for pack in self.all():
            with self._busy, suppress(Exception):
                if name.encode("ascii") in pack:
                    return pack
        return None

    def keep(self, name: ObjectId) -> bool:
        """True if a pack holds it; that one is young from now on."""
        pack = self.of(name)
        while pack is not None:
            with suppress(FileNotFoundError):
                freshen(f"{pack._basename}.pack")
                self._young = pack, time.monotonic() + YOUNG_PACK_S
                return True
            pack = self.of(name)  # it was replaced a moment ago
        return False

    def is_in_young(self, name: ObjectId) -> bool:
        """Looking for each chunk of a large file all through the store would cost as much as hashing it."""
        if self._young is None or time.monotonic() > self._young[1]:
            return False
        with self._busy, suppress(Exception):  # dulwich meets a pack that went with many kinds of error
            return name.encode("ascii") in self._young[0]
        return False

    def size(self, name: ObjectId) -> int | None:
        """From the header of its entry; None if it is in no pack, or as a delta, or in one that cannot be read."""
        for pack in self.all():
            with suppress(Exception):  # dulwich meets damage with many kinds of error
                path, offset = self._place(pack, name)
                with open(path, "rb", buffering=0) as file:
                    header = read_header(os.pread(file.fileno(), MOST_HEADER_BYTES, offset))
                return header.size_bytes if header is not None else None
        return None

    def read(self, pack: Pack, name: ObjectId) -> tuple[bytes, bytes]:
        """(kind, bytes), unchecked; KeyError if it is not in that pack."""
        found = read_entry(*self._place(pack, name))
        if found is not None:
            return found
        with self._busy:
            number, data = pack.get_raw(name.encode("ascii"))
        return KIND_NAMES[number], data

    def _place(self, pack: Pack, name: ObjectId) -> tuple[str, int]:
        """(path of the pack, which dulwich says by its name only; offset)"""
        with self._busy:
            path = os.path.join(os.path.dirname(pack.index.path), pack.data.filename)
            return path, pack.index.object_offset(name.encode("ascii"))

    # -- drafts --------------------------------------------------------------------------------------

    def adopt(self, draft: PackDraft) -> None:
        with self._busy:
            self._drafts.append(draft)

    def draft_of(self, name: ObjectId) -> PackDraft | None:
        with self._busy:
            return next((draft for draft in self._drafts if name in draft), None)

    def publish(self) -> None:
        """Each stays readable as a draft until it is readable as a pack."""
        with self._publishing, disk_errors(self._path):
            with self._busy:
                drafts = list(self._drafts)
            for draft in drafts:
                draft.publish()
                with self._busy:
                    self._drafts.remove(draft)

    def discard(self) -> None:
        with self._busy:
            for draft in self._drafts:
                draft.discard()
            self._drafts.clear()

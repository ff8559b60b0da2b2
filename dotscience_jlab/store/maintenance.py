"""Tidies a store while nobody waits for it: many small files become one pack, and what nothing refers to any more goes.

    list all objects -> mark what the refs lead to -> write packs of what is small -> take away the small files, then the dead

Killed at any instant it leaves the store whole: an object is taken away only when another copy is on the disk, or when no ref
leads to it and it is older than `GRACE_S`, because what is being stored right now is not referred to yet. The store's lock is
held for a few milliseconds at a time, and each time the refs are looked at again.

Left as they are: files shared with a fork (packing one side would store it twice), large packs unless much of them is dead,
packs with a `.keep`. What another history borrows (`lending.py`) is alive; while one of those cannot be found, everything is.
Run as a process of its own (`python -m …maintenance REPOSITORY`), because a thread would slow a snapshot.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import ContextManager, Iterator, Sequence

from filelock import FileLock, Timeout

from ..errors import DotscienceError, StoreDamaged
from .excused import excuse, excused
from .git import GitObjects
from .graves import bury, bury_pack
from .inventory import UNMARKED, Inventory
from .lending import Lent
from .lock import StoreLock
from .objects import LOOSE, ObjectId
from .reach import reachable
from .repack import repacking
from .untidy import UNTIDY

GRACE_S = 3600.0
"""What nothing refers to stays this long after it was last written or put again."""
MANY_LOOSE = 2000
"""Loose objects that are worth a pack; a snapshot makes five to ten."""
MANY_SMALL_PACKS = 8
SMALL_PACK_BYTES = 32 << 20
RUBBISH_BYTES = 1 << 20
"""More than this is not what a killed process left behind; large files go into packs of their own and are used again."""
DEAD_SHARE = 0.25
"""A large pack is written anew when this much of it is dead."""
FILES_A_STEP = 32
PAUSE_S = 0.005
"""The lock is held while so many files go, about a millisecond, and then left alone for longer than a waiting writer sleeps."""
EVERY_S = 3600.0
WHOLE_EVERY_S = 7 * 86_400.0
TIDIED = "tidied"
"""A file in the repository: when the last maintenance ended."""
NICENESS = 10
ONE_FOLDER_IN = 32
"""Names are spread evenly, so a few folders tell how many loose objects there are."""
LIVE, DAMAGED = 1, 3


@dataclass(frozen=True)
class PackFacts:
    name: str
    size_bytes: int
    written_at: float
    dead_bytes: int
    is_shared: bool = False
    """A fork has the very file too."""
    is_kept: bool = False
    """By a `.keep`, git's way of saying so."""

    @property
    def is_all_dead(self) -> bool:
        return self.dead_bytes >= self.size_bytes


@dataclass(frozen=True)
class Tidied:
    n_packed: int = 0
    """Objects that were written into new packs."""
    n_removed: int = 0
    """Objects that nothing referred to."""
    freed_bytes: int = 0
    is_done: bool = True
    """False: something that nothing refers to is too young to go."""


def is_due(repository: Path, now: float) -> bool:
    """Cheap: looks into a few folders. Files shared with forks do not count: they stay as they are."""
    untidy_at, tidied_at = _time_of(repository / UNTIDY), max(_time_of(repository / name) for name in (TIDIED, "HEAD"))
    if now - tidied_at < EVERY_S:
        return untidy_at > tidied_at
    if untidy_at:
        return True
    folders = [repository / f"objects/{n:02x}" for n in range(0, 256, ONE_FOLDER_IN)]
    n_loose = ONE_FOLDER_IN * sum(_is_own(path) for folder in folders for path in folder.glob("*"))
    packs = (repository / "objects/pack").glob("*.pack")
    n_small = sum(_is_own(path) and _size_of(path) < SMALL_PACK_BYTES for path in packs)
    return n_loose >= MANY_LOOSE or n_small >= MANY_SMALL_PACKS or (now - tidied_at > WHOLE_EVERY_S and n_loose > 0)


def packs_to_replace(packs: Sequence[PackFacts], now: float, grace_s: float) -> list[str]:
    """Names of the packs that are written anew or dropped; what in them is live is kept in another one first."""
    old = [each for each in packs if not each.is_kept and not (each.dead_bytes and each.written_at > now - grace_s)]
    dead = [each for each in old if each.is_all_dead]
    own = [each for each in old if not each.is_shared and not each.is_all_dead]
    thinned = [each for each in own if each.dead_bytes >= DEAD_SHARE * each.size_bytes]
    small = [each for each in own if each.size_bytes < SMALL_PACK_BYTES]
    return sorted({each.name for each in (*dead, *thinned, *(small if len(small) >= MANY_SMALL_PACKS else ()))})


def tidy(
    objects: GitObjects, lock: ContextManager[object], *, now: float, grace_s: float = GRACE_S, many_loose: int = MANY_LOOSE
) -> Tidied:
    """StoreDamaged, and nothing removed, if what the refs lead to cannot all be read. Memory: the names of the commits."""
    started_at = time.time()
    with lock:
        objects.sweep()
    with Inventory(objects) as inventory, Lent(objects.path) as lent:
        work = _Work(objects, lock, inventory, now - grace_s, lent)
        work.mark_live()
        work.check_plausible()
        packs = list(work.packs())
        replaced = packs_to_replace(packs, now, grace_s)
        work.pack(replaced, many_loose)
        work.remove_packed_loose()
        work.remove_packs(replaced)
        work.remove_dead_loose()
        is_done = not work.n_young and not any(each.dead_bytes and each.written_at > now - grace_s for each in packs)
        done = Tidied(work.n_packed, work.n_removed, max(work.freed_bytes, 0), is_done)
    (objects.path / TIDIED).touch()
    if _time_of(objects.path / UNTIDY):
        excuse(objects.path, [each.name for each in packs if each.is_shared and each.dead_bytes])
    if is_done and _time_of(objects.path / UNTIDY) < started_at:
        (objects.path / UNTIDY).unlink(missing_ok=True)
    return done


class _Work:
    """One run over one store."""

    def __init__(
        self, objects: GitObjects, lock: ContextManager[object], inventory: Inventory, young_since: float, lent: Lent
    ) -> None:
        self.objects = objects
        self.lent = lent
        self.lock = lock
        self.inventory = inventory
        self.young_since = young_since
        self.folder = objects.path / "objects"
        self.n_packed = self.n_removed = self.n_young = self.freed_bytes = 0
        self._commits: set[ObjectId] = set()
        self._lent_commits: set[ObjectId] = set()
        self._refs: tuple[dict[str, tuple[ObjectId, ...]], dict[str, ObjectId]] = {}, {}
        inventory.db.execute("CREATE TABLE going (place TEXT PRIMARY KEY)")
        inventory.db.execute("CREATE TABLE packed (id BLOB PRIMARY KEY) WITHOUT ROWID")

    def mark_live(self) -> None:
        """What the refs lead to now, and those of borrowers; when they have not moved, one listing of the refs."""
        refs, lent = self.objects.ref_ways(), self.lent.heads()
        if (refs, lent) == self._refs:
            return
        self.inventory.mark((name for names in refs.values() for name in names), LIVE)
        self.inventory.mark(reachable(self.objects, [names[-1] for names in refs.values()], self._commits), LIVE)
        self.inventory.mark((name for _, name in self.lent.needed(self._lent_commits)), LIVE)
        if self.lent.missing:
            self.inventory.mark_all(LIVE)
        self._refs = refs, lent

    def check_plausible(self) -> None:
        """A ref that was lost must not cost what it led to: much that is dead, though nothing was forgotten, is damage."""
        dead, live = self.inventory.bytes_of(UNMARKED), self.inventory.bytes_of(LIVE)
        dead -= self._excused_bytes()
        if dead > max(DEAD_SHARE * (dead + live), RUBBISH_BYTES) and not (self.objects.path / UNTIDY).exists():
            raise StoreDamaged(
                f"{dead:,} bytes of this history are not referred to, though nothing was forgotten; they are left as they are.",
                "`ds check` says what is damaged.",
            )

    def _excused_bytes(self) -> int:
        """Of what is dead where that is no sign of damage."""
        names = excused(self.objects.path)
        if not names:
            return 0
        rows = self.inventory.db.execute("SELECT id, place, size FROM objects WHERE mark = ?", (UNMARKED,))
        return sum(size for name, place, size in rows if (name.hex() if place == LOOSE else place) in names)

    def packs(self) -> Iterator[PackFacts]:
        dead = self.inventory.bytes_in(UNMARKED)
        live = self.inventory.bytes_in(LIVE)
        for path in sorted((self.folder / "pack").glob("*.pack")):
            place = path.stem
            if place in dead or place in live:
                found = path.stat()
                size = dead.get(place, 0) + live.get(place, 0)
                is_kept = path.with_suffix(".keep").exists()
                yield PackFacts(place, size, found.st_mtime, dead.get(place, 0), found.st_nlink > 1, is_kept)

    def pack(self, replaced: Sequence[str], many_loose: int) -> None:
        """Write what is live in `replaced`, and in loose files if there are many, into new packs."""
        db = self.inventory.db
        db.executemany("INSERT INTO going VALUES (?)", [(each,) for each in replaced])
        own_loose = (name for name in self.inventory.names_in(LOOSE, LIVE) if _is_own(self._loose(name)))
        if next(islice(own_loose, many_loose - 1, None), None) is not None:
            db.execute("INSERT INTO going VALUES (?)", (LOOSE,))
        db.execute(
            "CREATE TABLE wanted AS SELECT DISTINCT id FROM objects AS o WHERE mark = ? AND place IN going AND NOT EXISTS"
            " (SELECT 1 FROM objects AS other WHERE other.id = o.id AND other.place NOT IN going AND other.place != ?)",
            (LIVE, LOOSE),
        )
        with repacking(self.objects) as packs:
            for (name,) in db.execute("SELECT id FROM wanted"):
                path = self._loose(name.hex())
                if path.exists() and not _is_own(path):
                    continue  # a fork has this very file: it stays, and is shared
                try:
                    packs.add(name.hex())
                except StoreDamaged:
                    db.execute("UPDATE objects SET mark = ? WHERE id = ?", (DAMAGED, name))
                else:
                    db.execute("INSERT INTO packed VALUES (?)", (name,))
        self.n_packed, self.freed_bytes = packs.n_objects, self.freed_bytes - packs.n_bytes

    def remove_packed_loose(self) -> None:
        """Loose files that lie in a pack which stays. No lock is needed, because a copy is on the disk."""
        rows = self.inventory.db.execute(
            "SELECT id FROM objects AS o WHERE place = ? AND (id IN packed OR EXISTS (SELECT 1 FROM objects AS other"
            " WHERE other.id = o.id AND other.place != ? AND other.place NOT IN going))",
            (LOOSE, LOOSE),
        )
        for (name,) in rows:
            path = self._loose(name.hex())
            with suppress(FileNotFoundError):
                found = path.stat()
                if found.st_nlink == 1:
                    path.unlink()
                    self.freed_bytes += found.st_size

    def remove_packs(self, replaced: Sequence[str]) -> None:
        """Those whose live objects all lie elsewhere now."""
        for place in replaced:
            self.mark_live()
            with self.lock:
                self.mark_live()
                if self._is_needed(place):
                    continue
                drop_caches(self.folder)
                pack = self.folder / "pack" / f"{place}.pack"
                self.freed_bytes += bury_pack(pack, self.young_since)
                if not pack.exists():
                    dead = "SELECT count(*) FROM objects WHERE place = ? AND mark = ?"
                    self.n_removed += self.inventory.db.execute(dead, (place, UNMARKED)).fetchone()[0]
            time.sleep(PAUSE_S)

    def _is_needed(self, place: str) -> bool:
        """Something in it is damaged, or has come to be referred to since the new packs were written."""
        question = (
            "SELECT 1 FROM objects AS o WHERE place = ? AND (mark = ? OR (mark = ? AND id NOT IN packed AND NOT EXISTS"
            " (SELECT 1 FROM objects AS other WHERE other.id = o.id AND (other.place = ? OR other.place NOT IN going)))) LIMIT 1"
        )
        return self.inventory.db.execute(question, (place, DAMAGED, LIVE, LOOSE)).fetchone() is not None

    def remove_dead_loose(self) -> None:
        """Loose files of what nothing refers to, if they are old enough."""
        last = b""
        while True:
            self.mark_live()
            with self.lock:
                self.mark_live()
                some = self.inventory.db.execute(
                    "SELECT id FROM objects WHERE place = ? AND mark = ? AND id > ? ORDER BY id LIMIT ?",
                    (LOOSE, UNMARKED, last, FILES_A_STEP),
                ).fetchall()
                for (name,) in some:
                    self._remove_dead(self._loose(name.hex()))
            if not some:
                return
            last = some[-1][0]
            time.sleep(PAUSE_S)

    def _remove_dead(self, path: Path) -> None:
        if _time_of(path) <= self.young_since:
            self.freed_bytes += bury(path, self.young_since)
            self.n_removed += not path.exists()
        self.n_young += path.exists()

    def _loose(self, name: ObjectId) -> Path:
        return self.folder / name[:2] / name[2:]


def drop_caches(folder: Path) -> None:
    """git's own caches over packs and commits, which would name what is gone; git makes them anew when it wants them."""
    for path in (*folder.glob("pack/multi-pack-index*"), folder / "info/commit-graph", *folder.glob("info/commit-graphs/*")):
        with suppress(OSError):
            path.unlink()


def _is_own(path: Path) -> bool:
    """False: a fork has the file too, or it is gone."""
    try:
        return path.stat().st_nlink == 1
    except FileNotFoundError:
        return False


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _time_of(path: Path) -> float:
    """0.0: it is not there."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def alone(repository: Path, wait_s: float) -> FileLock:
    """Around what takes files away, so that two never do it at once; Timeout if another one is at it for longer."""
    return FileLock(str(repository / "tidying"), timeout=wait_s)


def main(arguments: Sequence[str]) -> int:
    """One repository; prints what was done as JSON."""
    os.nice(NICENESS)
    repository = Path(arguments[0])
    objects = GitObjects(repository)
    try:
        with alone(repository, wait_s=0):
            done = tidy(objects, StoreLock(repository), now=time.time())
    except Timeout:
        return 0  # another one is at it
    except DotscienceError as error:
        print(json.dumps(error.to_json()), file=sys.stderr)
        return 1
    finally:
        objects.close()
    print(json.dumps(asdict(done)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Objects that one history borrows from another, where no hard link can be made: across file systems.

    <fork>/store.git/objects/info/alternates    git's own word for it: the folders of objects that are read too, one a line
    <fork>/store.git/lenders.json               whose they are, so that a lender that moved is found again or named
    <lender>/store.git/borrowers.json           who reads here: what they need is not removed

A lender removes nothing that a borrower's refs lead to. A borrower that cannot be found may need anything, so while one is
missing nothing is removed at all; `ds fork --forget PATH` takes it off the list.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable, Iterable, Iterator, TypeVar

from ..errors import DotscienceError, StoreDamaged, StoreError
from ..model.ids import StoreId
from ..model.instant import Instant
from .git import GitObjects
from .layout import store_folder, write_text
from .lock import StoreLock
from .objects import ObjectId
from .reach import heads_of, reachable

ALTERNATES = "objects/info/alternates"
LENDERS = "lenders.json"
BORROWERS = "borrowers.json"


@dataclass(frozen=True)
class Borrower:
    store: StoreId
    root: str
    """The project folder when it was last opened."""
    since: Instant

    @property
    def repository(self) -> Path:
        return store_folder(Path(self.root), None) / "store.git"


@dataclass(frozen=True)
class Lender:
    store: StoreId
    root: str
    """The project folder, for people."""
    disk_path: str
    """Its `store.git`, which lies elsewhere for a folder that cannot be written."""

    @property
    def repository(self) -> Path:
        return Path(self.disk_path)


FindRepository = Callable[[StoreId], Path | None]
"""Where a history is now, by its id: its `store.git`."""


def borrowers(repository: Path) -> tuple[Borrower, ...]:
    """StoreDamaged if the list cannot be read: then nothing may be removed."""
    return _read(repository / BORROWERS, Borrower)


def lenders(repository: Path) -> tuple[Lender, ...]:
    return _read(repository / LENDERS, Lender)


def lend(repository: Path, borrower: Borrower) -> None:
    """Put it on the lender's list, in place of what its id or its folder stood for. Written only if it is news."""
    listed = borrowers(repository)
    if any((each.store, each.root) == (borrower.store, borrower.root) for each in listed):
        return
    with StoreLock(repository):
        others = (each for each in borrowers(repository) if each.store != borrower.store and each.root != borrower.root)
        _write(repository / BORROWERS, [*others, borrower])


def take_off(repository: Path, is_meant: Callable[[Borrower], bool]) -> list[Borrower]:
    """Off the lender's list; returns those that were on it."""
    if not any(map(is_meant, borrowers(repository))):
        return []
    with StoreLock(repository):
        listed = borrowers(repository)
        _write(repository / BORROWERS, [each for each in listed if not is_meant(each)])
        return [each for each in listed if is_meant(each)]


def borrow(repository: Path, from_: Iterable[Lender]) -> None:
    """Read their objects from now on; each of them must have `repository` on its list. An empty list: stand alone again."""
    chosen = list(from_)
    if not chosen:  # the word for git last: without it nothing is borrowed, whatever the list says
        (repository / ALTERNATES).unlink(missing_ok=True)
        (repository / LENDERS).unlink(missing_ok=True)
        return
    _write(repository / LENDERS, chosen)
    write_text(repository / ALTERNATES, "".join(f"{each.disk_path}/objects\n" for each in chosen))


def stand_by_lenders(repository: Path, store: StoreId, root: Path, now: Instant, find: FindRepository) -> tuple[Path, ...]:
    """Before a history is opened: the lenders are where they are looked for, or found again, and know where it is itself.

    Returns their `store.git`. StoreError names the one that is gone. Nothing borrowed costs one look for a file.
    """
    known = lenders(repository)
    if not known:
        return ()
    present = [_found(each, find, root) for each in known]
    if present != list(known):
        borrow(repository, present)
    for lender in present:
        with suppress(StoreError, OSError):  # a lender that cannot be written removes nothing either
            lend(lender.repository, Borrower(store, str(root), now))
    return tuple(each.repository for each in present)


def _found(lender: Lender, find: FindRepository, root: Path) -> Lender:
    for repository in (lender.repository, find(lender.store)):
        if repository is not None and store_id_at(repository) == lender.store:
            if repository == lender.repository:
                return lender
            return Lender(lender.store, str(_root_at(repository) or lender.root), str(repository))
    name = Path(lender.root).name
    raise StoreError(
        f"{root.name}/ is a fork of {name}/ and reads its older versions there, but the history of {lender.root} is gone or moved.",
        f"Put {name}/ back, or open it where it is now (`ds status -C FOLDER`), then try again.",
    )


def store_id_at(repository: Path) -> StoreId | None:
    """None: no history is there, or none that can be read."""
    found = _workspace_at(repository).get("id")
    return StoreId(found) if isinstance(found, str) else None


def _root_at(repository: Path) -> str | None:
    found = _workspace_at(repository).get("root")
    return found if isinstance(found, str) and found else None


def _workspace_at(repository: Path) -> dict[str, object]:
    try:
        body = json.loads((repository / "workspace.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


class Lent:
    """What borrowers need of one lender, as it is now. Made for one look; `close` it."""

    def __init__(self, repository: Path) -> None:
        self.missing: list[Borrower] = []
        """Those that cannot be found or read: they may need anything."""
        self._open: dict[Borrower, GitObjects] = {}
        for each in borrowers(repository):
            try:
                if store_id_at(each.repository) != each.store:
                    raise FileNotFoundError
                if store_id_at(repository) in (lender.store for lender in lenders(each.repository)):
                    self._open[each] = GitObjects(each.repository)
            except (DotscienceError, OSError):
                self.missing.append(each)

    def heads(self) -> dict[str, ObjectId]:
        """'w-… refs/heads/main' -> commit, of all that were found. One listing of their refs."""
        found = {}
        for each, objects in list(self._open.items()):
            try:
                found.update((f"{each.store} {name}", way[-1]) for name, way in objects.ref_ways().items())
            except DotscienceError:
                self.missing.append(each)
                self._open.pop(each).close()
        return found

    def needed(self, seen: set[ObjectId] | None = None) -> Iterator[tuple[Borrower, ObjectId]]:
        """All that the refs of those found lead to, wherever it lies. seen: as for `reachable`."""
        for each, objects in list(self._open.items()):
            try:
                for name in reachable(objects, heads_of(objects), seen):
                    yield each, name
            except DotscienceError:
                self.missing.append(each)

    def close(self) -> None:
        for objects in self._open.values():
            objects.close()

    def __enter__(self) -> Lent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lent_of(repository: Path, names: Iterable[ObjectId]) -> dict[ObjectId, str]:
    """Those of `names` that a borrower needs, or may need -> its folder. Nothing lent costs one look for a file."""
    if not borrowers(repository):
        return {}
    wanted, found = set(names), {}
    with Lent(repository) as lent:
        for borrower, name in lent.needed():
            if name in wanted:
                found[name] = borrower.root
        for each in lent.missing[:1]:
            found.update((name, each.root) for name in wanted if name not in found)
    return found


_Kind = TypeVar("_Kind", Borrower, Lender)


def _read(path: Path, kind: type[_Kind]) -> tuple[_Kind, ...]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return tuple(kind(**{str(name): str(value) for name, value in row.items()}) for row in rows)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise StoreDamaged(f"{path} cannot be read: {error}.", "Put it back from a copy of the folder.") from error


def _write(path: Path, listed: Iterable[Borrower | Lender]) -> None:
    rows = [asdict(each) for each in listed]
    if rows:
        write_text(path, json.dumps(rows, indent=1) + "\n")
    else:
        path.unlink(missing_ok=True)


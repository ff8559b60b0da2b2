"""Which folder a notebook or script belongs to, and the list of workspaces this user has: architecture §6, Root."""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

from ..errors import InvalidRequest, NotFound, NotRecorded, StoreError
from ..model.ids import StoreId, check_id
from ..model.instant import Instant
from ..model.paths import STORE_FOLDER
from ..settings import Settings
from ..store.base import KeepRules, Store
from ..store.fingerprint import Fingerprints
from ..store.recent import Recent
from .cleaning import HARMLESS, Cleaner
from .known_secrets import KnownSecrets
from .rebuilding import Rebuilding
from .workspace_list import KnownWorkspace, WorkspaceList

PROJECT_FILES = ("pyproject.toml", "environment.yml", "requirements.txt", "setup.py")
"""A folder with one of these is a project's root."""


@dataclass(frozen=True)
class Root:
    path: Path
    because: str
    """In words, for `ds doctor` and the folder menu."""


def find_root(disk_path: Path, home: Path, exists: Callable[[Path], bool] = Path.exists) -> Root:
    """The workspace root of a notebook, script or folder (`disk_path` absolute; a file's folder counts).

    Nearest ancestor with `.dotscience/`; else the git root; else the nearest one below home that holds a project file, or
    `data/` beside `notebooks/`; else the folder itself. `/`, home itself and the temporary folder itself never match.
    """
    folder = disk_path if disk_path.is_dir() else disk_path.parent
    ancestors = [folder, *folder.parents]
    allowed = [each for each in ancestors if each not in never_roots(home)]
    for each in allowed:
        if exists(each / STORE_FOLDER / "store.git"):
            return Root(each, f"it holds a history ({STORE_FOLDER}/)")
    for each in allowed:
        if exists(each / ".git"):
            return Root(each, "it is the root of a git repository")
    for each in allowed:
        if home in each.parents or home not in ancestors:
            if any(exists(each / name) for name in PROJECT_FILES):
                return Root(each, "it holds a project file")
            if exists(each / "data") and exists(each / "notebooks"):
                return Root(each, "it holds data/ beside notebooks/")
        if each == home:
            break
    return Root(folder, "it is the folder of the notebook")


def never_roots(home: Path) -> frozenset[Path]:
    return frozenset({Path("/"), home, Path(os.path.realpath(tempfile.gettempdir()))})


class Workspaces:
    """The stores this recorder has open, by id and by root, and the user's list of all he ever had."""

    def __init__(
        self, settings: Settings, open_store: Callable[..., Store], widen_store: Callable[[Any], Store],
        recent_records: Callable[..., Recent | None] = lambda *_, **__: None,
    ) -> None:
        """recent_records: what of a history can be shown while its index is made anew, if that takes long."""
        self.settings = settings
        self._fallback_dir = settings.data_dir / "stores"
        self.whole_again: Callable[[Recent], None] = lambda recent: None
        """Told of a history whose index was made anew."""
        self._rebuilding = Rebuilding(
            lambda root: recent_records(root, self._fallback_dir),
            lambda root: open_store(root, fallback_dir=self._fallback_dir).close(),
            lambda recent: self.whole_again(recent),
        )
        self._open_store = open_store
        self._widen_store = widen_store
        self._by_root: dict[Path, Store] = {}
        self.refusals: dict[Path, StoreError] = {}
        """root -> why no history could be begun or opened there the last time."""
        self.list = WorkspaceList(settings.data_dir / "workspaces.json")
        self.on_open: Callable[[Store], None] = lambda store: None
        """Told of every history that is opened, before anybody else has it."""
        self._busy = threading.RLock()
        self._writers: dict[StoreId, threading.RLock] = {}
        self.known_secrets = KnownSecrets()
        """As kernels and `.env` files told them, of all folders: one kernel may work in several."""
        self.fingerprints = Fingerprints()
        """Of files outside every folder."""

    def for_path(self, disk_path: str, *, create: bool) -> Store:
        """The store of the workspace that `disk_path` lies in, made if there is none and `create`; else NotFound names its root."""
        return self.at_root(find_root(self.real(disk_path), self.home).path, create=create)

    def real(self, disk_path: str) -> Path:
        """Links resolved; InvalidRequest if the path is not absolute."""
        if not isinstance(disk_path, str) or not os.path.isabs(disk_path) or "\0" in disk_path:
            raise InvalidRequest(f"{disk_path!r} is not an absolute path.")
        return Path(os.path.realpath(disk_path))

    @property
    def home(self) -> Path:
        return Path(os.path.realpath(self.settings.home))

    @property
    def never(self) -> frozenset[Path]:
        """Folders that are no workspace themselves; folders inside them may be."""
        return never_roots(self.home)

    def at_root(self, root: Path, *, create: bool, store_id: StoreId | None = None) -> Store:
        """store_id: of a new history, one that it had before. Waits for an index that is being made anew."""
        store = self._open_at(root)
        if store is not None:
            return store
        self._rebuilding.wait(root)  # others are answered meanwhile
        with self._busy:
            store = self._open_at(root)
            if store is not None:
                return store
            if not root.is_dir():
                raise NotFound(f"There is no folder {root}.")
            if root in self.never:
                raise NotRecorded(
                    f"Notebooks directly in {root} are not recorded.", "Move the notebook into a folder of its own."
                )
            try:
                named = {"store_id": store_id} if store_id is not None else {}
                store = self._open_store(
                    root, create=create, fallback_dir=self._fallback_dir, find_root=self._listed_root, **named
                )
            except StoreError as error:
                self.refusals[root] = error
                raise
            self.refusals.pop(root, None)
            self._by_root[root] = store
            self.clean(store)
            self.remember(store)
            self.on_open(store)
            return store

    def clean(self, store: Store) -> None:
        """From now on what it keeps is cleaned, as its settings say."""
        harmless = frozenset(map(str, store.workspace.settings.get(HARMLESS, ())))
        store.clean_with(Cleaner(store.salt, self.known_secrets, harmless=harmless))

    def _listed_root(self, store: StoreId) -> Path | None:
        root = self.known().get(store)
        return Path(root) if root is not None else None

    def _open_at(self, root: Path) -> Store | None:
        with self._busy:
            store = self._by_root.get(root)
            return store if store is not None and store.is_there() else None

    def recent_at(self, root: Path) -> Recent | None:
        """What can be seen of the history there while its index is made anew; None: it is whole, ask the store."""
        return None if self._open_at(root) is not None else self._rebuilding.recent(root)

    def recent(self, workspace: str) -> Recent | None:
        """The same by id."""
        check_id("store", workspace)
        if any(store.workspace.id == workspace and store.is_there() for store in self.opened()):
            return None
        root = self.known().get(StoreId(workspace))
        found = self.recent_at(Path(root)) if root is not None else None
        return found if found is not None and found.workspace.id == workspace else None

    def opened(self) -> list[Store]:
        with self._busy:
            return list(self._by_root.values())

    def get(self, workspace: str) -> Store:
        """By id, opened if it is on the user's list; NotFound else."""
        check_id("store", workspace)
        with self._busy:
            for store in self._by_root.values():
                if store.workspace.id == workspace and store.is_there():
                    return store
        root = self.known().get(StoreId(workspace))
        if root is not None and Path(root).is_dir():
            store = self.at_root(Path(root), create=False)
            if store.workspace.id == workspace:
                return store
        raise NotFound(f"There is no workspace {workspace} on this computer.", "Open a notebook of it, or run `ds init` in it.")

    def root_of(self, workspace: str) -> Path:
        """Of a workspace on the user's list, whether its history opens or not; NotFound else."""
        check_id("store", workspace)
        root = self.known().get(StoreId(workspace))
        if root is None or not Path(root).is_dir():
            raise NotFound(f"There is no workspace {workspace} on this computer.", "Open a notebook of it, or run `ds init` in it.")
        return Path(root)

    def widen(self, store: Store) -> Store:
        """The workspace becomes its parent folder. NotRecorded if that is a folder that never is one."""
        parent = store.root.parent
        if parent in self.never:
            raise NotRecorded(f"{parent} itself is never recorded.", "Keep the folder as it is.")
        with self.writer(store), self._busy:
            self._by_root.pop(store.root, None)
            widened = self._widen_store(store)
            self._by_root[widened.root] = widened
            self.clean(widened)
            self.remember(widened)
            return widened

    def known(self) -> dict[StoreId, str]:
        """id -> root of every workspace ever seen, gone ones included."""
        return {each.id: each.root for each in self.list.all().values()}

    def writer(self, store: Store) -> threading.RLock:
        """Held while one session stages and publishes, so that sessions of one workspace take turns."""
        with self._busy:
            return self._writers.setdefault(store.workspace.id, threading.RLock())

    def drop(self, store: Store) -> None:
        """Close a store, because it is forgotten or moved."""
        with self._busy:
            self._by_root = {root: each for root, each in self._by_root.items() if each is not store}
            self.list.drop(store.workspace.id)
            store.close()

    def rules(self, store: Store) -> KeepRules:
        """What is kept here: the user's or administrator's limits, this folder's own on top."""
        own = store.workspace.settings
        limits = self.settings.limits
        names = [name for name in KeepRules.__dataclass_fields__ if hasattr(limits, name)]
        chosen = {name: own.get("limits", {}).get(name, getattr(limits, name)) for name in names}
        return replace(KeepRules(**chosen), excludes=tuple(own.get("excludes", ())))

    def close(self) -> None:
        with self._busy:
            for store in self._by_root.values():
                store.close()
            self._by_root.clear()

    def remember(self, store: Store, recorded_at: Instant | None = None) -> None:
        """Put it on the user's list, with when it last recorded and where a copy is kept.

        A history that is no new one and stands where another is listed is that one, under an id it was given because its
        own was lost; a new one is another, and the earlier one stays listed: it may be got back.
        """
        workspace = store.workspace
        newest = store.index.executions(limit=1).items
        if newest and workspace.id not in self.list.all():
            for each in [each for each in self.list.all().values() if each.root == str(store.root)]:
                self.list.drop(each.id)
        at = recorded_at or (newest[0].finished_at or newest[0].started_at if newest else None)
        copies = sorted(workspace.remotes, key=lambda each: not each.keeps_copy)
        self.list.keep(KnownWorkspace(workspace.id, str(store.root), at, next(iter(copies), None)))

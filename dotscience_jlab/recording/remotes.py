"""A folder's remotes: added, listed, removed; pushed to and pulled from; and how a lost history is got back from one."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from ..errors import Conflict, DotscienceError, InvalidRequest, NeedsConsent, NotFound
from ..model.codec import to_json
from ..model.ids import StoreId
from ..model.instant import instant
from ..model.paths import STORE_FOLDER
from ..model.remote import LineState, Remote, checked_remote, disk_path_of
from ..store.base import Store
from ..store.exchange import Exchange, forget_remote
from ..store.far_side import begin_repository
from ..store.git_command import Progress
from ..store.history import History
from .activity import Activity
from .exchange import pull, push
from .workspaces import Workspaces, find_root

FIRST_NAME = "origin"
NO_HINT = "`ds remote add NAME ADDRESS` adds one."


class Remotes:
    def __init__(self, workspaces: Workspaces, activity: Callable[[Store], Activity]) -> None:
        self._workspaces = workspaces
        self._activity = activity
        self._is_stopping = False

    def stop(self) -> None:
        """The recorder leaves: what is under way ends, and goes on at the next push or pull."""
        self._is_stopping = True

    # -- the list ----------------------------------------------------------------------------------

    def list(self, store: Store) -> list[dict[str, Any]]:
        return [self._row(store, remote) for remote in store.workspace.remotes]

    def add(self, store: Store, remote: Remote, *, is_new_repository: bool = False) -> dict[str, Any]:
        """Remember it; nothing is sent. Conflict if the name is taken; is_new_repository: make one at its path first."""
        checked_remote(remote)
        if any(each.name == remote.name for each in store.workspace.remotes):
            raise Conflict(f"There is a remote {remote.name} already.", "Take another name, or remove that one first.")
        path = disk_path_of(remote.url)
        if path is not None and STORE_FOLDER in Path(path).parts:
            raise InvalidRequest(f"{path} is the history itself, or another folder's.", "Choose a place outside.")
        if remote.keeps_copy and not remote.is_unscanned_allowed:
            raise NeedsConsent(
                "Keeping a copy sends all that is kept here, unasked, for ever. It is searched for secrets first, which finds "
                "those that have the form of one, in the first 64 MB of a file.",
                "Repeat with --unscanned if all of it may go there.",
            )
        if is_new_repository:
            begin_repository(remote.url)
        self._save(store, (*store.workspace.remotes, remote))
        return self._row(store, remote)

    def remove(self, store: Store, name: str, *, is_agreed: bool) -> None:
        """Forget the address, and its lines as last seen. NeedsConsent if some of that is nowhere else here."""
        remote = self.get(store, name)
        if not is_agreed:
            only_there = self._exchange(store, remote).only_from_there()
            if only_there:
                raise NeedsConsent(
                    f"{', '.join(only_there)} has snapshots that are nowhere else here.", "Repeat with --yes to let go of them."
                )
        self._save(store, tuple(each for each in store.workspace.remotes if each.name != name))
        forget_remote(_history(store), name)

    def get(self, store: Store, name: str | None) -> Remote:
        """The one of that name; without a name the only one. NotFound, or InvalidRequest if it could be several."""
        remotes = store.workspace.remotes
        if name is None and len(remotes) > 1:
            raise InvalidRequest(f"Which one: {', '.join(each.name for each in remotes)}?")
        found = next((each for each in remotes if name in (None, each.name)), None)
        if found is None:
            raise NotFound(f"There is no remote {name} here." if name else "This folder has no remote.", NO_HINT)
        return checked_remote(found)

    # -- push and pull -----------------------------------------------------------------------------

    def push(
        self, store: Store, name: str | None, *, is_unscanned_allowed: bool = False, main_as: str | None = None,
        progress: Progress, **options: Any,
    ) -> dict[str, Any]:
        """options: as Exchange takes them."""
        remote = self.get(store, name)
        if main_as is not None:
            remote = checked_remote(replace(remote, main_as=main_as))
            if main_as in store.lines()[1:]:
                raise Conflict(f"This folder has another line named {main_as}.", "Take another name.")
        exchange = self._exchange(store, remote, **options)
        told = push(exchange, is_unscanned_allowed=is_unscanned_allowed or remote.is_unscanned_allowed, progress=progress)
        store.index.pragma(f"copied_at {remote.name}", instant(time.time()))
        if remote.keeps_copy:
            self._activity(store).copy_problem = None
        if main_as is not None:
            self._save(store, tuple(exchange.remote if each.name == remote.name else each for each in store.workspace.remotes))
        return told

    def pull(
        self, store: Store, name: str | None, *, join: bool = False, progress: Progress, **options: Any
    ) -> dict[str, Any]:
        """options: as Exchange takes them."""
        exchange = self._exchange(store, self.get(store, name), **options)
        told = pull(exchange, self._workspaces.writer(store), join=join, progress=progress)
        self._activity(store).versions.clear()
        return told

    def get_back(
        self, disk_path: str, url: str | None, *, join: bool = False, progress: Progress, **options: Any
    ) -> tuple[Store, dict[str, Any]]:
        """The history of the project folder at `disk_path`, from `url` or from where a copy of it was kept, ids unchanged.

        Into a folder without history, or beside one that was begun there since. What fails before anything came leaves
        nothing behind; what fails later goes on with the next try.
        """
        root = find_root(self._workspaces.real(disk_path), self._workspaces.home).path
        store = self._store_at(root)
        known = self._workspaces.list.at_root(root, store.workspace.id if store is not None else None)
        remembered = known.remote if known is not None and url in (None, known.remote.url if known.remote else None) else None
        if url is None and remembered is None:
            raise NotFound(f"No place is known that keeps a copy of the history of {root}.", "`ds pull --from ADDRESS` names one.")
        remote = checked_remote(remembered or Remote(FIRST_NAME, url or ""))
        is_begun_now = store is None
        if store is None:
            is_same = known is not None and known.remote in (None, remembered)
            store = self._workspaces.at_root(root, create=True, store_id=known.id if known is not None and is_same else None)
        try:
            remote = self._added(store, remote)
            told = self.pull(store, remote.name, join=join or remembered is not None, progress=progress, **options)
        except DotscienceError:
            if is_begun_now and not self._has_begun(store, remote):
                self._take_away(store, known.id if known is not None else None)
            raise
        if known is not None and known.id != store.workspace.id and remembered is not None:
            self._workspaces.list.drop(known.id)
        return store, {**told, "root": str(root)}

    def _store_at(self, root: Path) -> Store | None:
        try:
            return self._workspaces.at_root(root, create=False)
        except NotFound:
            if not root.is_dir():
                raise
            return None

    def _added(self, store: Store, remote: Remote) -> Remote:
        """The remote of this folder with that address, added under a free name if there is none."""
        found = next((each for each in store.workspace.remotes if each.url == remote.url), None)
        if found is not None:
            return found
        taken = {each.name for each in store.workspace.remotes}
        names = (remote.name, *(f"{remote.name}-{n}" for n in range(2, len(taken) + 3)))
        remote = replace(remote, name=next(name for name in names if name not in taken))
        self.add(store, remote)
        return remote

    def _has_begun(self, store: Store, remote: Remote) -> bool:
        """Something of the fetch is there to go on with, or somebody has recorded here meanwhile."""
        if store.head() is not None or store.index.executions(limit=1).total:
            return True
        with self._exchange(store, remote).incoming() as incoming:
            return incoming.has_something()

    def _take_away(self, store: Store, listed_before: StoreId | None) -> None:
        with self._workspaces.writer(store):
            known = self._workspaces.list.all().get(listed_before) if listed_before else None
            store.forget_all()
            self._workspaces.drop(store)
            if known is not None:
                self._workspaces.list.keep(known)

    # -- small things ------------------------------------------------------------------------------

    def _exchange(self, store: Store, remote: Remote, **options: Any) -> Exchange:
        is_stopped = options.pop("is_stopped", lambda: False)
        return Exchange(_history(store), remote, is_stopped=lambda: self._is_stopping or is_stopped(), **options)

    def _save(self, store: Store, remotes: tuple[Remote, ...]) -> None:
        store.save_workspace(replace(store.workspace, remotes=remotes))
        self._workspaces.remember(store)

    def _row(self, store: Store, remote: Remote) -> dict[str, Any]:
        activity = self._activity(store)
        return {
            **to_json(remote),
            "lines": to_json(self._states(store, remote)),
            "copied_at": store.index.pragma(f"copied_at {remote.name}"),
            "problem": str(activity.copy_problem) if remote.keeps_copy and activity.copy_problem else "",
        }

    def _states(self, store: Store, remote: Remote) -> list[LineState]:
        """As last seen; none where git is missing or the address is none any more: a list is no place to fail."""
        try:
            return self._exchange(store, remote).states()
        except DotscienceError:
            return []


def _history(store: Store) -> History:
    if not isinstance(store, History):
        raise InvalidRequest("This history cannot be pushed or pulled.")
    return store

"""Brings the rest of a fork's files behind, one thread a fork: begun by whoever opens it, also after a recorder was killed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import Conflict, DotscienceError, StoreDamaged
from ..store.arriving import read_arriving
from ..store.base import Store
from .activity import Activity
from .amounts import count_words, size_words
from .drafts import disk_error
from .fork_files import write_rest

RETRY_S = 30.0
"""After a refusal of the disk."""

log = logging.getLogger("dotscience_jlab.recorder")


@dataclass(frozen=True)
class Arrival:
    """How far the files of one fork are."""

    n_files: int
    """When it began."""
    done_bytes: int
    bytes: int
    problem: str = ""
    """Why it does not go on for the moment."""

    @property
    def sentence(self) -> str:
        """'3 large files (1.2 GB) of this fork are still being copied.'"""
        files, size = count_words(self.n_files, "large file"), size_words(self.bytes - self.done_bytes)
        told = f"{files} of this fork {'is' if self.n_files == 1 else 'are'} still being copied; {size} to go."
        return f"{told} It waits: {self.problem}" if self.problem else told


class Arrivals:
    """`begin` is called at every opening of a history, and costs one look for a file where nothing is on its way."""

    def __init__(self, activity: Callable[[Store], Activity], notify: Callable[..., None]) -> None:
        self._activity = activity
        self._notify = notify
        self._busy = threading.Lock()
        self._threads: dict[str, tuple[threading.Thread, Store]] = {}
        self._stopping = threading.Event()

    def begin(self, store: Store) -> None:
        try:
            arriving = read_arriving(store.root)
        except DotscienceError as error:
            log.warning("files of %s: %s", store.root, error)
            return
        if arriving is None:
            return
        store.expect(arriving.paths)  # before the first look at the folder
        with self._busy:
            before, its_store = self._threads.get(store.workspace.id, (None, None))
            if before is not None and before.is_alive() and its_store is store:
                return
            self._activity(store).arrival = Arrival(len(arriving.paths), 0, arriving.n_bytes)
            thread = threading.Thread(target=self._run, args=(store, before), name="arrivals", daemon=True)
            self._threads[store.workspace.id] = thread, store
            thread.start()

    @property
    def is_running(self) -> bool:
        with self._busy:
            return any(thread.is_alive() for thread, _ in self._threads.values())

    def stop(self) -> None:
        """What is left is written at the next opening."""
        self._stopping.set()
        with self._busy:
            threads = list(self._threads.values())
        for thread, _ in threads:
            thread.join(timeout=30)

    def _run(self, store: Store, before: threading.Thread | None) -> None:
        """before: of the same fork, whose history was opened anew meanwhile: it ends at its next file."""
        if before is not None:
            before.join()
        try:
            while not self._stopping.is_set() and store.is_there():
                try:
                    if write_rest(store, self._is_stopped(store), lambda done, total, _: self._tell(store, done, total)):
                        break
                except StoreDamaged as error:
                    log.warning("files of %s: %s", store.root, error)
                    break  # what is damaged stays so: the next opening looks again
                except OSError as error:
                    self._refused(store, disk_error(error, "Free some space; it goes on by itself."))
                except DotscienceError as error:
                    self._refused(store, error)
        except Exception:  # the thread's edge: the list stays, and the next opening goes on
            log.exception("files of %s", store.root)
        finally:
            with self._busy:
                is_newest = self._threads.get(store.workspace.id, (None, None))[1] is store
            if is_newest:
                self._activity(store).arrival = None
            self._notify("status", store.workspace.id, [], None)

    def _is_stopped(self, store: Store) -> Callable[[], bool]:
        return lambda: self._stopping.is_set() or not store.is_there()

    def _tell(self, store: Store, done: int, total: int) -> None:
        known = self._activity(store).arrival
        if known is not None:
            self._activity(store).arrival = Arrival(known.n_files, done, total)
            self._notify("status", store.workspace.id, [], None)

    def _refused(self, store: Store, error: DotscienceError) -> None:
        known = self._activity(store).arrival
        if known is not None and known.problem != str(error):
            log.warning("files of %s: %s", store.root, error)
            self._activity(store).arrival = Arrival(known.n_files, known.done_bytes, known.bytes, str(error))
            self._notify("status", store.workspace.id, [], None)
        self._stopping.wait(RETRY_S)


def check_arrived(activity: Activity) -> None:
    """Conflict while files of a fork are on their way: what acts on the whole folder would mistake them for removed ones."""
    if activity.arrival is not None:
        raise Conflict(activity.arrival.sentence, "Try again when they are there.")

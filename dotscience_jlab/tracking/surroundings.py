"""What a session and its runs take place in: the environment once a session, for each run what it loaded and its random state.

    a cell begins     the states of the random generators are kept, as they are: 20 µs
    a run opens       their digests are reported, as of the beginning of its cell
    a cell, run ends  what is in memory by then is reported for its runs, if it is not what was reported before
    in a thread       what is installed is listed, and the recorder is asked for what only it can see (the machine's GPUs,
                      what differs from the last commit): one report for all of it
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from ..model.events import EnvironmentSeen, Event, RunClosed, RunOpened, RunRecorded
from ..model.ids import RunId
from . import seeds
from .working_folder import working_folder_if_any

if TYPE_CHECKING:
    from .loaded import Loaded

DELAY_S, PAUSE_S = 0.3, 0.002
"""The inventory begins a moment after the first event and sleeps after each small step."""

Ask = Callable[[Dict[str, Any]], Dict[str, Any]]
"""The recorder's `environments.look`; any exception where it does not answer."""


class Surroundings:
    """One session's. `emit` appends events, and leaves them out once the session is over; `fault` says that something failed."""

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], float], emit: Callable[..., None],
                 fault: Callable[[str], None], ask: Ask) -> None:
        self._environ = environ
        self._clock = clock
        self._emit = emit
        self._fault = fault
        self._ask = ask
        self._loaded: Optional[Loaded] = None
        """Once it is known what is installed. Its file and `environment` are read then: a kernel's start waits for neither."""
        self._states: List[seeds.State] = []
        self._told: Dict[RunId, Dict[str, Any]] = {}
        """run -> what it was said to have loaded"""
        self._stamp: Optional[Tuple[int, ...]] = None
        """Of the packages as they were listed; None: not yet."""

    def cell_begins(self) -> None:
        self._states = seeds.states()

    def around(self, events: Iterable[Event]) -> List[Event]:
        """The same events, with the random state behind each run that opens, and what is loaded before each that closes."""
        found: List[Event] = []
        for event in events:
            if isinstance(event, RunClosed):
                found += self.loaded_by([event.run])
                self._told.pop(event.run, None)
            found.append(event)
            if isinstance(event, RunOpened):
                states = seeds.digests(self._states or seeds.states())
                if states:
                    found.append(RunRecorded(self._clock(), event.run, "seeds", dict(states)))
        return found

    def loaded_by(self, runs: Iterable[RunId]) -> List[Event]:
        """What is in memory now; nothing for a run of which that was said already, or while what is installed is not listed."""
        events: List[Event] = []
        for run in runs if self._loaded is not None else ():
            found = self._loaded.now()  # type: ignore[union-attr]
            if found is not None and self._told.get(run) != found:
                self._told[run] = found
                events.append(RunRecorded(self._clock(), run, "loaded", found))
        return events

    def cell_ended(self) -> None:
        """Looks for what may have changed by it, in threads."""
        if self._loaded is None or self._stamp is None:
            return
        from .environment import packages_stamp  # by now it is in memory

        if self._loaded.is_behind:
            threading.Thread(target=self._loaded.look_at_libraries, name="dotscience-libraries", daemon=True).start()
        if packages_stamp() != self._stamp:  # `%pip install` changes the environment
            self._stamp = packages_stamp()
            self.list_later()

    def list_later(self) -> None:
        threading.Thread(target=self._list, name="dotscience-environment", daemon=True).start()

    def finish(self) -> None:
        """The process ends: what was not listed yet is listed now, without the recorder's part."""
        from .environment import collect_now, packages_stamp

        if self._stamp is None:
            self._stamp = packages_stamp()
            owners: Dict[str, str] = {}
            environment = collect_now(self._environ, working_folder_if_any(), owners)
            self._know(owners, environment)
            self._emit(EnvironmentSeen(self._clock(), environment))
        if self._loaded is not None and self._loaded.is_behind:
            self._loaded.look_at_libraries()

    def _know(self, owners: Mapping[str, str], environment: Mapping[str, Any]) -> None:
        from .loaded import Loaded

        loaded = self._loaded or Loaded(self._environ)
        loaded.know(owners, environment["packages"])
        self._loaded = loaded

    def _list(self) -> None:
        try:
            time.sleep(DELAY_S)
            from .environment import collect, packages_stamp

            stamp, environment = packages_stamp(), None
            owners: Dict[str, str] = {}
            for step in collect(self._environ, working_folder_if_any(), owners):
                environment = step
                time.sleep(PAUSE_S)
            if environment is None:
                return
            self._know(owners, environment)
            environment.update(self._seen_by_the_recorder(environment))
            self._stamp = stamp
            self._emit(EnvironmentSeen(self._clock(), environment))
        except Exception:  # this thread's edge
            self._fault("The environment could not be listed.")

    def _seen_by_the_recorder(self, environment: Dict[str, Any]) -> Dict[str, Any]:
        """Its answer's fields; of those that are there already (`git`, `packages`) both together."""
        try:
            found = self._ask({
                "pid": os.getpid(),
                "prefix": environment["prefix"],
                "repository": (environment.get("git") or {}).get("root"),
                "editable": [each["url"] for each in environment["packages"] if each.get("editable")],
            })
        except Exception as error:  # no recorder here, or an older one
            return {"not_seen": f"The recorder did not say what it sees: {error}"}
        states = found.pop("editable", {})
        for each in environment["packages"]:
            each.update(states.get(each.get("url"), {}))
        if found.get("git"):
            found["git"] = {**environment["git"], **found["git"]}
        return {name: value for name, value in found.items() if value not in (None, "", [], {})}

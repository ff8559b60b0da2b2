"""Carries what happens under the old import name into our record. A fault of ours is noted and never reaches the caller."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Optional, TypeVar

from ..errors import DotscienceError
from ..model.ids import new_run_id
from ..model.values import metric_value, scalar
from . import active
from .fault_log import note_fault

if TYPE_CHECKING:
    from .compat import Run

Call = TypeVar("Call", bound=Callable[..., Any])

_is_local_only_said = False


def note_missing_value() -> None:
    """In an `except`: what was to be recorded is not, and the execution says so."""
    session = active.known_session()
    if session is not None:
        session.fault("A recorded value is missing: an internal error, see the log.")
    else:
        note_fault(active.settings(), "A value could not be recorded.")


def never_raises(call: Call) -> Call:
    """The process edge of a recording call: an error of ours becomes a fault of the session."""

    @functools.wraps(call)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except DotscienceError:
            raise  # a sentence for the user about what was asked
        except Exception:
            note_missing_value()
            return None

    return guarded  # type: ignore[return-value]


class Reporter:
    """One `Dotscience` object's runs in our words: the run is live from its first value and closed by publish."""

    def __init__(self) -> None:
        self._has_run = False

    @never_raises
    def start(self, description: Any) -> None:
        active.session().start_run("dotscience", None, None if description is None else str(description))
        self._has_run = True

    @never_raises
    def record(self, what: str, items: Dict[str, Any]) -> None:
        self._reopen()
        active.session().record(what, items)

    @never_raises
    def record_scalars(self, what: str, items: Dict[str, Any]) -> None:
        self._reopen()
        active.session().record(what, {name: scalar(value) for name, value in items.items()})

    @never_raises
    def record_metric(self, name: str, value: Any) -> None:
        self._reopen()
        number, is_number = metric_value(value)
        if is_number:
            active.session().record_points((name,), (number,), None)
        else:
            active.session().record("metric_text", {name: str(value)})

    @never_raises
    def record_paths(self, what: str, root: str, paths: Iterable[str]) -> None:
        self._reopen()
        items = {os.path.normpath(os.path.join(root, path)): None for path in sorted(paths)}
        if items:
            active.session().record(what, items)

    @never_raises
    def record_model(self, module: str, name: str, path: Any, classes: Any) -> None:
        self._reopen()
        body = {"module": module, "disk_path": os.path.abspath(str(path)), "classes": None if classes is None else str(classes)}
        active.session().record("model", {name: body})

    def publish(self, run: "Run", description: Any) -> str:
        """Close our run and give its id to the marker; what the old rules keep goes into the next one as well."""
        published = self._publish(run, description)
        return published if published is not None else str(new_run_id())

    @never_raises
    def _publish(self, run: "Run", description: Any) -> Optional[str]:
        self._reopen()
        self._complete(run)
        self._has_run = False
        published = active.session().publish(None if description is None else str(description))
        return None if published is None else str(published.id)

    def say_local_only(self, key: Any) -> None:
        say_local_only(key)

    def _reopen(self) -> None:
        """A value after a publish opens the next run; what the old rules keep follows at its own publish."""
        session = active.session()
        if not self._has_run:
            session.start_run("dotscience")
            self._has_run = True

    def _complete(self, run: "Run") -> None:
        """Publish clears nothing under the old rules: what an earlier run recorded is part of this one too."""
        session = active.session()
        ours = session.current_run()
        for what, kept in (("parameter", run._parameters), ("label", run._labels)):
            known = {} if ours is None else ours.shown.get(what, {})
            missing = {name: value for name, value in kept.items() if name not in known}
            if missing:
                session.record(what, dict(missing))
        known = {} if ours is None else ours.metrics()
        for name, value in run._metric.items():
            if name not in known:
                self.record_metric(name, value)
        self.record_paths("input", run._root, run._inputs)
        self.record_paths("output", run._root, run.metadata()["output"])


def say_local_only(key: Any) -> None:
    """Once: nothing is sent anywhere. The key becomes a known secret, so it is recorded nowhere."""
    global _is_local_only_said
    session = active.session()
    if key:
        session.secrets.learn("apikey", str(key))
    if not _is_local_only_said:
        _is_local_only_said = True
        print("dotscience: runs are recorded on this computer; nothing is sent to a server, and the key is not kept.")

"""What autologging has put into a run: so that an explicit `ds.` value wins, the first fit has plain names, and two runs stay two.

An explicit parameter, label or summary of the same name is never overwritten, before or after. Of a metric no autologged point
follows an explicit one. What a fit puts in belongs to this run alone: it is not carried over to the next, as explicit values are.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ...model.values import Scalar, metric_value, scalar
from .. import active, artifacts
from ..runs import CARRIED_OVER, NO_SUCCESSOR, OpenRun
from ..session import Session

MAX_FITS = 20
"""Different fits of one run whose parameters are kept; a loop over a thousand is told of by its first twenty."""
MAX_LOOKS = 200
"""Fits of one class in one run after which no more are looked at: a loop over ten thousand small ones would feel it."""
MAX_STEP = 2**63
LABEL = "autolog"
"""Names the libraries that a run has values of."""


class Page:
    """One run's part of the ledger."""

    def __init__(self) -> None:
        self.sources: List[str] = []
        self.values: Dict[Tuple[str, str], Any] = {}
        """(what, name) -> as last recorded from here; another value in the run is an explicit one."""
        self.points: Dict[Tuple[str, ...], Tuple[float, ...]] = {}
        self.fits: Dict[str, Dict[str, str]] = {}
        """title -> parameters in one text -> prefix of its values"""
        self.n_looks: Dict[str, int] = {}
        """title -> its fits so far"""
        self.first: Dict[str, Mapping[str, Scalar]] = {}
        """title -> parameters of its first fit"""
        self.models: Dict[int, Tuple[Any, str]] = {}
        """id of a fitted object -> (weak reference, prefix)"""
        self.hosts: Dict[str, str] = {}
        """source -> the run of another tracker that is mirrored into this one"""


_NOTHING = object()
_lock = threading.RLock()
_mirrored: Dict[Tuple[str, str], Any] = {}
"""(what, name) -> the newest value of another tracker: where the run before handed it on, it is still not an explicit one."""
_known_hosts: Set[Tuple[str, str]] = set()


def record(source: str, what: str, items: Mapping[str, Any], *, is_carried: bool = False) -> None:
    """what: parameter | summary | label | metric_text. is_carried: another tracker's value, which the user did log."""
    with _lock:
        entered = _enter(source)
        if entered is None:
            return
        session, run, page = entered
        found = {str(name): scalar(value) for name, value in items.items()}
        ours = {name: value for name, value in found.items() if not _is_explicit(run, page, what, name)}
        if not ours:
            return
        session.record(what, ours)  # type: ignore[arg-type]
        page.values.update({(what, name): value for name, value in ours.items()})
        if is_carried:
            _mirrored.update({(what, name): value for name, value in ours.items()})
        else:
            session.runs.keep_to_itself(run, what, ours)


def record_points(source: str, values: Mapping[str, Any], step: Any = None) -> None:
    """Numbers are points, texts are texts, anything else (a picture, a histogram) is left to the library."""
    numbers: Dict[str, float] = {}
    texts: Dict[str, str] = {}
    for name, value in values.items():
        plain = scalar(value) if hasattr(value, "item") else value
        if isinstance(plain, str):
            texts[str(name)] = plain
        elif isinstance(plain, (bool, int, float)):
            numbers[str(name)] = metric_value(plain)[0]
    if texts:
        record(source, "metric_text", texts)
    if not numbers:
        return
    with _lock:
        entered = _enter(source)
        if entered is None:
            return
        session, run, page = entered
        explicit = {
            name for names, newest in list(run.newest_points.items()) if page.points.get(names) is not newest for name in names
        }
        names = tuple(name for name in numbers if name not in explicit)
        if names:
            row = page.points[names] = tuple(numbers[name] for name in names)
            session.record_points(names, row, whole_step(step))


def record_table(source: str, name: str, rows: List[Dict[str, Any]]) -> None:
    with _lock:
        entered = _enter(source)
        if entered is None:
            return
        session, run, page = entered
        if name in run.shown.get("table", {}) and ("table", name) not in page.values:
            return
        content = artifacts.table_bytes(rows)
        path = session.keep_artifact(content.file_name(), content.data)
        if path is not None:
            page.values["table", name] = True
            session.record("table", {name: {"step": None, "mime": content.mime, **content.details, "disk_path": os.fspath(path)}})


def record_outputs(source: str, paths: Iterable[str]) -> None:
    """Files or folders on disk that another tracker was given to keep."""
    with _lock:
        entered = _enter(source)
        if entered is not None:
            entered[0].record("output", {os.path.abspath(path): None for path in paths})


def begin_fit(source: str, title: str, parameters: Mapping[str, Any], model: Any = None) -> str:
    """Record what is fitted with which parameters; returns the prefix for the names of whatever comes of it.

    The parameter `model` holds the title. The first fit of a run: `alpha`; the first of another class: `Ridge.alpha`;
    another of the same class: `Ridge 2.alpha`, only what differs from its first. The same once more changes nothing.
    """
    with _lock:
        entered = _enter(source)
        if entered is None:
            return ""
        _, _, page = entered
        kept = {str(name): scalar(value) for name, value in parameters.items()}
        text = repr(sorted(kept.items()))
        page.n_looks[title] = page.n_looks.get(title, 0) + 1
        known = page.fits.setdefault(title, {})
        if text in known:
            prefix = known[text]
        elif sum(map(len, page.fits.values())) >= MAX_FITS:
            record(source, "label", {"autolog_left_out": f"parameters after {MAX_FITS} different fits"})
            prefix = ""
        else:
            is_first = not any(page.fits.values())
            prefix = "" if is_first else f"{title}." if not known else f"{title} {len(known) + 1}."
            known[text] = prefix
            first = page.first.setdefault(title, kept)
            differing = {name: value for name, value in kept.items() if first is kept or name not in first or first[name] != value}
            told = {"model": title, **{name: value for name, value in differing.items() if name != "model"}}
            record(source, "parameter", {f"{prefix}{name}": value for name, value in told.items()})
        if model is not None:
            _remember(page, model, prefix)
        return prefix


def is_enough_of(title: str) -> bool:
    """Whether so many of this title were fitted in the current run that another one is not worth the look."""
    session = active.known_session()
    run = None if session is None else session.current_run()
    return run is not None and run.automatic is not None and run.automatic.n_looks.get(title, 0) >= MAX_LOOKS


def prefix_of(model: Any) -> str:
    """Of the fit that made it in the current run; '' for one that is not known here."""
    session = active.known_session()
    run = None if session is None else session.current_run()
    kept = None if run is None or run.automatic is None else run.automatic.models.get(id(model))
    return kept[1] if kept is not None and kept[0]() is model else ""


def turn_to(source: str, host: Any) -> None:
    """A value or a beginning of the run `host` of another tracker. One that is new, where the open implicit run mirrors another of
    that tracker, opens the next run; blocks and runs that the user opened hold whatever is logged in them."""
    with _lock:
        session = active.known_session()
        run = None if session is None else session.current_run()
        if session is None or run is None:
            return
        host = str(host)
        if run.automatic is None:
            run.automatic = Page()
        mirrored = run.automatic.hosts.setdefault(source, host)
        is_new = (source, host) not in _known_hosts
        _known_hosts.add((source, host))
        if mirrored != host and is_new and run.opened_by == "implicit":
            begun = session.start_run("implicit")
            if begun is not None:
                begun.automatic = Page()
                begun.automatic.hosts[source] = host


def whole_step(step: Any) -> Optional[int]:
    """3, 3.0, a one-element tensor -> 3; None for what is no whole number."""
    plain = scalar(step)
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    return plain if type(plain) is int and -MAX_STEP < plain < MAX_STEP else None


def _enter(source: str) -> Optional[Tuple[Session, OpenRun, Page]]:
    session = active.known_session()
    run = None if session is None else session.enter_run()
    if session is None or run is None:
        return None
    if run.automatic is None:
        run.automatic = Page()
    page: Page = run.automatic
    if source not in page.sources:
        page.sources.append(source)
        if not _is_explicit(run, page, "label", LABEL):
            text = page.values["label", LABEL] = ", ".join(page.sources)
            session.record("label", {LABEL: text})
            session.runs.keep_to_itself(run, "label", (LABEL,))
    return session, run, page


def _is_explicit(run: OpenRun, page: Page, what: str, name: str) -> bool:
    group = CARRIED_OVER.get(what)
    if group is not None:
        kept = run.values.get(group, {}).get(name)
        if kept is None or kept[1] == NO_SUCCESSOR:
            return False
        return all(known.get((what, name), _NOTHING) is not kept[0] for known in (page.values, _mirrored))
    found = run.shown.get(what, {})
    return name in found and page.values.get((what, name), _NOTHING) is not found[name]


def _remember(page: Page, model: Any, prefix: str) -> None:
    try:
        page.models[id(model)] = (weakref.ref(model), prefix)
    except TypeError:  # an object without weak references
        pass

"""What a kernel reports, one record a happening; `model/frames.py` says how they lie in the spool.

Every event has `at` (epoch seconds, float: the kernel's clock) and, where it belongs to a cell, `execution`.
Paths are absolute `disk_path`s: the kernel never decides what a workspace is.
Readers ignore fields and events they do not know, so a newer kernel may report to an older recorder.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Dict, List, Optional, Type

from .ids import ExecutionId, RunId, SessionId
from .values import Scalar

_event = dataclass(eq=False, repr=False)
"""Frozen, and with methods of their own, fifteen classes would cost every kernel 15 ms at its start; nobody changes an event."""


@_event
class Event:
    at: float

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def to_json(self) -> Dict[str, Any]:
        """The event's own fields, not copied: its values are plain JSON already, and outputs can be large."""
        return {"event": EVENT_NAMES[type(self)], **self.__dict__}


@_event
class SessionStarted(Event):
    session: SessionId
    kind: str
    """kernel | script"""
    pid: int
    host: str
    python: str
    executable: str
    cwd: str
    package_version: str
    kernel_id: Optional[str] = None
    """Jupyter's id, from the connection file's name; the server maps it to a notebook."""
    notebook_disk_path: Optional[str] = None
    """As the kernel was told at its start (JPY_SESSION_NAME, papermill, `ds run`); goes stale on rename."""
    script_disk_path: Optional[str] = None
    argv: List[str] = field(default_factory=list)
    capture_reasons: List[str] = field(default_factory=list)
    """Why capture is partial here, in words; empty means complete as far as the kernel knows."""


@_event
class EnvironmentSeen(Event):
    """Once per session, written by a background thread that mostly sleeps; `environment` is plain JSON (docs/capture.md)."""

    environment: Dict[str, Any]


@_event
class ExecutionStarted(Event):
    execution: ExecutionId
    source: str
    order: int
    """n-th execution of the session, from 1."""
    kind: str = "cell"
    """cell | console | widget | nested | script"""
    cell_id: Optional[str] = None
    execution_count: Optional[int] = None
    is_private: bool = False
    """The cell carries the tag `ds-private`: then source is '' and no outputs follow."""
    is_paused: bool = False
    """`%ds_pause` is on: nothing of it is kept but that it happened."""


@_event
class OutputSeen(Event):
    """One output as the kernel published it: nbformat's output dict (stream, display_data, execute_result, error)."""

    execution: ExecutionId
    output: Dict[str, Any]
    display_id: Optional[str] = None
    is_update: bool = False
    """True: replaces every earlier output with the same display_id."""
    n_cut_bytes: int = 0
    """Bytes left out here because of the cap; the text or bundle holds what is left."""


@_event
class OutputCleared(Event):
    execution: ExecutionId
    wait: bool = False


@_event
class FileOpened(Event):
    disk_path: str
    role: str
    """input | output | both"""
    execution: Optional[ExecutionId] = None
    """None: outside any cell, at session level."""
    seen_by: str = "audit"
    """audit | library | declared | child process | command line (a program was told to write it)"""
    since: Optional[float] = None
    """Of a child process that does not know its cell: it works for the one that ran in its session at that moment."""
    was_there: Optional[bool] = None
    """Whether there was such a file just before; None: not known."""


@_event
class RemoteOpened(Event):
    """Something that lies elsewhere was read or written, with what the answer said of it."""

    url: str
    """Without credentials, query and fragment: https://host/a.csv, s3://bucket/key"""
    role: str
    """input | output"""
    execution: Optional[ExecutionId] = None
    size_bytes: Optional[int] = None
    etag: Optional[str] = None
    version: Optional[str] = None
    """The id of the version that a store with versions gave out."""
    modified: Optional[str] = None
    """As the server wrote it: 'Tue, 01 Jul 2025 10:00:00 GMT'."""
    seen_by: str = "library"
    since: Optional[float] = None


@_event
class NamesChanged(Event):
    """What a cell did to the variables, seen at its end (tracking/names.py): names, each list sorted, as in `NamesSeen`."""

    execution: ExecutionId
    bound: List[str] = field(default_factory=list)
    changed: List[str] = field(default_factory=list)
    deleted: List[str] = field(default_factory=list)
    opaque: List[str] = field(default_factory=list)
    plain: List[str] = field(default_factory=list)
    is_whole: bool = True


@_event
class ExecutionFinished(Event):
    execution: ExecutionId
    outcome: str
    """ok | error | interrupted"""
    error_name: Optional[str] = None
    error_value: Optional[str] = None
    traceback: List[str] = field(default_factory=list)
    n_written_bytes: Optional[int] = None
    """Handed to write calls by this process and its ended children while it ran, these reports left out; None: the system does not
    say."""
    n_children: int = 0
    """Processes that were started while it ran."""


@_event
class RunOpened(Event):
    run: RunId
    opened_by: str
    """implicit | start | with | magic | track | dotscience"""
    execution: Optional[ExecutionId] = None
    name: Optional[str] = None
    description: Optional[str] = None
    carried_over: Dict[str, Dict[str, Scalar]] = field(default_factory=dict)
    """{'parameters': {…}, 'labels': {…}} taken over from the run before (architecture §5)."""


@_event
class RunRecorded(Event):
    """Values and declarations of a run. `what` names one of these, `items` maps name -> value:

    parameter, summary, label      name -> scalar
    metric_text                    name -> text of a metric that is not a number (a number goes as points)
    input, output                  disk_path -> None, or {'copy': true}: keep its bytes though it lies outside
    checkpoint                     disk_path, or '' for what the run declared -> step or None
    description, error, mode       '' -> text
    script                         '' -> disk_path or None
    seeds                          generator -> digest of its state when the run's cell began
    loaded                         packages, libraries, threads, … as in memory by now (docs/capture.md); replaces the one before
    model                          name -> {'module', 'disk_path', 'classes'}
    image, table, text             name -> {'step', 'mime', 'disk_path' (a file beside the spool) or 'value'}
    """

    run: RunId
    what: str
    items: Dict[str, Any]
    execution: Optional[ExecutionId] = None


@_event
class NamesDeclared(Event):
    """Announces the points frames that follow: number `name_set` stands for these names, in this run and execution."""

    name_set: int
    run: RunId
    names: List[str]
    execution: Optional[ExecutionId] = None


@_event
class RunClosed(Event):
    run: RunId
    state: str
    """finished | failed | interrupted"""
    execution: Optional[ExecutionId] = None
    error: Optional[str] = None


@_event
class RunPublished(Event):
    run: RunId
    execution: Optional[ExecutionId] = None
    description: Optional[str] = None


@_event
class CaptureFault(Event):
    """Something of ours went wrong inside the kernel: never silent, the execution becomes partial with this reason."""

    reason: str
    execution: Optional[ExecutionId] = None
    since: Optional[float] = None
    """As in FileOpened."""


@_event
class SessionFinished(Event):
    """The process ended by itself (atexit). A session without it that has no process any more was killed."""

    reason: str = "exit"


EVENTS: Dict[str, Type[Event]] = {
    "session_started": SessionStarted,
    "environment_seen": EnvironmentSeen,
    "execution_started": ExecutionStarted,
    "output_seen": OutputSeen,
    "output_cleared": OutputCleared,
    "file_opened": FileOpened,
    "remote_opened": RemoteOpened,
    "names_changed": NamesChanged,
    "execution_finished": ExecutionFinished,
    "run_opened": RunOpened,
    "run_recorded": RunRecorded,
    "names_declared": NamesDeclared,
    "run_closed": RunClosed,
    "run_published": RunPublished,
    "capture_fault": CaptureFault,
    "session_finished": SessionFinished,
}
EVENT_NAMES: Dict[type, str] = {cls: name for name, cls in EVENTS.items()}


def event_from_json(body: Dict[str, Any]) -> Optional[Event]:
    """The event, or None for a kind this version does not know. Unknown fields are dropped."""
    cls = EVENTS.get(str(body.get("event")))
    if cls is None:
        return None
    known = {f.name for f in fields(cls)}
    return cls(**{name: value for name, value in body.items() if name in known})

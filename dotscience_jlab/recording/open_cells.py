"""The cells of one session that run now, and the last that ended: what they show, open and change is handed to each.

A child process tells beside its kernel's own report (side_reports.py), and may know only since when it works.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable, Iterator

from ..model import events as ev
from ..model.execution import NamesSeen
from ..model.ids import ExecutionId, SessionId
from ..store.base import Store
from ..store.fingerprint import Fingerprints
from .assemble import OpenExecution
from .claims import Claims
from .first_look import FirstLooks
from .side_reports import SideReports, Told

ENDED_KEPT = 50
"""Executions whose late output is still taken."""
START_SLACK_S = 0.05
"""When a process began is known to a clock tick or two: one that seems to begin right before a cell is that cell's."""


class OpenCells:
    def __init__(self, session: SessionId, spool: Path, claims: Claims) -> None:
        """claims: of all sessions; what these cells write is noted there."""
        self.running: dict[ExecutionId, OpenExecution] = {}
        self.stores: dict[ExecutionId, Store] = {}
        """Of the running and of those that ended."""
        self.children = SideReports(spool)
        self.background: dict[str, None] = {}
        """Disk paths written outside any cell: the session's, and no cell's."""
        self._session = session
        self._claims = claims
        self._first_looks = FirstLooks()
        self._ended: OrderedDict[ExecutionId, OpenExecution] = OrderedDict()
        """The last few, whose threads may still print."""
        self._late: dict[ExecutionId, None] = {}
        """Those among them that printed after they had ended."""

    def begin(self, execution: OpenExecution, store: Store) -> None:
        self.running[execution.id] = execution
        self.stores[execution.id] = store

    def end(self, execution: OpenExecution) -> None:
        """From here on it takes nothing but late output."""
        del self.running[execution.id]
        self._ended[execution.id] = execution
        while len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def hear(self, event: ev.Event) -> bool:
        """False: the event says nothing about a cell that is open."""
        handler = self._HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)
        return handler is not None

    def hear_children(self, at: float) -> None:
        """What child processes did up to then, before the next thing that the kernel reports is handled."""
        self.children.read()
        for event in self.children.until(at):
            self.hear(event)

    def look_at_inputs(self, fingerprints: Fingerprints) -> None:
        """The digest of what was just opened for reading, taken before it can be changed; in small steps."""
        self._first_looks.step(self.running, fingerprints)

    def take_late(self) -> list[OpenExecution]:
        """Those that printed after their end, since the last call."""
        late, self._late = self._late, {}
        return [self._ended[each] for each in late]

    def writes(self, executions: tuple[ExecutionId, ...]) -> Iterator[str]:
        """Disk paths that they, or threads and child processes of no cell, were seen writing."""
        yield from self.background
        for each in executions:
            known = self.running.get(each)
            if known is not None:
                yield from (disk_path for disk_path, opening in known.openings.items() if "output" in opening.roles)
        self.children.read()
        yield from self.children.written_later()

    def _working(self, event: Told) -> OpenExecution | None:
        """The open execution that it belongs to; a child process may know only since when it works. What is muted takes nothing."""
        if event.execution is None and event.since is not None:
            since = event.since + START_SLACK_S
            ran = (each for each in self.running.values() if each.started.at <= since and each.started.kind != "nested")
            execution = max(ran, key=lambda each: each.started.at, default=None)
            is_muted = execution is not None and (execution.started.is_private or execution.started.is_paused)
            return None if is_muted else execution
        return self.running.get(event.execution) if event.execution else None

    def _on_output(self, event: ev.OutputSeen) -> None:
        execution = self.running.get(event.execution)
        if execution is not None:
            execution.outputs.add(event)
        elif event.execution in self._ended:
            self._ended[event.execution].outputs.add(event)
            self._late[event.execution] = None

    def _on_output_cleared(self, event: ev.OutputCleared) -> None:
        execution = self.running.get(event.execution)
        if execution is not None:
            execution.outputs.clear(event)

    def _on_names(self, event: ev.NamesChanged) -> None:
        execution = self.running.get(event.execution)
        if execution is not None:
            lists = (tuple(each) for each in (event.bound, event.changed, event.deleted, event.opaque, event.plain))
            execution.names = NamesSeen(*lists, event.is_whole)

    def _on_file(self, event: ev.FileOpened) -> None:
        execution = self._working(event)
        self._claims.note(self._session, event.to_json())
        disk_path = os.path.normpath(event.disk_path)
        if execution is not None:
            opening = execution.opened(disk_path, event.role, event.seen_by, event.at, event.was_there)
            self._first_looks.ask(execution.id, opening, disk_path)
        elif event.role in ("output", "both"):
            self.background[disk_path] = None

    def _on_remote(self, event: ev.RemoteOpened) -> None:
        execution = self._working(event)
        if execution is not None:
            execution.remote.add(event)

    def _on_fault(self, event: ev.CaptureFault) -> None:
        execution = self._working(event)
        for each in [execution] if execution else list(self.running.values()):
            each.faults.append(event.reason)

    _HANDLERS: dict[type, Callable[[OpenCells, Any], None]] = {
        ev.OutputSeen: _on_output,
        ev.OutputCleared: _on_output_cleared,
        ev.NamesChanged: _on_names,
        ev.FileOpened: _on_file,
        ev.RemoteOpened: _on_remote,
        ev.CaptureFault: _on_fault,
    }

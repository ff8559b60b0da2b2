"""What fed an execution: the cells its names came from, within its session, and the cells that wrote the files it read."""

from __future__ import annotations

from typing import Mapping

from ..errors import NotFound
from ..model.execution import Execution, FileUse
from ..model.ids import ExecutionId, SessionId
from ..store.base import Store
from .variables import Names, feeders, names_of

SESSION_LIMIT = 5000
"""Executions of one session that are looked at; sources are parsed once each."""
USES_LIMIT = 1_000_000
"""Uses come oldest first and the newest are wanted, so all of them: a few bytes each."""


class SessionFlow:
    """Names passed from cell to cell inside each session; computed once a session, kept for the life of the object."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._flows: dict[SessionId, Mapping[str, dict[str, tuple[str, ...]]]] = {}

    def feeders(self, execution: Execution) -> dict[ExecutionId, tuple[str, ...]]:
        """Earlier executions of the session that bound or changed what this one's code reads, with the names."""
        found = self._flow(execution).get(execution.id, {})
        return {ExecutionId(feeder): names for feeder, names in found.items()}

    def followers(self, execution: Execution) -> dict[ExecutionId, tuple[str, ...]]:
        """Later executions of the session whose code reads what this one bound or changed, with the names."""
        flow = self._flow(execution)
        return {ExecutionId(each): feeding[execution.id] for each, feeding in flow.items() if execution.id in feeding}

    def _flow(self, execution: Execution) -> Mapping[str, dict[str, tuple[str, ...]]]:
        if execution.session not in self._flows:
            page = self._store.index.executions(session=execution.session, limit=SESSION_LIMIT)
            ordered = sorted(page.items, key=lambda each: each.order)
            cells: list[tuple[str, Names]] = [(each.id, names_of(each.source)) for each in ordered]
            self._flows[execution.session] = feeders(cells)
        return self._flows[execution.session]


def writer_before(store: Store, use: FileUse, reader: Execution) -> Execution | None:
    """The execution whose output the reader read: the last one before it that wrote this path with these very bytes.

    Where digests are known on both sides they decide, so a file that was restored leads back to who first made it so. Where
    the newest version is another one and digests do not settle it, somebody else changed the file in between: then nobody is
    named rather than guessed.
    """
    path = use.path or use.disk_path
    is_changed_since = False
    for execution_id, _ in reversed(store.index.uses_of(path, role="output", limit=USES_LIMIT)):
        try:
            writer = store.index.execution(execution_id)
        except NotFound:
            continue
        if writer.id == reader.id or writer.started_at >= reader.started_at:
            continue
        written = next(each for each in writer.files if each.role == "output" and (each.path or each.disk_path) == path)
        if use.digest and written.digest:
            if use.digest == written.digest:
                return writer
            is_changed_since = True
        elif not is_changed_since:
            return writer
    return None

"""What fed an execution: the cells its names came from, within its session, and the cells that wrote the files it read."""

from __future__ import annotations

from typing import Mapping

from ..errors import NotFound
from ..model.execution import Execution, FileUse
from ..model.ids import ExecutionId, SessionId
from ..store.base import Store
from .dataflow import Step, feeders, session_steps

SESSION_LIMIT = 5000
"""Executions of one session that are looked at; sources are parsed once each."""
USES_LIMIT = 1_000_000
"""Uses come oldest first and the newest are wanted, so all of them: a few bytes each."""


class SessionFlow:
    """Names passed from cell to cell inside each session; computed once a session, kept for the life of the object."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._steps: dict[SessionId, list[Step]] = {}
        self._flows: dict[SessionId, Mapping[str, dict[str, tuple[str, ...]]]] = {}

    def feeders(self, execution: Execution) -> dict[ExecutionId, tuple[str, ...]]:
        """Earlier executions of the session that bound or changed what this one's code reads, with the names."""
        found = self._flow(execution).get(execution.id, {})
        return {ExecutionId(feeder): names for feeder, names in found.items()}

    def followers(self, execution: Execution) -> dict[ExecutionId, tuple[str, ...]]:
        """Later executions of the session whose code reads what this one bound or changed, with the names."""
        flow = self._flow(execution)
        return {ExecutionId(each): feeding[execution.id] for each, feeding in flow.items() if execution.id in feeding}

    def steps(self, session: SessionId) -> list[Step]:
        """Its newest SESSION_LIMIT executions in the order they ran."""
        if session not in self._steps:
            page = self._store.index.executions(session=session, limit=SESSION_LIMIT)
            self._steps[session] = session_steps(page.items)
        return self._steps[session]

    def _flow(self, execution: Execution) -> Mapping[str, dict[str, tuple[str, ...]]]:
        if execution.session not in self._flows:
            self._flows[execution.session] = feeders(self.steps(execution.session))
        return self._flows[execution.session]


class FileFlow:
    """Files passed from execution to execution; each execution is read once, each path looked up once, for the life of the
    object."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._executions: dict[ExecutionId, Execution | None] = {}
        self._uses: dict[tuple[str, str], list[tuple[Execution, FileUse]]] = {}
        self._readers: dict[str, dict[ExecutionId, list[Execution]]] = {}

    def execution(self, execution_id: ExecutionId) -> Execution | None:
        """None if it was forgotten."""
        if execution_id not in self._executions:
            try:
                self._executions[execution_id] = self._store.index.execution(execution_id)
            except NotFound:
                self._executions[execution_id] = None
        return self._executions[execution_id]

    def uses(self, path: str, role: str) -> list[tuple[Execution, FileUse]]:
        """Executions that used the file in that role, with that use, oldest first. path: of the workspace, or on disk."""
        if (path, role) not in self._uses:
            listed = dict.fromkeys(each for each, _ in self._store.index.uses_of(path, role=role, limit=USES_LIMIT))
            known = [found for found in map(self.execution, listed) if found is not None]
            self._uses[path, role] = [
                (each, use) for each in known for use in each.files if use.role == role and path in (use.path, use.disk_path)
            ]
        return self._uses[path, role]

    def writer_before(self, use: FileUse, reader: Execution) -> Execution | None:
        """The execution whose output the reader read: the last one before it that wrote this path with these very bytes.

        Where digests are known on both sides they decide, so a file that was restored leads back to who made it so. Where the
        newest version is another one and digests do not settle it, somebody else changed the file in between: then nobody is
        named rather than guessed.
        """
        is_changed_since = False
        for writer, written in reversed(self.uses(use.path or use.disk_path, "output")):
            if writer.id == reader.id or writer.started_at >= reader.started_at:
                continue
            if use.digest and written.digest:
                if use.digest == written.digest:
                    return writer
                is_changed_since = True
            elif not is_changed_since:
                return writer
        return None

    def readers_of(self, path: str, writer: Execution) -> list[Execution]:
        """Executions that read what `writer` wrote there."""
        if path not in self._readers:
            table: dict[ExecutionId, list[Execution]] = {}
            for reader, use in self.uses(path, "input"):
                found = self.writer_before(use, reader)
                if found is not None:
                    table.setdefault(found.id, []).append(reader)
            self._readers[path] = table
        return self._readers[path].get(writer.id, [])

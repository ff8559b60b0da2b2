"""The lineage graph of a file, run, execution or notebook, computed from what was recorded.

Executions are joined to the versions of files they used and generated, and to the cells of their session that their names
came from (`fed`). From a model the way up leads through the training cell, the cell that loaded the data, the clean file and
the notebook that wrote it, to the raw file.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Callable, Iterable

from ..errors import InvalidRequest, NotFound
from ..model.execution import Execution, FileUse
from ..model.ids import ExecutionId, RunId, check_id
from ..model.lineage import Lineage, LineageEdge, LineageNode
from ..store.base import Store
from .upstream import FileFlow, SessionFlow

UP, DOWN, BOTH = "up", "down", "both"
Start = tuple[str, list[Execution], list[Execution]]
NOTEBOOK_EXECUTIONS = 500
"""Of a notebook's newest executions, as where its lineage starts."""


def trace_lineage(store: Store, of: str, direction: str = BOTH, limit: int = 200) -> Lineage:
    """of: `file:PATH`, `run:REF`, `execution:ID` or `notebook:PATH`. Breadth first from it, at most `limit` nodes."""
    if direction not in (UP, DOWN, BOTH):
        raise InvalidRequest(f"{direction!r} is no direction.", "Directions are up, down and both.")
    tracer = _Tracer(store, limit)
    kind, _, name = of.partition(":")
    start = {"file": tracer.start_file, "run": tracer.start_run, "execution": tracer.start_execution,
             "notebook": tracer.start_notebook}.get(kind)
    if start is None or not name:
        raise InvalidRequest(f"{of!r} names nothing.", "Ask for file:PATH, run:REF, execution:ID or notebook:PATH.")
    focus, above, below = start(name)
    if direction in (UP, BOTH):
        tracer.spread_up(above)
    if direction in (DOWN, BOTH):
        tracer.spread_down(below)
    return tracer.lineage(focus)


class _Tracer:
    def __init__(self, store: Store, limit: int) -> None:
        self.store = store
        self.limit = limit
        self.flow = SessionFlow(store)
        self.files = FileFlow(store)
        self.nodes: dict[str, LineageNode] = {}
        self.edges: dict[tuple[str, str, str], LineageEdge] = {}
        self.hidden: set[str] = set()
        self.reasons: dict[str, None] = {}
        self.models: set[str] = set()
        """Paths that a run called a model."""

    # -- where to begin: (id of the focus, executions to go up from, executions to go down from) ------

    def start_file(self, path: str) -> Start:
        """The newest version of it that a cell read or wrote: who wrote it, and who read that very version."""
        uses = [*self.files.uses(path, "input"), *self.files.uses(path, "output")]
        if not uses:
            raise NotFound(f"No recorded cell read or wrote {path}.", "It may have been made before recording began.")
        newest, use = max(uses, key=lambda found: (found[0].started_at, found[1].role == "output"))
        focus = _file_id(use)
        self._add_file(use)
        writer = newest if use.role == "output" else self.files.writer_before(use, newest)
        readers = [each for each, read in uses if read.role == "input" and _file_id(read) == focus]
        return focus, [writer] if writer is not None else [], readers

    def start_run(self, reference: str) -> Start:
        run = self.store.index.find_run(reference)
        self._add(LineageNode(f"run:{run.id}", "run", run.name, run.path, {"state": run.state}))
        executions = self._known(run.executions)
        return f"run:{run.id}", executions, executions

    def start_execution(self, execution: str) -> Start:
        found = self.store.index.execution(ExecutionId(check_id("execution", execution)))
        self._add_execution(found)
        return f"execution:{found.id}", [found], [found]

    def start_notebook(self, path: str) -> Start:
        """Its files, with the notebook in the middle rather than its cells: the panel's small picture."""
        executions = self.store.index.executions(path=path, limit=NOTEBOOK_EXECUTIONS).items
        focus = f"notebook:{path}"
        self._add(LineageNode(focus, "notebook", path.rsplit("/", 1)[-1], path, {"n_executions": len(executions)}))
        newest: dict[tuple[str, str], tuple[FileUse, Execution]] = {}
        for execution in reversed(executions):
            for use in execution.files:
                newest[use.role, use.path or use.disk_path] = (use, execution)
            self._note_partial(execution)
        for (role, name), (use, execution) in newest.items():
            if role == "input" and ("output", name) in newest:
                continue
            node = self._add_file(use)
            if node is None:
                continue
            if role == "input":
                self._edge(node, focus, "used", use.evidence, use.seen_by)
                self._writers_notebook(use, execution, node, path)
            else:
                self._edge(focus, node, "generated", use.evidence, use.seen_by)
        return focus, [], []

    def _writers_notebook(self, use: FileUse, reader: Execution, node: str, path: str) -> None:
        """The notebook that wrote an input, and what that one read in turn: one step further up."""
        writer = self.files.writer_before(use, reader)
        if writer is None or writer.path is None or writer.path == path:
            return
        other = f"notebook:{writer.path}"
        self._add(LineageNode(other, "notebook", writer.path.rsplit("/", 1)[-1], writer.path))
        self._edge(other, node, "generated", use.evidence, use.seen_by)
        for execution in (writer, *self._all_feeders(writer)):
            for source in execution.files:
                if source.role == "input":
                    above = self._add_file(source)
                    if above is not None:
                        self._edge(above, other, "used", source.evidence, source.seen_by)

    def _all_feeders(self, execution: Execution) -> list[Execution]:
        found: dict[str, Execution] = {}
        waiting = deque([execution])
        while waiting:
            for each in self._known(self.flow.feeders(waiting.popleft())):
                if each.id not in found:
                    found[each.id] = each
                    waiting.append(each)
        return list(found.values())

    # -- spreading ---------------------------------------------------------------------------------

    def spread_up(self, executions: list[Execution]) -> None:
        """Breadth first through the cells that fed these, and those that wrote what they read."""
        self._spread(executions, self._above)

    def spread_down(self, executions: list[Execution]) -> None:
        """Breadth first through the cells that these fed, and those that read what they wrote."""
        self._spread(executions, self._below)

    def _spread(self, executions: list[Execution], step: Callable[[Execution], list[Execution]]) -> None:
        waiting = deque(executions)
        done: set[str] = set()
        while waiting:
            execution = waiting.popleft()
            if execution.id in done:
                continue
            done.add(execution.id)
            if self._add_execution(execution):
                waiting.extend(step(execution))

    def _above(self, execution: Execution) -> list[Execution]:
        found = []
        for feeder, names in self.flow.feeders(execution).items():
            above = self._known([feeder])
            if above and self._add_execution(above[0]):
                self._edge(_execution_id(above[0]), _execution_id(execution), "fed", "observed", names)
                found += above
        for use in execution.files:
            if use.role == "input":
                writer = self.files.writer_before(use, execution)
                found += [writer] if writer is not None else []
        return found

    def _below(self, execution: Execution) -> list[Execution]:
        found = []
        for follower, names in self.flow.followers(execution).items():
            below = self._known([follower])
            if below and self._add_execution(below[0]):
                self._edge(_execution_id(execution), _execution_id(below[0]), "fed", "observed", names)
                found += below
        for use in execution.files:
            if use.role != "output":
                continue
            found += self.files.readers_of(use.path or use.disk_path, execution)
        return found

    # -- nodes and edges -----------------------------------------------------------------------------

    def _add_execution(self, execution: Execution) -> bool:
        node = _execution_id(execution)
        if node in self.nodes:
            return True
        count = f"[{execution.execution_count}] " if execution.execution_count is not None else ""
        first = next((line.strip() for line in execution.source.splitlines() if line.strip()), "")
        details = {"outcome": execution.outcome, "started_at": execution.started_at, "cell_id": execution.cell_id}
        if not self._add(LineageNode(node, "execution", f"{count}{first[:60]}", execution.path, details)):
            return False
        self._note_partial(execution)
        for use in execution.files:
            file = self._add_file(use)
            if file is not None:
                ends = (file, node, "used") if use.role == "input" else (node, file, "generated")
                self._edge(*ends, use.evidence, use.seen_by)
        for run_id in execution.runs:
            try:
                run = self.store.index.run(RunId(run_id))
            except NotFound:
                continue
            self.models.update(each.path for each in run.artifacts if each.kind == "model" and each.path)
            if self._add(LineageNode(f"run:{run.id}", "run", run.name, run.path, {"state": run.state})):
                self._edge(node, f"run:{run.id}", "part_of", "observed", ())
        return True

    def _add_file(self, use: FileUse) -> str | None:
        node = _file_id(use)
        label = (use.path or use.disk_path).rsplit("/", 1)[-1]
        details = {"kept": use.kept, "size_bytes": use.size_bytes, "digest": use.digest}
        return node if self._add(LineageNode(node, "file", label, use.path, details)) else None

    def _add(self, node: LineageNode) -> bool:
        if node.id in self.nodes:
            return True
        if len(self.nodes) >= self.limit:
            self.hidden.add(node.id)
            return False
        self.nodes[node.id] = node
        return True

    def _edge(self, source: str, target: str, kind: str, evidence: str, seen_by: tuple[str, ...]) -> None:
        if source in self.nodes and target in self.nodes:
            self.edges.setdefault((source, target, kind), LineageEdge(source, target, kind, evidence, tuple(seen_by)))

    def _known(self, executions: Iterable[ExecutionId]) -> list[Execution]:
        return [found for found in map(self.files.execution, executions) if found is not None]

    def _note_partial(self, execution: Execution) -> None:
        if execution.capture == "partial":
            self.reasons.update(dict.fromkeys(execution.capture_reasons))

    def lineage(self, focus: str) -> Lineage:
        return Lineage(
            nodes=tuple(replace(node, kind="model") if self._is_model(node) else node for node in self.nodes.values()),
            edges=tuple(self.edges.values()),
            focus=focus,
            is_partial=bool(self.reasons),
            partial_reasons=tuple(self.reasons),
            n_hidden=len(self.hidden),
        )

    def _is_model(self, node: LineageNode) -> bool:
        return node.kind == "file" and node.path in self.models


def _execution_id(execution: Execution) -> str:
    return f"execution:{execution.id}"


def _file_id(use: FileUse) -> str:
    """`file:data/raw.csv@3fa9c1…`: a version; outside the workspace `outside:/disk/path`."""
    return f"outside:{use.disk_path}" if use.path is None else f"file:{use.path}@{use.digest or '?'}"

"""The recipe of a result: the smallest list of executed cells that made it, as far as names, files and hidden state tell.

    a run, file, variable or execution -> backwards through names and files -> whole cells, in the order they ran

Whole cells, and when unsure a cell is in: one that may have changed an object in place, one that drew random numbers before,
one that changed a setting of the process. Pure: it reads records and runs nothing.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from ..errors import InvalidRequest, NotFound
from ..model.execution import OK, RUNNING, Execution, FileUse
from ..model.hidden_state import RANDOM
from ..model.ids import ExecutionId, SessionId, check_id
from ..model.run import Run
from ..store.base import Store
from .dataflow import Step, called_reads
from .upstream import FileFlow, SessionFlow

KINDS = ("run", "file", "variable", "execution")
NEWEST_SESSIONS = 50
"""Among the newest cells of so many sessions a variable is looked for."""
_APPENDS = re.compile(
    r"['\"](?:a|r\+|a\+|ab|at|r\+b|rb\+)['\"]|append|>>|INSERT|UPDATE|to_sql|sqlite|duckdb|h5py|HDF|zarr|connect\(", re.IGNORECASE
)
"""In a cell that wrote a file: it may have written behind what was there."""


@dataclass(frozen=True)
class RecipeCell:
    execution: Execution
    because: tuple[str, ...]
    """Names, paths and words: what of it is needed."""


@dataclass(frozen=True)
class Recipe:
    of: str
    """As asked: `run:7`, `file:out.csv`, `variable:acc`, `execution:k-…`."""
    cells: tuple[RecipeCell, ...]
    """In the order to run them."""
    n_left_out: int
    """Executions of the same kernels up to the last of the cells, that have no part in it."""
    reasons: tuple[str, ...]
    """What stands in the way of running it again, or may make it differ; sentences."""
    inputs: tuple[FileUse, ...] = ()
    """Files read that no cell of it wrote before."""
    about: str = ""
    """The id that words about it are kept under: of the run, else of the execution that made it last."""
    run: Run | None = None
    output: FileUse | None = None
    """The file it is of."""
    variable: str = ""


@dataclass
class _Slice:
    """What is found so far."""

    included: dict[ExecutionId, dict[str, None]] = field(default_factory=dict)
    """execution -> why"""
    inputs: dict[tuple[str, str | None], FileUse] = field(default_factory=dict)
    reasons: dict[str, None] = field(default_factory=dict)


def find_recipe(store: Store, of: str, session: SessionId | None = None) -> Recipe:
    """session: whose variable is meant; None: of the kernel whose cell wrote that name last. NotFound if nothing made it."""
    kind, _, name = of.partition(":")
    if kind not in KINDS or not name:
        raise InvalidRequest(f"{of!r} has no recipe.", "Ask for run:REF, file:PATH, variable:NAME or execution:ID.")
    slicer = _Slicer(store)
    if kind == "run":
        return slicer.of_run(of, store.index.find_run(name))
    if kind == "file":
        return slicer.of_file(of, name)
    if kind == "variable":
        return slicer.of_variable(of, name, session)
    execution = store.index.execution(ExecutionId(check_id("execution", name)))
    return slicer.recipe(of, [(execution, "asked for")], about=execution.id)


class _Slicer:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._flow = SessionFlow(store)
        self._files = FileFlow(store)
        self._found = _Slice()
        self._waiting: deque[tuple[Execution, str]] = deque()
        self._walked: set[tuple[SessionId, str, int]] = set()

    # -- what it may be of -----------------------------------------------------------------------------

    def of_run(self, of: str, run: Run) -> Recipe:
        executions = [found for found in map(self._files.execution, run.executions) if found is not None]
        if not executions:
            raise NotFound(f"No cell of {run.name} is recorded.", "A recipe needs the cells that recorded into the run.")
        if len(executions) < len(run.executions):
            self._found.reasons["Some cells of the run were forgotten."] = None
        because = f"recorded into {run.name}"
        return self.recipe(of, [(each, because) for each in executions], about=run.id, run=run)

    def of_file(self, of: str, path: str) -> Recipe:
        uses = [*self._files.uses(path, "output"), *self._files.uses(path, "input")]
        if not uses:
            raise NotFound(f"No recorded cell wrote {path}.", "Give its path from the project folder.")
        newest, use = max(uses, key=lambda found: (found[0].started_at, found[1].role == "output"))
        writer: Execution | None = newest
        if use.role == "input":
            writer = self._files.writer_before(use, newest)
        if writer is None:
            raise NotFound(
                f"No recorded cell wrote {path} as it is now.", "It was changed outside, or before recording began: it is an input."
            )
        written = next(each for each in writer.files if each.role == "output" and path in (each.path, each.disk_path))
        return self.recipe(of, [(writer, path)], about=writer.id, output=written)

    def of_variable(self, of: str, name: str, session: SessionId | None) -> Recipe:
        for each in [session] if session is not None else self._sessions():
            steps = self._flow.steps(each)
            if any(name in step.writes for step in steps):
                for needed in sorted({name, *called_reads(steps, [name])}):
                    self._demand(steps, len(steps), needed)
                last = next(step.execution for step in reversed(steps) if name in step.writes)
                if not self._found.included:
                    break
                return self.recipe(of, [], about=last.id, variable=name)
        raise NotFound(f"No recorded cell bound a variable {name}.", "`ds log` lists the cells that ran.")

    def _sessions(self) -> list[SessionId]:
        newest = self._store.index.executions(limit=1000).items
        return list(dict.fromkeys(each.session for each in newest))[:NEWEST_SESSIONS]

    # -- backwards -------------------------------------------------------------------------------------

    def recipe(
        self, of: str, targets: list[tuple[Execution, str]], *, about: str, run: Run | None = None,
        output: FileUse | None = None, variable: str = "",
    ) -> Recipe:
        for execution, because in targets:
            self._include(execution, because)
        self._spread()
        while self._include_settings():
            self._spread()
        ordered = self._in_order()
        for execution in ordered:
            self._note_obstacles(self._step(execution))
        cells = tuple(RecipeCell(each, tuple(self._found.included[each.id])) for each in ordered)
        return Recipe(
            of, cells, self._n_left_out(ordered), tuple(self._found.reasons),
            tuple(self._found.inputs[key] for key in sorted(self._found.inputs, key=str)), about, run, output, variable,
        )

    def _include(self, execution: Execution, because: str) -> None:
        if execution.kind == "nested":  # `get_ipython().run_cell(…)`: what ran it is the cell
            outer = next((each for each in self._flow.steps(execution.session)
                          if execution.id.startswith(f"{each.execution.id}.")), None)
            execution = outer.execution if outer is not None else execution
        if execution.outcome == RUNNING:
            self._found.reasons["A cell of it is still running."] = None
        if execution.id not in self._found.included:
            self._found.included[execution.id] = {}
            self._waiting.append((execution, because))
        self._found.included[execution.id][because] = None

    def _spread(self) -> None:
        while self._waiting:
            execution, _ = self._waiting.popleft()
            steps = self._flow.steps(execution.session)
            number = next((n for n, each in enumerate(steps) if each.execution.id == execution.id), None)
            if number is not None:
                self._needs_of(steps, number)
            for use in execution.files:
                if use.role == "input":
                    self._needs_file(use, execution)
                elif _APPENDS.search(execution.source) and use.path is not None:
                    self._needs_version_before(use, execution)

    def _needs_of(self, steps: list[Step], number: int) -> None:
        step = steps[number]
        needed = set(step.reads)
        if step.reads_all:
            needed |= {name for each in steps[:number] for name in each.writes}
            self._found.reasons[f"{_shown(step)} may read any name, so every cell before it is in."] = None
        if step.uses_history:
            for each in steps[:number]:
                self._include(each.execution, "its output may be used")
            self._found.reasons[
                f"{_shown(step)} uses the output of another cell (`_`, `Out[…]`), whose number differs when the recipe runs."
            ] = None
        for name in sorted(needed):
            self._demand(steps, number, name)

    def _demand(self, steps: list[Step], before: int, name: str) -> None:
        """Every cell before that one which bound the name or may have changed it, back to where it was bound for certain."""
        session = steps[0].execution.session if steps else None
        for number in range(before - 1, -1, -1):
            step = steps[number]
            if step.writes_all and not name.startswith("<"):
                self._include(step.execution, "it may bind any name")
            if name not in step.writes:
                continue
            key = (session, name, number)
            if key in self._walked:
                return
            self._walked.add(key)  # type: ignore[arg-type]
            self._include(step.execution, name)
            if name in step.kills and not (name in step.reads and name in RANDOM):
                return

    def _needs_file(self, use: FileUse, reader: Execution) -> None:
        writer = self._files.writer_before(use, reader)
        if writer is not None:
            self._include(writer, use.path or use.disk_path)
        else:
            self._found.inputs.setdefault((use.path or use.disk_path, use.digest), use)

    def _needs_version_before(self, use: FileUse, writer: Execution) -> None:
        """What it wrote behind: the last cell that wrote the file before."""
        earlier = [each for each, _ in self._files.uses(use.path or use.disk_path, "output") if each.started_at < writer.started_at]
        if earlier:
            self._include(earlier[-1], use.path or use.disk_path)

    def _include_settings(self) -> bool:
        """Cells that changed how later ones run, before the last one that is in; True if one came in by this."""
        n_before = len(self._found.included)
        for session, last in self._last_of_session().items():
            for step in self._flow.steps(session)[:last]:
                if step.is_setting:
                    self._include(step.execution, "settings")
        return len(self._found.included) > n_before

    def _last_of_session(self) -> dict[SessionId, int]:
        found: dict[SessionId, int] = {}
        for execution_id in self._found.included:
            execution = self._files.execution(execution_id)
            if execution is not None:
                steps = self._flow.steps(execution.session)
                number = next((n for n, each in enumerate(steps) if each.execution.id == execution_id), 0)
                found[execution.session] = max(found.get(execution.session, 0), number)
        return found

    # -- the list --------------------------------------------------------------------------------------

    def _in_order(self) -> list[Execution]:
        """Kernel by kernel, so that names of two do not mix, where files allow it; else by the clock, and it is said."""
        known = [found for found in map(self._files.execution, self._found.included) if found is not None]
        known.sort(key=lambda each: (each.started_at, each.order))
        sessions = list(dict.fromkeys(each.session for each in known))
        if len(sessions) == 1:
            return sorted(known, key=lambda each: each.order)
        needs: dict[SessionId, set[SessionId]] = {each: set() for each in sessions}
        for execution in known:
            for use in execution.files:
                writer = self._files.writer_before(use, execution) if use.role == "input" else None
                if writer is not None and writer.session != execution.session and writer.session in needs:
                    needs[execution.session].add(writer.session)
        ordered: list[SessionId] = []
        while len(ordered) < len(sessions):
            free = next((each for each in sessions if each not in ordered and needs[each] <= set(ordered)), None)
            if free is None:
                self._found.reasons[
                    "Two kernels wrote files for each other in turn: their cells stand as they ran, in one kernel, and share names."
                ] = None
                return known
            ordered.append(free)
        place = {session: number for number, session in enumerate(ordered)}
        return sorted(known, key=lambda each: (place[each.session], each.order))

    def _n_left_out(self, ordered: list[Execution]) -> int:
        return sum(last + 1 for last in self._last_of_session().values()) - len(ordered)

    def _step(self, execution: Execution) -> Step:
        steps = self._flow.steps(execution.session)
        return next((each for each in steps if each.execution.id == execution.id), Step(execution, *([frozenset()] * 3)))

    def _note_obstacles(self, step: Step) -> None:
        execution, say = step.execution, self._found.reasons
        if execution.outcome != OK:
            say[f"{_shown(step)} did not end well ({execution.outcome}); the recipe goes on after its error."] = None
        if not execution.source:
            say[f"A cell of {execution.path or 'a console'} was private or recorded while paused: its code is not kept."] = None
        if "«secret:" in execution.source:
            say[f"{_shown(step)} holds a secret that is not kept; put it in before you run it."] = None
        if execution.kind == "script":
            say[f"{execution.path or 'A script'} ran as a whole: in a notebook it has neither `__file__` nor its arguments."] = None
        if step.asks:
            say[f"{_shown(step)} asks for input, which was not recorded."] = None
        if step.magics.has_shell:
            say[f"{_shown(step)} runs commands of the system; what they did besides files is not known."] = None
        if step.magics.is_unknown:
            say[f"{_shown(step)} uses a magic that may do anything to the notebook's names."] = None
        for use in execution.files:
            if use.role == "input" and use.kept in ("missing", "excluded", "secret", "fingerprint"):
                say[f"{_shown(step)} reads {use.path or use.disk_path}, which is not kept: {use.kept_reason or use.kept}"] = None


def _shown(step: Step) -> str:
    count = step.execution.execution_count
    first = next((line.strip() for line in step.execution.source.splitlines() if line.strip()), "")
    return f"Cell [{'' if count is None else count}] `{first[:40]}`"

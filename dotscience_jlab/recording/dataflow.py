"""What each execution of one kernel session read and wrote: its source read statically, joined with what the kernel saw.

What the kernel saw decides where it could see (a name whose mark covers all of it); elsewhere, when unsure, a name counts as
written. Names in angle brackets stand for what no variable holds: generators of random numbers, settings of the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..model.execution import OK, Execution, NamesSeen
from ..model.hidden_state import RANDOM, SETTINGS
from .magic_lines import MagicLines, magic_lines
from .seeding import seeded_first
from .variables import HISTORY, Deferred, Names, names_of

_DRAWS = re.compile(r"\b(random\w*|rand\w*|seed|manual_seed|shuffle|sample|choices?|permutation|normal|uniform|dropout|default_rng"
                    r"|train_test_split|RandomState|fit\w*)\b", re.IGNORECASE)
_LIBRARIES = {
    RANDOM[1]: re.compile(r"\b(np|numpy|scipy|sklearn|pandas|pd|torch|keras|tensorflow|statsmodels|xgboost|lightgbm|emcee)\b"),
    RANDOM[2]: re.compile(r"\b(torch|lightning|transformers|keras)\b"),
}
_SETTINGS = re.compile(
    r"\b(os\.environ|os\.putenv|os\.chdir|os\.umask|sys\.path|sys\.setrecursionlimit|rcParams|rc_context|plt\.style|plt\.rc|pd\.options"
    r"|set_option|filterwarnings|simplefilter|basicConfig|setlocale|getcontext|set_printoptions|seterr|sns\.set\w*|monkeypatch"
    r"|set_default_\w+|use_deterministic\w*|set_backend|set_floatx|disable_eager\w*|set_config|enable_\w+|register_\w+|nest_asyncio"
    r"|sys\.modules|importlib\.reload|logging\.\w*disable|socket\.setdefaulttimeout|gc\.\w+able)\b"
)
_ANY_NAME = re.compile(r"(?<![\w.])(exec|eval|globals|locals|get_ipython)\s*\(")
_STAR = re.compile(r"^\s*from\s+[\w.]+\s+import\s+\*", re.MULTILINE)
_INPUT = re.compile(r"(?<![\w.])(input|getpass|getpass\.getpass)\s*\(")
_HISTORY = re.compile(r"(?<![\w.])(?:_\d+|_i\d*|Out\s*\[|_oh\b|In\s*\[)|(?<![\w.'\"])_{1,3}(?=\s*[.\[])")


MAX_CHANGES = 20
"""Of one name, since it was bound, that lineage draws arrows from."""


@dataclass(frozen=True)
class Step:
    """One execution, as far as names go."""

    execution: Execution
    reads: frozenset[str]
    writes: frozenset[str]
    kills: frozenset[str]
    """Among the writes: what they were before does not matter any more."""
    reads_all: bool = False
    """It may have read any name: `exec`, `globals()`, a magic of a library."""
    writes_all: bool = False
    """It may have bound any name, and nobody looked."""
    is_setting: bool = False
    """It may have changed how later cells run, without a trace in them."""
    uses_history: bool = False
    """It reads `_`, `Out[3]` and the like: what cells before showed."""
    asks: bool = False
    magics: MagicLines = MagicLines()


def session_steps(executions: Iterable[Execution]) -> list[Step]:
    """Of one session, in the order they ran. Nested executions belong to the cell that ran them."""
    flow = _Flow()
    ordered = sorted(executions, key=lambda each: each.order)
    return [flow.step(each) for each in ordered if each.kind != "nested"]


def feeders(steps: Sequence[Step]) -> Mapping[str, dict[str, tuple[str, ...]]]:
    """For each execution of one session, in order: the earlier ones its names come from, and by which names.

    x = 1 (a), y = 2 (b), z = x + y (c)  ->  {'a': {}, 'b': {}, 'c': {'a': ('x',), 'b': ('y',)}}
    A name that several cells bound and changed in turn comes from the last binding and every change since: a change reads
    the name too, so following the arrows upwards reaches them all.
    """
    writers: dict[str, list[str]] = {}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for step in steps:
        sources: dict[str, list[str]] = {}
        for name in sorted(step.reads):
            for writer in writers.get(name, ()):
                sources.setdefault(writer, []).append(name)
        found[step.execution.id] = {source: tuple(by) for source, by in sources.items()}
        for name in step.writes:
            if name in step.kills or name in step.reads:
                writers[name] = [step.execution.id]
            elif not name.startswith("<"):
                writers[name] = [*writers.get(name, ())[-MAX_CHANGES:], step.execution.id]
    return found


class _Flow:
    """What is known of the session's names before the next cell."""

    def __init__(self) -> None:
        self._modules: set[str] = set()
        self._known: set[str] = set()
        """Bound by some cell."""
        self._sharing: dict[str, set[str]] = {}
        """name -> others that may share its object, or parts of it; symmetric"""
        self._calls: dict[str, Deferred] = {}
        """name -> what a call of it, or of something it holds, reads and changes"""
        self._classes: set[str] = set()
        """Defined by a cell."""
        self._class_of: dict[str, set[str]] = {}
        """name -> classes among them, whose instances it may be or hold: what is done to the class is done to it"""
        self._generators = {RANDOM[0]}
        """Of random numbers, that the code so far can have loaded."""
        self._exact: set[str] = set()
        """The kernel sees any change of these."""

    def step(self, execution: Execution) -> Step:
        source = execution.source
        names, magics, seen = names_of(source), magic_lines(source), execution.names
        reads_all = not names.is_readable or magics.is_unknown or bool(_ANY_NAME.search(source))
        is_wild = reads_all or magics.runs_file or bool(_STAR.search(source))
        called = self._reached(names.needs | names.passed)
        reads = set(names.needs | magics.inserted | called.reads)
        self._modules |= names.imports
        self._modules -= names.binds - names.imports
        self._known |= names.writes - names.called
        self._known.update(seen.bound if seen is not None else ())
        before = {name: set(each) for name, each in self._sharing.items()}
        self._learn(names, called)
        in_place = (names.called | names.stores | names.passed | called.changes) - self._modules
        maybe = self._with_sharers(in_place, before)
        binds = names.writes - names.called
        writes, kills = set(binds | maybe), set(names.binds)
        if seen is not None:
            writes, kills = self._as_seen(seen, names, maybe, execution, is_wild)
            reads |= {name for name in seen.changed if name in RANDOM}
        elif execution.outcome != OK:
            kills = set()
        writes |= self._instances((in_place | set(seen.changed if seen is not None else ())) & writes)
        self._generators |= {name for name, library in _LIBRARIES.items() if library.search(source)}
        if seen is None and _DRAWS.search(source):
            writes |= self._generators
            reads |= self._generators
        if execution.outcome == OK:
            seeded = seeded_first(source)
            kills |= writes & seeded
            reads -= seeded
        touched_modules = bool(names.stores & self._modules)
        is_setting = bool(touched_modules or magics.is_setting or _SETTINGS.search(source))
        is_setting = is_setting or (seen is not None and bool(set(SETTINGS) & set(seen.changed)))
        return Step(
            execution,
            reads=frozenset(reads),
            writes=frozenset(writes),
            kills=frozenset(kills & writes),
            reads_all=reads_all,
            writes_all=is_wild and (seen is None or not seen.is_whole),
            is_setting=is_setting,
            uses_history=bool(_HISTORY.search(source)) or bool(HISTORY & _loaded(source)),
            asks=bool(_INPUT.search(source)),
            magics=magics,
        )

    def _as_seen(
        self, seen: NamesSeen, names: Names, maybe: set[str], execution: Execution, is_wild: bool
    ) -> tuple[set[str], set[str]]:
        """(writes, kills): what was seen, and what may have happened where nobody could see it."""
        witnessed = set(seen.bound) | set(seen.changed)
        unsure = {name for name in maybe if not (seen.is_whole and name in self._exact)}
        binds = names.writes - names.called
        writes = witnessed | unsure | binds
        kills = set(names.binds) if execution.outcome == OK else set(names.binds) & set(seen.bound)
        if is_wild:
            kills &= set(seen.bound)
        for name in witnessed:
            (self._exact.discard if name in seen.opaque else self._exact.add)(name)
        for name in seen.plain:
            self._alone(name)
            self._calls.pop(name, None)
        for name in seen.deleted:
            self._exact.discard(name)
        return writes, kills

    def _learn(self, names: Names, called: Deferred) -> None:
        """Who shares objects with whom from here on, and what a call of each name does."""
        for name in names.binds:
            if name not in names.sources or name not in names.sources[name]:
                self._alone(name)
                self._calls.pop(name, None)
        self._classes |= names.classes
        for name, deferred in names.defers.items():
            self._add_call(name, deferred)
        for name, sources in names.sources.items():
            for source in (sources & self._known) - self._modules - {name}:
                self._together(name, source)
        for name, makers in names.makers.items():
            for maker in makers & self._calls.keys():
                self._add_call(name, self._calls[maker])
            known = set() if name in names.binds else self._class_of.get(name, set())
            self._class_of[name] = known.union(makers & self._classes, *(self._class_of.get(each, ()) for each in makers))
            self._class_of[name].update(*(self._calls[each].reads & self._classes for each in makers & self._calls.keys()))

    def _reached(self, names: Iterable[str]) -> Deferred:
        """What calling any of these may read and change, through as many functions as it takes."""
        reads: set[str] = set()
        changes: set[str] = set()
        waiting, done = list(names), set()
        while waiting:
            name = waiting.pop()
            if name in done:
                continue
            done.add(name)
            deferred = self._calls.get(name)
            if deferred is not None:
                reads |= deferred.reads
                changes |= deferred.changes
                waiting += deferred.reads
        return Deferred(frozenset(reads), frozenset(changes))

    def reached(self, names: Iterable[str]) -> frozenset[str]:
        return self._reached(names).reads

    def _add_call(self, name: str, deferred: Deferred) -> None:
        known = self._calls.get(name)
        if known is not None:
            deferred = Deferred(known.reads | deferred.reads, known.changes | deferred.changes)
        self._calls[name] = deferred

    def _instances(self, changed: set[str]) -> set[str]:
        """Names whose objects are, or hold, instances of a class that was changed."""
        changed = changed & self._classes
        return {name for name, classes in self._class_of.items() if classes & changed} if changed else set()

    def _together(self, one: str, other: str) -> None:
        group = {one, other} | self._sharing.get(one, set()) | self._sharing.get(other, set())
        for name in (one, other):
            for each in group - {name}:
                self._sharing.setdefault(name, set()).add(each)
                self._sharing.setdefault(each, set()).add(name)

    def _alone(self, name: str) -> None:
        for other in self._sharing.pop(name, ()):
            self._sharing.get(other, set()).discard(name)

    def _with_sharers(self, names: Iterable[str], before: Mapping[str, set[str]]) -> set[str]:
        found = set(names)
        for name in names:
            found |= before.get(name, set()) | self._sharing.get(name, set())
        return (found & self._known) - self._modules


def called_reads(steps: Sequence[Step], names: Iterable[str]) -> frozenset[str]:
    """What using these names after the last step would read besides: what functions among them need when they are called."""
    flow = _Flow()
    for step in steps:
        flow.step(step.execution)
    return flow.reached(names)


def _loaded(source: str) -> set[str]:
    """Names read in a cell that are written as such."""
    return set(re.findall(r"(?<![\w.'\"])(_{1,3}|Out)(?![\w'\"])", _without_targets(source)))


def _without_targets(source: str) -> str:
    """`for _ in range(3)`, `_, x = f()`, `lambda _: 1` and `gettext`-like `_(…)` do not read the history."""
    source = re.sub(r"#.*", "", source)
    source = re.sub(r"\bfor\b[^:]*?\bin\b", "", source)
    source = re.sub(r"\blambda\b[^:]*:", "", source)
    return re.sub(r"(?m)^\s*[\w\s,.*()\[\]]*_{1,3}[\w\s,.*()\[\]]*=(?!=)", "", source)

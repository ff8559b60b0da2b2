"""Which top-level names a cell's code reads and writes: what carries data from one cell to the next inside a kernel.

Static, from the executed source alone: a name that is read before the cell binds it comes from an earlier cell; a name
whose attribute or item is set, or whose method is called (but for methods known to change nothing), counts as written too.
What a call does to its arguments, and a function when it is called, is told apart (`passed`, `defers`): `dataflow.py` joins it
with what the kernel saw.
Source of the approach: backward slices of whole cells, measured to be right where slices of statements were not.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from . import expressions
from .magic_lines import plain_python

READ_ONLY_METHODS = frozenset(
    "head tail describe info sample value_counts corr mean median sum std var min max count unique nunique any all "
    "plot hist scatter boxplot show savefig predict predict_proba decision_function score transform get keys items "
    "values copy join split strip lower upper startswith endswith format encode decode index isna isnull notna "
    "to_csv to_parquet to_json to_excel to_pickle to_numpy to_dict to_string to_markdown tolist item astype "
    "groupby merge query reset_index rename drop_duplicates sort_values parameters state_dict metric log input output".split()
)
"""Methods that leave their object as it is; without this list `df.head()` would stand between every cell and its data."""

HISTORY = frozenset({"_", "__", "___", "Out", "_oh"})
_BUILTINS = frozenset(dir(builtins)) | {"display", "get_ipython", "In", "exit", "quit"} | HISTORY


@dataclass(frozen=True)
class Deferred:
    """What happens when a function, or a method of a class, is called."""

    reads: frozenset[str]
    changes: frozenset[str]


@dataclass(frozen=True)
class Names:
    reads: frozenset[str] = frozenset()
    """Needed from earlier cells, now or when a function defined here is called."""
    writes: frozenset[str] = frozenset()
    """Bound, or possibly changed in place."""
    needs: frozenset[str] = frozenset()
    """Those of `reads` that the cell itself reads."""
    binds: frozenset[str] = frozenset()
    """Bound for certain if the cell runs to its end: what was there before does not matter any more."""
    passed: frozenset[str] = frozenset()
    """Handed to a call that may change them."""
    imports: frozenset[str] = frozenset()
    """Bound by an import: most are modules, whose methods do not change them."""
    called: frozenset[str] = frozenset()
    """Among the writes only because a method of them is called, or an attribute of them set."""
    sources: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """name bound -> names whose objects, or parts of them, it may share"""
    makers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """name bound -> names it was made of, the functions called and the classes too: a call of it may call those"""
    defers: Mapping[str, Deferred] = field(default_factory=dict)
    """name bound to a function, a class or something that holds one -> what a call of it does"""
    stores: frozenset[str] = frozenset()
    """An attribute or item of these is set."""
    classes: frozenset[str] = frozenset()
    """Bound to a class that is defined here."""
    is_readable: bool = True
    """False: the code does not parse, or is no Python."""


def names_of(source: str) -> Names:
    """The names of one executed cell; code that does not parse reads and writes nothing."""
    try:
        tree = ast.parse(plain_python(source))
        visitor = _Visitor()
        for statement in tree.body:
            visitor.visit(statement)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names(is_readable=False)
    needs = frozenset(visitor.reads - _BUILTINS)
    deferred = frozenset(name for each in visitor.defers.values() for name in each.reads) - _BUILTINS - visitor.bound
    globals_written = frozenset(visitor.globals_written)
    return Names(
        reads=needs | deferred,
        writes=frozenset(visitor.binds | visitor.stores | visitor.calls_on | globals_written) - _BUILTINS,
        needs=needs,
        binds=frozenset(visitor.bound) - _BUILTINS,
        passed=frozenset(visitor.passed) - _BUILTINS,
        imports=frozenset(visitor.imports),
        called=frozenset((visitor.calls_on | visitor.stores) - visitor.binds),
        sources={name: frozenset(each) - _BUILTINS for name, each in visitor.sources.items()},
        makers={name: frozenset(each) - _BUILTINS for name, each in visitor.makers.items()},
        defers=dict(visitor.defers),
        stores=frozenset(visitor.stores),
        classes=frozenset(visitor.classes),
    )


class _Visitor(ast.NodeVisitor):
    """Walks one cell in order of execution; names bound inside functions and comprehensions stay inside."""

    def __init__(self, outer: Iterable[str] = ()) -> None:
        self.reads: set[str] = set()
        self.binds: set[str] = set()
        self.bound: set[str] = set(outer)
        """For certain, at this point."""
        self.stores: set[str] = set()
        self.calls_on: set[str] = set()
        self.passed: set[str] = set()
        self.imports: set[str] = set()
        self.globals_written: set[str] = set()
        self.classes: set[str] = set()
        self.sources: dict[str, set[str]] = {}
        self.makers: dict[str, set[str]] = {}
        self.defers: dict[str, Deferred] = {}
        self._loose: list[Deferred] = []
        """Of lambdas and generators in the expression that is being read."""

    # -- names ---------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        elif isinstance(node.ctx, ast.Del):
            self.bound.discard(node.id)
        else:
            self._bind(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._assign(node.value, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self._assign(node.value, [node.target])

    def _assign(self, value: ast.expr, targets: Sequence[ast.expr]) -> None:
        self._loose = []
        self.visit(value)
        loose, self._loose = self._loose, []
        for target in targets:
            self.visit(target)
            self._share(target, value)
            for name in expressions.bound_in(target):
                self._defer(name, loose)
            if isinstance(target, (ast.Attribute, ast.Subscript)):  # what it holds now, it holds together with others
                root = expressions.root(target)
                if root is not None:
                    self._link(root, value)
                    self._defer(root, loose)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
            self._bind(node.target.id)
            self.stores.add(node.target.id)
            self._link(node.target.id, node.value)
            self.sources[node.target.id].add(node.target.id)
        else:
            self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target.id)
        self._share(node.target, node.value)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.visit(node.value)
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self._change(node.value, self.stores)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        self.visit(node.slice)
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self._change(node.value, self.stores)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in READ_ONLY_METHODS:
                return
            self._change(node.func.value, self.calls_on)
            root = expressions.root(node.func)
            if root is not None:  # `rows.append(x)`: rows holds x from now on
                self._link(root, *expressions.arguments(node))
                self.sources[root].add(root)
        elif isinstance(node.func, ast.Name) and node.func.id in expressions.HARMLESS_CALLS | expressions.SHARING_CALLS:
            return
        for each in expressions.arguments(node):
            self.passed |= expressions.shared(each)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            name = (alias.asname or alias.name).split(".", 1)[0]
            if name != "*":
                self._bind(name)
                self.imports.add(name)

    visit_ImportFrom = visit_Import

    # -- branches: what is bound in one of them is not bound for certain ---------------------------------

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._either(node.body, node.orelse)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        before = set(self.bound)
        self.visit(node.target)
        self._share(node.target, node.iter)
        self._body(node.body)
        self.bound = before
        self._body(node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._either([*node.body, *node.orelse], [])

    def visit_Try(self, node: ast.Try) -> None:
        before = set(self.bound)
        self._body([*node.body, *node.orelse])
        ends = [set(self.bound)]
        for handler in node.handlers:
            self.bound = set(before)
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name:
                self._bind(handler.name)
            self._body(handler.body)
            if not (handler.body and isinstance(handler.body[-1], ast.Raise)):
                ends.append(set(self.bound))
        self.bound = set.intersection(*ends)
        self._body(node.finalbody)

    visit_TryStar = visit_Try

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        before = set(self.bound)
        for case in node.cases:
            self.bound = set(before)
            for each in ast.walk(case.pattern):
                name = getattr(each, "name", None) or getattr(each, "rest", None)
                if isinstance(name, str):
                    self._bind(name)
                    self._link(name, node.subject)
            if case.guard is not None:
                self.visit(case.guard)
            self._body(case.body)
        self.bound = before

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.visit(item.optional_vars)
                self._share(item.optional_vars, item.context_expr)
        self._body(node.body)

    visit_AsyncWith = visit_With

    def _either(self, one: Sequence[ast.stmt], other: Sequence[ast.stmt]) -> None:
        before = set(self.bound)
        self._body(one)
        after_one, self.bound = self.bound, set(before)
        self._body(other)
        self.bound &= after_one

    def _body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    # -- functions and classes -----------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        for each in (*node.decorator_list, *defaults):
            self.visit(each)
        self._bind(node.name)
        self._globals_of(node.body)
        self._defer(node.name, [self._called(node.body, expressions.argument_names(node.args))])
        self._link(node.name, *node.decorator_list, *defaults)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for each in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(each)
        deferred = self._called([node.body], expressions.argument_names(node.args))
        self._loose.append(deferred)
        for name in deferred.reads:  # it may be called on the spot
            self._read(name)
        self.passed |= deferred.changes

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for each in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(each)
        inner = _Visitor(self.bound)
        inner._body(node.body)
        self.reads |= inner.reads
        self._take_changes(inner, inner.binds)
        self._globals_of(node.body)
        self._bind(node.name)
        self.classes.add(node.name)
        self._defer(node.name, list(inner.defers.values()))
        self._link(node.name, *node.decorator_list, *node.bases)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        inner = _Visitor(self.bound)
        for generator in node.generators:
            inner.visit(generator.iter)
            inner.visit(generator.target)
            inner._share(generator.target, generator.iter)
            for condition in generator.ifs:
                inner.visit(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            inner.visit(part)
        self.reads |= inner.reads
        self._take_changes(inner, inner.binds)
        if isinstance(node, ast.GeneratorExp):
            self._loose.append(Deferred(frozenset(inner.reads), frozenset(inner.changed_outside(inner.binds))))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _called(self, body: Sequence[ast.AST], arguments: Iterable[str]) -> Deferred:
        """What a call of this body reads and changes outside it. All that it binds is its own, but for `global` names."""
        inner = _Visitor()
        for node in body:
            inner.visit(node)
        shared = set(expressions.global_names(body))
        own = {*arguments, *inner.binds} - shared
        nested = inner.defers.values()
        reads = inner.reads.union(*(each.reads for each in nested)) - own
        changes = inner.changed_outside(own).union(*(each.changes for each in nested)) | (inner.binds & shared)
        return Deferred(frozenset(reads - _BUILTINS), frozenset(changes - own - _BUILTINS))

    def changed_outside(self, own: set[str]) -> set[str]:
        """Names not in `own` that this code may change, also by way of a name of its own that shares their object."""
        reached, waiting = set(), list(self.stores | self.calls_on | self.passed)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += self.sources.get(name, ()) if name in own else ()
        return reached - own

    def _take_changes(self, inner: _Visitor, own: set[str]) -> None:
        for mine, theirs in ((self.stores, inner.stores), (self.calls_on, inner.calls_on), (self.passed, inner.passed)):
            mine |= theirs - own
        self.passed |= inner.changed_outside(own)

    def _globals_of(self, body: Sequence[ast.AST]) -> None:
        self.globals_written.update(expressions.global_names(body))

    # -- small things ----------------------------------------------------------------------------------

    def _read(self, name: str) -> None:
        if name not in self.bound:
            self.reads.add(name)

    def _bind(self, name: str) -> None:
        self.bound.add(name)
        self.binds.add(name)

    def _defer(self, name: str, found: Sequence[Deferred]) -> None:
        if found:
            known = [*found, *([self.defers[name]] if name in self.defers else [])]
            self.defers[name] = Deferred(
                frozenset().union(*(each.reads for each in known)), frozenset().union(*(each.changes for each in known))
            )

    def _share(self, target: ast.expr, value: ast.expr) -> None:
        for name in expressions.bound_in(target):
            self._link(name, value)

    def _link(self, name: str, *values: ast.expr) -> None:
        self.sources.setdefault(name, set()).update(*map(expressions.shared, values))
        self.makers.setdefault(name, set()).update(*map(expressions.named, values))

    def _change(self, node: ast.AST, into: set[str]) -> None:
        """`df.x.append(…)` may change `df`: the name at the root of the expression."""
        root = expressions.root(node)
        if root is not None:
            into.add(root)

"""Which top-level names a cell's code reads and writes: what carries data from one cell to the next inside a kernel.

Static, from the executed source alone: a name that is read before the cell binds it comes from an earlier cell; a name
whose attribute or item is set, or whose method is called (but for methods known to change nothing), counts as written too.
What a function does to its arguments is not seen.
Source of the approach: backward slices of whole cells, measured to be right where slices of statements were not.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import Iterable, Mapping, Sequence

PYTHON_CELL_MAGICS = ("time", "timeit", "capture", "prun", "ds_run")
"""Cell magics whose body is Python run in the notebook's own names."""

READ_ONLY_METHODS = frozenset(
    "head tail describe info sample value_counts corr mean median sum std var min max count unique nunique any all "
    "plot hist scatter boxplot show savefig predict predict_proba decision_function score transform get keys items "
    "values copy join split strip lower upper startswith endswith format encode decode index isna isnull notna "
    "to_csv to_parquet to_json to_excel to_pickle to_numpy to_dict to_string to_markdown tolist item astype "
    "groupby merge query reset_index rename drop_duplicates sort_values parameters state_dict metric log input output".split()
)
"""Methods that leave their object as it is; without this list `df.head()` would stand between every cell and its data."""

_BUILTINS = frozenset(dir(builtins)) | {"display", "get_ipython", "In", "Out", "exit", "quit", "_", "__", "___"}


@dataclass(frozen=True)
class Names:
    reads: frozenset[str]
    """Needed from earlier cells."""
    writes: frozenset[str]
    """Bound, or possibly changed in place."""


def names_of(source: str) -> Names:
    """The names of one executed cell; code that does not parse reads and writes nothing."""
    try:
        tree = ast.parse(_plain_python(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names(frozenset(), frozenset())
    visitor = _Visitor()
    for statement in tree.body:
        visitor.visit(statement)
    return Names(frozenset(visitor.reads - _BUILTINS), frozenset(visitor.writes - _BUILTINS))


def feeders(cells: Sequence[tuple[str, Names]]) -> Mapping[str, dict[str, tuple[str, ...]]]:
    """For each cell of one session, in order: the earlier cells its names come from, and by which names.

    [('a', x=1), ('b', y=2), ('c', z=x+y)] -> {'a': {}, 'b': {}, 'c': {'a': ('x',), 'b': ('y',)}}
    A name that several cells bound and changed in turn comes from the last binding and every change since: a change reads
    the name too, so following the arrows upwards reaches them all.
    """
    last_writer: dict[str, str] = {}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for cell, names in cells:
        sources: dict[str, list[str]] = {}
        for name in sorted(names.reads):
            if name in last_writer:
                sources.setdefault(last_writer[name], []).append(name)
        found[cell] = {source: tuple(by) for source, by in sources.items()}
        last_writer.update(dict.fromkeys(names.writes, cell))
    return found


def _plain_python(source: str) -> str:
    """The cell without what is not Python: magics, shell lines and help become `pass`."""
    lines = source.splitlines()
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%"):
        if first[2:].split(" ", 1)[0] not in PYTHON_CELL_MAGICS:
            return ""
        lines = lines[lines.index(next(line for line in lines if line.strip())) + 1 :]
    return "\n".join(_plain_line(line) for line in lines)


def _plain_line(line: str) -> str:
    bare = line.lstrip()
    if bare.startswith(("%", "!", "?")) or bare.rstrip().endswith("?"):
        return line[: len(line) - len(bare)] + "pass"
    name, sign, right = bare.partition("=")
    if sign and right.lstrip().startswith(("%", "!")) and name.strip().isidentifier():
        return line[: len(line) - len(bare)] + f"{name.strip()} = None"
    return line


class _Visitor(ast.NodeVisitor):
    """Walks one cell in order of execution; names bound inside functions and comprehensions stay inside."""

    def __init__(self, outer: Iterable[str] = ()) -> None:
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self._bound: set[str] = set(outer)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        else:
            self._bind(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
            self._bind(node.target.id)
        else:
            self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target.id)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.visit(node.target)
        for statement in (*node.body, *node.orelse):
            self.visit(statement)

    visit_AsyncFor = visit_For

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.visit(node.value)
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self._change(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        self.visit(node.slice)
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self._change(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr not in READ_ONLY_METHODS:
            self._change(node.func.value)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self._bind((alias.asname or alias.name).split(".", 1)[0])

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for each in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(each)
        self._bind(node.name)
        self._inside(node.body, _argument_names(node.args))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._inside([node.body], _argument_names(node.args))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for each in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(each)
        self._inside(node.body, ())
        self._bind(node.name)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        inner = _Visitor(self._bound)
        for generator in node.generators:
            inner.visit(generator.iter)
            inner.visit(generator.target)
            for condition in generator.ifs:
                inner.visit(condition)
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        for part in parts:
            inner.visit(part)
        self.reads |= inner.reads

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def _inside(self, body: Sequence[ast.AST], arguments: Iterable[str]) -> None:
        """A body with names of its own: what it reads from outside is read by the cell; `global` names are written by it."""
        inner = _Visitor({*self._bound, *arguments})
        for node in body:
            inner.visit(node)
        self.reads |= inner.reads
        shared = {name for node in body for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}
        self.writes |= inner.writes & shared

    def _read(self, name: str) -> None:
        if name not in self._bound:
            self.reads.add(name)

    def _bind(self, name: str) -> None:
        self._bound.add(name)
        self.writes.add(name)

    def _change(self, node: ast.AST) -> None:
        """`df.x.append(…)` may change `df`: the name at the root of the expression."""
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            self.writes.add(node.id)


def _argument_names(arguments: ast.arguments) -> list[str]:
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    return [each.arg for each in every if each is not None]

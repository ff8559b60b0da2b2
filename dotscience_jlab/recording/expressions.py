"""What an expression is made of: the name at its root, the names it binds, the names whose objects its value may share."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

HARMLESS_CALLS = frozenset(
    "print len sum min max abs round any all isinstance issubclass type str repr int float bool complex id hash range format "
    "ord chr divmod pow callable hasattr display help dir bytes ascii bin hex oct slice".split()
)
"""Calls that change no argument and give back nothing that shares an object with one."""
SHARING_CALLS = frozenset("list tuple dict set frozenset sorted enumerate zip reversed iter next map filter getattr vars".split())
"""Calls that change no argument, but hand its parts on."""


def root(node: ast.AST) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Starred, ast.Await)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def arguments(node: ast.Call) -> Iterator[ast.expr]:
    yield from node.args
    for keyword in node.keywords:
        yield keyword.value


def bound_in(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for each in target.elts:
            yield from bound_in(each)
    elif isinstance(target, ast.Starred):
        yield from bound_in(target.value)


def shared(node: ast.AST) -> set[str]:
    """Names whose objects, or parts of them, the value of an expression may share. Arithmetic and comparisons make new ones."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, (ast.Constant, ast.Compare, ast.JoinedStr, ast.UnaryOp)):
        return set()
    if isinstance(node, ast.BinOp):  # `[a] + b`, `table | {"k": c}` hold the same parts
        return shared(node.left) | shared(node.right) if isinstance(node.op, (ast.Add, ast.BitOr, ast.Mult)) else set()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):  # what it gives is not the function
        return set() if node.func.id in HARMLESS_CALLS else set().union(*map(shared, arguments(node)))
    if isinstance(node, (ast.comprehension, ast.keyword)):
        return named(node)
    parts = [each for each in ast.iter_child_nodes(node) if not isinstance(each, ast.expr_context)]
    return set().union(*map(shared, parts))


def named(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def global_names(body: Sequence[ast.AST]) -> list[str]:
    return [name for node in body for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names]


def argument_names(arguments: ast.arguments) -> list[str]:
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    return [each.arg for each in every if each is not None]

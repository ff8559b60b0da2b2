"""What stands in the user's code where a library was called: what he calls a value, and whether he logs the result himself.

`score(X_test)` and `score(X_train)` are told apart by the names of their arguments. `ds.metric("acc", accuracy_score(…))` has a
name already: the same number under another one would be noise.
"""

from __future__ import annotations

import ast
import linecache
import sys
from types import CodeType, FrameType
from typing import Any, Dict, List, Optional, Set, Tuple

MAX_NAMES = 5_000
MAX_SOURCE_CHARACTERS = 200_000
MAX_REMEMBERED = 1_000
LOGGING_CALLS = frozenset({
    "metric", "log", "summary", "add_metric", "add_metrics", "add_summary", "add_summaries", "param", "parameter", "log_metric",
    "log_metrics", "log_dict", "add_scalar", "add_scalars",
})
"""Methods of ours and of the trackers that are mirrored, by which a user logs a number."""
INSTALLED = ("/site-packages/", "/dist-packages/", "\\site-packages\\")
_US = __name__.rpartition(".")[0]

_known: Dict[Tuple[CodeType, int], bool] = {}


def name_in_caller(value: Any) -> Optional[str]:
    """The variable that holds exactly this object where the library was called; None if there is none, or it begins with '_'."""
    frame = _caller()
    names = {} if frame is None else frame.f_locals
    if len(names) > MAX_NAMES:
        return None
    for name, each in list(names.items()):
        if each is value and not name.startswith("_") and name.isidentifier():
            return name
    return None


def is_told_otherwise() -> bool:
    """Whether the result goes into a logging call, or into a variable that the same cell or file gives to one (read off the source,
    once for each line); or the caller is another installed library, which asks for purposes of its own."""
    frame = _caller()
    if frame is None:
        return False
    if any(folder in frame.f_code.co_filename for folder in INSTALLED):
        return True
    place = frame.f_code, frame.f_lineno
    if place not in _known:
        if len(_known) >= MAX_REMEMBERED:
            _known.clear()
        source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
        _known[place] = logs_result_of(source, frame.f_lineno)
    return _known[place]


def logs_result_of(source: str, line: int) -> bool:
    """Of a call on this line, counted from 1. False for a source that is no Python."""
    if len(source) > MAX_SOURCE_CHARACTERS:
        return False
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return False
    calls: List[ast.AST] = [
        node for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOGGING_CALLS
    ]
    if any(_is_in(line, call) for call in calls):
        return True
    kept: Set[str] = set()
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and _is_in(line, node):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            kept |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    return any(isinstance(each, ast.Name) and each.id in kept for call in calls for each in ast.walk(call))


def _caller() -> Optional[FrameType]:
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_US):
        frame = frame.f_back
    return frame


def _is_in(line: int, node: Any) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)

"""Whether a record that came from another computer is what its type says: kinds of values, shapes of ids, paths that stay inside.

The type hints are the rule: `Optional[SnapshotId]` is None or `s-` and 16 hex digits, `WorkspacePath` never climbs out. What our
own programs write always passes; what does not is data that somebody made up, and is not taken in.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Dict, Iterable, Union, get_args, get_origin, get_type_hints

from ..errors import InvalidRequest
from .ids import check_id
from .paths import workspace_path

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_ID_KINDS = {
    "SessionId": "session", "ExecutionId": "execution", "RunId": "run", "SnapshotId": "snapshot", "NotebookId": "notebook",
    "StoreId": "store", "BlobDigest": "blob",
}
MAX_DEPTH = 100
"""Of values without a type of their own, such as an output's JSON."""

COUNTERS = ("number", "order")
"""Fields that are columns of the index, so they end at 64 bits; other integers may have any length."""

_HINTS: Dict[type, Dict[str, Any]] = {}


def flaw_of(record: Any) -> str:
    """'' if the record is well-formed; else what is wrong, as 'Run.parameters: lr: a list'."""
    cls = type(record)
    if cls not in _HINTS:
        _HINTS[cls] = get_type_hints(cls)
    for field in dataclasses.fields(cls):
        flaw = _flaw(_HINTS[cls][field.name], getattr(record, field.name))
        if flaw:
            return f"{cls.__name__}.{field.name}: {flaw}"
    too_long = [name for name in COUNTERS if abs(getattr(record, name, 0)) >= 2**63]
    return f"{cls.__name__}.{too_long[0]}: too large" if too_long else ""


def _flaw(hint: Any, value: Any) -> str:
    if hint is Any:
        return _flaw_of_json(value, 0)
    if hasattr(hint, "__supertype__"):  # a NewType, which became a class in Python 3.10
        return _flaw_of_name(hint, value)
    if dataclasses.is_dataclass(hint):
        return flaw_of(value) if isinstance(value, hint) else _kind(value)  # type: ignore[arg-type]
    origin, args = get_origin(hint), get_args(hint)
    if origin is Union:
        flaws = [_flaw(arg, value) for arg in args]
        return "" if "" in flaws else flaws[0]
    if origin is tuple:
        return _first(_flaw(args[0], each) for each in value) if isinstance(value, tuple) else _kind(value)
    if origin is dict:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            return _kind(value)
        flaws = ((key, _flaw(args[1], each)) for key, each in value.items())
        return _first(flaw and f"{key}: {flaw}" for key, flaw in flaws)
    if hint is float:
        return "" if isinstance(value, (int, float)) and not isinstance(value, bool) else _kind(value)
    if hint is int:
        return "" if isinstance(value, int) and not isinstance(value, bool) else _kind(value)
    return "" if isinstance(value, hint) else _kind(value)


def _flaw_of_name(hint: Any, value: Any) -> str:
    if not isinstance(value, str):
        return _kind(value)
    name = hint.__name__
    if name == "Instant":
        return "" if _INSTANT.fullmatch(value) else f"{value[:40]!r} is no instant"
    try:
        workspace_path(value) if name == "WorkspacePath" else check_id(_ID_KINDS[name], value)
    except InvalidRequest as error:
        return error.message
    return ""


def _flaw_of_json(value: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        return "nested too deep"
    if isinstance(value, dict):
        return _first(_flaw_of_json(each, depth + 1) for each in value.values())
    if isinstance(value, (list, tuple)):
        return _first(_flaw_of_json(each, depth + 1) for each in value)
    return ""


def _first(flaws: Iterable[str]) -> str:
    return next((flaw for flaw in flaws if flaw), "")


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"

"""The one place where records become JSON and JSON becomes records; knows the format version.

A stored line is the record's fields plus `record` (its kind). Fields equal to their default are left out, so lines stay
short and a new field with a default is readable by old and new alike. Unknown fields are dropped, an unknown kind is None.
"""

from __future__ import annotations

import dataclasses
import math
from functools import lru_cache
from typing import Any, Callable, Dict, List, Optional, Tuple, Union, get_args, get_origin, get_type_hints

from .change import Change, RestorePlan, RestoreStep
from .execution import Execution, Failure, FileUse, Session
from .lineage import Lineage, LineageEdge, LineageNode
from .run import Annotation, Artifact, MetricSummary, Run, Series, Tombstone
from .snapshot import Skipped, Snapshot, TreeEntry
from .values import from_json_float, json_float
from .workspace import Origin, Status, Workspace

RECORDS: Dict[str, type] = {
    "execution": Execution,
    "session": Session,
    "run": Run,
    "series": Series,
    "snapshot": Snapshot,
    "annotation": Annotation,
    "tombstone": Tombstone,
    "workspace": Workspace,
}
"""Kinds that are stored; the other records of `model/` only travel."""

RECORD_NAMES: Dict[type, str] = {cls: name for name, cls in RECORDS.items()}


def to_json(value: Any) -> Any:
    """Every field spelled out (for HTTP and `--json`): records -> dicts, tuples -> lists, NaN -> 'NaN'."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return json_float(value)
    return value


def to_stored(record: Any) -> Dict[str, Any]:
    """One line of a segment: `{"record": kind, …}` without the fields that equal their default."""
    return {"record": RECORD_NAMES[type(record)], **_sparse(record)}


def from_stored(body: Dict[str, Any]) -> Optional[Any]:
    """The record of one stored line; None for a kind this version does not know."""
    cls = RECORDS.get(str(body.get("record")))
    return None if cls is None else from_json(cls, body)


def from_json(cls: type, body: Dict[str, Any]) -> Any:
    """Build `cls` from its JSON, nested records included. TypeError if a field without default is missing."""
    told = {}
    for name, build in _plan(cls):
        if name in body:
            value = body[name]
            told[name] = value if build is None else build(value)
    return cls(**told)


def _sparse(record: Any) -> Dict[str, Any]:
    body = {}
    for name, default, has_factory in _defaults(type(record)):
        value = getattr(record, name)
        if (not value) if has_factory else (default is not dataclasses.MISSING and value == default):
            continue
        body[name] = _sparse_value(value)
    return body


def _sparse_value(value: Any) -> Any:
    if value is None or type(value) in (str, int, bool):
        return value
    if dataclasses.is_dataclass(value):
        return _sparse(value)
    if isinstance(value, dict):
        return {key: _sparse_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sparse_value(item) for item in value]
    return to_json(value)


@lru_cache(maxsize=None)
def _defaults(cls: type) -> Tuple[Tuple[str, Any, bool], ...]:
    """(field, its default or MISSING, whether it is made by a factory)"""
    return tuple((f.name, f.default, f.default_factory is not dataclasses.MISSING) for f in dataclasses.fields(cls))


Build = Callable[[Any], Any]


@lru_cache(maxsize=None)
def _plan(cls: type) -> Tuple[Tuple[str, Optional[Build]], ...]:
    """(field, how its value is built; None: it is the JSON value itself), worked out once a class: reading a thousand runs
    would else ask the same type hints ten thousand times."""
    return tuple((name, _builder(hint)) for name, hint in get_type_hints(cls).items())


def _builder(hint: Any) -> Optional[Build]:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Union:
        if float in args and str not in args:
            return lambda value: from_json_float(value) if isinstance(value, str) else value  # a Scalar's 'NaN' stays a text
        records = [arg for arg in args if dataclasses.is_dataclass(arg)]
        inner = _builder(records[0]) if records else None
        return None if inner is None else lambda value: None if value is None else inner(value)
    if dataclasses.is_dataclass(hint):
        return lambda value: from_json(hint, value) if isinstance(value, dict) else value
    if origin is tuple or hint is tuple:
        item = _builder(args[0]) if args else None
        return tuple if item is None else lambda value: tuple(map(item, value))
    if origin is dict:
        item = _builder(args[1])
        return None if item is None else lambda value: {key: item(each) for key, each in value.items()}
    return from_json_float if hint is float else None


__all__: List[str] = [
    "RECORDS", "RECORD_NAMES", "from_json", "from_stored", "to_json", "to_stored",
    "Change", "RestorePlan", "RestoreStep", "Execution", "Failure", "FileUse", "Session", "Lineage", "LineageEdge",
    "LineageNode", "Annotation", "Artifact", "MetricSummary", "Run", "Series", "Tombstone", "Skipped", "Snapshot",
    "TreeEntry", "Origin", "Status", "Workspace",
]

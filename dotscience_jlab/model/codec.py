"""The one place where records become JSON and JSON becomes records; knows the format version.

A stored line is the record's fields plus `record` (its kind). Fields equal to their default are left out, so lines stay
short and a new field with a default is readable by old and new alike. Unknown fields are dropped, an unknown kind is None.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Dict, List, Optional, Union, get_args, get_origin, get_type_hints

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
    plan = _plan(cls)
    return cls(**{name: _build(hint, body[name]) for name, hint in plan.items() if name in body})


def _sparse(record: Any) -> Dict[str, Any]:
    body = {}
    for f in dataclasses.fields(record):
        value = getattr(record, f.name)
        if f.default is not dataclasses.MISSING and value == f.default:
            continue
        if f.default_factory is not dataclasses.MISSING and not value:
            continue
        body[f.name] = _sparse_value(value)
    return body


def _sparse_value(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _sparse(value)
    if isinstance(value, dict):
        return {key: _sparse_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sparse_value(item) for item in value]
    return to_json(value)


_PLANS: Dict[type, Dict[str, Any]] = {}


def _plan(cls: type) -> Dict[str, Any]:
    """field name -> type hint, resolved once per class."""
    if cls not in _PLANS:
        _PLANS[cls] = get_type_hints(cls)
    return _PLANS[cls]


def _build(hint: Any, value: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Union:
        if value is None:
            return None
        if float in args and str not in args and isinstance(value, str):
            return from_json_float(value)  # in a Scalar, 'NaN' stays the text that was stored
        records = [arg for arg in args if dataclasses.is_dataclass(arg)]
        return _build(records[0], value) if records else value
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return from_json(hint, value)
    if origin is tuple:
        item = args[0] if args else Any
        return tuple(_build(item, each) for each in value)
    if hint is tuple:
        return tuple(value)
    if origin is dict:
        return {key: _build(args[1], item) for key, item in value.items()}
    if hint is float:
        return from_json_float(value)
    return value


__all__: List[str] = [
    "RECORDS", "RECORD_NAMES", "from_json", "from_stored", "to_json", "to_stored",
    "Change", "RestorePlan", "RestoreStep", "Execution", "Failure", "FileUse", "Session", "Lineage", "LineageEdge",
    "LineageNode", "Annotation", "Artifact", "MetricSummary", "Run", "Series", "Tombstone", "Skipped", "Snapshot",
    "TreeEntry", "Origin", "Status", "Workspace",
]

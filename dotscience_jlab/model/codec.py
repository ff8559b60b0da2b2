"""The one place where records become JSON and JSON becomes records; knows the format version.

A stored line is the record's fields plus `record` (its kind). Fields equal to their default are left out, so lines stay
short and a new field with a default is readable by old and new alike. Unknown fields are dropped, an unknown kind is None.
"""

from __future__ import annotations

import dataclasses
import json
import math
from functools import lru_cache
from typing import Any, Callable, Dict, List, Optional, Tuple, Union, get_args, get_origin, get_type_hints

from .change import Change, RestorePlan, RestoreStep
from .execution import Execution, Failure, FileUse, Session
from .lineage import Lineage, LineageEdge, LineageNode
from .run import Annotation, Artifact, MetricSummary, ResourceSummary, Run, Series, Tombstone
from .snapshot import Skipped, Snapshot, TreeEntry
from .values import NON_FINITE, from_json_float, json_float
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


def stored_text(body: Dict[str, Any]) -> str:
    """One line of JSON. Text that is no UTF-8 (a file's name, half a character) goes escaped, so that any reader copes."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":"))
    return text


def is_as_written(body: Any) -> bool:
    """True if `body` has the shape that `to_stored` gives: a kind that is known, no field that is not, none missing that has no
    default, lists and objects where they belong; so in nested records too. Then `from_stored` builds the record that it is."""
    if type(body) is not dict or type(body.get("record")) is not str:
        return False
    cls = RECORDS.get(body["record"])
    return cls is not None and _has_shape(cls, body, tuple(name for name in body if name != "record"))


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
    kind = type(value)
    if value is None or kind is str or kind is int or kind is bool:
        return value
    if kind is float:
        return value if math.isfinite(value) else json_float(value)
    if isinstance(value, dict):
        return {key: _sparse_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sparse_value(item) for item in value]
    return _sparse(value) if dataclasses.is_dataclass(value) else to_json(value)


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


Check = Tuple[str, type, bool, Optional[type]]
"""(field, list, dict, float or object: a record; whether it may be null; class of the record or of the items)"""


@lru_cache(maxsize=1000)
def _checks(cls: type, names: Tuple[str, ...]) -> Optional[Tuple[Check, ...]]:
    """What is to be looked at in JSON of `cls` with these fields, in their order; None if there can be none. Most records of a
    history have the same few fields, so this is worked out once for thousands of them."""
    hints = get_type_hints(cls)
    required = {name for name, default, has_factory in _defaults(cls) if default is dataclasses.MISSING and not has_factory}
    if not required <= set(names) <= hints.keys():
        return None
    found = ((name, _kind_of(hints[name])) for name in names)
    return tuple((name, kind[0], type(None) in get_args(hints[name]), kind[1]) for name, kind in found if kind is not None)


def _kind_of(hint: Any) -> Optional[Tuple[type, Optional[type]]]:
    """None: any JSON value will do."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Union:
        inner = [arg for arg in args if dataclasses.is_dataclass(arg)]
        return (object, inner[0]) if inner else (float, None) if float in args and str not in args else None  # type: ignore[return-value]
    if dataclasses.is_dataclass(hint):
        return object, hint  # type: ignore[return-value]
    if origin in (tuple, dict):
        item = args[0] if origin is tuple else args[1]
        return list if origin is tuple else dict, item if dataclasses.is_dataclass(item) else None  # type: ignore[return-value]
    return (float, None) if hint is float else None


def _has_shape(cls: type, body: Any, names: Tuple[str, ...]) -> bool:
    checks = _checks(cls, names)
    if checks is None:
        return False
    for name, kind, is_optional, inner in checks:
        value = body[name]
        found = type(value)
        if kind is float:
            if found is not float and found is not int and not (
                (value is None and is_optional) or (found is str and value in NON_FINITE)
            ):
                return False
        elif value is None:
            if not is_optional:
                return False
        elif found is not (dict if kind is object else kind):
            return False
        elif inner is not None:
            for each in (value,) if kind is object else value.values() if kind is dict else value:
                if type(each) is not dict or not _has_shape(inner, each, tuple(each)):
                    return False
    return True


__all__: List[str] = [
    "RECORDS", "RECORD_NAMES", "from_json", "from_stored", "is_as_written", "stored_text", "to_json", "to_stored",
    "Change", "RestorePlan", "RestoreStep", "Execution", "Failure", "FileUse", "Session", "Lineage", "LineageEdge",
    "LineageNode", "Annotation", "Artifact", "MetricSummary", "ResourceSummary", "Run", "Series", "Tombstone", "Skipped",
    "Snapshot", "TreeEntry", "Origin", "Status", "Workspace",
]

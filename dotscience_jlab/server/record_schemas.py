"""JSON Schemas of the records of `model/`, read off the dataclasses: what `codec.to_json` writes, every field spelled out.

    @dataclass class Failure: name: str; …   ->   {"type": "object", "required": ["name", …], "properties": {…}}
"""

from __future__ import annotations

import dataclasses
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from ..model import certificate, change, execution, lineage, recipe, remote, run, snapshot, workspace
from ..model.values import NON_FINITE

Schema = dict[str, Any]

RECORDS: tuple[type, ...] = (
    execution.Execution, execution.Failure, execution.FileUse, execution.Session, execution.NamesSeen,
    certificate.Certificate, certificate.LastMetric,
    run.Artifact, run.MetricSummary, run.ResourceSummary, run.Run, run.Series,
    snapshot.Skipped, snapshot.Snapshot, snapshot.TreeEntry,
    change.Change, change.RestorePlan, change.RestoreStep,
    lineage.Lineage, lineage.LineageEdge, lineage.LineageNode,
    recipe.Confirmation, remote.LineState, remote.Remote, workspace.Origin, workspace.Status,
)
"""Records that travel over HTTP."""

JSON_FLOAT: Schema = {"anyOf": [{"type": "number"}, {"enum": sorted(NON_FINITE)}]}
"""A number as JSON can hold it: what is not finite travels as a text."""

_PLAIN: dict[type, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: JSON_FLOAT,
    type(None): {"type": "null"},
    dict: {"type": "object"},
}
_UNTYPED_TUPLES = {(change.RestorePlan, "steps"): change.RestoreStep}
"""Fields whose hint does not say what they hold."""


def reference(record: type) -> Schema:
    return {"$ref": f"#/components/schemas/{record.__name__}"}


def component_schemas() -> dict[str, Schema]:
    """name -> schema of every record, in alphabetical order."""
    return {each.__name__: record_schema(each) for each in sorted(RECORDS, key=lambda each: each.__name__)}


def record_schema(record: type) -> Schema:
    hints = get_type_hints(record)
    properties = {}
    for field in dataclasses.fields(record):
        item = _UNTYPED_TUPLES.get((record, field.name))
        properties[field.name] = list_of(reference(item)) if item else schema_of(hints[field.name])
    description = (record.__doc__ or "").strip().split("\n")[0]
    schema: Schema = {"type": "object", "required": list(properties), "properties": properties}
    if description and not description.startswith(f"{record.__name__}("):  # the doc that dataclass writes itself
        schema["description"] = description
    return schema


def schema_of(hint: Any) -> Schema:
    """Optional[int] -> {"type": ["integer", "null"]}-like; Tuple[X, ...] -> array; Dict[str, X] -> object of X."""
    if hint is Any:
        return {}
    if isinstance(hint, NewType):
        return schema_of(hint.__supertype__)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return reference(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Union:
        return {"anyOf": [schema_of(arg) for arg in args]}
    if origin in (tuple, list):
        return list_of(schema_of(args[0]))
    if origin is dict:
        return map_of(schema_of(args[1]))
    return _PLAIN[hint]


def list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def map_of(item: Schema) -> Schema:
    return {"type": "object", "additionalProperties": item}


def record_of(**properties: Schema) -> Schema:
    """An object that has all of these."""
    return {"type": "object", "required": list(properties), "properties": properties}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}

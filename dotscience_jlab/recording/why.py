"""Why an execution gave what it gave: the files it read, the cells its names and files came from, its environment."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ..errors import DotscienceError, NotFound
from ..model.codec import to_json
from ..model.execution import Execution
from ..model.ids import ExecutionId
from ..store.base import Store
from .upstream import FileFlow, SessionFlow


def explain_execution(store: Store, execution_id: ExecutionId) -> dict[str, Any]:
    """{inputs: [FileUse], upstream: [{execution: Execution without outputs, because: [names and paths]}], environment, session}

    upstream: oldest first. environment: the JSON as captured, {} if none was. session: None while no record of it is kept.
    """
    execution = store.index.execution(execution_id)
    because: dict[ExecutionId, list[str]] = {}
    for feeder, names in SessionFlow(store).feeders(execution).items():
        because.setdefault(feeder, []).extend(names)
    inputs = [use for use in execution.files if use.role == "input"]
    files = FileFlow(store)
    for use in inputs:
        writer = files.writer_before(use, execution)
        if writer is not None:
            because.setdefault(writer.id, []).append(use.path or use.disk_path)
    upstream = [(replace(store.index.execution(feeder), outputs=()), reasons) for feeder, reasons in because.items()]
    upstream.sort(key=lambda row: row[0].started_at)
    return {
        "inputs": to_json(inputs),
        "upstream": [{"execution": to_json(feeder), "because": reasons} for feeder, reasons in upstream],
        "environment": _environment(store, execution),
        "session": _session(store, execution),
    }


def _environment(store: Store, execution: Execution) -> dict[str, Any]:
    if execution.environment is None:
        return {}
    try:
        found = json.loads(store.read_blob(execution.environment))
    except (DotscienceError, ValueError) as error:
        return {"problem": f"The environment cannot be read: {error}"}
    return found if isinstance(found, dict) else {}


def _session(store: Store, execution: Execution) -> Any:
    """Only known once it has ended; a live session has no record yet."""
    try:
        return to_json(store.index.session(execution.session))
    except NotFound:
        return None

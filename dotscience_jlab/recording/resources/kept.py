"""What was read of a cell that still runs, in a file beside its spool: a recorder that is started anew goes on from there."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from ...model.ids import ExecutionId
from ...model.run import ResourceSummary
from .trace import Trace, restored

NAME = "resources.json"


def keep(folder: Path, execution: ExecutionId, trace: Trace) -> None:
    """Not synced, and not told of if the disk is full: the cell's reports matter more, and say so."""
    summary = {name: asdict(each) for name, each in trace.summary().items()}
    body = {"execution": execution, "points": trace.points(), "summary": summary, "note": trace.note}
    draft = folder / f"{NAME}.new"
    with suppress(OSError):
        draft.write_text(json.dumps(body, separators=(",", ":")), encoding="utf-8")
        draft.replace(folder / NAME)


def read_kept(folder: Path, execution: ExecutionId) -> Trace | None:
    """None: nothing is kept of this cell, or it cannot be read."""
    try:
        body = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if body["execution"] != execution:
            return None
        points = [(n, str(name), None, float(at), float(value)) for n, name, _, at, value in body["points"]]
        return restored(points, {name: ResourceSummary(**each) for name, each in body["summary"].items()}, str(body["note"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def forget_kept(folder: Path) -> None:
    with suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)

"""What a run took of the machine, in the shape of its metrics' series."""

from __future__ import annotations

from typing import Callable

from ...model.ids import ExecutionId
from ...model.run import Run, Series
from ...store.base import Store
from ...store.downsample import downsampled
from ...store.series import read_series
from .trace import Trace, restored


def resource_series(
    store: Store, run: Run, so_far: Callable[[ExecutionId], Trace | None], max_points: int | None
) -> list[Series]:
    """In order of name: what is kept, and what its cells that run have taken so far. StoreError if it cannot be read."""
    trace = restored(read_series(store.read_blob(run.resources_blob)), run.resources) if run.resources_blob else Trace()
    for execution in run.executions:
        live = so_far(execution)
        trace = trace.joined(live) if live else trace
    table: dict[str, list[tuple[int | None, float, float]]] = {}
    for _, name, step, at, value in trace.points():
        table.setdefault(name, []).append((step, at, value))
    return [downsampled(name, table[name], 0, max_points) for name in sorted(table)]

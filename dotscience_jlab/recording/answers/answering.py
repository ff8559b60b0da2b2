"""What all answers share: the desk they stand at, finding the thing that was asked about, and telling browsers what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Callable, ClassVar, Protocol

from ...model.codec import to_json
from ...model.execution import Execution
from ...model.ids import ExecutionId, check_id
from ...model.paths import workspace_path
from ...model.run import Run
from ...model.snapshot import Snapshot
from ...settings import Settings
from ...store.base import Index, Store
from ..activity import Activity
from ..kernels import Kernels
from ..rebuilding import BEING_READ
from ..references import resolve_snapshot
from ..remotes import Remotes
from ..resources.sampler import Resources
from ..workspaces import Workspaces
from .params import Params, Progress, text, texts


class Surroundings(Protocol):
    """What answers may use of the recorder."""

    workspaces: Workspaces
    kernels: Kernels
    remotes: Remotes
    resources: Resources
    settings: Settings

    def activity(self, store: Store) -> Activity: ...

    def notify(self, topic: str, workspace: str, ids: list[Any], path: str | None) -> None: ...


class Answers:
    """One kind of thing that is asked about. Many threads ask at once."""

    METHODS: ClassVar[dict[str, Callable[[Any, Params, Progress], Any]]]
    """name of the request (docs/requests.md) -> its method here"""

    def __init__(self, desk: Surroundings) -> None:
        self.desk = desk

    def store(self, params: Params) -> Store:
        return self.desk.workspaces.get(text(params, "workspace"))

    def index(self, params: Params) -> tuple[Index, str]:
        """(what knows the workspace's records, why it does not know all of them; '' if it does)"""
        recent = self.desk.workspaces.recent(text(params, "workspace"))
        return (recent.index, BEING_READ) if recent is not None else (self.store(params).index, "")

    def execution(self, store: Store, params: Params) -> Execution:
        return store.index.execution(ExecutionId(check_id("execution", text(params, "execution"))))

    def run(self, store: Store, params: Params) -> Run:
        return store.index.find_run(text(params, "run"))

    def snapshot(self, store: Store, params: Params) -> Snapshot:
        return resolve_snapshot(store, text(params, "snapshot"), datetime.now().astimezone())

    def paths(self, params: Params) -> list[str] | None:
        paths = texts(params, "paths")
        return None if paths is None else [workspace_path(path) for path in paths]

    def row(self, store: Store) -> dict[str, Any]:
        workspace = store.workspace
        newest = store.index.executions(limit=1)
        return {
            "id": workspace.id,
            "root": str(store.root),
            "name": store.root.name,
            "store_bytes": store.size_bytes(),
            "is_paused": workspace.is_paused,
            "n_executions": newest.total,
            "n_runs": store.index.runs(limit=1).total,
            "recorded_at": newest.items[0].started_at if newest.items else None,
            "origin": to_json(workspace.origin),
        }

    def tell_all(self, store: Store) -> None:
        for topic in ("snapshot", "execution", "run", "status"):
            self.tell(topic, store, [])

    def tell(self, topic: str, store: Store, ids: list[Any], path: str | None = None) -> None:
        self.desk.notify(topic, store.workspace.id, ids, path)

"""Going back: what a restore would do, doing it, and filling a folder from a snapshot."""

from __future__ import annotations

import os
import time
from typing import Any, Sequence

from ...model.codec import to_json
from ...model.paths import WorkspacePath
from ...model.snapshot import Snapshot
from .. import extract, restore
from ..arrivals import check_arrived
from ..snapshots import take_snapshot
from .answering import Answers
from .params import Params, Progress, text


class RestoreAnswers(Answers):
    def _restore_plan(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        rules = self.desk.workspaces.rules(store)
        with self.desk.workspaces.writer(store):
            store.put_backs.finish()  # what was promised earlier and could not be done then
        return to_json(restore.plan_restore(store, self.snapshot(store, params).id, self.paths(params), rules=rules))

    def _restore_apply(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        activity = self.desk.activity(store)

        def guard(message: str, reason: str, touched: Sequence[WorkspacePath]) -> Snapshot:
            return take_snapshot(store, self.desk.workspaces, activity, message, reason, time.time(), touched)

        check_arrived(activity)
        with self.desk.workspaces.writer(store):
            result = restore.apply_restore(
                store,
                self.snapshot(store, params).id,
                self.paths(params),
                text(params, "plan_digest"),
                take_snapshot=guard,
                rules=self.desk.workspaces.rules(store),
                even_open=params.get("even_open") is True,
            )
            for path in (*result["written"], *result["removed"]):
                activity.documents.forget(os.path.join(store.root, path))
        self.tell("snapshot", store, [result["snapshot_after"]])
        return to_json(result)

    def _restore_into(self, params: Params, progress: Progress) -> Any:
        store, folder = self.store(params), self.desk.workspaces.real(text(params, "disk_path"))
        told = extract.restore_into(
            store, self.snapshot(store, params).id, self.paths(params), folder, progress=progress
        )
        return {**told, "disk_path": str(folder)}

    METHODS = {
        "restore.plan": _restore_plan,
        "restore.apply": _restore_apply,
        "restore.into": _restore_into,
    }

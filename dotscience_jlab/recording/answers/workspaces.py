"""The workspaces themselves: which there are, one of them, its settings, what is wrong with it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...model.codec import to_json
from .. import check, doctor
from ..rebuilding import BEING_READ
from ..status import status_of
from ..workspaces import find_root
from .answering import Answers
from .params import Params, Progress, flag, optional, table, text

_EMPTY_ROW = {"store_bytes": 0, "is_paused": False, "n_executions": 0, "n_runs": 0, "recorded_at": None, "origin": None}


class WorkspaceAnswers(Answers):
    def _status(self, params: Params, _: Progress) -> Any:
        status = status_of(text(params, "disk_path"), self.desk.workspaces, self.desk.settings, self.desk.activity, time.time())
        return to_json(status)

    def _workspaces_list(self, params: Params, _: Progress) -> Any:
        rows = []
        for workspace, root in self.desk.workspaces.known().items():
            if self.desk.workspaces.recent(workspace) is not None:
                rows.append({**_EMPTY_ROW, "id": workspace, "root": root, "name": Path(root).name, "problem": BEING_READ})
                continue
            try:
                rows.append(self.row(self.desk.workspaces.get(workspace)))
            except Exception as error:  # one broken store must not hide the others; it is listed with its reason
                rows.append({**_EMPTY_ROW, "id": workspace, "root": root, "name": Path(root).name, "problem": str(error)})
        return {"items": rows}

    def _workspaces_find(self, params: Params, _: Progress) -> Any:
        return self.row(self.desk.workspaces.for_path(text(params, "disk_path"), create=False))

    def _workspaces_init(self, params: Params, _: Progress) -> Any:
        """A folder named here becomes a workspace itself, whatever lies above it; of a file, the root that it would have."""
        asked = self.desk.workspaces.real(text(params, "disk_path"))
        if asked.is_dir():
            return self.row(self.desk.workspaces.at_root(asked, create=True))
        return self.row(self.desk.workspaces.for_path(str(asked), create=True))

    def _workspaces_get(self, params: Params, _: Progress) -> Any:
        return self.row(self.store(params))

    def _workspaces_change(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        workspace = store.workspace
        if "is_paused" in params:
            workspace = replace(workspace, is_paused=flag(params, "is_paused"))
        if params.get("settings") is not None:
            workspace = replace(workspace, settings={**workspace.settings, **table(params, "settings")})
        store.save_workspace(workspace)
        self.tell("status", store, [])
        return self.row(store)

    def _workspaces_widen(self, params: Params, _: Progress) -> Any:
        widened = self.desk.workspaces.widen(self.store(params))
        self.tell("status", widened, [])
        return self.row(widened)

    def _doctor(self, params: Params, _: Progress) -> Any:
        return {"checks": to_json(doctor.examine(self.desk.settings, optional(params, "disk_path"), self.desk.workspaces))}

    def _check(self, params: Params, progress: Progress) -> Any:
        """By workspace or by disk path: a history that does not open must be checked too."""
        if params.get("workspace") is not None:
            root = self.desk.workspaces.root_of(text(params, "workspace"))
        else:
            root = find_root(self.desk.workspaces.real(text(params, "disk_path")), self.desk.workspaces.home).path
        is_repairing = params.get("repair") is not None and flag(params, "repair")
        return check.check_folder(self.desk.workspaces, root, progress, is_repairing=is_repairing)

    METHODS = {
        "status": _status,
        "workspaces.list": _workspaces_list,
        "workspaces.find": _workspaces_find,
        "workspaces.init": _workspaces_init,
        "workspaces.get": _workspaces_get,
        "workspaces.change": _workspaces_change,
        "workspaces.widen": _workspaces_widen,
        "doctor": _doctor,
        "check": _check,
    }

"""What servers and browsers report of documents and kernels."""

from __future__ import annotations

import os
import time
from typing import Any

from ...errors import NotFound
from .. import annotate
from .answering import Answers
from .params import Params, Progress, number, optional, table, text, texts


class ReportAnswers(Answers):
    def _documents_report(self, params: Params, _: Progress) -> Any:
        disk_path = text(params, "disk_path")
        try:
            store = self.desk.workspaces.for_path(disk_path, create=False)
        except NotFound:
            return {"needs_whole": False}
        is_taken = self.desk.activity(store).documents.report(
            disk_path,
            text(params, "document_id"),
            params.get("base_revision"),
            number(params, "revision", 0, 10**12),
            table(params, "cells"),
            texts(params, "order") or [],
            params.get("metadata"),
            params.get("is_unsaved") is not False,
        )
        return {"needs_whole": not is_taken}

    def _documents_renamed(self, params: Params, _: Progress) -> Any:
        old, new = text(params, "old_disk_path"), text(params, "new_disk_path")
        with self.desk.kernels.moving:
            self.desk.kernels.rename(old, new)
            try:
                store = self.desk.workspaces.for_path(new, create=False)
            except NotFound:
                return {}
            self.desk.activity(store).documents.rename(old, new)
            root = str(store.root)
            old_path, new_path = os.path.relpath(old, root), os.path.relpath(new, root)
            if not old_path.startswith("..") and not new_path.startswith(".."):
                annotate.rename_notebooks(store, old_path, new_path, time.time())
        return {}

    def _files_saved(self, params: Params, _: Progress) -> Any:
        disk_path = text(params, "disk_path")
        try:
            store = self.desk.workspaces.for_path(disk_path, create=False)
        except NotFound:
            return {}
        self.desk.activity(store).saves.note(disk_path, time.time())
        return {}

    def _kernels_report(self, params: Params, _: Progress) -> Any:
        self.desk.kernels.report(
            text(params, "kernel_id"),
            text(params, "event"),
            optional(params, "disk_path"),
            params.get("exit_status"),
            None if params.get("capture_reason") is None else str(params["capture_reason"]),
            None if params.get("n_unheard", 0) is None else number(params, "n_unheard", 0, 10**9),
            params.get("pid") if isinstance(params.get("pid"), int) else None,
        )
        return {}

    METHODS = {
        "documents.report": _documents_report,
        "documents.renamed": _documents_renamed,
        "files.saved": _files_saved,
        "kernels.report": _kernels_report,
    }

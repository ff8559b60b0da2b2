"""Runs: lists, one, its series, two side by side, and the way out of here."""

from __future__ import annotations

import time
from typing import Any

from ...model.codec import to_json
from .. import annotate, compare, export, lineage
from ..resources.series import resource_series
from .answering import Answers
from .params import MAX_PAGE, Params, Progress, number, optional, text, texts


class RunAnswers(Answers):
    def _runs_list(self, params: Params, _: Progress) -> Any:
        index, being_read = self.index(params)
        page = index.runs(
            path=optional(params, "path"),
            state=optional(params, "state"),
            text=optional(params, "text"),
            ids=texts(params, "ids"),  # type: ignore[arg-type]
            sort=optional(params, "sort") or "-started_at",
            offset=number(params, "offset", 0, 10_000_000),
            limit=number(params, "limit", 100, MAX_PAGE),
        )
        return {"items": to_json(page.items), "total": page.total, "being_read": being_read}

    def _runs_get(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        return to_json(self.run(store, params))

    def _runs_change(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        run = self.run(store, params)
        words = {key: params[key] for key in ("name", "note", "is_starred", "labels", "description") if key in params}
        annotate.annotate_run(store, run, words, time.time())
        self.tell("run", store, [run.id], run.path)
        return to_json(store.index.run(run.id))

    def _runs_series(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        max_points = number(params, "max_points", 0, 10_000_000) or None
        since = number(params, "since", 0, 10**12)
        series = store.index.series(self.run(store, params).id, texts(params, "names"), max_points, since)
        return {"items": to_json(series)}

    def _runs_resources(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        max_points = number(params, "max_points", 0, 10_000_000) or None
        return {"items": to_json(resource_series(store, self.run(store, params), self.desk.resources.so_far, max_points))}

    def _runs_compare(self, params: Params, _: Progress) -> Any:
        return to_json(compare.compare_runs(self.store(params), texts(params, "runs") or []))

    def _runs_export(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        ids = texts(params, "ids")
        page = store.index.runs(
            path=optional(params, "path"),
            text=optional(params, "text"),
            ids=ids,  # type: ignore[arg-type]
            sort=optional(params, "sort") or "started_at",
            limit=1_000_000,
        )
        return to_json(export.export_runs(page.items, optional(params, "format") or "json"))

    def _lineage(self, params: Params, _: Progress) -> Any:
        direction = optional(params, "direction") or "both"
        limit = number(params, "limit", 200, 10_000)
        return to_json(lineage.trace_lineage(self.store(params), text(params, "of"), direction, limit))

    METHODS = {
        "runs.list": _runs_list,
        "runs.get": _runs_get,
        "runs.change": _runs_change,
        "runs.series": _runs_series,
        "runs.resources": _runs_resources,
        "runs.compare": _runs_compare,
        "runs.export": _runs_export,
        "lineage": _lineage,
    }

"""Forks: making one, how far its files have come, and cutting it loose."""

from __future__ import annotations

from typing import Any

from ...errors import NotFound
from ...model.codec import to_json
from .. import detach, fork
from ..arrivals import Arrival, check_arrived
from .answering import Answers
from .params import Params, Progress, text


class ForkAnswers(Answers):
    def _fork_plan(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        return to_json(fork.plan_fork(store, self.snapshot(store, params).id, self.desk.workspaces.real(text(params, "disk_path"))))

    def _fork(self, params: Params, progress: Progress) -> Any:
        store = self.store(params)
        new_root = self.desk.workspaces.real(text(params, "disk_path"))
        result = fork.apply_fork(store, self.snapshot(store, params).id, new_root, progress=progress)
        row = self.row(self.desk.workspaces.at_root(new_root, create=False))
        return {**to_json(result), "workspace": row}

    def _fork_arriving(self, params: Params, _: Progress) -> Any:
        """By disk path, without beginning a history; nothing is on its way where there is none."""
        try:
            store = self.desk.workspaces.for_path(text(params, "disk_path"), create=False)
        except NotFound:
            return {"n_files": 0, "done_bytes": 0, "bytes": 0, "sentence": "", "problem": ""}
        arrival = self.desk.activity(store).arrival or Arrival(0, 0, 0)
        return {**to_json(arrival), "sentence": arrival.sentence if arrival.n_files else ""}

    def _fork_detach_plan(self, params: Params, _: Progress) -> Any:
        return detach.plan_detach(self.store(params))

    def _fork_detach(self, params: Params, progress: Progress) -> Any:
        store, is_unsharing = self.store(params), params.get("is_unsharing") is True
        check_arrived(self.desk.activity(store))
        done = detach.apply_detach(store, self.desk.workspaces.writer(store), is_unsharing=is_unsharing, progress=progress)
        self.tell("status", store, [])
        return done

    def _fork_forget(self, params: Params, _: Progress) -> Any:
        return detach.forget_borrower(self.store(params), self.desk.workspaces.real(text(params, "disk_path")))

    METHODS = {
        "fork.plan": _fork_plan,
        "fork": _fork,
        "fork.arriving": _fork_arriving,
        "fork.detach_plan": _fork_detach_plan,
        "fork.detach": _fork_detach,
        "fork.forget": _fork_forget,
    }

"""What makes a history smaller: forgetting by a policy or altogether, purging bytes, and what takes the space."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ...model.codec import to_json
from ...store.purge import PurgePlan
from .. import forget, purge, space
from ..retention import DEFAULT_POLICY, RetentionPolicy
from .answering import Answers
from .params import Params, Progress, flag, optional, text


class ForgettingAnswers(Answers):
    def _forget_plan(self, params: Params, _: Progress) -> Any:
        return to_json(forget.plan_forget_all(self.store(params)))

    def _forget(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        with self.desk.workspaces.writer(store):
            result = to_json(forget.forget_all(store, text(params, "confirm")))
            self.desk.workspaces.drop(store)
        self.tell("status", store, [])
        return result

    def _retention_plan(self, params: Params, _: Progress) -> Any:
        return to_json(forget.plan_forget(self.store(params), _policy(params), datetime.now().astimezone()))

    def _retention_apply(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        digest, now = text(params, "plan_digest"), datetime.now().astimezone()
        result = forget.apply_forget(store, _policy(params), digest, now, self.desk.settings.user)
        self.desk.activity(store).versions.clear()  # they may name what is forgotten
        self.tell("snapshot", store, [])
        return to_json(result)

    def _space(self, params: Params, _: Progress) -> Any:
        return to_json(space.explain_space(self.store(params), datetime.now().astimezone()))

    def _purge_plan(self, params: Params, _: Progress) -> Any:
        return to_json(self._purge(params)[0])

    def _purge_apply(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        digest, reason = text(params, "plan_digest"), text(params, "reason")
        result = purge.apply_purge(store, *self._purge(params), digest, reason, time.time(), self.desk.settings.user)
        self.desk.activity(store).versions.clear()
        self.tell("snapshot", store, [])
        return to_json(result)

    def _purge(self, params: Params) -> tuple[purge.Purge, PurgePlan]:
        others = [Path(root) for root in self.desk.workspaces.known().values()]
        chosen = {name: optional(params, name) for name in ("path", "blob", "execution")}
        return purge.plan_purge(self.store(params), others, self.desk.settings, **chosen)

    METHODS = {
        "workspaces.forget_plan": _forget_plan,
        "workspaces.forget": _forget,
        "retention.plan": _retention_plan,
        "retention.apply": _retention_apply,
        "space": _space,
        "purge.plan": _purge_plan,
        "purge.apply": _purge_apply,
    }


def _policy(params: Params) -> RetentionPolicy:
    """What is not said is as in the default policy."""
    said = {name: params[name] for name in ("everything_days", "daily_days", "weekly_days") if params.get(name) is not None}
    also = flag(params, "also_executions") if params.get("also_executions") is not None else False
    return replace(DEFAULT_POLICY, **said, also_executions=also)

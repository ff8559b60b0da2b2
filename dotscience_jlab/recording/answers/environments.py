"""Environments: what this machine is, for a kernel that lists its own, and lock files of what a run had."""

from __future__ import annotations

import json
from typing import Any

from ...errors import InvalidRequest, NotFound
from ..lock_files import lock_file
from ..machine import look_at_machine
from .answering import Answers
from .params import Params, Progress, optional, text, texts


class EnvironmentAnswers(Answers):
    def _look(self, params: Params, _: Progress) -> Any:
        pid = params.get("pid")
        return look_at_machine(
            pid if isinstance(pid, int) else None,
            optional(params, "repository"),
            texts(params, "editable") or [],
            optional(params, "prefix"),
            self.desk.resources.gpus,
        )

    def _of_run(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        run = self.run(store, params)
        if run.environment is None:
            raise NotFound(f"The environment of {run.name} was not recorded.", "A later run in the same kernel may have it.")
        environment = json.loads(store.read_blob(run.environment))
        loaded = json.loads(store.read_blob(run.loaded)) if run.loaded is not None else {}
        return {"environment": environment, "loaded": loaded, "seeds": run.seeds}

    def _lock(self, params: Params, progress: Progress) -> Any:
        found = self._of_run(params, progress)
        kind = text(params, "format")
        index = optional(params, "index")
        if index is not None and not index.startswith(("https://", "http://")):
            raise InvalidRequest("The address of a package index begins with https://.")
        return lock_file(found["environment"], kind, index, progress)

    METHODS = {
        "environments.look": _look,
        "environments.of_run": _of_run,
        "environments.lock": _lock,
    }

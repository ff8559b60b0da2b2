"""Lives of kernels and scripts: how one ended, and from where its cell can be gone on with."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidRequest
from ...model.codec import to_json
from ...model.ids import SessionId, check_id
from .. import resume
from .answering import Answers
from .params import Params, Progress, optional, text


class SessionAnswers(Answers):
    def _sessions_get(self, params: Params, _: Progress) -> Any:
        return to_json(self.store(params).index.session(_session_id(text(params, "session"))))

    def _sessions_resume(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        reference, session_id = optional(params, "run"), optional(params, "session")
        if reference is not None:
            run = store.index.find_run(reference)
            session = resume.session_of_run(store, run)
        elif session_id is not None:
            run, session = None, store.index.session(_session_id(session_id))
        else:
            raise InvalidRequest("Which run, or which session?", "The request needs 'run' or 'session'.")
        return to_json(resume.plan_resume(store, session, run, self.desk.workspaces.rules(store)))

    METHODS = {
        "sessions.get": _sessions_get,
        "sessions.resume": _sessions_resume,
    }


def _session_id(value: str) -> SessionId:
    return SessionId(check_id("session", value))

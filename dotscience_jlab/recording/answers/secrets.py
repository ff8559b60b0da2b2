"""What was replaced or is held back, and letting it go."""

from __future__ import annotations

from typing import Any

from .. import secret_list
from .answering import Answers
from .params import Params, Progress, text


class SecretAnswers(Answers):
    def _secrets_list(self, params: Params, _: Progress) -> Any:
        return secret_list.secrets_of(self.store(params))

    def _secrets_allow(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        sentence = secret_list.allow(store, text(params, "what"))
        self.desk.workspaces.clean(store)
        self.tell("status", store, [])
        return {"sentence": sentence}

    METHODS = {"secrets.list": _secrets_list, "secrets.allow": _secrets_allow}

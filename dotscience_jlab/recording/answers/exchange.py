"""Remotes, and what goes to them and comes from them."""

from __future__ import annotations

from typing import Any

from ...model.remote import Remote
from .answering import Answers
from .params import Params, Progress, is_gone, optional, text


class ExchangeAnswers(Answers):
    def _remotes_list(self, params: Params, _: Progress) -> Any:
        return {"items": self.desk.remotes.list(self.store(params))}

    def _remotes_add(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        remote = Remote(
            text(params, "name"),
            text(params, "url"),
            is_unscanned_allowed=params.get("is_unscanned_allowed") is True,
            keeps_copy=params.get("keeps_copy") is True,
        )
        row = self.desk.remotes.add(store, remote, is_new_repository=params.get("is_new_repository") is True)
        self.tell("status", store, [])
        return row

    def _remotes_remove(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        self.desk.remotes.remove(store, text(params, "name"), is_agreed=params.get("is_agreed") is True)
        self.tell("status", store, [])
        return {}

    def _push(self, params: Params, progress: Progress) -> Any:
        store = self.store(params)
        told = self.desk.remotes.push(
            store,
            optional(params, "name"),
            is_unscanned_allowed=params.get("is_unscanned_allowed") is True,
            main_as=optional(params, "main_as"),
            ssh_agent=optional(params, "ssh_agent"),
            is_stopped=is_gone(progress),
            progress=progress,
        )
        self.tell("status", store, [])
        return told

    def _pull(self, params: Params, progress: Progress) -> Any:
        store = self.store(params)
        told = self.desk.remotes.pull(
            store,
            optional(params, "name"),
            join=params.get("join") is True,
            ssh_agent=optional(params, "ssh_agent"),
            is_stopped=is_gone(progress),
            progress=progress,
        )
        self.tell_all(store)
        return told

    def _get_back(self, params: Params, progress: Progress) -> Any:
        store, told = self.desk.remotes.get_back(
            text(params, "disk_path"),
            optional(params, "url"),
            join=params.get("join") is True,
            ssh_agent=optional(params, "ssh_agent"),
            is_stopped=is_gone(progress),
            progress=progress,
        )
        self.tell_all(store)
        return {**told, "workspace": self.row(store)}

    METHODS = {
        "remotes.list": _remotes_list,
        "remotes.add": _remotes_add,
        "remotes.remove": _remotes_remove,
        "push": _push,
        "pull": _pull,
        "history.get_back": _get_back,
    }

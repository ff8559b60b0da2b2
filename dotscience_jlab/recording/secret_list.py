"""What `ds secrets` shows: where something was replaced, and which files no push sends. Never what it was."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..errors import InvalidRequest, NotFound
from ..store.base import Store
from ..store.history import History
from . import quarantine
from .cleaning import HARMLESS, PLACEHOLDER

MAX_EXECUTIONS = 10_000
"""Looked at, newest first."""
DIGEST = re.compile(r"(?:«?secret:)?(?:[^«»·]*·)?([0-9a-f]{8})»?")


def secrets_of(store: Store) -> dict[str, Any]:
    """{redacted: [{execution, path, started_at, names: [text]}] newest first, quarantined: [{path, digest, line, kinds,
    is_allowed}] by path, not_secret: [digest]}"""
    redacted, after, n_seen = [], None, 0
    while n_seen < MAX_EXECUTIONS:
        page = store.index.executions(after=after, limit=1000)
        n_seen += len(page.items)
        redacted += [
            {"execution": each.id, "path": each.path, "started_at": each.started_at, "names": list(each.redactions)}
            for each in page.items if each.redactions
        ]
        after = page.next
        if after is None:
            break
    held = quarantine.quarantined(store) if isinstance(store, History) else []
    return {"redacted": redacted, "quarantined": held, "not_secret": _harmless(store)}


def allow(store: Store, what: str) -> str:
    """Let a file's present bytes leave, or keep a value as it is from now on: a sentence. what: a path, a blob's digest, or a
    placeholder as it stands in the history, with or without its brackets."""
    digest = DIGEST.fullmatch(what)
    if digest is not None:
        return _allow_value(store, digest[1])
    if PLACEHOLDER.fullmatch(what) or what.startswith("«"):
        raise InvalidRequest(f"{what} is a value that was known by its name, not by its form.", "Take it out of the environment.")
    if not isinstance(store, History):
        raise NotFound(f"No push holds back {what}.")
    n_blobs = len(quarantine.allow(store, what))
    pieces = "1 piece" if n_blobs == 1 else f"{n_blobs} pieces"
    return f"{what} may be pushed as it is now ({pieces}); its next version is searched again."


def _allow_value(store: Store, digest: str) -> str:
    settings = {**store.workspace.settings, HARMLESS: sorted({*_harmless(store), digest})}
    store.save_workspace(replace(store.workspace, settings=settings))
    return f"The value of {digest} is kept as it is from now on; what was recorded before stays as it is."


def _harmless(store: Store) -> list[str]:
    found = store.workspace.settings.get(HARMLESS)
    return sorted(map(str, found)) if isinstance(found, list) else []

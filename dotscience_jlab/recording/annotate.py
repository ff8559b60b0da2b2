"""Later words about a run or a notebook, as small records of their own: so two people's words on one run merge by union."""

from __future__ import annotations

import uuid
from typing import Any, Mapping

from ..errors import InvalidRequest
from ..model.instant import instant
from ..model.run import PATH, Annotation, Run
from ..model.values import scalar
from ..store.base import Store

MAX_NAME_CHARACTERS = 200
FIELDS = {"name": "name", "note": "note", "is_starred": "star", "description": "description"}
"""What a request calls it -> the annotation's field."""


def annotate_run(store: Store, run: Run, words: Mapping[str, Any], now: float, by: str = "") -> None:
    """words: any of name, note, description (texts), is_starred (bool), labels ({name: value, or None to take it away})."""
    made: list[Annotation] = []

    def say(field: str, value: Any, name: str = "") -> None:
        made.append(Annotation(uuid.uuid4().hex, run.id, field, scalar(value), instant(now), name, by))

    for asked, field in FIELDS.items():
        if asked not in words:
            continue
        value = words[asked]
        if asked == "is_starred":
            if not isinstance(value, bool):
                raise InvalidRequest("A star is there or not: true or false.")
        elif not isinstance(value, str):
            raise InvalidRequest(f"The {asked} of a run is a text.")
        if asked == "name":
            value = " ".join(value.split())[:MAX_NAME_CHARACTERS]
            if not value:
                raise InvalidRequest("A run needs a name.", "Type one, or press Escape to keep the old name.")
        say(field, value)
    labels = words.get("labels") or {}
    if not isinstance(labels, Mapping):
        raise InvalidRequest("Labels are names with values.")
    for name, value in labels.items():
        if not str(name).strip():
            raise InvalidRequest("A label needs a name.")
        say("label", value, str(name).strip()[:MAX_NAME_CHARACTERS])
    if made:
        store.append(made)


def rename_notebooks(store: Store, old: str, new: str, now: float) -> None:
    """From now on what lay at `old` (a notebook, or a folder of them) lies at `new`; both relative to the workspace."""
    moved = [
        Annotation(uuid.uuid4().hex, notebook, PATH, new + rest, instant(now), old + rest)
        for rest, notebook in store.index.notebooks_at(old)
    ]
    if moved:
        store.append(moved)

"""Whether a recipe's re-run gave the same: said in one small annotation, found again for the same list of cells."""

from __future__ import annotations

import hashlib
import json
import uuid

from ..model.instant import Instant
from ..model.recipe import Confirmation
from ..model.run import RECIPE, Annotation
from ..store.base import Store
from .recipe import Recipe

MAX_DETAILS = 50


def last_confirmation(store: Store, recipe: Recipe) -> Confirmation | None:
    """Of this recipe with these very cells; one of an earlier list says nothing of today's."""
    for word in reversed(store.index.words_about(recipe.about, RECIPE)):
        try:
            said = json.loads(str(word.value))
            if word.name == _name(recipe) and said["cells"] == _cells_digest(recipe):
                return Confirmation(str(said["state"]), Instant(word.created_at), tuple(map(str, said["details"])))
        except (ValueError, KeyError, TypeError):
            continue  # another version's words
    return None


def keep_confirmation(store: Store, recipe: Recipe, confirmation: Confirmation, by: str = "") -> None:
    said = {"state": confirmation.state, "details": list(confirmation.details[:MAX_DETAILS]), "cells": _cells_digest(recipe)}
    value = json.dumps(said, ensure_ascii=False)
    store.append([Annotation(uuid.uuid4().hex, recipe.about, RECIPE, value, confirmation.at, _name(recipe), by)])


def _name(recipe: Recipe) -> str:
    """`run`, `file:out.csv`, `variable:acc`, `execution`: a run is known by many references, a file by one path."""
    kind, _, name = recipe.of.partition(":")
    return f"{kind}:{name}" if kind in ("file", "variable") else kind


def _cells_digest(recipe: Recipe) -> str:
    return hashlib.sha256("\n".join(each.execution.id for each in recipe.cells).encode()).hexdigest()[:16]

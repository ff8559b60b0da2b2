"""Recipes: the cells that made a result, as a notebook, and whether running them again gave the same."""

from __future__ import annotations

import time
from typing import Any

from ...errors import NotFound
from ...model.codec import to_json
from ...model.instant import instant
from ...store.base import Store
from ..confirmation import keep_confirmation, last_confirmation
from ..recipe import Recipe, find_recipe
from ..recipe_notebook import recipe_notebook
from ..rerunning import rerun
from .answering import Answers
from .params import Params, Progress, is_gone, optional, text


class RecipeAnswers(Answers):
    def _recipes_get(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        return _shown(store, find_recipe(store, text(params, "of"), optional(params, "session")))  # type: ignore[arg-type]

    def _recipes_confirm(self, params: Params, progress: Progress) -> Any:
        store = self.store(params)
        recipe = find_recipe(store, text(params, "of"), optional(params, "session"))  # type: ignore[arg-type]
        now = instant(time.time())
        progress(0, len(recipe.cells), "cells run again")
        done = rerun(
            store, recipe, recipe_notebook(store, recipe, now), now, expected=params.get("expected"),
            executable=optional(params, "executable") or _executable(store, recipe), is_gone=is_gone(progress),
        )
        keep_confirmation(store, recipe, done, self.desk.settings.user)
        if recipe.run is not None:
            self.tell("run", store, [recipe.run.id], recipe.run.path)
        return _shown(store, recipe)

    METHODS = {
        "recipes.get": _recipes_get,
        "recipes.confirm": _recipes_confirm,
    }


def _executable(store: Store, recipe: Recipe) -> str:
    """The Python of the kernel that ran its last cell; '' while that kernel lives, and no record of it is kept."""
    try:
        return store.index.session(recipe.cells[-1].execution.session).executable
    except NotFound:
        return ""


def _shown(store: Store, recipe: Recipe) -> dict[str, Any]:
    return {
        "of": recipe.of,
        "notebook": recipe_notebook(store, recipe, instant(time.time())),
        "cells": [
            {"execution": each.execution.id, "source": each.execution.source, "because": list(each.because)}
            for each in recipe.cells
        ],
        "n_left_out": recipe.n_left_out,
        "confirmation": to_json(last_confirmation(store, recipe)),
        "reasons": list(recipe.reasons),
    }

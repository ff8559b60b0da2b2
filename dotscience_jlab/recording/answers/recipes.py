"""Recipes: the cells that made a result, as a notebook, and whether running them again gave the same."""

from __future__ import annotations

import time
from typing import Any

from ...model.codec import to_json
from ...model.instant import instant
from ...store.base import Store
from ..confirmation import last_confirmation
from ..recipe import Recipe, find_recipe
from ..recipe_notebook import recipe_notebook
from .answering import Answers
from .params import Params, Progress, optional, text


class RecipeAnswers(Answers):
    def _recipes_get(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        return _shown(store, find_recipe(store, text(params, "of"), optional(params, "session")))  # type: ignore[arg-type]

    METHODS = {
        "recipes.get": _recipes_get,
    }


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

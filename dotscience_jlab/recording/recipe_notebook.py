"""A recipe as a notebook that runs: its cells as they were executed, in order, and before them what they are of and need."""

from __future__ import annotations

import json
import posixpath
from typing import Any

from ..errors import DotscienceError
from ..model.execution import OK
from ..store.base import Store
from .recipe import Recipe

MAX_LISTED = 30
"""Inputs, packages and reasons in the first cell; more are counted."""
MADE_BY = "dotscience"
"""Key of a cell's metadata: `{"execution": id}`."""


def recipe_notebook(store: Store, recipe: Recipe, made_at: str) -> dict[str, Any]:
    """nbformat 4.5. It is written to lie in the folder of its last cell's notebook; cells of other folders change there first."""
    home = _folder(recipe.cells[-1].execution.path)
    cells: list[dict[str, Any]] = [_markdown("recipe", _about(store, recipe, made_at, home))]
    here = home
    for number, cell in enumerate(recipe.cells):
        execution = cell.execution
        folder = _folder(execution.path) if execution.path is not None else here
        if folder != here:
            cells.append(_code(f"folder-{number}", f"%cd -q {posixpath.relpath(folder or '.', here or '.')}", {}))
            here = folder
        metadata: dict[str, Any] = {MADE_BY: {"execution": execution.id, "because": list(cell.because)}}
        if execution.outcome != OK:
            metadata["tags"] = ["raises-exception"]
        cells.append(_code(f"cell-{number}", execution.source, metadata))
    return {
        "cells": cells,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                     "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _folder(path: str | None) -> str:
    return posixpath.dirname(path) if path else ""


def _markdown(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def _code(name: str, source: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "id": name, "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def _about(store: Store, recipe: Recipe, made_at: str, home: str) -> str:
    kind, _, name = recipe.of.partition(":")
    n_cells, notebooks = len(recipe.cells), sorted({each.execution.path for each in recipe.cells if each.execution.path})
    lines = [
        f"# How {_title(kind, recipe.run.name if recipe.run is not None else name)} was made",
        f"{n_cells} executed cell{'s' if n_cells != 1 else ''} of {', '.join(f'`{each}`' for each in notebooks) or 'a console'}, "
        f"as they ran; {recipe.n_left_out} others have no part in it. Made on {made_at[:19].replace('T', ' ')} UTC.",
        f"Run it in {f'`{home}/`' if home else 'the project folder'}, in a fresh kernel.",
    ]
    if recipe.inputs:
        lines += ["", "It expects these files as they were:", ""]
        lines += _listed([
            f"- `{use.path or use.disk_path}`" + (f", {use.size_bytes} bytes" if use.size_bytes is not None else "")
            + (f", digest `{use.digest}`" if use.digest else "") for use in recipe.inputs
        ])
    environment = _environment(store, recipe)
    if environment:
        lines += ["", environment]
    if recipe.reasons:
        lines += ["", "Mind:", "", *_listed([f"- {each}" for each in recipe.reasons])]
    return "\n".join(lines)


def _title(kind: str, name: str) -> str:
    return {"run": f"the run {name}", "file": f"`{name}`", "variable": f"the variable `{name}`"}.get(kind, "this cell's result")


def _listed(lines: list[str]) -> list[str]:
    return lines if len(lines) <= MAX_LISTED else [*lines[:MAX_LISTED], f"- and {len(lines) - MAX_LISTED} more"]


def _environment(store: Store, recipe: Recipe) -> str:
    """Python and the packages that the cells import, as they were."""
    digest = next((each.execution.environment for each in reversed(recipe.cells) if each.execution.environment), None)
    if digest is None:
        return ""
    try:
        found = json.loads(store.read_blob(digest))
    except (DotscienceError, ValueError):
        return ""
    text = "\n".join(each.execution.source for each in recipe.cells)
    packages = [each for each in found.get("packages") or [] if isinstance(each, dict)]
    named = [f"{each.get('name')} {each.get('version')}" for each in packages if _is_named(str(each.get("name") or ""), text)]
    python = found.get("python")
    said = [f"Python {python}" if isinstance(python, str) else "", *sorted(named)[:MAX_LISTED]]
    return f"Environment: {', '.join(filter(None, said))}." if any(said) else ""


def _is_named(package: str, text: str) -> bool:
    module = {"scikit-learn": "sklearn", "opencv-python": "cv2", "pillow": "PIL"}.get(package.lower(), package.replace("-", "_"))
    return bool(module) and any(f"{word} {module}" in text for word in ("import", "from"))

"""What of a library's arguments and settings is kept as parameters: scalars, and the rest in a few words; never its data."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping

from ...model.values import Scalar, scalar

MAX_PARAMETERS = 100
MAX_ITEMS = 50
MAX_CHARACTERS = 500


def described(values: Mapping[Any, Any]) -> Dict[str, Scalar]:
    """name -> value of the first hundred. Bounded: no array, table or model is written out."""
    found: Dict[str, Scalar] = {}
    for name, value in values.items():
        if len(found) >= MAX_PARAMETERS:
            break
        found[str(name)] = in_words(value)
    return found


def in_words(value: Any) -> Scalar:
    """0.1 -> 0.1; (10, 5) -> '(10, 5)'; f -> 'f'; Ridge(alpha=2) -> 'Ridge'; an array -> 'ndarray (150, 4)'."""
    if value is None or isinstance(value, (bool, int, float)):
        return scalar(value)
    if isinstance(value, str):
        return _cut(value)
    shape = getattr(value, "shape", None)
    if shape is not None and not isinstance(value, type):
        if isinstance(shape, tuple) and shape == () and hasattr(value, "item"):
            return scalar(value)
        return f"{type(value).__name__} {tuple(shape)}" if isinstance(shape, tuple) else type(value).__name__
    if isinstance(value, (list, tuple, set, frozenset)):
        if len(value) <= MAX_ITEMS:
            inside = ", ".join(_text(each) for each in value)
            left, right = {list: "[]", tuple: "()"}.get(type(value), "{}")
            return _cut(f"{left}{inside}{right}")
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        if len(value) <= MAX_ITEMS:
            return _cut("{" + ", ".join(f"{_text(name)}: {_text(each)}" for name, each in value.items()) + "}")
        return f"dict of {len(value)}"
    if isinstance(value, os.PathLike):
        return _cut(os.fspath(value))
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return _cut(str(name)) if isinstance(name, str) else type(value).__name__


def _text(value: Any) -> str:
    """Of an item: a text in quotes, as Python writes it."""
    return repr(value[:MAX_CHARACTERS]) if isinstance(value, str) else str(in_words(value))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}… ({len(text)} characters)"

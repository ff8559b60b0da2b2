"""The texts of a notebook, one by one, as a reader sees them: sources and outputs whole, not JSON and not its lines."""

from __future__ import annotations

import json
from typing import Any, Callable

Change = Callable[[str], str]

BINARY_MIMES = (
    "image/png", "image/jpeg", "image/gif", "image/webp", "audio/", "video/", "font/", "application/pdf",
    "application/octet-stream",
)
"""Letters that stand for bytes: any of them may look like a key, and none is one."""
_OPAQUE_KEYS = ("id", "cell_type", "output_type", "nbformat", "nbformat_minor", "execution_count", "display_id", "model_id")


def with_texts(data: bytes, change: Change) -> bytes:
    """The notebook with each text as `change` gives it, else as it was: order of keys, numbers, other values. `data` itself if
    nothing changed. ValueError if it is no JSON object."""
    document = json.loads(data.decode("utf-8", "surrogatepass"))
    if not isinstance(document, dict):
        raise ValueError("it is no notebook")
    changed = changed_texts(document, change)
    if changed is document:
        return data
    return (json.dumps(changed, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")


def changed_texts(value: Any, change: Change) -> Any:
    """The same for any JSON value, an output for one; itself, the very object, where nothing changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        made = [changed_texts(each, change) for each in value]
        return value if all(new is old for new, old in zip(made, value)) else made
    if isinstance(value, dict):
        found = {key: each if is_opaque(key) else _changed_item(key, each, change) for key, each in value.items()}
        named = {change(key) if isinstance(key, str) else key: each for key, each in found.items()}
        is_same = all(found[key] is value[key] for key in value) and all(new == old for new, old in zip(named, value))
        return value if is_same else named
    return value


def _changed_item(key: str, value: Any, change: Change) -> Any:
    """A source, a stream and what a display shows are lists of lines, in a file: one text all the same."""
    has_lines = isinstance(value, list) and (key in ("source", "text") or "/" in key)
    if not has_lines or not all(isinstance(each, str) for each in value):
        return changed_texts(value, change)
    before = "".join(value)
    after = change(before)
    return value if after == before else after.splitlines(True)


def is_opaque(key: str) -> bool:
    return key in _OPAQUE_KEYS or key.startswith(BINARY_MIMES)

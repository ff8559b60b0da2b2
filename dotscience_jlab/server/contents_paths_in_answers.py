"""Where an answer names a folder on disk, the browser also gets how Jupyter's contents name it; null outside of its root."""

from __future__ import annotations

from typing import Any

from .paths import ContentsPaths

ROWS = frozenset({"workspaces.find", "workspaces.init", "workspaces.get", "workspaces.change", "workspaces.widen", "status"})
"""Methods whose result has a `root` of its own."""


def add_contents_paths(method: str, result: Any, paths: ContentsPaths) -> Any:
    """`result` with `contents_path` beside each `root`; others as they are."""
    if method in ROWS:
        return _with_contents_path(result, paths)
    if method == "workspaces.list":
        return {**result, "items": [_with_contents_path(row, paths) for row in result["items"]]}
    if method == "fork":
        return {**result, "workspace": _with_contents_path(result["workspace"], paths)}
    return result


def _with_contents_path(row: dict[str, Any], paths: ContentsPaths) -> dict[str, Any]:
    return {**row, "contents_path": paths.contents_path(row.get("root"))}

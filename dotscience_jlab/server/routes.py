"""From `operations.py` to Tornado's routes. `{execution}` matches one part of the address, percent-encoded slashes included."""

from __future__ import annotations

import re
from typing import Any

from .handlers import DocumentHandler, OperationHandler, UnknownHandler
from .openapi import API_ROOT
from .operations import OPERATIONS, Operation
from .paths import ContentsPaths
from .recorder_connection import RecorderConnection

Route = tuple[Any, ...]


def build_routes(connection: RecorderConnection, paths: ContentsPaths) -> list[Route]:
    """Fixed parts before parameters (`workspaces/find` before `workspaces/{workspace}`), the 404 last."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.verb] = operation
    routes: list[Route] = [
        (f"/{API_ROOT}/{_pattern(path)}", OperationHandler, {"operations": by_verb, "connection": connection, "paths": paths})
        for path, by_verb in sorted(by_path.items(), key=lambda item: item[0].count("{"))
    ]
    return [(f"/{API_ROOT}/openapi\\.json", DocumentHandler), *routes, (f"/{API_ROOT}/(.*)", UnknownHandler)]


def _pattern(path: str) -> str:
    """'workspaces/{workspace}/runs.export' -> 'workspaces/(?P<workspace>[^/]+)/runs\\.export'"""
    parts = re.split(r"({\w+})", path)
    return "".join(f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in parts)

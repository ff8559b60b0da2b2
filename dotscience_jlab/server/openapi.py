"""The OpenAPI 3.1 document, read off `operations.py`; `python -m dotscience_jlab.server.openapi` writes it anew."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from .operations import OPERATIONS, TEXT, WORKSPACE_ROW_SCHEMA, Operation
from .record_schemas import component_schemas, record_of

API_ROOT = "dotscience/api/v1"
DOCUMENT_PATH = Path(__file__).parent / "schemas" / "openapi.json"

PATH_PARAMETERS = {
    "workspace": "StoreId: w-<16 hex>",
    "execution": "ExecutionId, percent-encoded",
    "session": "SessionId: k-<16 hex>",
    "run": "RunId, a unique prefix of it, its number or its name",
    "snapshot": "SnapshotId, a unique prefix of it, an execution, a run, `@{1}`, or a time like 14:03",
    "after": "as `snapshot`",
    "digest": "40 hexadecimal digits",
}


def build_document() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(f"/{operation.path}", {})[operation.verb.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dotscience-jlab",
            "version": "1",
            "description": "History, runs, lineage, restore and fork of the cells that ran. docs/requests.md explains each.",
        },
        "servers": [{"url": f"{{base_url}}{API_ROOT}", "variables": {"base_url": {"default": "/"}}}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
            "schemas": {
                **component_schemas(),
                "WorkspaceRow": WORKSPACE_ROW_SCHEMA,
                "Error": record_of(kind=TEXT, message=TEXT, hint=TEXT, details={"type": "object"}),
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": PATH_PARAMETERS[name]}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    for name, schema in operation.query.items():
        parameter = {"name": name, "in": "query", "required": name in operation.required_query, "schema": schema}
        if schema.get("type") == "array":  # joined by commas
            parameter |= {"style": "form", "explode": False}
        parameters.append(parameter)
    media = "application/octet-stream" if operation.is_download else "application/json"
    content: dict[str, Any] = {"schema": operation.answer} if not operation.is_download else {}
    built: dict[str, Any] = {
        "operationId": f"{operation.method}",
        "summary": operation.summary,
        "responses": {
            "200": {"description": operation.summary, "content": {media: content}},
            "default": {
                "description": "What happened, and what to do next",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if parameters:
        built["parameters"] = parameters
    if operation.body is not None:
        built["requestBody"] = {
            "required": bool(operation.required),
            "content": {"application/json": {"schema": body_schema(operation)}},
        }
    return built


def body_schema(operation: Operation) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": dict(operation.body or {})}
    if operation.required:
        schema["required"] = list(operation.required)
    return schema


def document_text() -> str:
    return json.dumps(build_document(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    DOCUMENT_PATH.write_text(document_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One handler for every operation: check what came in, ask the recorder, answer with its record or its error.

Each verb is decorated on its own: `@authorized` remembers the action of the first request that it meets, so a method
shared by GET and POST would let a reader write.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import jsonschema
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from ..errors import DotscienceError, InvalidRequest, UnsafePath
from .contents_paths_in_answers import add_contents_paths
from .http_errors import describe_error
from .openapi import DOCUMENT_PATH, body_schema
from .operations import Operation
from .paths import ContentsPaths
from .recorder_connection import RecorderConnection

AUTH_RESOURCE = "dotscience"


class DotscienceHandler(APIHandler):
    """What all of ours share: the resource that is asked for, and the shape of an error."""

    auth_resource = AUTH_RESOURCE

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = (kwargs.get("exc_info") or (None, web.HTTPError(status_code)))[1]
        status, body = describe_error(error)
        self.clear_header("Content-Disposition")
        self.set_status(status)
        self.finish(json.dumps(body))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A named error is an answer, not an accident: one short line. Anything else is logged once, with its trace."""
        if isinstance(value, DotscienceError):
            self.log.debug("dotscience: %s %s: %s", self.request.method, self.request.path, value)
        else:
            super().log_exception(typ, value, tb)


class DocumentHandler(DotscienceHandler):
    """GET openapi.json"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        document = json.loads(DOCUMENT_PATH.read_text(encoding="utf-8"))
        document["servers"][0]["variables"]["base_url"]["default"] = self.base_url
        self.finish(json.dumps(document))


class UnknownHandler(DotscienceHandler):
    """Whatever else lies below our root: 404 in our words, for every verb."""

    @web.authenticated
    @authorized
    async def get(self, *_: str) -> None:
        raise web.HTTPError(404)

    @web.authenticated
    @authorized
    async def post(self, *_: str) -> None:
        raise web.HTTPError(404)

    put = patch = delete = post


class OperationHandler(DotscienceHandler):
    """`operations`: verb -> what it asks for. Path parameters come as keyword arguments, decoded once."""

    def initialize(
        self, operations: dict[str, Operation], connection: RecorderConnection, paths: ContentsPaths
    ) -> None:
        self._operations = operations
        self._connection = connection
        self._paths = paths

    @web.authenticated
    @authorized
    async def get(self, **parts: str) -> None:
        await self._answer(parts)

    @web.authenticated
    @authorized
    async def post(self, **parts: str) -> None:
        await self._answer(parts)

    @web.authenticated
    @authorized
    async def put(self, **parts: str) -> None:
        await self._answer(parts)

    @web.authenticated
    @authorized
    async def patch(self, **parts: str) -> None:
        await self._answer(parts)

    async def _answer(self, parts: dict[str, str]) -> None:
        operation = self._operations.get(str(self.request.method))
        if operation is None:
            self.set_header("Allow", ", ".join(sorted(self._operations)))
            raise web.HTTPError(405)
        params = {**self._query(operation), **self._body(operation), **parts}
        if operation.is_contents_path:
            params["disk_path"] = self._paths.disk_path(params.pop("path", ""))
        result = await self._connection.request(operation.method, params)
        if operation.is_download:
            await self._send_bytes(operation, result, params)
        else:
            self.finish(json.dumps(add_contents_paths(operation.method, result, self._paths)))

    async def _send_bytes(self, operation: Operation, result: dict[str, Any], params: dict[str, Any]) -> None:
        """As something to save, never to show: what a notebook wrote must not run in Jupyter's origin.

        Part by part, as the recorder gives them, at the pace of who reads: a large file is never held whole. A part that
        fails closes the connection before the announced length is reached, so that nobody takes a piece for the whole.
        """
        name = str(params.get("path") or params.get("digest")).rsplit("/", 1)[-1]
        encoded = quote(name.encode("utf-8", "replace"), safe="")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{encoded}")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Length", str(result["size_bytes"]))
        while result.get("next") is not None:
            self.write(base64.b64decode(result["content_base64"]))
            await self.flush()
            later = {**params, "snapshot": result["snapshot"], "offset": result["next"]}
            result = await self._connection.request(operation.method, later)
        self.finish(base64.b64decode(result["content_base64"]), set_content_type="application/octet-stream")

    # -- what came in ------------------------------------------------------------------------------

    def _query(self, operation: Operation) -> dict[str, Any]:
        """Only what the operation knows: JupyterLab adds a time to every address, so strangers are left out."""
        params: dict[str, Any] = {}
        for name, schema in operation.query.items():
            texts = self._texts(name)
            if not texts or (texts == [""] and name != "path"):
                if name in operation.required_query:
                    raise InvalidRequest(f"The address needs {name}=….")
                continue
            params[name] = _check(name, _read_query(texts, schema), schema)
        return params

    def _texts(self, name: str) -> list[str]:
        """Decoded once and otherwise as they came: Tornado's own reader would make a NUL into a blank, another name."""
        try:
            return [value.decode("utf-8") for value in self.request.query_arguments.get(name, ())]
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"{name} is not UTF-8.") from error

    def _body(self, operation: Operation) -> dict[str, Any]:
        if operation.body is None:
            return {}
        if len(self.request.body) > operation.max_body_bytes:
            raise InvalidRequest(f"The request's body is larger than {operation.max_body_bytes} bytes.")
        body = _read_json(self.request.body)
        _check("body", body, body_schema(operation))
        return {name: body[name] for name in operation.body if body.get(name) is not None}


def _read_query(texts: list[str], schema: dict[str, Any]) -> Any:
    """['a,b'] -> ['a', 'b'] for a list (a name with a comma is given as one of several: names=a%2Cb&names=c); '7' -> 7."""
    if schema["type"] == "array":
        return texts[0].split(",") if len(texts) == 1 else texts
    text = texts[-1]
    if schema["type"] == "integer":
        try:
            return int(text) if text.isascii() and len(text) < 20 else text
        except ValueError:
            return text
    return text


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The request's body is not JSON ({error}).") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check(name: str, value: Any, schema: dict[str, Any]) -> Any:
    validator = jsonschema.Draft202012Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    if error is not None:
        where = ".".join(map(str, error.absolute_path)) if name == "body" else name
        kind = UnsafePath if where == "path" else InvalidRequest
        raise kind(f"{where or 'The body'}: {error.message[:500]}.", "docs/requests.md shows what each request takes.")
    return value

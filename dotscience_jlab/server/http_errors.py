"""A named error becomes a status and one JSON shape; what was not foreseen becomes a sentence, and a trace in the log."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from tornado.web import HTTPError

from ..errors import DotscienceError

KIND_OF_STATUS = {
    HTTPStatus.BAD_REQUEST: "invalid_request",
    HTTPStatus.UNAUTHORIZED: "forbidden",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
}
"""Errors that Jupyter or Tornado raises before a request reaches us, told in the family's words."""


def describe_error(error: BaseException) -> tuple[int, dict[str, Any]]:
    """(HTTP status, `{kind, message, hint, details}`). Nothing of an unexpected error's text leaves the server."""
    if isinstance(error, DotscienceError):
        return error.status, error.to_json()
    if isinstance(error, HTTPError):
        return error.status_code, _body(error.status_code, error.log_message)
    return 500, {
        "kind": "error",
        "message": "The server extension failed in a way nobody foresaw.",
        "hint": "The trace is in the log of the Jupyter server; `ds doctor` gathers what a report needs.",
        "details": {},
    }


def _body(status: int, message: str | None) -> dict[str, Any]:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "The request failed"
    hint = "Log in to Jupyter again." if status in (401, 403) else ""
    return {"kind": KIND_OF_STATUS.get(status, "error"), "message": message or f"{phrase}.", "hint": hint, "details": {}}

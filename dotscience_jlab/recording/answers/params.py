"""The parameters of a request, checked as they are taken out: an InvalidRequest says which one is not what it should be."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ...errors import InvalidRequest

Params = Mapping[str, Any]
Progress = Callable[[int, int, str], None]
MAX_PAGE = 1000
"""Rows of one answer."""


def text(params: Params, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"The request needs a text {name!r}.")
    return value


def optional(params: Params, name: str) -> str | None:
    return text(params, name) if params.get(name) not in (None, "") else None


def texts(params: Params, name: str) -> list[str] | None:
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidRequest(f"{name!r} is a list of texts.")
    return value


def table(params: Params, name: str) -> dict[str, Any]:
    value = params.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{name!r} is an object.")
    return dict(value)


def flag(params: Params, name: str) -> bool:
    if not isinstance(params.get(name), bool):
        raise InvalidRequest(f"{name!r} is true or false.")
    return bool(params[name])


def number(params: Params, name: str, default: int, most: int) -> int:
    value = params.get(name, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidRequest(f"{name!r} is a whole number from 0 to {most}.")
    return value


def is_gone(progress: Progress) -> Callable[[], bool]:
    """Whether nobody waits for the answer any more. A plain function, which cannot go away, stays."""
    return lambda: getattr(progress, "is_gone", False)

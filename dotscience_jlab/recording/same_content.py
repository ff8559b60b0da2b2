"""Where two contents (tracking/content.py) or two printed texts differ, with numbers in mind: rounding is no difference."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Two numbers that are closer are the same: order of additions, number of threads, another build of the same library."""
MAX_FOUND = 10
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NOISE = (
    (re.compile(r"0x[0-9a-fA-F]{6,}|\b[0-9a-f]{32}\b"), "0x…"),
    (re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?|\b\d?\d:\d\d(?::\d\d)?(?:\.\d+)?\b"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)?\s?(?:it/s|s/it|ms|µs|us|ns|s|min)\b|CPU times:.*|Wall time:.*"), "<duration>"),
    (re.compile(r"/tmp/ipykernel_\d+/\d+\.py|<ipython-input-[^>]*>|\x1b\[[0-9;]*m"), ""),
    (re.compile(r"[^\n\r]*\r(?!\n)"), ""),
)
"""What differs between two runs of anything: addresses, random ids, clocks, progress bars."""


def differences(then: Any, now: Any, place: str = "it") -> list[str]:
    """Sentences, at most MAX_FOUND; [] if they are the same."""
    found: list[str] = []
    for each in _differences(then, now, place):
        found.append(each)
        if len(found) == MAX_FOUND:
            break
    return found


def is_same_text(then: str, now: str) -> bool:
    """'loss 0.5000001 at 0x7f00aa11' and 'loss 0.5 at 0x7f33cc99' are the same."""
    then, now = _without_noise(then), _without_noise(now)
    if _NUMBER.sub("#", then).split() != _NUMBER.sub("#", now).split():
        return False
    pairs = zip(_NUMBER.findall(then), _NUMBER.findall(now))
    return all(is_same_number(float(one), float(other)) for one, other in pairs)


def is_same_number(then: Any, now: Any) -> bool:
    if isinstance(then, str) or isinstance(now, str):  # NaN and infinities
        return str(then) == str(now)
    return math.isclose(then, now, rel_tol=RELATIVE, abs_tol=ABSOLUTE) or (then != then and now != now)


def _without_noise(text: str) -> str:
    for pattern, word in _NOISE:
        text = pattern.sub(word, text)
    return text


def _differences(then: Any, now: Any, place: str) -> Iterator[str]:
    kind = then.get("kind")
    if kind != now.get("kind"):
        yield f"{place} was {_word(then)} and is {_word(now)}."
    elif kind == "number":
        if not is_same_number(then["value"], now["value"]):
            yield f"{place} was {then['value']} and is {now['value']}."
    elif kind == "text":
        if then["value"] != now["value"] and not is_same_text(then["value"], now["value"]):
            yield f"{place} was {_short(then['value'])} and is {_short(now['value'])}."
    elif kind == "array":
        if then["shape"] != now["shape"] or then["type"] != now["type"]:
            yield f"{place} was of shape {_shape(then)} and is of {_shape(now)}."
        else:
            yield from _each(then["values"], now["values"], place)
    elif kind == "table":
        if then["n"] != now["n"] or list(then["columns"]) != list(now["columns"]):
            yield f"{place} had {then['n']} rows of {', '.join(then['columns'])} and has {now['n']} of {', '.join(now['columns'])}."
            return
        yield from _differences(then["index"], now["index"], f"the index of {place}")
        for column in then["columns"]:
            yield from _differences(then["columns"][column], now["columns"][column], f"{place}[{column!r}]")
    elif kind == "items":
        if then["n"] != now["n"] or then["type"] != now["type"]:
            yield f"{place} was {_word(then)} of {then['n']} and is {_word(now)} of {now['n']}."
        else:
            yield from _each(then["items"], now["items"], place)
    elif kind in ("map", "object"):
        if then["type"] != now["type"] or list(then["items"]) != list(now["items"]):
            yield f"{place} had other parts: {_short(', '.join(then['items']))}; now {_short(', '.join(now['items']))}."
            return
        for key in then["items"]:
            part = f"{place}.{key}" if kind == "object" else f"{place}[{key}]"
            yield from _differences(then["items"][key], now["items"][key], part)
    elif then != now and kind != "figure":  # sets, code, what nobody can see into
        yield f"{place} is another {_word(then)} than it was."


def _each(then: list[Any], now: list[Any], place: str) -> Iterator[str]:
    for number, (one, other) in enumerate(zip(then, now)):
        yield from _differences(one, other, f"{place}[{number}]")


def _word(value: Any) -> str:
    return str(value.get("type") or value.get("kind"))


def _shape(value: Any) -> str:
    return f"{'×'.join(map(str, value['shape'])) or 'one value'}, {value['type']}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "…")

"""What a parameter, label, metric or summary may be: a number stays a number, text stays text, the rest becomes text."""

from __future__ import annotations

import math
from typing import Any, Tuple, Union

Scalar = Union[bool, int, float, str, None]

MAX_TEXT = 10_000
"""Characters of one value kept; a longer one is cut and ends in '… (N characters)'."""

MAX_INTEGER_BITS = 14_000
"""A longer integer becomes text: Python refuses to write more than 4,300 decimal digits, and so to make JSON of them."""

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""How a float that JSON cannot hold is written, everywhere: as one of these texts."""


def scalar(value: Any) -> Scalar:
    """np.float32(0.5) -> 0.5; np.int64(3) -> 3; a 0-d or one-element array or tensor -> its item; [1, 2] -> '[1, 2]'.

    Never raises: a value whose repr fails is recorded as '<unprintable TypeName>'.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return _plain(value)
    if isinstance(value, str):
        return _cut(str(value))
    try:
        item = value.item() if hasattr(value, "item") else value
        if isinstance(item, (bool, int, float)):
            return _plain(item)
        if hasattr(item, "__float__") and not hasattr(item, "__len__"):
            return float(item)
    except Exception:  # a foreign type's own conversion may do anything
        pass
    try:
        return _cut(str(value))
    except Exception:
        return f"<unprintable {type(value).__name__}>"


def metric_value(value: Any) -> Tuple[float, bool]:
    """(the number, True) or (nan, False) if there is no number in it: '0.5' -> (0.5, True); 'high' -> (nan, False)."""
    found = scalar(value)
    if isinstance(found, (bool, int, float)):
        try:
            return float(found), True
        except OverflowError:
            return (math.inf if found > 0 else -math.inf), True
    try:
        return float(str(found)), True
    except ValueError:
        return math.nan, False


def json_float(value: float) -> Union[float, str]:
    """0.5 -> 0.5, nan -> 'NaN', -inf -> '-Infinity'"""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def from_json_float(value: Union[float, str]) -> float:
    return NON_FINITE[value] if isinstance(value, str) else float(value)


def _plain(value: Any) -> Scalar:
    """Subclasses of int and float (numpy's float64, enums, bool-likes) become the plain type, so that JSON is exact."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        return _cut(hex(value))
    return int(value) if isinstance(value, int) else float(value)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"

"""Rows of `state.db` that know whether they are as they were written: SQLite itself does not look."""

from __future__ import annotations

import json
import math
import struct
import zlib
from typing import Any

_POINT = struct.Struct("<qq?dd")
_MARK = ',"checksum":"'


def body_with_checksum(body: dict[str, Any]) -> str:
    """{'a': 1} -> '{"a":1,"checksum":"1b851995"}': crc32 of the text before it."""
    return with_checksum(json.dumps(body, separators=(",", ":"), ensure_ascii=True))


def with_checksum(text: str) -> str:
    """The same for the text of an object that is not empty."""
    text = text[:-1]
    return f'{text}{_MARK}{zlib.crc32(text.encode("utf-8")):08x}"}}'


def checked_body(body: Any) -> dict[str, Any]:
    """What `body_with_checksum` was given; ValueError if not one character of it is different."""
    text, _, checksum = str(body).rpartition(_MARK)
    if checksum != f'{zlib.crc32(text.encode("utf-8", "replace")):08x}"}}':
        raise ValueError("a row is not as it was written")
    return json.loads(text + "}")


def text_of(body: str) -> str:
    """What `with_checksum` was given, of a body that was checked."""
    return body.rpartition(_MARK)[0] + "}"


def point_checksum(position: int, name: str, step: int | None, time: float, value: float | None) -> int:
    numbers = _POINT.pack(position, step or 0, step is None, time, math.nan if value is None else value)
    return zlib.crc32(name.encode("utf-8", "replace"), zlib.crc32(numbers))


def is_point_whole(position: Any, name: Any, step: Any, time: Any, value: Any, checksum: Any) -> bool:
    """Damage may have changed a value's type."""
    try:
        return point_checksum(position, name, step, time, value) == checksum
    except (TypeError, AttributeError, OverflowError, struct.error):
        return False

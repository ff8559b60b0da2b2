"""The bytes of the spool: what a kernel appends and the recorder reads.

One frame: `u32 length, u32 crc32, u8 kind, payload`, little endian; length counts kind and payload, the crc covers them.

    kind 1  JSON, UTF-8, one event
    kind 2  points: `u32 name-set id, i64 step, f64 time (epoch s), n × f64 values` (n: of the declared name set)

A name set is declared once, by an event `names_declared`, before its first points. A step of NO_STEP means "none given".
A torn last frame (a killed process) is cut. Behind damage the next frame whose crc is right is looked for: `next_frame`.
"""

from __future__ import annotations

import functools
import json
import re
import struct
import zlib
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple, Union

JSON_FRAME = 1
POINTS_FRAME = 2
NO_STEP = -(2**63)
MAX_FRAME_BYTES = 64 * 1024 * 1024
"""A length beyond this is damage, not data: outputs are capped long before."""

_HEAD = struct.Struct("<IIB")
_LENGTH_AND_CRC = struct.Struct("<II")
_POINT_HEAD = struct.Struct("<Iqd")
_KIND = re.compile(rb"\x01(?=\{)|\x02")
"""The byte before a payload."""
HEAD_BYTES = _HEAD.size
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=str).encode
"""Made once: `json.dumps` makes an encoder a call, a fifth of what an opened file costs a cell."""


class Points(NamedTuple):
    name_set: int
    step: int
    time: float
    values: Tuple[float, ...]


Frame = Union[Dict[str, Any], Points]


class TornFrame(ValueError):
    """The bytes from here on are not a whole frame: `is_damaged` tells a wrong crc from a frame still being written."""

    def __init__(self, is_damaged: bool) -> None:
        super().__init__("torn frame")
        self.is_damaged = is_damaged


def json_frame(event: Dict[str, Any]) -> bytes:
    payload = _encode(event).encode("utf-8", "surrogatepass")
    return _frame(b"\x01" + payload)


def points_frame(name_set: int, step: int, time: float, values: Tuple[float, ...]) -> bytes:
    """About 1 µs: a training loop asks for one at every step."""
    return _frame(_points_struct(len(values)).pack(POINTS_FRAME, name_set, step, time, *values))


@functools.lru_cache(maxsize=256)
def _points_struct(n_values: int) -> struct.Struct:
    """The kind byte, `_POINT_HEAD` and the values, in one."""
    return struct.Struct(f"<BIqd{n_values}d")


def _frame(kind_and_payload: bytes) -> bytes:
    return _LENGTH_AND_CRC.pack(len(kind_and_payload), zlib.crc32(kind_and_payload)) + kind_and_payload


def read_frame(data: Union[bytes, memoryview], offset: int) -> Tuple[Frame, int]:
    """(frame at offset, offset of the next). TornFrame if the bytes end early or are damaged."""
    if len(data) - offset < HEAD_BYTES:
        raise TornFrame(is_damaged=False)
    length, crc, kind = _HEAD.unpack_from(data, offset)
    if not 1 <= length <= MAX_FRAME_BYTES:
        raise TornFrame(is_damaged=True)
    end = offset + HEAD_BYTES - 1 + length
    if len(data) < end:
        raise TornFrame(is_damaged=False)
    payload = bytes(data[offset + HEAD_BYTES : end])
    if zlib.crc32(payload, zlib.crc32(bytes((kind,)))) != crc:
        raise TornFrame(is_damaged=True)
    if kind == JSON_FRAME:
        return json.loads(payload.decode("utf-8", "surrogatepass")), end
    if kind == POINTS_FRAME and len(payload) >= _POINT_HEAD.size:
        name_set, step, time = _POINT_HEAD.unpack_from(payload)
        n_values = (len(payload) - _POINT_HEAD.size) // 8
        return Points(name_set, step, time, struct.unpack_from(f"<{n_values}d", payload, _POINT_HEAD.size)), end
    raise TornFrame(is_damaged=True)


def next_frame(data: bytes, offset: int) -> Optional[int]:
    """Where, from `offset` on, a whole frame with the right crc begins; None if none does. Costs a search for one byte."""
    for found in _KIND.finditer(data, offset + HEAD_BYTES - 1):
        begin = found.start() - HEAD_BYTES + 1
        length = _HEAD.unpack_from(data, begin)[0]
        if length <= len(data) - found.start() and (found.group() != b"\x02" or length % 8 == (1 + _POINT_HEAD.size) % 8):
            try:
                read_frame(data, begin)
            except ValueError:
                continue
            return begin
    return None


def read_frames(data: Union[bytes, memoryview], offset: int = 0) -> Iterator[Tuple[Frame, int]]:
    """Every whole frame from `offset` on with the offset behind it; ends quietly at a frame still being written."""
    while True:
        try:
            frame, offset = read_frame(data, offset)
        except TornFrame as torn:
            if torn.is_damaged:
                raise
            return
        yield frame, offset

"""How git's objects are packed here: as they are where that saves time, lightly compressed where it saves space.

zlib's default level is the whole cost of storing data; even its checksums cost four times those of isal.
"""

from __future__ import annotations

import struct

from isal import isal_zlib

from .objects import Buffer

LEVEL = 2
"""isal's own default. On numbers as CSV: 4.5 s of CPU a GiB for 0.46 of the size; zlib's level 6: 99 s for 0.43."""
SAMPLED_ABOVE_BYTES = 65_536
SAMPLE_BYTES = 16_384
WORTH_IT = 0.8
"""Data whose sample does not shrink below this share of its size is stored as it is: 0.16 s of CPU a GiB."""
STORED_HEADER = b"\x78\x01"
STORED_BLOCK_BYTES = 65_535
"""The most that deflate allows in one block that is not compressed. Source: RFC 1951, 3.2.4."""


def deflated(data: Buffer, header: bytes = b"") -> list[Buffer]:
    """A zlib stream of header and data, in pieces to be written one after the other; pieces may be parts of `data` itself."""
    view = memoryview(data)
    if not is_worth_it(view):
        return stored(view, header)
    # In one call: told that more may follow, isal makes 5 kB of text five times as large.
    return [isal_zlib.compress(b"".join((header, view)) if header else view, LEVEL)]


def is_worth_it(view: memoryview) -> bool:
    """From a sample of the middle: a header or a trailer may be of another kind."""
    if len(view) <= SAMPLED_ABOVE_BYTES:
        return True
    begin = (len(view) - SAMPLE_BYTES) // 2
    return len(isal_zlib.compress(view[begin : begin + SAMPLE_BYTES], LEVEL)) < WORTH_IT * SAMPLE_BYTES


def stored(view: memoryview, header: bytes = b"") -> list[Buffer]:
    """A zlib stream that holds the bytes as they are; nothing is copied."""
    pieces: list[Buffer] = [STORED_HEADER]
    if header:
        pieces += _block_header(len(header), is_last=False), header
    for begin in range(0, len(view) or 1, STORED_BLOCK_BYTES):
        block = view[begin : begin + STORED_BLOCK_BYTES]
        pieces += _block_header(len(block), is_last=begin + STORED_BLOCK_BYTES >= len(view)), block
    pieces.append(isal_zlib.adler32(view, isal_zlib.adler32(header)).to_bytes(4, "big"))
    return pieces


def _block_header(n_bytes: int, *, is_last: bool) -> bytes:
    return struct.pack("<BHH", is_last, n_bytes, n_bytes ^ 0xFFFF)


def most_deflated_bytes(size_bytes: int) -> int:
    """Of a zlib stream of so many bytes, by any writer. Source: zlib's deflateBound, which is a little less."""
    return size_bytes + (size_bytes >> 7) + 1024


def inflated(data: Buffer, size_bytes: int) -> bytes:
    """What lies behind the end of the stream is left alone. size_bytes: of what comes out, so that it is made in one piece.

    isal_zlib.error if it is damaged.
    """
    return isal_zlib.decompress(data, bufsize=max(size_bytes, 1))


def crc32(pieces: list[Buffer]) -> int:
    value = 0
    for piece in pieces:
        value = isal_zlib.crc32(piece, value)
    return value

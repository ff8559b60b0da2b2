"""Turns a figure, picture, array or table into the bytes that are kept. Nothing is imported that the user has not imported."""

from __future__ import annotations

import csv
import io
import os
import struct
import uuid
import zlib
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from ..errors import InvalidRequest
from ..model.values import scalar

MAX_INLINE_CHARACTERS = 10_000
"""A longer text lies in a file beside the spool."""

_MIMES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml",
          ".webp": "image/webp", ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff"}


@dataclass(frozen=True)
class Content:
    data: bytes
    mime: str
    suffix: str
    details: Dict[str, Any] = field(default_factory=dict)

    def file_name(self) -> str:
        return f"{uuid.uuid4().hex}{self.suffix}"


def image_bytes(image: Any) -> Content:
    """PNG of a figure, PIL image or array; the file's own bytes for a path. InvalidRequest for anything else."""
    if isinstance(image, (str, os.PathLike)):
        return _file(os.fspath(image))
    figure = image if hasattr(image, "savefig") else getattr(image, "figure", None)
    buffer = io.BytesIO()
    if hasattr(figure, "savefig"):
        figure.savefig(buffer, format="png", bbox_inches="tight")
        return Content(buffer.getvalue(), "image/png", ".png")
    if hasattr(image, "save") and hasattr(image, "mode"):
        (image if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I") else image.convert("RGB")).save(buffer, format="png")
        return Content(buffer.getvalue(), "image/png", ".png")
    for convert in ("detach", "cpu", "numpy"):  # a tensor, on whatever device
        if hasattr(image, convert):
            image = getattr(image, convert)()
    if hasattr(image, "shape") and hasattr(image, "dtype"):
        return Content(_array_png(image), "image/png", ".png")
    what = f"{type(image).__name__} is no picture."
    raise InvalidRequest(what, "Give a matplotlib figure, a PIL image, an array or a file's path.")


def table_bytes(table: Any) -> Content:
    """CSV of a DataFrame (its index only if it is named), of a list of dicts, or of a list of rows."""
    shape = getattr(table, "shape", None)
    if hasattr(table, "to_csv"):
        text = table.to_csv(index=getattr(getattr(table, "index", None), "name", None) is not None)
    elif hasattr(table, "write_csv"):  # polars
        text = table.write_csv()
    else:
        text, shape = _rows_csv(table)
    details = {"n_rows": int(shape[0]), "n_columns": int(shape[1])} if shape is not None and len(shape) == 2 else {}
    return Content(str(text).encode("utf-8", "replace"), "text/csv", ".csv", details)


def _rows_csv(rows: Any) -> "tuple[str, tuple[int, int]]":
    try:
        listed: List[Any] = list(rows.items()) if isinstance(rows, dict) else list(rows)
    except TypeError:
        what = f"{type(rows).__name__} is no table."
        raise InvalidRequest(what, "Give a DataFrame, a list of dicts or a list of rows.") from None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if listed and all(isinstance(row, dict) for row in listed):
        columns = list(dict.fromkeys(key for row in listed for key in row))
        writer.writerow(columns)
        writer.writerows([[scalar(row.get(column)) for column in columns] for row in listed])
        return text.getvalue(), (len(listed), len(columns))
    cells = [list(row) if isinstance(row, (list, tuple)) else [row] for row in listed]
    writer.writerows([[scalar(value) for value in row] for row in cells])
    return text.getvalue(), (len(cells), max([len(row) for row in cells], default=0))


def _file(path: str) -> Content:
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _MIMES:
        raise InvalidRequest(f"{path} is not a picture that a browser shows.", f"Known are {', '.join(sorted(_MIMES))}.")
    try:
        with open(path, "rb") as file:
            return Content(file.read(), _MIMES[suffix], suffix)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read ({error.strerror}).") from error


def _array_png(array: Any) -> bytes:
    """(height, width) or (height, width, 1 | 3 | 4), integers 0…255 or floats 0…1 -> PNG. Written here: PIL may not be there."""
    shape = tuple(array.shape)
    if len(shape) == 3 and shape[0] in (1, 3, 4) and shape[2] not in (1, 3, 4):
        array = array.transpose(1, 2, 0)  # channels first, as torch has them
        shape = tuple(array.shape)
    channels = {2: 1}.get(len(shape), shape[-1] if len(shape) == 3 else 0)
    color: Optional[int] = {1: 0, 3: 2, 4: 6}.get(channels)
    if color is None or 0 in shape:
        raise InvalidRequest(f"An array of shape {shape} is no picture.", "Expected (height, width) or (height, width, 3 or 4).")
    if array.dtype.kind == "f":
        array = array * 255.0
    elif array.dtype.kind == "b":
        array = array.astype("uint8") * 255
    pixels = array.clip(0, 255).astype("uint8").reshape(shape[0], -1)
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", shape[1], shape[0], 8, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(raw, 6)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

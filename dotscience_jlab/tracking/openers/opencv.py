"""OpenCV: pictures, films and its own text format."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from .opener import BOTH, INPUT, OUTPUT, Found, Opener, argument


def _storage(args: Tuple[Any, ...], keywords: Dict[str, Any]) -> Found:
    flags = argument(1, "flags", args, keywords) or 0
    in_memory, append, write = 4, 2, 1  # cv2.FILE_STORAGE_MEMORY, _APPEND, _WRITE
    role = BOTH if flags & 3 == append else OUTPUT if flags & 3 == write else INPUT
    return () if flags & in_memory else ((argument(0, "filename", args, keywords), role),)


_READS = ("imread", "imreadmulti", "imreadWithMetadata", "imreadanimation", "VideoCapture", "VideoCapture.open")
_WRITES = ("imwrite", "imwritemulti", "imwriteWithMetadata", "imwriteanimation", "VideoWriter", "VideoWriter.open")

OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "cv2": (
        *(Opener(name, "." in name, "filename", INPUT) for name in _READS),
        *(Opener(name, "." in name, "filename", OUTPUT) for name in _WRITES),
        Opener("FileStorage", 0, "filename", "", _storage),
    ),
}

"""h5py, and what saves through it: a file opened to append is written, and read too if it was there."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from .opener import BOTH, INPUT, OUTPUT, Found, Opener, argument


def _file(args: Tuple[Any, ...], keywords: Dict[str, Any]) -> Found:
    mode = argument(2, "mode", args, keywords) or "r"
    role = {"r": INPUT, "r+": BOTH, "a": BOTH}.get(mode, OUTPUT)
    is_in_memory = argument(3, "driver", args, keywords) == "core" and keywords.get("backing_store") is False
    return () if is_in_memory else ((argument(1, "name", args, keywords), role),)


OPENERS: Dict[str, Tuple[Opener, ...]] = {"h5py._hl.files": (Opener("File.__init__", 1, "name", "", _file),)}

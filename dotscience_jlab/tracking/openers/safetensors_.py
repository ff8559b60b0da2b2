"""safetensors, by all its front ends: each goes through these two."""

from __future__ import annotations

from typing import Dict, Tuple

from .opener import INPUT, OUTPUT, Opener

OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "safetensors._safetensors_rust": (Opener("safe_open", 0, "filename", INPUT), Opener("serialize_file", 1, "filename", OUTPUT)),
}

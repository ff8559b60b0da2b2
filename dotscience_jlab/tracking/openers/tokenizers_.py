"""tokenizers, through which transformers reads and writes a tokenizer's file."""

from __future__ import annotations

from typing import Dict, Tuple

from .opener import INPUT, OUTPUT, Opener

OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "tokenizers": (Opener("Tokenizer.from_file", 0, "path", INPUT), Opener("Tokenizer.save", 1, "path", OUTPUT)),
}

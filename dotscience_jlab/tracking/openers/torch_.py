"""torch writes through C++; it reads its own format in Python, where the audit hook hears of it, but not its scripts."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from .opener import BOTH, INPUT, OUTPUT, Found, Opener, argument


def _mapped(args: Tuple[Any, ...], keywords: Dict[str, Any]) -> Found:
    return ((argument(0, "filename", args, keywords), BOTH if argument(1, "shared", args, keywords) else INPUT),)


OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "torch.serialization": (Opener("save", 1, "f", OUTPUT),),
    "torch.jit._serialization": (Opener("save", 1, "f", OUTPUT), Opener("load", 0, "f", INPUT)),
    "torch": (Opener("from_file", 0, "filename", INPUT, _mapped),),
}

"""What the user calls a value: `score(X_test)` and `score(X_train)` are told apart by the names of their arguments."""

from __future__ import annotations

import sys
from typing import Any, Optional

MAX_NAMES = 5_000
_US = __name__.rpartition(".")[0]


def name_in_caller(value: Any) -> Optional[str]:
    """The variable that holds exactly this object where the library was called; None if there is none, or it begins with '_'."""
    frame: Any = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_US):
        frame = frame.f_back
    names = {} if frame is None else frame.f_locals
    if len(names) > MAX_NAMES:
        return None
    for name, each in list(names.items()):
        if each is value and not name.startswith("_"):
            return name
    return None

"""The process's working folder, asked of the system only when it may have changed: the question takes up to 0.1 ms, twice a cell.

A folder that another program renames is not heard of: its old name is given until this process changes its folder.
"""

from __future__ import annotations

import os
from typing import Optional

_known: Optional[str] = None
_is_heard = False
_n_to_ask = 0


def working_folder() -> str:
    """As `os.getcwd`, with its errors. Asked each time where nobody listens to the process."""
    global _known, _n_to_ask
    if _known is not None:
        return _known
    found = os.getcwd()
    if _n_to_ask > 0:
        _n_to_ask -= 1
    elif _is_heard:
        _known = found
    return found


def working_folder_if_any() -> str:
    """'' where it was removed."""
    try:
        return working_folder()
    except OSError:
        return ""


def hear_changes() -> None:
    """From now on `may_change` is called."""
    global _is_heard
    _is_heard = True


def may_change() -> None:
    """By the audit hook, which is told a moment before it happens: so the next two answers are not kept."""
    global _known, _n_to_ask
    _known, _n_to_ask = None, 2

"""How a child process of a recorded kernel finds the session: one environment variable, `<kernel's pid>:<folder of its spool>`.

A file of its own, and without an import that counts: every Python program that a kernel starts reads it at its start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` itself would be a fifth of what joining costs
    from typing import Mapping, Optional, Tuple

CHILD_OF = "DOTSCIENCE_CHILD_OF"
DISABLE = "DOTSCIENCE_DISABLE"


def parent_session(environ: "Mapping[str, str]") -> "Optional[Tuple[int, str]]":
    """(pid, spool folder) of the kernel that started this process, as its environment tells; None: no recorded one did."""
    pid, _, folder = environ.get(CHILD_OF, "").partition(":")
    is_disabled = environ.get(DISABLE, "").strip().lower() not in ("", "0", "false", "no")
    return (int(pid), folder) if pid.isdigit() and folder and not is_disabled else None

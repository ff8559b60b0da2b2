"""Which session this process reports to: the one of its kernel, else one of a script, made by the first value recorded."""

from __future__ import annotations

import sys
from typing import Any, Optional

from ..settings import Settings, load_settings
from .session import Session

_session: Optional[Session] = None


def session() -> Session:
    """The session of this process; the first call in a script or in a kernel without the extension opens it."""
    if _session is not None:
        return _session
    shell = running_shell()
    if shell is not None:
        from .ipython import load  # late: a script needs no IPython

        load(shell)
    if _session is None:
        from .script import open_script

        set_session(open_script(load_settings()))
    assert _session is not None
    return _session


def set_session(new: Optional[Session]) -> None:
    global _session
    _session = new


def known_session() -> Optional[Session]:
    """The session if there is one; never makes one."""
    return _session


def settings() -> Settings:
    return _session.settings if _session is not None else load_settings()


def running_shell() -> Optional[Any]:
    """The IPython shell of this process, if there is one; IPython is not imported for the question."""
    ipython = sys.modules.get("IPython")
    get_ipython = getattr(ipython, "get_ipython", None)
    return get_ipython() if get_ipython is not None else None

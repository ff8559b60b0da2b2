"""Hears at once when a process ends, without asking: Jupyter itself looks every three seconds, the recorder more often.

Whoever looks first writes the cause; only a parent knows it, so we, who are the parent, must not come last.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable


def when_it_ends(pid: int | None, call: Callable[[], None]) -> None:
    """`call()` on the running event loop as soon as process `pid` ends. Nothing where the system cannot tell (not Linux)."""
    if pid is None or not hasattr(os, "pidfd_open"):
        return
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:  # gone already, or a kernel of the operating system that does not know the call
        return
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        call()

    loop.add_reader(descriptor, ended)

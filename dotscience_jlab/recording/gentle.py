"""Lets a cell go first, where it and the recorder want the same core."""

from __future__ import annotations

import os
from contextlib import suppress

NICENESS = 5


def let_cells_go_first() -> None:
    """For the life of this process and of those it starts.

    Where Linux groups the processes of each session by itself (`sched_autogroup_enabled`), niceness counts only within the
    group: then the group steps back too, if it is ours alone. See sched(7).
    """
    os.nice(NICENESS)
    session = os.getsid(0)
    if session == os.getpid() or not os.path.exists(f"/proc/{session}"):  # whoever made the session for us has gone
        with suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as file:
            file.write(str(NICENESS))

"""How a run can stand: apart from `run.py`, because a kernel names states without needing the records."""

from __future__ import annotations

RUNNING, FINISHED, FAILED, INTERRUPTED, KILLED, INCOMPLETE = (
    "running", "finished", "failed", "interrupted", "killed", "incomplete",
)
STATES = (RUNNING, FINISHED, FAILED, INTERRUPTED, KILLED, INCOMPLETE)

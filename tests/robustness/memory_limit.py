"""A memory group with a limit, made for one test: only root may, and only where the groups are mounted to be written."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

GROUPS = Path("/sys/fs/cgroup")


@contextmanager
def memory_limit(n_bytes: int) -> Iterator[Path]:
    """The group's list of processes: who writes his number there belongs to it. Skips where none can be made."""
    first, second = GROUPS / "memory", GROUPS
    is_first = (first / "memory.limit_in_bytes").exists()
    name = f"dotscience-{uuid.uuid4().hex[:12]}"
    folder = (first if is_first else second) / name
    try:
        folder.mkdir()
        (folder / ("memory.limit_in_bytes" if is_first else "memory.max")).write_text(str(n_bytes))
        if not is_first:
            (folder / "memory.swap.max").write_text("0")
    except OSError as error:
        if folder.is_dir():
            folder.rmdir()
        pytest.skip(f"no memory group can be made here: {error}")
    try:
        yield folder / "cgroup.procs"
    finally:
        deadline = time.monotonic() + 5
        while folder.exists() and time.monotonic() < deadline:
            try:
                os.rmdir(folder)
            except OSError:  # its last process is not gone yet
                time.sleep(0.01)

"""What of a history can be shown while its index is made anew: the newest runs, read from its records backwards.

    commits of records   1 --- 2 --- … --- 997 --- 998 --- 999      read 999, 998, … until there are enough runs
"""

from __future__ import annotations

import heapq
import os
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from ..model.workspace import Workspace
from .git import GitObjects
from .index import SqliteIndex
from .index_build import usable_index
from .layout import read_workspace, store_folder
from .lines import Line
from .lock import StoreLock
from .objects import RECORDS_REF, ObjectId, Objects
from .record_order import brought
from .records import Generations

RECENT_RUNS = 1000
READ_S = 0.5
"""What is not read by then is left to the rebuild, however few runs there are."""
_DESCENDING = str.maketrans("0123456789abcdef", "fedcba9876543210")


@dataclass(frozen=True)
class Recent:
    workspace: Workspace
    index: SqliteIndex
    """In memory: executions, runs and words of the newest records only. A tombstone older than all of them is not among them,
    so what only a union brought back behind its own tombstone may be seen until the rebuild is over."""


def recent_records(root: Path, fallback_dir: Path | None = None) -> Recent | None:
    """None if the index is there, or is made as fast as this, or never lasts: then open the store.

    Costs at most about READ_S; an index that is old or damaged is removed. root, fallback_dir: as `open_store` has them.
    """
    folder = store_folder(root, fallback_dir)
    repository = folder / "store.git"
    if not (repository / "workspace.json").exists() or not os.access(repository, os.W_OK):
        return None
    workspace = read_workspace(folder, root)  # first: what a newer version wrote is not touched
    with StoreLock(repository):
        index = usable_index(repository / "state.db")
    if index is not None:
        index.close()
        return None
    with closing(GitObjects(repository)) as objects:
        lines, is_all = newest_lines(objects, RECENT_RUNS, READ_S)
        if is_all:
            return None
    index = SqliteIndex(None)
    index.feed_lines(lines)
    return Recent(workspace, index)


def newest_lines(objects: Objects, n_runs: int, seconds: float) -> tuple[list[Line], bool]:
    """(lines of the newest commits of records until they tell of so many runs, oldest first; True if there are no others)"""
    until = time.monotonic() + seconds
    batches: list[list[Line]] = []
    runs: set[str] = set()
    is_all = True
    for commit, commits in _newest_first(objects):
        if len(runs) >= n_runs or time.monotonic() > until:
            is_all = False
            break
        batch: list[Line] = []
        for line in brought(objects, commits, commit):
            batch.append(line)
            if line.kind == "run":
                runs.add(line.id)
            if len(batch) % n_runs == 0 and time.monotonic() > until:
                is_all = False
                break
        batches.append(batch)
    return [line for batch in reversed(batches) for line in batch], is_all


def _newest_first(objects: Objects) -> Iterator[tuple[ObjectId, Generations]]:
    """Commits of records against the order in which `record_order` takes them in."""
    head = objects.ref(RECORDS_REF)
    commits = Generations(objects)
    waiting = [(-commits.of(head), head.translate(_DESCENDING), head)] if head is not None else []
    seen = {head}
    while waiting:
        commit = heapq.heappop(waiting)[-1]
        yield commit, commits
        for parent in commits.parents(commit):
            if parent not in seen:
                seen.add(parent)
                heapq.heappush(waiting, (-commits.of(parent), parent.translate(_DESCENDING), parent))

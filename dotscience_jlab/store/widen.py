"""Moves a history from a folder to its parent: every path in it gets the folder's name in front, every id stays.

    root churn/notebooks, `train.ipynb`, snapshot s-3f…  ->  root churn, `notebooks/train.ipynb`, snapshot s-3f…

The commits of each line are written again over trees that hold the old tree in a folder; records are said again with the new
paths, and the later word counts. Objects are shared, so this costs one commit and one small tree a snapshot.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Iterable

from ..errors import Conflict, InvalidRequest
from ..model.execution import Execution, FileUse
from ..model.instant import epoch_s
from ..model.paths import STORE_FOLDER, WorkspacePath
from ..model.run import Run
from ..model.workspace import FORMAT_VERSION
from .base import Record
from .history import History
from .layout import store_folder, write_workspace
from .lines import line_of
from .objects import FOLDER_MODE, ObjectId, Objects, TreeItem, line_ref
from .open import open_store
from .records import append_records
from .trees import write_folder

RECORDS_READ_AT_ONCE = 1000


def widen_history(store: History) -> History:
    """The history at the parent folder; `store` is closed. Conflict if the parent has one of its own.

    Refs move one by one, the folder last: killed in between, the history opens where it was, its paths one folder deeper than
    the files, and widening again is refused by nothing; so it is done under the store's lock and takes milliseconds.
    """
    root, parent = store.root, store.root.parent
    folder = store_folder(root, None)
    if folder != root / STORE_FOLDER or not (folder / "store.git").is_dir():
        raise InvalidRequest("This history does not lie in its folder, so it cannot move with it.")
    if (parent / STORE_FOLDER).exists():
        raise Conflict(f"{parent.name} has a history already.", "Open a notebook of it, or forget one of the two.")
    prefix = root.name
    with store.locked():
        records = list(_moved_records(store, prefix))
        objects = store.objects
        for line in objects.lines():
            _rewrite_line(objects, line, prefix)
        if records:
            append_records(objects, list(map(line_of, records)), max(epoch_s(each.started_at) for each in records))  # type: ignore[union-attr]
        write_workspace(folder, replace(store.workspace, root=str(parent), format_version=FORMAT_VERSION))
    store.close()
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (folder / "store.git" / name).unlink(missing_ok=True)
    os.rename(folder, parent / STORE_FOLDER)
    return open_store(Path(parent))


def _rewrite_line(objects: Objects, line: str, prefix: str) -> None:
    """Every commit of the line again, oldest first; message and time as they were."""
    name = line_ref(line)
    head = objects.ref(name)
    commits: list[ObjectId] = []
    each = head
    while each is not None:
        commits.append(each)
        parents = objects.commit(each).parents
        each = parents[0] if parents else None
    made: ObjectId | None = None
    for each in reversed(commits):
        text = objects.commit(each)
        tree = write_folder(objects, {os.fsencode(prefix): TreeItem(FOLDER_MODE, text.tree)})
        made = objects.put_commit(text._replace(tree=tree, parents=(made,) if made else ()))
    objects.sync()
    if made is not None and not objects.move_ref(name, head, made):
        raise Conflict("Another program is writing this history.", "Try again in a moment.")


def _moved_records(store: History, prefix: str) -> Iterable[Record]:
    """Executions and runs whose paths change, newest version of each."""
    after = None
    while True:
        page = store.index.executions(after=after, limit=RECORDS_READ_AT_ONCE)
        for execution in page.items:
            if execution.finished_at is not None:
                yield _moved(execution, prefix)
        after = page.next
        if after is None:
            break
    offset = 0
    while runs := store.index.runs(sort="started_at", offset=offset, limit=RECORDS_READ_AT_ONCE).items:
        yield from (_moved_run(run, prefix) for run in runs if run.finished_at is not None)
        offset += len(runs)


def _moved(execution: Execution, prefix: str) -> Execution:
    files = tuple(_moved_use(use, prefix) for use in execution.files)
    return replace(execution, path=_moved_path(execution.path, prefix), files=files)


def _moved_run(run: Run, prefix: str) -> Run:
    return replace(
        run,
        path=_moved_path(run.path, prefix),
        inputs=tuple(_moved_use(use, prefix) for use in run.inputs),
        outputs=tuple(_moved_use(use, prefix) for use in run.outputs),
        artifacts=tuple(replace(each, path=_moved_path(each.path, prefix)) for each in run.artifacts),
    )


def _moved_use(use: FileUse, prefix: str) -> FileUse:
    return replace(use, path=_moved_path(use.path, prefix))


def _moved_path(path: WorkspacePath | None, prefix: str) -> WorkspacePath | None:
    return None if path is None else WorkspacePath(f"{prefix}/{path}")

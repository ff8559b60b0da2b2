"""An ended execution becomes a snapshot: stage the folder, acknowledge, build the notebook, say who wrote what, publish."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Callable, Iterable

from ..errors import Forgotten, NotFound
from ..model import execution as outcomes
from ..model.ids import BlobDigest, ExecutionId, RunId, SnapshotId
from ..model.instant import instant
from ..model.paths import WorkspacePath, relative_to_root
from ..model.snapshot import Snapshot, SnapshotDraft, TreeEntry
from ..store.base import Record, ScanResult, Store
from ..store.fingerprint import Fingerprints
from . import notebook as notebooks
from .activity import Activity
from .assemble import OpenExecution, marked_run, outputs_json
from .outside import keep_outside
from .run_book import RunBook, run_name
from .unkept import put_unless_purged
from .unopened import Writing
from .uses import CLOCK_SLACK_S, FolderView, file_uses
from .workspaces import Workspaces

INLINE_OUTPUT_BYTES = 4096
"""Outputs up to this lie in the execution's record itself; larger ones in a blob of their own."""

Edits = dict[WorkspacePath, "TreeEntry | None"]


@dataclass(frozen=True)
class Aftermath:
    """What the session recorder knows once the folder is staged; asked then, because it may have changed meanwhile."""

    followers: tuple[ExecutionId, ...]
    """Cells of this session that began before the folder was staged: the snapshot may hold some of their work."""
    claimed: Callable[[tuple[ExecutionId, ...]], Iterable[str]]
    """Disk paths that these executions were seen writing."""


@dataclass(frozen=True)
class Circumstances:
    """What a publication is told by the session it belongs to."""

    ended_at: float
    now: float
    environment: BlobDigest | None
    reasons: tuple[str, ...]
    """Why capture is partial; () when complete."""
    is_late: bool
    """The acknowledgement was given long ago: the store had refused, or the recorder was not there."""
    after_cell: str | None
    """The cell of this notebook that ran before: an unknown cell is put in behind it."""
    mapped: frozenset[str]
    """Disk paths that the session's processes have, or just had, in their memory for writing."""
    writing: Writing
    """What its processes wrote, by the system's count."""
    staged: Callable[[], Aftermath]
    """Called once the folder is staged: acknowledges, and says what has happened meanwhile."""


def publish_execution(
    execution: OpenExecution,
    store: Store,
    workspaces: Workspaces,
    activity: Activity,
    runs: RunBook,
    told: Circumstances,
) -> Snapshot | None:
    """Record it with all runs that have news. The snapshot it made, or None if nothing in the folder differed.

    StoreError if the store refuses: then nothing is recorded, and it may be tried again.
    """
    root = str(store.root)
    with workspaces.writer(store):
        store.cleaning.text(execution.started.source)  # first: what is assigned there is known in the files it wrote, too
        head = store.head()
        touched = [path for path in (relative_to_root(each, root) for each in execution.openings) if path]
        silent = (*told.mapped, *(each for each, opening in execution.openings.items() if "output" in opening.roles))
        reread = [path for path in (relative_to_root(each, root) for each in silent) if path]
        since = activity.running_since(execution.started.at) - CLOCK_SLACK_S
        scan = store.scan(workspaces.rules(store), touched, reread=reread, changed_since=since)
        aftermath = told.staged()
        clean_outputs(execution, store)
        execution.overlaps |= set(activity.others_during(execution.id, execution.started.at, told.ended_at))
        execution.is_overlapped = told.is_late or bool(aftermath.followers)
        edits = {path: entry for path, entry in scan.edits.items() if not _is_old_notebook(activity, root, path)}
        notebook_from = _put_notebook(execution, store, activity, edits, told.after_cell)
        others = (*sorted(execution.overlaps), *aftermath.followers)
        notebook_path = execution.path if execution.notebook is not None else None
        rest = replace(scan, edits={path: entry for path, entry in edits.items() if path != notebook_path})
        view = _folder_view(execution, store, workspaces, activity, rest, head, told, others, aftermath)
        uses = file_uses(execution.openings, view, execution.id)
        files = execution.remote.with_files(uses.files)
        outputs_blob = put_outputs(execution, store)
        marked = [each for each in execution.marked_runs() if each[0] not in runs and not _is_known_run(store, each[0])]
        execution.runs += [run for run, _ in marked]
        changed = runs.changed(store)

        def records(snapshot: Snapshot) -> list[Record]:
            for run in changed:
                if execution.id in run.executions:
                    run.snapshot = snapshot.id
                    run.files.update({(use.role, use.disk_path): use for use in files})
            record = execution.record(
                files=files,
                unexplained=uses.unexplained,
                snapshot=snapshot.id,
                notebook_from=notebook_from,
                reasons=(*told.reasons, *uses.reasons),
                environment=told.environment,
                outputs_blob=outputs_blob,
            )
            number = store.index.next_run_number()
            registered = [
                marked_run(run, body, execution, number + n, run_name(execution.disk_path, number + n), snapshot.id)
                for n, (run, body) in enumerate(marked)
            ]
            return [record, *registered, *runs.records(changed, told.environment)]

        snapshot = store.publish(_draft(execution, edits, told.now), records)
        is_new = head is None or snapshot.id != head.id
        if is_new:
            activity.versions.update({path: snapshot.id for path in edits})
        activity.problem, activity.scan, activity.recorded_at = None, scan, told.now
        activity.is_stored(execution.id)
        runs.are_stored(changed)
    return snapshot if is_new else None


def _put_notebook(
    execution: OpenExecution, store: Store, activity: Activity, edits: Edits, after_cell: str | None
) -> str:
    """Build the notebook as of this execution and make it part of the snapshot; returns what it was built on."""
    path, disk_path = execution.path, execution.disk_path
    if path is None or disk_path is None or execution.notebook is None:
        return "none"
    base = activity.documents.base(disk_path)
    document = base.document
    if execution.cell_id is not None and execution.started.kind == "cell" and not execution.started.is_private:
        document = notebooks.with_execution(
            document,
            execution.cell_id,
            execution.started.source,
            execution.outputs.outputs,
            execution.started.execution_count,
            after_cell,
        )
        activity.documents.keep(disk_path, document, base.come_from)
    refusal = next(filter(None, map(store.cleaning.name_refusal, path.split("/"))), "")
    if refusal:
        execution.faults.append(f"The notebook is in no snapshot. {refusal}")
        return base.come_from
    data = notebooks.write_document(notebooks.without_private(document))
    edits[WorkspacePath(path)] = put_unless_purged(store, path, data)
    return base.come_from


def _is_old_notebook(activity: Activity, root: str, path: WorkspacePath) -> bool:
    """The file on disk is older than what the history holds of that notebook: executed, not yet saved."""
    return path.endswith(".ipynb") and activity.documents.is_newer_than_disk(os.path.join(root, path))


def _folder_view(
    execution: OpenExecution,
    store: Store,
    workspaces: Workspaces,
    activity: Activity,
    scan: ScanResult,
    head: Snapshot | None,
    told: Circumstances,
    others: tuple[ExecutionId, ...],
    aftermath: Aftermath,
) -> FolderView:
    def version(path: WorkspacePath) -> SnapshotId | None:
        if path not in activity.versions:
            activity.versions[path] = store.last_change(head.id, path) if head else None
        return activity.versions[path]

    def changed_at(path: WorkspacePath) -> float | None:
        try:
            return os.lstat(store.root / path).st_ctime
        except OSError:
            return None

    max_bytes = workspaces.rules(store).touched_file_bytes
    saved = activity.saves.since(execution.started.at - CLOCK_SLACK_S)
    return FolderView(
        root=str(store.root),
        started_at=execution.started.at,
        ended_at=told.ended_at,
        scan=scan,
        before=lambda path: store.entry(head.id, path) if head else None,
        changed_at=changed_at,
        version=version,
        origin=store.workspace.origin.disk_path if store.workspace.origin is not None else "",
        outside_digest=lambda disk_path: _outside_file(disk_path, max_bytes, workspaces.fingerprints),
        others=others,
        claimed=frozenset(aftermath.claimed(others)),
        editor_paths=frozenset(path for path in scan.edits if path.endswith(".ipynb"))
        | frozenset(filter(None, (relative_to_root(each, str(store.root)) for each in saved))),
        writing=told.writing,
        mapped=told.mapped,
        keep_outside=lambda disk_path: keep_outside(store, disk_path),
    )


def _draft(execution: OpenExecution, edits: Edits, now: float) -> SnapshotDraft:
    return SnapshotDraft(
        message=_message(execution),
        created_at=instant(now),
        edits=edits,
        execution=execution.id,
        notebook=execution.notebook,
        run=execution.runs[-1] if execution.runs else None,
    )


def _message(execution: OpenExecution) -> str:
    """`train.ipynb In [12]: model.fit(X, y)`: what a reader of `git log` sees."""
    count = execution.started.execution_count
    where = execution.path or execution.started.kind
    first = next((line.strip() for line in execution.started.source.splitlines() if line.strip()), "")
    number = f" In [{count}]" if count is not None and execution.started.kind != "script" else ""
    outcome = "" if execution.outcome == outcomes.OK else f" ({execution.outcome})"
    return f"{where}{number}{outcome}: {first[:60]}".rstrip(": ")


def clean_outputs(execution: OpenExecution, store: Store) -> None:
    """What patterns find in them is replaced; what was known to be secret the kernel has replaced before. An error that is shown
    and recorded is one text in both."""
    execution.outputs.outputs = [store.cleaning.record(each) for each in execution.outputs.outputs]


def put_outputs(execution: OpenExecution, store: Store) -> BlobDigest | None:
    """Large outputs into a blob of their own; None: they are small enough for the record itself."""
    if not execution.outputs.outputs:
        return None
    data = outputs_json(execution.outputs.outputs)
    if len(data) <= INLINE_OUTPUT_BYTES:
        return None
    try:
        return store.put_bytes(data)
    except Forgotten as error:  # these very outputs were purged once
        execution.faults.append(f"Its outputs are not kept. {error.message}")
        execution.outputs.outputs.clear()
        return None


def _is_known_run(store: Store, run: RunId) -> bool:
    """Seen before, or forgotten: an old marker brings nothing back."""
    try:
        store.index.run(run)
    except NotFound as error:
        return isinstance(error, Forgotten)
    return True


def _outside_file(disk_path: str, max_bytes: int, fingerprints: Fingerprints) -> tuple[int, BlobDigest | None] | None:
    """(size, digest, or None above max_bytes); None if there is no such regular file."""
    try:
        size_bytes = os.stat(disk_path).st_size
    except OSError:
        return None
    if not os.path.isfile(disk_path):
        return None
    return size_bytes, fingerprints.of(disk_path) if size_bytes <= max_bytes else None

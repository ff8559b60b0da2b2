"""What the recorder can be asked, method by method: docs/requests.md is the table, this file its other half.

Each answer checks what came in, finds the workspace, calls the one function that knows, and returns plain JSON.
"""

from __future__ import annotations

import base64
import json
import os
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

from ..errors import InvalidRequest, NotFound
from ..model.codec import to_json
from ..model.execution import Execution
from ..model.ids import BlobDigest, ExecutionId, check_id
from ..model.paths import WorkspacePath, workspace_path
from ..model.remote import Remote
from ..model.run import Run
from ..model.snapshot import Snapshot
from ..settings import Settings
from ..store.base import Index, Store
from ..store.purge import PurgePlan
from . import (
    annotate,
    check,
    compare,
    detach,
    doctor,
    export,
    extract,
    foreign,
    forget,
    fork,
    keep,
    lineage,
    pin,
    purge,
    restore,
    space,
    why,
)
from .activity import Activity
from .arrivals import Arrival, check_arrived
from .kernels import Kernels
from .rebuilding import BEING_READ
from .references import resolve_snapshot
from .remotes import Remotes
from .retention import DEFAULT_POLICY, RetentionPolicy
from .snapshots import ASKED_FOR, take_snapshot
from .status import status_of
from .workspaces import Workspaces, find_root

Params = Mapping[str, Any]
Progress = Callable[[int, int, str], None]
MAX_PAGE = 1000
MAX_PART_BYTES = 8 << 20
"""Of a file in one answer."""


class Desk:
    """Answers requests; many threads ask at once."""

    def __init__(
        self,
        workspaces: Workspaces,
        kernels: Kernels,
        activity: Callable[[Store], Activity],
        notify: Callable[..., None],
        settings: Settings,
        sessions_waiting: Callable[[], list[str]],
        remotes: Remotes | None = None,
    ) -> None:
        self.workspaces = workspaces
        self.kernels = kernels
        self.activity = activity
        self.notify = notify
        self.settings = settings
        self.sessions_waiting = sessions_waiting
        self.remotes = remotes or Remotes(workspaces, activity)

    def answer(self, method: str, params: Params, progress: Progress) -> Any:
        """The result as JSON; a DotscienceError says what was wrong with the question."""
        found = self._METHODS.get(method)
        if found is None:
            raise InvalidRequest(f"There is no request {method!r}.", "docs/requests.md lists them.")
        if not isinstance(params, Mapping):
            raise InvalidRequest("The parameters of a request are an object.")
        return found(self, params, progress)

    # -- workspaces --------------------------------------------------------------------------------

    def _status(self, params: Params, _: Progress) -> Any:
        status = status_of(_text(params, "disk_path"), self.workspaces, self.settings, self.activity, time.time())
        return to_json(status)

    def _workspaces_list(self, params: Params, _: Progress) -> Any:
        rows = []
        for workspace, root in self.workspaces.known().items():
            if self.workspaces.recent(workspace) is not None:
                rows.append({**_EMPTY_ROW, "id": workspace, "root": root, "name": Path(root).name, "problem": BEING_READ})
                continue
            try:
                rows.append(self._row(self.workspaces.get(workspace)))
            except Exception as error:  # one broken store must not hide the others; it is listed with its reason
                rows.append({**_EMPTY_ROW, "id": workspace, "root": root, "name": Path(root).name, "problem": str(error)})
        return {"items": rows}

    def _workspaces_find(self, params: Params, _: Progress) -> Any:
        return self._row(self.workspaces.for_path(_text(params, "disk_path"), create=False))

    def _workspaces_init(self, params: Params, _: Progress) -> Any:
        """A folder named here becomes a workspace itself, whatever lies above it; of a file, the root that it would have."""
        asked = self.workspaces.real(_text(params, "disk_path"))
        if asked.is_dir():
            return self._row(self.workspaces.at_root(asked, create=True))
        return self._row(self.workspaces.for_path(str(asked), create=True))

    def _workspaces_get(self, params: Params, _: Progress) -> Any:
        return self._row(self._store(params))

    def _workspaces_change(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        workspace = store.workspace
        if "is_paused" in params:
            workspace = replace(workspace, is_paused=_flag(params, "is_paused"))
        if params.get("settings") is not None:
            workspace = replace(workspace, settings={**workspace.settings, **_table(params, "settings")})
        store.save_workspace(workspace)
        self._tell("status", store, [])
        return self._row(store)

    def _workspaces_widen(self, params: Params, _: Progress) -> Any:
        widened = self.workspaces.widen(self._store(params))
        self._tell("status", widened, [])
        return self._row(widened)

    def _forget_plan(self, params: Params, _: Progress) -> Any:
        return to_json(forget.plan_forget_all(self._store(params)))

    def _forget(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        with self.workspaces.writer(store):
            result = to_json(forget.forget_all(store, _text(params, "confirm")))
            self.workspaces.drop(store)
        self._tell("status", store, [])
        return result

    def _retention_plan(self, params: Params, _: Progress) -> Any:
        return to_json(forget.plan_forget(self._store(params), _policy(params), datetime.now().astimezone()))

    def _retention_apply(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        digest, now = _text(params, "plan_digest"), datetime.now().astimezone()
        result = forget.apply_forget(store, _policy(params), digest, now, self.settings.user)
        self.activity(store).versions.clear()  # they may name what is forgotten
        self._tell("snapshot", store, [])
        return to_json(result)

    def _space(self, params: Params, _: Progress) -> Any:
        return to_json(space.explain_space(self._store(params), datetime.now().astimezone()))

    def _purge_plan(self, params: Params, _: Progress) -> Any:
        return to_json(self._purge(params)[0])

    def _purge_apply(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        digest, reason = _text(params, "plan_digest"), _text(params, "reason")
        result = purge.apply_purge(store, *self._purge(params), digest, reason, time.time(), self.settings.user)
        self.activity(store).versions.clear()
        self._tell("snapshot", store, [])
        return to_json(result)

    def _purge(self, params: Params) -> tuple[purge.Purge, PurgePlan]:
        others = [Path(root) for root in self.workspaces.known().values()]
        chosen = {name: _optional(params, name) for name in ("path", "blob", "execution")}
        return purge.plan_purge(self._store(params), others, self.settings, **chosen)

    # -- executions --------------------------------------------------------------------------------

    def _executions_list(self, params: Params, _: Progress) -> Any:
        index, being_read = self._index(params)
        page = index.executions(
            path=_optional(params, "path"),
            cell_id=_optional(params, "cell_id"),
            outcome=_optional(params, "outcome"),
            text=_optional(params, "text"),
            file=_optional(params, "file"),
            session=_optional(params, "session"),  # type: ignore[arg-type]
            after=_optional(params, "after"),
            limit=_number(params, "limit", 100, MAX_PAGE),
        )
        items = [to_json(replace(each, outputs=())) for each in page.items]
        return {"items": items, "total": page.total, "next": page.next, "being_read": being_read}

    def _executions_get(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        execution = self._execution(store, params)
        return to_json(replace(execution, outputs=tuple(_outputs(store, execution))))

    def _executions_why(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        return to_json(why.explain_execution(store, self._execution(store, params).id))

    def _executions_numbers(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        execution = self._execution(store, params)
        return {"items": to_json(keep.printed_numbers(_outputs(store, execution)))}

    def _executions_keep(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        run = keep.keep_execution_as_run(
            store,
            self._execution(store, params).id,
            name=_optional(params, "name"),
            metrics=_table(params, "metrics"),
            parameters=_table(params, "parameters"),
            labels=_table(params, "labels"),
        )
        self._tell("run", store, [run.id], run.path)
        return to_json(run)

    def _foreign_execution(self, params: Params, _: Progress) -> Any:
        kernel_id, msg_id = _text(params, "kernel_id"), _text(params, "msg_id")
        is_spare = bool(params.get("only_if_unheard"))
        if is_spare and not self.kernels.is_unheard(kernel_id, params.get("execution_count")):
            return {"execution": None}  # before a history is opened: this may come after it was forgotten, and begins none
        store = self.workspaces.for_path(_text(params, "disk_path"), create=True)
        if store.workspace.is_paused or (is_spare and store.index.has_message(msg_id)):
            return {"execution": None}
        why = self.kernels.get(kernel_id).capture_reason
        execution = foreign.record_foreign(store, self.workspaces, self.activity(store), params, time.time(), why)
        self._tell("execution", store, [execution.id], execution.path)
        return {"execution": execution.id}

    # -- runs --------------------------------------------------------------------------------------

    def _runs_list(self, params: Params, _: Progress) -> Any:
        index, being_read = self._index(params)
        page = index.runs(
            path=_optional(params, "path"),
            state=_optional(params, "state"),
            text=_optional(params, "text"),
            ids=_texts(params, "ids"),  # type: ignore[arg-type]
            sort=_optional(params, "sort") or "-started_at",
            offset=_number(params, "offset", 0, 10_000_000),
            limit=_number(params, "limit", 100, MAX_PAGE),
        )
        return {"items": to_json(page.items), "total": page.total, "being_read": being_read}

    def _runs_get(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        return to_json(self._run(store, params))

    def _runs_change(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        run = self._run(store, params)
        words = {key: params[key] for key in ("name", "note", "is_starred", "labels", "description") if key in params}
        annotate.annotate_run(store, run, words, time.time())
        self._tell("run", store, [run.id], run.path)
        return to_json(store.index.run(run.id))

    def _runs_series(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        max_points = _number(params, "max_points", 0, 10_000_000) or None
        since = _number(params, "since", 0, 10**12)
        series = store.index.series(self._run(store, params).id, _texts(params, "names"), max_points, since)
        return {"items": to_json(series)}

    def _runs_compare(self, params: Params, _: Progress) -> Any:
        return to_json(compare.compare_runs(self._store(params), _texts(params, "runs") or []))

    def _runs_export(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        ids = _texts(params, "ids")
        page = store.index.runs(
            path=_optional(params, "path"),
            text=_optional(params, "text"),
            ids=ids,  # type: ignore[arg-type]
            sort=_optional(params, "sort") or "started_at",
            limit=1_000_000,
        )
        return to_json(export.export_runs(page.items, _optional(params, "format") or "json"))

    # -- snapshots ---------------------------------------------------------------------------------

    def _snapshots_make(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        message = _text(params, "message")
        snapshot = take_snapshot(store, self.workspaces, self.activity(store), message, ASKED_FOR, time.time())
        self._tell("snapshot", store, [snapshot.id])
        return to_json(snapshot)

    def _snapshots_list(self, params: Params, _: Progress) -> Any:
        before = _optional(params, "before")
        limit = _number(params, "limit", 100, MAX_PAGE)
        return {"items": to_json(self._store(params).snapshots(limit=limit, before=before))}  # type: ignore[arg-type]

    def _snapshots_get(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        return to_json(self._snapshot(store, params))

    def _snapshots_change(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        snapshot = self._snapshot(store, params)
        changed = pin.pin_snapshot(store, snapshot, _flag(params, "is_pinned"), time.time(), self.settings.user)
        self._tell("snapshot", store, [changed.id])
        return to_json(changed)

    def _snapshots_tree(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        under = _optional(params, "under") or ""
        entries = store.tree(self._snapshot(store, params).id, workspace_path(under) if under else "")
        return {"items": [{"path": path, **to_json(entry)} for path, entry in entries.items()]}

    def _snapshots_file(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        path = workspace_path(_text(params, "path"))
        snapshot = self._snapshot(store, params)
        entry = store.entry(snapshot.id, path)
        if entry is None:
            raise NotFound(f"{path} is not in the snapshot of {snapshot.created_at}.", "It was not there, or not kept.")
        offset = _number(params, "offset", 0, entry.size_bytes)
        data = b"".join(_up_to(MAX_PART_BYTES, store.read_file(entry.digest, offset)))
        end = offset + len(data)
        return {
            "content_base64": base64.b64encode(data).decode("ascii"),
            "size_bytes": entry.size_bytes,
            "mode": entry.mode,
            "snapshot": snapshot.id,
            "next": end if end < entry.size_bytes else None,
        }

    def _snapshots_changes(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        snapshot = self._snapshot(store, params)
        since = _optional(params, "since")
        before = self._snapshot(store, {"snapshot": since}).id if since else next(iter(snapshot.parents), None)
        return {"items": to_json(store.changes(before, snapshot.id))}

    def _snapshots_diff(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        before = self._snapshot(store, {"snapshot": _text(params, "before")})
        after = self._snapshot(store, {"snapshot": _text(params, "after")})
        return to_json(compare.diff_snapshots(store, before.id, after.id))

    def _blob(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        digest = BlobDigest(check_id("blob", _text(params, "digest")))
        if not store.is_named(digest):
            raise NotFound("No record names these bytes.")
        return _content(store.read_blob(digest))

    def _environment(self, params: Params, progress: Progress) -> Any:
        return json.loads(base64.b64decode(self._blob(params, progress)["content_base64"]))

    # -- acts --------------------------------------------------------------------------------------

    def _restore_plan(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        rules = self.workspaces.rules(store)
        with self.workspaces.writer(store):
            store.put_backs.finish()  # what was promised earlier and could not be done then
        return to_json(restore.plan_restore(store, self._snapshot(store, params).id, self._paths(params), rules=rules))

    def _restore_apply(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        activity = self.activity(store)

        def guard(message: str, reason: str, touched: Sequence[WorkspacePath]) -> Snapshot:
            return take_snapshot(store, self.workspaces, activity, message, reason, time.time(), touched)

        check_arrived(activity)
        with self.workspaces.writer(store):
            result = restore.apply_restore(
                store,
                self._snapshot(store, params).id,
                self._paths(params),
                _text(params, "plan_digest"),
                take_snapshot=guard,
                rules=self.workspaces.rules(store),
                even_open=params.get("even_open") is True,
            )
            for path in (*result["written"], *result["removed"]):
                activity.documents.forget(os.path.join(store.root, path))
        self._tell("snapshot", store, [result["snapshot_after"]])
        return to_json(result)

    def _restore_into(self, params: Params, progress: Progress) -> Any:
        store, folder = self._store(params), self.workspaces.real(_text(params, "disk_path"))
        told = extract.restore_into(
            store, self._snapshot(store, params).id, self._paths(params), folder, progress=progress
        )
        return {**told, "disk_path": str(folder)}

    def _fork_plan(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        return to_json(fork.plan_fork(store, self._snapshot(store, params).id, self.workspaces.real(_text(params, "disk_path"))))

    def _fork(self, params: Params, progress: Progress) -> Any:
        store = self._store(params)
        new_root = self.workspaces.real(_text(params, "disk_path"))
        result = fork.apply_fork(store, self._snapshot(store, params).id, new_root, progress=progress)
        row = self._row(self.workspaces.at_root(new_root, create=False))
        return {**to_json(result), "workspace": row}

    def _fork_arriving(self, params: Params, _: Progress) -> Any:
        """By disk path, without beginning a history; nothing is on its way where there is none."""
        try:
            store = self.workspaces.for_path(_text(params, "disk_path"), create=False)
        except NotFound:
            return {"n_files": 0, "done_bytes": 0, "bytes": 0, "sentence": "", "problem": ""}
        arrival = self.activity(store).arrival or Arrival(0, 0, 0)
        return {**to_json(arrival), "sentence": arrival.sentence if arrival.n_files else ""}

    def _fork_detach_plan(self, params: Params, _: Progress) -> Any:
        return detach.plan_detach(self._store(params))

    def _fork_detach(self, params: Params, progress: Progress) -> Any:
        store, is_unsharing = self._store(params), params.get("is_unsharing") is True
        check_arrived(self.activity(store))
        done = detach.apply_detach(store, self.workspaces.writer(store), is_unsharing=is_unsharing, progress=progress)
        self._tell("status", store, [])
        return done

    def _fork_forget(self, params: Params, _: Progress) -> Any:
        return detach.forget_borrower(self._store(params), self.workspaces.real(_text(params, "disk_path")))

    def _remotes_list(self, params: Params, _: Progress) -> Any:
        return {"items": self.remotes.list(self._store(params))}

    def _remotes_add(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        remote = Remote(
            _text(params, "name"),
            _text(params, "url"),
            is_unscanned_allowed=params.get("is_unscanned_allowed") is True,
            keeps_copy=params.get("keeps_copy") is True,
        )
        row = self.remotes.add(store, remote, is_new_repository=params.get("is_new_repository") is True)
        self._tell("status", store, [])
        return row

    def _remotes_remove(self, params: Params, _: Progress) -> Any:
        store = self._store(params)
        self.remotes.remove(store, _text(params, "name"), is_agreed=params.get("is_agreed") is True)
        self._tell("status", store, [])
        return {}

    def _push(self, params: Params, progress: Progress) -> Any:
        store = self._store(params)
        told = self.remotes.push(
            store,
            _optional(params, "name"),
            is_unscanned_allowed=params.get("is_unscanned_allowed") is True,
            main_as=_optional(params, "main_as"),
            ssh_agent=_optional(params, "ssh_agent"),
            is_stopped=_is_gone(progress),
            progress=progress,
        )
        self._tell("status", store, [])
        return told

    def _pull(self, params: Params, progress: Progress) -> Any:
        store = self._store(params)
        told = self.remotes.pull(
            store,
            _optional(params, "name"),
            join=params.get("join") is True,
            ssh_agent=_optional(params, "ssh_agent"),
            is_stopped=_is_gone(progress),
            progress=progress,
        )
        self._tell_all(store)
        return told

    def _get_back(self, params: Params, progress: Progress) -> Any:
        store, told = self.remotes.get_back(
            _text(params, "disk_path"),
            _optional(params, "url"),
            join=params.get("join") is True,
            ssh_agent=_optional(params, "ssh_agent"),
            is_stopped=_is_gone(progress),
            progress=progress,
        )
        self._tell_all(store)
        return {**told, "workspace": self._row(store)}

    def _lineage(self, params: Params, _: Progress) -> Any:
        direction = _optional(params, "direction") or "both"
        limit = _number(params, "limit", 200, 10_000)
        return to_json(lineage.trace_lineage(self._store(params), _text(params, "of"), direction, limit))

    # -- reports of servers and browsers -------------------------------------------------------------

    def _documents_report(self, params: Params, _: Progress) -> Any:
        disk_path = _text(params, "disk_path")
        try:
            store = self.workspaces.for_path(disk_path, create=False)
        except NotFound:
            return {"needs_whole": False}
        is_taken = self.activity(store).documents.report(
            disk_path,
            _text(params, "document_id"),
            params.get("base_revision"),
            _number(params, "revision", 0, 10**12),
            _table(params, "cells"),
            _texts(params, "order") or [],
            params.get("metadata"),
            params.get("is_unsaved") is not False,
        )
        return {"needs_whole": not is_taken}

    def _documents_renamed(self, params: Params, _: Progress) -> Any:
        old, new = _text(params, "old_disk_path"), _text(params, "new_disk_path")
        with self.kernels.moving:
            self.kernels.rename(old, new)
            try:
                store = self.workspaces.for_path(new, create=False)
            except NotFound:
                return {}
            self.activity(store).documents.rename(old, new)
            root = str(store.root)
            old_path, new_path = os.path.relpath(old, root), os.path.relpath(new, root)
            if not old_path.startswith("..") and not new_path.startswith(".."):
                annotate.rename_notebooks(store, old_path, new_path, time.time())
        return {}

    def _kernels_report(self, params: Params, _: Progress) -> Any:
        self.kernels.report(
            _text(params, "kernel_id"),
            _text(params, "event"),
            _optional(params, "disk_path"),
            params.get("exit_status"),
            None if params.get("capture_reason") is None else str(params["capture_reason"]),
            None if params.get("n_unheard", 0) is None else _number(params, "n_unheard", 0, 10**9),
        )
        return {}

    def _doctor(self, params: Params, _: Progress) -> Any:
        return {"checks": to_json(doctor.examine(self.settings, _optional(params, "disk_path"), self.workspaces))}

    def _check(self, params: Params, progress: Progress) -> Any:
        """By workspace or by disk path: a history that does not open must be checked too."""
        if params.get("workspace") is not None:
            root = self.workspaces.root_of(_text(params, "workspace"))
        else:
            root = find_root(self.workspaces.real(_text(params, "disk_path")), self.workspaces.home).path
        is_repairing = params.get("repair") is not None and _flag(params, "repair")
        return check.check_folder(self.workspaces, root, progress, is_repairing=is_repairing)

    # -- what was asked for --------------------------------------------------------------------------

    def _store(self, params: Params) -> Store:
        return self.workspaces.get(_text(params, "workspace"))

    def _index(self, params: Params) -> tuple[Index, str]:
        """(what knows the workspace's records, why it does not know all of them; '' if it does)"""
        recent = self.workspaces.recent(_text(params, "workspace"))
        return (recent.index, BEING_READ) if recent is not None else (self._store(params).index, "")

    def _execution(self, store: Store, params: Params) -> Execution:
        return store.index.execution(ExecutionId(check_id("execution", _text(params, "execution"))))

    def _run(self, store: Store, params: Params) -> Run:
        return store.index.find_run(_text(params, "run"))

    def _snapshot(self, store: Store, params: Params) -> Snapshot:
        return resolve_snapshot(store, _text(params, "snapshot"), datetime.now().astimezone())

    def _paths(self, params: Params) -> list[str] | None:
        paths = _texts(params, "paths")
        return None if paths is None else [workspace_path(path) for path in paths]

    def _row(self, store: Store) -> dict[str, Any]:
        workspace = store.workspace
        newest = store.index.executions(limit=1)
        return {
            "id": workspace.id,
            "root": str(store.root),
            "name": store.root.name,
            "store_bytes": store.size_bytes(),
            "is_paused": workspace.is_paused,
            "n_executions": newest.total,
            "n_runs": store.index.runs(limit=1).total,
            "recorded_at": newest.items[0].started_at if newest.items else None,
            "origin": to_json(workspace.origin),
        }

    def _tell_all(self, store: Store) -> None:
        for topic in ("snapshot", "execution", "run", "status"):
            self._tell(topic, store, [])

    def _tell(self, topic: str, store: Store, ids: list[Any], path: str | None = None) -> None:
        self.notify(topic, store.workspace.id, ids, path)

    _METHODS: dict[str, Callable[[Desk, Params, Progress], Any]] = {
        "status": _status,
        "workspaces.list": _workspaces_list,
        "workspaces.find": _workspaces_find,
        "workspaces.init": _workspaces_init,
        "workspaces.get": _workspaces_get,
        "workspaces.change": _workspaces_change,
        "workspaces.widen": _workspaces_widen,
        "workspaces.forget_plan": _forget_plan,
        "workspaces.forget": _forget,
        "retention.plan": _retention_plan,
        "retention.apply": _retention_apply,
        "space": _space,
        "purge.plan": _purge_plan,
        "purge.apply": _purge_apply,
        "executions.list": _executions_list,
        "executions.get": _executions_get,
        "executions.why": _executions_why,
        "executions.numbers": _executions_numbers,
        "executions.keep": _executions_keep,
        "foreign.execution": _foreign_execution,
        "runs.list": _runs_list,
        "runs.get": _runs_get,
        "runs.change": _runs_change,
        "runs.series": _runs_series,
        "runs.compare": _runs_compare,
        "runs.export": _runs_export,
        "snapshots.make": _snapshots_make,
        "snapshots.list": _snapshots_list,
        "snapshots.get": _snapshots_get,
        "snapshots.change": _snapshots_change,
        "snapshots.tree": _snapshots_tree,
        "snapshots.file": _snapshots_file,
        "snapshots.changes": _snapshots_changes,
        "snapshots.diff": _snapshots_diff,
        "restore.plan": _restore_plan,
        "restore.apply": _restore_apply,
        "restore.into": _restore_into,
        "fork.plan": _fork_plan,
        "fork": _fork,
        "fork.arriving": _fork_arriving,
        "fork.detach_plan": _fork_detach_plan,
        "fork.detach": _fork_detach,
        "fork.forget": _fork_forget,
        "remotes.list": _remotes_list,
        "remotes.add": _remotes_add,
        "remotes.remove": _remotes_remove,
        "push": _push,
        "pull": _pull,
        "history.get_back": _get_back,
        "lineage": _lineage,
        "environments.get": _environment,
        "blobs.get": _blob,
        "documents.report": _documents_report,
        "documents.renamed": _documents_renamed,
        "kernels.report": _kernels_report,
        "doctor": _doctor,
        "check": _check,
    }


_EMPTY_ROW = {"store_bytes": 0, "is_paused": False, "n_executions": 0, "n_runs": 0, "recorded_at": None, "origin": None}


def _outputs(store: Store, execution: Execution) -> list[dict[str, Any]]:
    if execution.outputs_blob is None:
        return list(execution.outputs)
    return json.loads(store.read_blob(execution.outputs_blob).decode("utf-8", "surrogatepass"))


def _policy(params: Params) -> RetentionPolicy:
    """What is not said is as in the default policy."""
    said = {name: params[name] for name in ("everything_days", "daily_days", "weekly_days") if params.get(name) is not None}
    also = _flag(params, "also_executions") if params.get("also_executions") is not None else False
    return replace(DEFAULT_POLICY, **said, also_executions=also)


def _up_to(most_bytes: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Whole pieces, at least one, until there are so many bytes."""
    n_bytes = 0
    for piece in pieces:
        if n_bytes and n_bytes + len(piece) > most_bytes:
            return
        n_bytes += len(piece)
        yield piece


def _content(data: bytes) -> dict[str, Any]:
    return {"content_base64": base64.b64encode(data).decode("ascii"), "size_bytes": len(data)}


def _is_gone(progress: Progress) -> Callable[[], bool]:
    """Whether nobody waits for the answer any more. A plain function, which cannot go away, stays."""
    return lambda: getattr(progress, "is_gone", False)


def _text(params: Params, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"The request needs a text {name!r}.")
    return value


def _optional(params: Params, name: str) -> str | None:
    return _text(params, name) if params.get(name) not in (None, "") else None


def _texts(params: Params, name: str) -> list[str] | None:
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidRequest(f"{name!r} is a list of texts.")
    return value


def _table(params: Params, name: str) -> dict[str, Any]:
    value = params.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{name!r} is an object.")
    return dict(value)


def _flag(params: Params, name: str) -> bool:
    if not isinstance(params.get(name), bool):
        raise InvalidRequest(f"{name!r} is true or false.")
    return bool(params[name])


def _number(params: Params, name: str, default: int, most: int) -> int:
    value = params.get(name, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidRequest(f"{name!r} is a whole number from 0 to {most}.")
    return value

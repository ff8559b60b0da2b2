"""Snapshots and the bytes in them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any, Iterable, Iterator

from ...errors import NotFound
from ...model.codec import to_json
from ...model.ids import BlobDigest, check_id
from ...model.paths import workspace_path
from .. import compare, pin
from ..snapshots import ASKED_FOR, take_snapshot
from .answering import Answers
from .params import MAX_PAGE, Params, Progress, flag, number, optional, text

MAX_PART_BYTES = 8 << 20
"""Of a file in one answer."""


class SnapshotAnswers(Answers):
    def _snapshots_make(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        message = text(params, "message")
        snapshot = take_snapshot(store, self.desk.workspaces, self.desk.activity(store), message, ASKED_FOR, time.time())
        self.tell("snapshot", store, [snapshot.id])
        return to_json(snapshot)

    def _snapshots_list(self, params: Params, _: Progress) -> Any:
        before = optional(params, "before")
        limit = number(params, "limit", 100, MAX_PAGE)
        return {"items": to_json(self.store(params).snapshots(limit=limit, before=before))}  # type: ignore[arg-type]

    def _snapshots_get(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        return to_json(self.snapshot(store, params))

    def _snapshots_change(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        snapshot = self.snapshot(store, params)
        changed = pin.pin_snapshot(store, snapshot, flag(params, "is_pinned"), time.time(), self.desk.settings.user)
        self.tell("snapshot", store, [changed.id])
        return to_json(changed)

    def _snapshots_tree(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        under = optional(params, "under") or ""
        entries = store.tree(self.snapshot(store, params).id, workspace_path(under) if under else "")
        return {"items": [{"path": path, **to_json(entry)} for path, entry in entries.items()]}

    def _snapshots_file(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        path = workspace_path(text(params, "path"))
        snapshot = self.snapshot(store, params)
        entry = store.entry(snapshot.id, path)
        if entry is None:
            raise NotFound(f"{path} is not in the snapshot of {snapshot.created_at}.", "It was not there, or not kept.")
        offset = number(params, "offset", 0, entry.size_bytes)
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
        store = self.store(params)
        snapshot = self.snapshot(store, params)
        since = optional(params, "since")
        before = self.snapshot(store, {"snapshot": since}).id if since else next(iter(snapshot.parents), None)
        return {"items": to_json(store.changes(before, snapshot.id))}

    def _snapshots_diff(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        before = self.snapshot(store, {"snapshot": text(params, "before")})
        after = self.snapshot(store, {"snapshot": text(params, "after")})
        return to_json(compare.diff_snapshots(store, before.id, after.id))

    def _blob(self, params: Params, _: Progress) -> Any:
        store = self.store(params)
        digest = BlobDigest(check_id("blob", text(params, "digest")))
        if not store.is_named(digest):
            raise NotFound("No record names these bytes.")
        return _content(store.read_blob(digest))

    def _environment(self, params: Params, progress: Progress) -> Any:
        return json.loads(base64.b64decode(self._blob(params, progress)["content_base64"]))

    METHODS = {
        "snapshots.make": _snapshots_make,
        "snapshots.list": _snapshots_list,
        "snapshots.get": _snapshots_get,
        "snapshots.change": _snapshots_change,
        "snapshots.tree": _snapshots_tree,
        "snapshots.file": _snapshots_file,
        "snapshots.changes": _snapshots_changes,
        "snapshots.diff": _snapshots_diff,
        "blobs.get": _blob,
        "environments.get": _environment,
    }


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

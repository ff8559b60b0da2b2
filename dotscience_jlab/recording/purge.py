"""Purging in words: what would go, from where, who may hold it still; then, with consent to just that, that it is gone."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Conflict, DotscienceError, InvalidRequest
from ..model.ids import BlobDigest, ExecutionId, check_id
from ..model.instant import instant
from ..model.paths import workspace_path
from ..settings import Settings
from ..store.base import Store
from ..store.holders import roots_with
from ..store.purge import PurgedPath, PurgePlan
from .amounts import count_words, size_words

MAX_SOUGHT_BYTES = 65_536
"""Of one content that is looked for in the recorder's log and in spools; shorter than MIN_SOUGHT_BYTES it means nothing."""
MIN_SOUGHT_BYTES = 8
MAX_SOUGHT = 100
LISTED = 50


@dataclass(frozen=True)
class Purge:
    """What somebody asked for, and what it comes to."""

    sentence: str
    paths: tuple[PurgedPath, ...]
    n_paths: int
    n_snapshots: int
    n_executions: int
    n_objects: int
    stored_bytes: int
    warnings: tuple[str, ...]
    """Where the bytes may still be afterwards, each a sentence."""
    plan_digest: str


def plan_purge(
    store: Store,
    others: Iterable[Path],
    settings: Settings,
    *,
    path: str | None = None,
    blob: str | None = None,
    execution: str | None = None,
) -> tuple[Purge, PurgePlan]:
    """Exactly one of path (a file or folder, at any time), blob and execution. others: roots of the other histories here."""
    if sum(each is not None for each in (path, blob, execution)) != 1:
        raise InvalidRequest("Say what to purge: a path, a blob, or an execution.")
    if path is not None:
        plan = store.plan_purge(store.digests_at(workspace_path(path)))
    elif blob is not None:
        plan = store.plan_purge([BlobDigest(check_id("blob", blob))])
    else:
        plan = store.plan_purge([], [ExecutionId(check_id("execution", execution or ""))])
    named = json.dumps([plan.digests, plan.executions, plan.objects])
    told = Purge(
        sentence=_sentence(store, plan),
        paths=plan.paths[:LISTED],
        n_paths=len(plan.paths),
        n_snapshots=plan.n_snapshots,
        n_executions=len(plan.executions),
        n_objects=len(plan.objects),
        stored_bytes=plan.stored_bytes,
        warnings=tuple(_still_held(store, plan, others, settings)),
        plan_digest=hashlib.sha256(named.encode()).hexdigest(),
    )
    return told, plan


def apply_purge(
    store: Store, told: Purge, plan: PurgePlan, plan_digest: str, reason: str, now: float, by: str
) -> dict[str, Any]:
    """{sentence, n_objects, freed_bytes, n_looked_at, warnings}. Conflict, and nothing changed, if the plan was another one."""
    if told.plan_digest != plan_digest:
        raise Conflict("The history has changed since you looked.", "Look at the new plan, then purge.")
    done = store.purge(plan, reason, instant(now), by)
    looked_at = count_words(done.n_looked_at, "object")
    return {
        "sentence": f"Purged: no object of this history holds these bytes; all {looked_at} were looked at.",
        "n_objects": len(plan.objects),
        "freed_bytes": done.freed_bytes,
        "n_looked_at": done.n_looked_at,
        "warnings": told.warnings,
    }


def _sentence(store: Store, plan: PurgePlan) -> str:
    if plan.executions:
        execution = store.index.execution(plan.executions[0])
        what = f"the record of one execution of {execution.path or execution.kind}, its code and outputs"
    else:
        versions, snapshots = count_words(len(plan.digests), "version"), count_words(plan.n_snapshots, "snapshot")
        what = f"{versions} of {_listed([each.path for each in plan.paths])} from {snapshots}"
    return f"This removes {what}, and {size_words(plan.stored_bytes)} from the disk, for ever. The snapshots stay, without it."


def _listed(paths: list[Any]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "") if paths else "stored bytes"


def _still_held(store: Store, plan: PurgePlan, others: Iterable[Path], settings: Settings) -> Iterator[str]:
    for place in plan.paths[:LISTED]:
        if os.path.lexists(store.root / place.path):
            yield f"The file {place.path} still lies in the folder; snapshots will leave it out while it holds the same bytes."
    for root in roots_with((each for each in others if each != store.root), settings.data_dir / "stores", plan.digests):
        yield f"The history of {root} holds it too: purge it there as well."
    for remote in plan.remotes:
        yield f"The remote {remote} holds it: `ds push {remote}` takes it out of what is shown there, and its owner runs `git gc`."
    if plan.executions:
        yield "Notebooks in snapshots may hold the same code or output: `ds purge NOTEBOOK` removes those."
    for file in sorted(_files_with(_sought(store, plan), settings)):
        yield f"{file} holds the same text; it is removed when its kernel ends, or when you delete it."


def _sought(store: Store, plan: PurgePlan) -> list[bytes]:
    """As it lies there raw, and as a text in JSON."""
    found = []
    for digest in plan.digests[:MAX_SOUGHT]:
        try:
            data = store.read_blob(digest)
        except DotscienceError:
            continue  # a large file: nobody copies it into a log
        if MIN_SOUGHT_BYTES <= len(data) <= MAX_SOUGHT_BYTES:
            found += [data, json.dumps(data.decode("utf-8", "replace"))[1:-1].encode()]
    for each in plan.executions:
        source = store.index.execution(each).source
        if len(source) >= MIN_SOUGHT_BYTES:
            found.append(json.dumps(source)[1:-1].encode())
    return found


def _files_with(sought: list[bytes], settings: Settings) -> Iterator[str]:
    logs = settings.log_path.parent.glob(f"{settings.log_path.name}*")
    spools = settings.spool_dir.glob("*/*") if settings.spool_dir.is_dir() else ()
    for path in (*logs, *spools) if sought else ():
        try:
            with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                if any(data.find(each) >= 0 for each in sought):
                    yield str(path)
        except (OSError, ValueError):
            continue  # empty, or gone

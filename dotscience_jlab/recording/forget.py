"""Forgetting: by a retention policy, or a folder's whole history. Says first what would go, then needs consent to just that."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ..errors import Conflict, NeedsConsent, NotFound
from ..model.ids import ExecutionId, SnapshotId
from ..model.instant import instant
from ..store.base import Store
from .amounts import count_words, size_words
from .references import all_snapshots, local_minute
from .retention import RetentionPolicy, forgettable

RUNS_AT_ONCE = 1000


@dataclass(frozen=True)
class ForgetPlan:
    """What a policy lets go. `plan_digest` names exactly that."""

    sentence: str
    policy: RetentionPolicy
    n_snapshots: int
    n_kept: int
    n_executions: int
    """Cells that are forgotten too; 0 if the policy leaves them."""
    n_executions_without_files: int
    """Cells whose snapshot goes and that stay readable."""
    freed_bytes: int
    oldest: str
    """Of what goes: when it was made; '' if nothing goes."""
    newest: str
    plan_digest: str


@dataclass(frozen=True)
class _Chosen:
    snapshots: tuple[SnapshotId, ...]
    n_kept: int
    executions: tuple[ExecutionId, ...]
    n_executions_without_files: int
    oldest: str
    newest: str

    def digest(self, policy: RetentionPolicy) -> str:
        named = [asdict(policy), sorted(self.snapshots), sorted(self.executions)]
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def plan_forget(store: Store, policy: RetentionPolicy, now: datetime) -> ForgetPlan:
    """now: aware, in the person's time zone. Nothing is changed."""
    chosen = _choose(store, policy, now)
    freed = store.freed_by(chosen.snapshots)
    return ForgetPlan(
        sentence=_sentence(policy, chosen, freed),
        policy=policy,
        n_snapshots=len(chosen.snapshots),
        n_kept=chosen.n_kept,
        n_executions=len(chosen.executions),
        n_executions_without_files=chosen.n_executions_without_files,
        freed_bytes=freed,
        oldest=chosen.oldest,
        newest=chosen.newest,
        plan_digest=chosen.digest(policy),
    )


def apply_forget(store: Store, policy: RetentionPolicy, plan_digest: str, now: datetime, by: str) -> dict[str, Any]:
    """{n_snapshots, n_executions, sentence}. Conflict, and nothing changed, if it is not what the plan said any more."""
    chosen = _choose(store, policy, now)
    if chosen.digest(policy) != plan_digest:
        raise Conflict("The history has changed since you looked.", "Look at the new plan, then forget.")
    store.forget(chosen.snapshots, policy.reason, instant(now.timestamp()), by, chosen.executions)
    done = f"Forgotten: {count_words(len(chosen.snapshots), 'snapshot')}"
    done += f" and {count_words(len(chosen.executions), 'cell execution')}." if chosen.executions else "."
    return {"n_snapshots": len(chosen.snapshots), "n_executions": len(chosen.executions), "sentence": done}


def _choose(store: Store, policy: RetentionPolicy, now: datetime) -> _Chosen:
    line = list(all_snapshots(store))
    going = forgettable(line, protected_snapshots(store), policy, now)
    executions = store.index.executions_of(going)
    forgotten = tuple(each for each, is_of_run in executions if policy.also_executions and not is_of_run)
    names = set(going)
    times = [each.created_at for each in line if each.id in names]
    return _Chosen(
        tuple(going), len(line) - len(going), forgotten, len(executions) - len(forgotten),
        min(times, default=""), max(times, default=""),
    )


def protected_snapshots(store: Store) -> set[SnapshotId]:
    """Those of published and starred runs: of their end, and of each of their cells."""
    found: set[SnapshotId] = set()
    offset = 0
    while runs := store.index.runs(sort="started_at", offset=offset, limit=RUNS_AT_ONCE).items:
        offset += len(runs)
        for run in runs:
            if run.is_starred or run.published_at is not None:
                cells = (_snapshot_of(store, each) for each in run.executions)
                found.update(each for each in (run.snapshot, *cells) if each is not None)
    return found


def _snapshot_of(store: Store, execution: ExecutionId) -> SnapshotId | None:
    try:
        return store.index.execution(execution).snapshot
    except NotFound:
        return None


def _sentence(policy: RetentionPolicy, chosen: _Chosen, freed_bytes: int) -> str:
    if not chosen.snapshots:
        return f"{policy.sentence} Nothing falls under it: all {count_words(chosen.n_kept, 'snapshot')} stay."
    going = f"{count_words(len(chosen.snapshots), 'snapshot')} of {local_minute(chosen.oldest)} to {local_minute(chosen.newest)}"
    text = f"{policy.sentence} So {going} would go and {count_words(chosen.n_kept, 'snapshot')} stay;"
    text += f" {size_words(freed_bytes)} would be freed."
    if chosen.executions:
        text += f" {count_words(len(chosen.executions), 'cell execution')} would be forgotten too."
    return text


def plan_forget_all(store: Store) -> dict[str, Any]:
    n_executions = store.index.executions(limit=1).total
    n_runs = store.index.runs(limit=1).total
    n_snapshots = sum(1 for _ in all_snapshots(store))
    store_bytes = store.size_bytes()
    executions, runs = count_words(n_executions, "execution"), count_words(n_runs, "run")
    sentence = (
        f"This removes {executions}, {runs} and {count_words(n_snapshots, 'snapshot')} ({size_words(store_bytes)})"
        f" of {store.root.name}/ for ever. Your own files stay as they are."
    )
    return {
        "n_executions": n_executions,
        "n_runs": n_runs,
        "n_snapshots": n_snapshots,
        "store_bytes": store_bytes,
        "sentence": sentence,
    }


def forget_all(store: Store, confirm: str) -> dict[str, Any]:
    """NeedsConsent unless `confirm` is the workspace's id."""
    if confirm != store.workspace.id:
        raise NeedsConsent(plan_forget_all(store)["sentence"], f"Confirm with the id {store.workspace.id}.")
    return {"freed_bytes": store.forget_all()}

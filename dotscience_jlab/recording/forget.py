"""Forgetting a folder's whole history: says first what would go, then needs the workspace's id as consent."""

from __future__ import annotations

from typing import Any

from ..errors import NeedsConsent
from ..store.base import Store
from .references import all_snapshots


def plan_forget_all(store: Store) -> dict[str, Any]:
    n_executions = store.index.executions(limit=1).total
    n_runs = store.index.runs(limit=1).total
    n_snapshots = sum(1 for _ in all_snapshots(store))
    store_bytes = store.size_bytes()
    sentence = (
        f"This removes {_count(n_executions, 'execution')}, {_count(n_runs, 'run')} and {_count(n_snapshots, 'snapshot')} "
        f"({store_bytes / 1e6:.1f} MB) of {store.root.name}/ for ever. Your own files stay as they are."
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


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}" + ("" if n == 1 else "s")

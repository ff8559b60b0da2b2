"""Going on from where a killed cell was: which of its files a snapshot holds, and what putting them back would do."""

from __future__ import annotations

from typing import Any

from ..errors import NotFound
from ..model.codec import to_json
from ..model.execution import Execution, Session
from ..model.ids import SnapshotId
from ..model.paths import WorkspacePath
from ..model.run import Run
from ..store.base import KeepRules, Store
from .amounts import count_words
from .references import local_minute
from .restore_plan import plan_restore

_WHOLE = "`ds restore` puts the folder back as any snapshot has it; `ds log` lists them."


def session_of_run(store: Store, run: Run) -> Session:
    """NotFound if the run ended by itself."""
    session = _session(store, run)
    cut = session.certificate.execution if session is not None and session.certificate is not None else None
    if session is None or cut is None or cut not in run.executions:
        raise NotFound(f"{run.name} was not cut off: it is {run.state}.", _WHOLE)
    return session


def plan_resume(store: Store, session: Session, run: Run | None, rules: KeepRules) -> dict[str, Any]:
    """{session, run, snapshot, paths, sentence, plan: RestorePlan}; `restore.apply` with snapshot, paths and digest does it.

    NotFound if nothing was running, or nothing of what it wrote was kept. Costs as a plan of these paths does.
    """
    certificate = session.certificate
    if certificate is None or certificate.execution is None or certificate.resume_from is None:
        raise NotFound(f"Nothing was cut off when session {session.id} ended.", _WHOLE)
    target = store.snapshot(certificate.resume_from)
    cut = store.index.execution(certificate.execution)
    paths = _kept_outputs(store, cut, target.id)
    if not paths:
        raise NotFound("Nothing that this cell wrote was kept before its end.", _WHOLE)
    plan = plan_restore(store, target.id, paths, rules=rules)
    files = count_words(len(paths), "file")
    return {
        "session": session.id,
        "run": run.id if run is not None else None,
        "snapshot": target.id,
        "paths": list(paths),
        "sentence": f"{certificate.sentence} {files} of it can go back to the state of {local_minute(target.created_at)}.",
        "plan": to_json(plan),
    }


def _kept_outputs(store: Store, cut: Execution, target: SnapshotId) -> list[WorkspacePath]:
    """Files that the cell wrote and that were taken in while it ran, or at its end; what lay there before is left alone."""
    found = []
    for use in cut.files:
        if use.role != "output" or use.path is None or store.entry(target, use.path) is None:
            continue
        changed = store.last_change(target, use.path)
        if changed is not None and store.snapshot(changed).created_at >= cut.started_at:
            found.append(use.path)
    return found


def _session(store: Store, run: Run) -> Session | None:
    if run.session is None:
        return None
    try:
        return store.index.session(run.session)
    except NotFound:
        return None

"""Closes what is shown as running though nobody records it any more: its kernel's report is gone, and with it how it ended.

A container's home is gone with the container, while the project folder on its volume stays; a power cut may take the newest
reports. What was shown live lies in the index alone, and would be running for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..errors import NotFound
from ..model import execution as outcomes
from ..model import run as states
from ..model.certificate import UNKNOWN, Certificate
from ..model.execution import Execution, Session
from ..model.ids import SessionId
from ..model.instant import epoch_s, instant
from ..model.run import Run
from ..store.base import Record, Store

YOUNG_S = 20.0
"""Another user's recorder begins its cells a moment before it says in the folder that it is there: so young a cell may be its."""

LOST = "What its kernel reported was lost before the end; how it ended is not known."


def close_lost(store: Store, is_open: Callable[[SessionId], bool], now: float) -> list[Record]:
    """What was closed, as it is kept now. is_open: whether that session's report is there, whoever reads it.

    Not to be asked while another recorder records into the folder: its sessions are not known here. A run that runs on another
    computer, and came by a pull, is left to that one. Costs two searches by an index that holds nothing else.
    """
    executions, runs = store.index.still_running()
    lost = [each for each in executions if epoch_s(each.started_at) < now - YOUNG_S and not is_open(each.session)]
    sessions = {each.session for each in lost}
    is_alone = not store.workspace.remotes and store.workspace.origin is None
    lost_runs = [
        each for each in runs
        if each.session is not None and epoch_s(each.started_at) < now - YOUNG_S and not is_open(each.session)
        and (each.session in sessions or is_alone)
    ]
    unknown = {each.session: each for each in lost if not _is_known(store, each)}
    closed = (*map(_closed_execution, lost), *map(_closed_run, lost_runs))
    records: list[Record] = [*closed, *(_lost_session(each, now) for each in unknown.values())]
    if records:
        store.append(records)
    return records


def _closed_execution(execution: Execution) -> Execution:
    reasons = tuple(dict.fromkeys((*execution.capture_reasons, LOST)))
    return replace(execution, outcome=outcomes.INCOMPLETE, capture="partial", capture_reasons=reasons)


def _closed_run(run: Run) -> Run:
    return replace(run, state=states.INCOMPLETE, state_reason=LOST)


def _lost_session(execution: Execution, now: float) -> Session:
    certificate = Certificate(UNKNOWN, LOST, instant(now), execution=execution.id, cell_id=execution.cell_id)
    return Session(
        execution.session, "script" if execution.kind == "script" else "kernel", execution.started_at, end="lost", end_reason=LOST,
        finished_at=instant(now), certificate=certificate,
    )


def _is_known(store: Store, execution: Execution) -> bool:
    try:
        store.index.session(execution.session)
    except NotFound:
        return False
    return True

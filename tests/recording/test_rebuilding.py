"""An index that is gone from a long history: the newest runs are there at once, and nothing says that they are all."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Iterator

import pytest

from dotscience_jlab.model.ids import new_run_id
from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.run import Run, Tombstone
from dotscience_jlab.recording.activity import Activity
from dotscience_jlab.recording.kernels import Kernels
from dotscience_jlab.recording.rebuilding import BEING_READ
from dotscience_jlab.recording.requests import Desk
from dotscience_jlab.recording.workspaces import Workspaces
from dotscience_jlab.settings import Settings
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store, opened_store
from dotscience_jlab.store.recent import RECENT_RUNS, newest_lines, recent_records
from dotscience_jlab.store.widen import widen_history

N_RUNS = 2500
AT_ONCE = 250


def run(n: int) -> Run:
    return Run(new_run_id(), f"train · {n}", n, None, "finished", instant(1.7e9 + n), path="train.ipynb")  # type: ignore[arg-type]


def remove_index(root: Path) -> None:
    for path in (root / ".dotscience/store.git").glob("state.db*"):
        path.unlink()


@pytest.fixture
def long_history(project: Path) -> Path:
    """One run of the newest is forgotten, and its index is gone."""
    with opened_store(project, create=True) as store:
        for first in range(1, N_RUNS, AT_ONCE):
            store.append([run(n) for n in range(first, first + AT_ONCE)])
        gone = store.index.runs(limit=1).items[0]
        store.append([Tombstone("t1", (gone.id,), "asked for", instant(1.8e9))])  # type: ignore[arg-type]
    remove_index(project)
    return project


class Held:
    """`open_store`, which waits until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, root: Path, **options: Any) -> History:
        assert self.go.wait(30)
        return open_store(root, **options)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def desk(settings: Settings, held: Held, long_history: Path) -> Iterator[Desk]:
    workspaces = Workspaces(settings, held, widen_history, recent_records)
    with opened_store(long_history) as store:  # so that it is on the list
        workspaces.remember(store)
    remove_index(long_history)
    yield Desk(workspaces, Kernels(), lambda store: Activity(), lambda *_: None, settings)
    held.go.set()
    workspaces.close()


def ask(desk: Desk, method: str, **params: Any) -> Any:
    return desk.answer(method, params, lambda *_: None)


def test_the_newest_runs_are_read_backwards(long_history: Path) -> None:
    recent = recent_records(long_history)
    assert recent is not None
    page = recent.index.runs(limit=2000)
    assert [each.number for each in page.items] == list(range(N_RUNS - 1, N_RUNS - 1 - page.total, -1))
    assert RECENT_RUNS - 1 <= page.total < N_RUNS - 1


def test_a_short_history_is_made_anew_at_once(project: Path) -> None:
    with opened_store(project, create=True) as store:
        store.append([run(1), run(2)])
        lines, is_all = newest_lines(store.objects, 1000, 60.0)
        assert is_all and [line.body["number"] for line in lines] == [1, 2]
    remove_index(project)
    assert recent_records(project) is None


def test_until_it_is_whole_lists_and_the_status_say_that_more_is_being_read(desk: Desk, held: Held, long_history: Path) -> None:
    status = ask(desk, "status", disk_path=str(long_history))
    assert (status["state"], status["reason"]) == ("behind", BEING_READ)
    workspace = status["workspace"]
    runs = ask(desk, "runs.list", workspace=workspace, limit=10)
    assert [each["number"] for each in runs["items"]] == list(range(N_RUNS - 1, N_RUNS - 11, -1))
    assert runs["being_read"] == BEING_READ and runs["total"] < N_RUNS - 1
    assert ask(desk, "executions.list", workspace=workspace)["being_read"] == BEING_READ
    assert ask(desk, "workspaces.list")["items"][0]["problem"] == BEING_READ
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(ask(desk, "workspaces.get", workspace=workspace)))
    waiting.start()
    waiting.join(0.2)
    assert not found, "it was answered from a part of the history"
    held.go.set()
    waiting.join(30)
    assert found[0]["n_runs"] == N_RUNS - 1
    whole = ask(desk, "runs.list", workspace=workspace)
    assert (whole["total"], whole["being_read"]) == (N_RUNS - 1, "")
    assert ask(desk, "status", disk_path=str(long_history))["state"] == "recording"


def test_who_was_shown_a_part_is_told_when_there_is_more(desk: Desk, held: Held, long_history: Path) -> None:
    told = threading.Event()
    desk.workspaces.whole_again = lambda recent: told.set()
    assert ask(desk, "status", disk_path=str(long_history))["state"] == "behind"
    assert not told.is_set()
    held.go.set()
    assert told.wait(30)

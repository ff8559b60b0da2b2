"""What was forgotten, or never wanted, stays away: at its kernel's end, when the recorder starts again, and both at once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator

import pytest

from dotscience_jlab.recording.forget import forget_all
from tests.recording.spool import Bench

RUN = "00000000-0000-4000-8000-000000000001"


def forget(bench: Bench) -> None:
    store = bench.store
    forget_all(store, store.workspace.id)
    bench.workspaces.drop(store)


def delete_by_hand(bench: Bench) -> None:
    shutil.rmtree(bench.root / ".dotscience")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.workspaces.close()


@pytest.fixture(params=[forget, delete_by_hand], ids=["in the panel", "by hand"])
def go_away(request: pytest.FixtureRequest) -> Callable[[Bench], None]:
    return request.param


def sources(bench: Bench) -> list[str]:
    return [each.source for each in bench.store.index.executions(limit=100).items][::-1]


def history_of(bench: Bench) -> Path:
    return bench.root / ".dotscience"


def test_the_end_of_its_kernel_begins_no_new_history(bench: Bench, go_away: Callable[[Bench], None]) -> None:
    ran = bench.begin("lr = ds.parameter('lr', 0.1)")
    bench.write("run_opened", run=RUN, execution=ran, opened_by="implicit")
    bench.write("run_recorded", run=RUN, what="parameter", items={"lr": 0.1}, execution=ran)
    bench.end(ran)
    bench.recorder.take_in()
    go_away(bench)
    bench.write("output_seen", execution=ran, output={"output_type": "stream", "name": "stdout", "text": "a thread, late"})
    bench.write("session_finished", reason="exit")
    bench.recorder.take_in()
    assert bench.recorder.finish()
    assert not history_of(bench).exists()


def test_a_recorder_that_starts_again_replays_nothing_of_it(bench: Bench, go_away: Callable[[Bench], None]) -> None:
    bench.cell("forgotten")
    running = bench.begin("slow()", "c2")
    bench.recorder.take_in()
    go_away(bench)
    bench.restart()
    bench.recorder.take_in()
    bench.end(running)
    bench.recorder.take_in()
    bench.cell("new", "c3")
    assert sources(bench) == ["slow()", "new"]
    bench.restart()
    bench.recorder.take_in()
    assert sources(bench) == ["slow()", "new"]


def test_a_recorder_that_was_away_when_it_was_deleted_replays_nothing_of_it(bench: Bench) -> None:
    bench.cell("forgotten")
    bench.recorder.inbox.release(is_stored=False)
    bench.workspaces.close()
    delete_by_hand(bench)
    bench.activities.clear()
    bench.recorder = bench.new_recorder()
    bench.recorder.take_in()
    assert not history_of(bench).exists()
    bench.write("session_finished", reason="exit")
    bench.recorder.take_in()
    assert bench.recorder.finish()
    assert not history_of(bench).exists()


def test_a_run_that_a_forgotten_cell_had_opened_goes_on_with_what_came_after(bench: Bench) -> None:
    opener = bench.begin("ds.start()")
    bench.write("run_opened", run=RUN, execution=opener, opened_by="start")
    bench.write("run_recorded", run=RUN, what="parameter", items={"lr": 0.1}, execution=opener)
    bench.end(opener)
    bench.recorder.take_in()
    forget(bench)
    bench.restart()
    after = bench.begin("ds.metric('acc', 0.9)", "c2")
    bench.write("names_declared", name_set=1, run=RUN, names=["acc"], execution=after)
    bench.points(1, 0, (0.9,))
    bench.end(after)
    bench.recorder.take_in()
    found = bench.store.index.run(RUN)
    assert (found.executions, found.parameters, found.metrics["acc"].last) == ((after,), {}, 0.9)


def test_what_ran_while_paused_is_not_replayed_once_it_goes_on(bench: Bench) -> None:
    bench.cell("wanted")
    pause(bench, True)
    bench.cell("not wanted")
    pause(bench, False)
    bench.cell("wanted again")
    bench.restart()
    bench.recorder.take_in()
    assert sources(bench) == ["wanted", "wanted again"]


def test_a_run_opened_while_paused_goes_on_with_what_came_after(bench: Bench) -> None:
    bench.cell("wanted")
    pause(bench, True)
    opener = bench.begin("ds.start()")
    bench.write("run_opened", run=RUN, execution=opener, opened_by="start")
    bench.end(opener)
    bench.recorder.take_in()
    pause(bench, False)
    after = bench.begin("ds.summary('best', 1)", "c2")
    bench.write("run_recorded", run=RUN, what="summary", items={"best": 1}, execution=after)
    bench.end(after)
    bench.recorder.take_in()
    assert bench.store.index.run(RUN).summary == {"best": 1}


def pause(bench: Bench, is_paused: bool) -> None:
    bench.store.save_workspace(replace(bench.store.workspace, is_paused=is_paused))

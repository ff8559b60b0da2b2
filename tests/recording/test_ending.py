"""What is said again, and of which cell, when a session ends otherwise than by itself."""

from __future__ import annotations

import uuid

import pytest

from dotscience_jlab.recording.kernels import script_id

from .spool import Bench


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def open_run(bench, execution, opened_by="implicit"):
    run = str(uuid.uuid4())
    bench.write("run_opened", run=run, opened_by=opened_by, execution=execution)
    return run


def interrupt(bench, execution, *runs):
    """As IPython reports it: a block's run closes itself, then the cell ends."""
    for run in runs:
        bench.write("run_closed", run=run, state="interrupted", execution=execution, error="KeyboardInterrupt: ")
    bench.end(execution, "interrupted", error_name="KeyboardInterrupt", error_value="")
    bench.recorder.take_in()


def say_goodbye(bench):
    bench.write("session_finished")
    bench.recorder.take_in()
    assert bench.recorder.finish()


def test_a_restart_in_mid_cell_is_why_its_runs_were_interrupted_open_ones_and_closed_ones(bench):
    execution = bench.begin("train()")
    of_block, implicit = open_run(bench, execution, "with"), open_run(bench, execution)
    bench.recorder.take_in()
    bench.kernels.report("kid", "restarted")
    interrupt(bench, execution, of_block)
    bench.write("run_closed", run=implicit, state="interrupted")
    say_goodbye(bench)
    session = bench.store.index.session(bench.session)
    assert (session.end, session.certificate.cause, session.certificate.execution) == ("exit", "restarted", execution)
    for run in (of_block, implicit):
        found = bench.store.index.run(run)
        assert (found.state, found.state_reason) == ("interrupted", "The kernel was restarted.")


def test_a_cell_that_the_user_interrupted_before_is_not_cut_off_by_a_later_restart(bench):
    now = [1e12]
    bench.kernels._clock = lambda: now[0]
    execution = bench.begin("train()")
    run = open_run(bench, execution)
    interrupt(bench, execution)
    bench.kernels.report("kid", "restarted")
    bench.write("run_closed", run=run, state="interrupted", error="KeyboardInterrupt: ")
    say_goodbye(bench)
    assert bench.store.index.session(bench.session).certificate.execution is None
    assert bench.store.index.run(run).state_reason == "KeyboardInterrupt: "


def test_a_kernel_that_ends_by_itself_has_no_certificate(bench):
    bench.cell("1")
    say_goodbye(bench)
    assert bench.store.index.session(bench.session).certificate is None


@pytest.mark.parametrize(("exit_status", "outcome", "state"), [(3, "error", "failed"), (-9, "ok", "finished")])
def test_an_exit_status_counts_for_the_script_and_the_run_that_its_end_closed(bench, exit_status, outcome, state):
    script = bench.begin("ds.metric('a', 1)\nds.publish()\nds.metric('b', 2)\nsys.exit(3)", None, kind="script")
    published, last = open_run(bench, script, "start"), open_run(bench, script)
    bench.write("run_closed", run=published, state="finished", execution=script)
    bench.recorder.take_in()
    bench.recorder.started.kind = "script"
    bench.recorder.started.kernel_id = None
    bench.kernels.report(script_id(bench.recorder.started.pid), "died", exit_status=exit_status)
    bench.end(script)
    bench.write("run_closed", run=last, state="finished")
    say_goodbye(bench)
    found = bench.store.index.execution(script)
    assert found.outcome == outcome and bench.store.index.run(published).state == "finished"
    assert bench.store.index.run(last).state == state
    assert (found.error and (found.error.name, found.error.value)) == (("SystemExit", "3") if outcome == "error" else None)


def test_a_run_that_goes_on_from_cell_to_cell_is_incomplete_when_its_kernel_dies_between_them(bench):
    execution = bench.begin("ds.start()")
    run = open_run(bench, execution, "start")
    bench.end(execution)
    bench.recorder.take_in()
    assert bench.recorder.finish()
    found = bench.store.index.run(run)
    assert (found.state, found.state_reason) == (
        "incomplete", "The kernel ended; the cause is unknown. The run had not been finished."
    )

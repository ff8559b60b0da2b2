"""What is shown as running and is recorded by nobody any more."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

import pytest

from dotscience_jlab.model.remote import Remote
from dotscience_jlab.recording.lost_sessions import LOST, close_lost

from .spool import SESSION, Bench


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def later(s=60.0):
    """Long enough after what was just begun that nobody else can have it."""
    return time.time() + s


def running(bench):
    """A cell in a run, shown live; its ids."""
    execution, run = bench.begin("train()"), str(uuid.uuid4())
    bench.write("run_opened", run=run, opened_by="implicit", execution=execution)
    bench.recorder.take_in()
    return execution, run


def test_a_running_cell_whose_report_is_gone_is_incomplete_and_so_is_its_run(bench):
    execution, run = running(bench)
    assert [[each.id for each in found] for found in bench.store.index.still_running()] == [[execution], [run]]
    assert close_lost(bench.store, lambda session: True, later()) == []
    assert close_lost(bench.store, lambda session: False, later(1.0)) == [], "another user's recorder may just have begun it"
    assert len(close_lost(bench.store, lambda session: False, later())) == 3
    found, of_run, session = bench.store.index.execution(execution), bench.store.index.run(run), bench.store.index.session(SESSION)
    assert (found.outcome, found.capture, found.capture_reasons[-1]) == ("incomplete", "partial", LOST)
    assert (of_run.state, of_run.state_reason) == ("incomplete", LOST)
    assert (session.end, session.certificate.cause, session.certificate.execution) == ("lost", "unknown", execution)
    assert close_lost(bench.store, lambda session: False, later()) == [] and bench.store.index.still_running() == ([], [])


def test_what_a_finished_session_left_is_as_it_was(bench):
    execution = bench.cell("1")
    before = bench.store.index.execution(execution)
    assert close_lost(bench.store, lambda session: False, later()) == []
    assert bench.store.index.execution(execution) == before


@pytest.mark.parametrize(("has_remote", "state"), [(False, "incomplete"), (True, "running")])
def test_a_run_that_may_be_running_on_another_computer_is_left_to_it(bench, has_remote, state):
    bench.cell("1")
    _, run = running(bench)
    stored = replace(bench.store.index.run(run), session="k-00000000000000aa")
    bench.store.append([stored])
    if has_remote:
        bench.store.save_workspace(replace(bench.store.workspace, remotes=(Remote("usb", "/media/usb/churn.git"),)))
    close_lost(bench.store, lambda session: session == SESSION, later())
    assert bench.store.index.run(run).state == state

"""Ends that cannot be made here: a reboot, a sleep, a clock that is set anew. Boot id and clock are handed in; all else is real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.recording.inbox import current_boot_id, stat_fields
from dotscience_jlab.recording.process import SessionThread
from tests.recording.spool import Bench

from .dying import INSTANTS, RUNNING

pytestmark = pytest.mark.slow

DAY_S = 86_400.0
CLOCKS = {"a day back": -DAY_S, "a day forward": DAY_S, "back to 1970": None}


class Life(Bench):
    """A session of a real process, a sleeping child, that reports what a kernel at that instant has reported."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        super().__init__(folder)
        self.now: float | None = None
        """What the clocks say; None: what they do."""

    def new_session(self, session: str) -> None:
        super().new_session(session)
        self.identify(current_boot_id())

    def identify(self, boot_id: str | None) -> None:
        fields = stat_fields(self.process.pid)
        assert fields is not None
        body = {"pid": self.process.pid, "start_ticks": int(fields[19]), "boot_id": boot_id, "host": self.settings.node}
        (self.spool / "session.json").write_text(json.dumps(body))

    def write(self, event: str, **fields: Any) -> None:
        if event == "session_started":
            fields["pid"] = self.process.pid
        super().write(event, **fields)

    def reach(self, instant: str) -> None:
        self.cell("1 + 1", "c0")
        if instant == "idle":
            return
        execution, run = self.begin("train()"), str(uuid.uuid4())
        if instant != "in a cell":
            opened_by = "implicit" if instant == "in a run" else "start"
            self.write("run_opened", run=run, opened_by=opened_by, execution=execution)
            self.write("names_declared", name_set=1, run=run, names=["loss"], execution=execution)
            self.points(1, 7, (0.5,))
        if instant == "after":
            self.write("run_closed", run=run, state="finished", execution=execution)
        if instant not in RUNNING:
            self.end(execution)
        self.recorder.take_in()

    def end_process(self) -> None:
        self.process.kill()
        self.process.communicate()

    def has_ended(self) -> bool:
        """As the thread that drives this session asks it."""
        return SessionThread(self.recorder, lambda name: None, lambda thread, held: None)._has_ended()

    def story(self) -> tuple[str, list[str], list[str]]:
        """Cause, outcomes of the cells, states of the runs."""
        session = self.store.index.session(self.session)
        assert session.certificate is not None
        cells = [each.outcome for each in self.store.index.executions().items][::-1]
        return session.certificate.cause, cells, [each.state for each in self.store.index.runs().items]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path)
    yield made
    made.end_process()
    if made.recorder.witness.held is not None:
        made.recorder.witness.held.close()


def expected(instant: str) -> tuple[list[str], list[str]]:
    cells = {"idle": ["ok"], "in a cell": ["ok", "killed"], "in a run": ["ok", "killed"]}.get(instant, ["ok", "ok"])
    runs = {"in a run": ["killed"], "between": ["incomplete"], "after": ["finished"]}.get(instant, [])
    return cells, runs


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_reboot_is_told_at_the_next_start(life: Life, instant: str) -> None:
    """Recorder and kernel died together with the computer; another process may have the kernel's number now."""
    life.reach(instant)
    life.identify("00000000-0000-0000-0000-000000000000")
    life.restart()
    life.recorder.take_in()
    assert life.has_ended() and life.recorder.finish()
    assert life.story() == ("rebooted", *expected(instant))
    assert life.store.index.still_running() == ([], [])


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_sleep_of_a_night_ends_nothing(life: Life, instant: str) -> None:
    """After it the clock is eight hours on, and nothing was heard from anybody meanwhile."""
    life.reach(instant)
    old = os.stat(life.file).st_mtime - DAY_S / 3
    os.utime(life.file, (old, old))
    os.utime(life.spool, (old, old))
    life.recorder.take_in()
    assert not life.has_ended()
    assert len(life.store.index.still_running()[0]) == (instant in RUNNING)
    life.end_process()
    assert life.has_ended() and life.recorder.finish()
    assert life.story() == ("signal", *expected(instant))


@pytest.mark.parametrize("instant", INSTANTS)
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_clock_that_is_set_anew_changes_no_end(life: Life, clock: str, instant: str) -> None:
    """The server orders a restart after the clock was set: told with a time before the session's start, or long after it."""
    life.reach(instant)
    shift = CLOCKS[clock]
    started = life.recorder.started
    assert started is not None
    life.kernels._clock = lambda: 5.0 if shift is None else started.at + shift
    life.kernels.report("kid", "restarted", pid=life.process.pid)
    life.end_process()
    assert life.has_ended() and life.recorder.finish()
    assert life.story() == ("restarted", *expected(instant))
    assert all(each.duration_s is None or each.duration_s >= 0 for each in life.store.index.executions().items)

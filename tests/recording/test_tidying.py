"""When the recorder tidies: while nobody works, one history at a time, never waiting for it."""

from __future__ import annotations

import sys
import time

import pytest

from dotscience_jlab.recording.tidying import LOOK_EVERY_S, QUIET_S, Tidying

DONE = (sys.executable, "-c", "print('{}')")
FAILS = (sys.executable, "-c", "import sys; sys.exit('a damaged thing')")
LONG = (sys.executable, "-c", "import time; time.sleep(60)")


class History:
    """What tidying asks of one."""

    root = "/p/churn"

    def __init__(self, *commands):
        self.commands = list(commands)

    def is_there(self):
        return True

    def maintenance_if_due(self, now):
        return self.commands.pop(0) if self.commands else None


@pytest.fixture
def tidying():
    made = Tidying()
    yield made
    made.stop()


def ended(tidying, now):
    deadline = time.monotonic() + 30
    while tidying.is_running and time.monotonic() < deadline:
        tidying.step([], False, now)
        time.sleep(0.01)
    return not tidying.is_running


def test_it_waits_for_quiet(tidying):
    store = History(LONG)
    for now, is_busy in ((0.0, False), (10.0, True), (11.0, False), (11.0 + QUIET_S - 0.1, False)):
        tidying.step([store], is_busy, now)
        assert not tidying.is_running
    tidying.step([store], False, 11.0 + QUIET_S)
    assert tidying.is_running


def test_it_looks_at_each_in_turn_and_then_rests(tidying):
    idle, due = History(), History(DONE)
    now = 1000.0
    tidying.step([idle, due], False, now)
    tidying.step([idle, due], False, now + QUIET_S)
    assert ended(tidying, now + QUIET_S)
    again = History(DONE)
    tidying.step([idle, due, again], False, now + QUIET_S)  # another one may be due at once
    assert ended(tidying, now + QUIET_S) and not again.commands
    tidying.step([idle], False, now + QUIET_S)
    late = History(DONE)
    tidying.step([late], False, now + QUIET_S + LOOK_EVERY_S - 1)
    assert late.commands
    tidying.step([late], False, now + QUIET_S + LOOK_EVERY_S)
    assert not late.commands


def test_one_that_fails_is_logged_and_stops_nothing(tidying, caplog):
    tidying.step([History(FAILS)], False, 0.0)
    store = History(FAILS)
    tidying.step([store], False, QUIET_S)
    assert ended(tidying, QUIET_S)
    assert "a damaged thing" in caplog.text


def test_a_recorder_that_leaves_ends_it(tidying):
    store = History(LONG)
    tidying.step([store], False, 0.0)
    tidying.step([store], False, QUIET_S)
    assert tidying.is_running
    tidying.stop()
    assert not tidying.is_running

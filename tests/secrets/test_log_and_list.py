"""The recorder's log, the idle look through new data, and what `ds secrets` shows."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest

from dotscience_jlab.errors import InvalidRequest, NotFound
from dotscience_jlab.recording.activity import Activity
from dotscience_jlab.recording.clean_log import CleanFormatter
from dotscience_jlab.recording.known_secrets import KnownSecrets
from dotscience_jlab.recording.searching import Searching
from dotscience_jlab.recording.secret_list import allow, secrets_of
from tests.recording.machines import Machine
from tests.secrets.planted import Maker, shapes

KEY = shapes(Maker(31))["anthropic"]()


def test_a_trace_in_the_log_holds_no_secret() -> None:
    known, stream = KnownSecrets(), io.StringIO()
    known.learn_named("DB PASSWORD", "quite-a-plain-word")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(CleanFormatter("%(levelname)s %(message)s", known))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError(f"no access with {KEY}")
    except ValueError:
        logger.exception("publishing %s", "quite-a-plain-word")
    said = stream.getvalue()
    assert KEY not in said and "plain-word" not in said
    assert "publishing «secret:DB_PASSWORD»" in said and "«secret:anthropic-key·" in said and "Traceback" in said


@pytest.fixture
def one(tmp_path: Path):
    machine = Machine(tmp_path / "one")
    yield machine
    machine.close()


def test_new_data_is_looked_through_while_nobody_works(one: Machine) -> None:
    one.work("a.csv", f"n,token\n1,{KEY}\n")
    one.work("b.csv", "n,token\n1,none\n")
    activity = Activity()
    searching = Searching(lambda store: activity)
    activity.begins("k-0:1", 0.0)  # type: ignore[arg-type]
    searching.step([one.store], 1e12)
    assert secrets_of(one.store)["quarantined"] == [], "a cell is running"
    activity.ends("k-0:1", 0.0, 1.0)  # type: ignore[arg-type]
    activity.is_stored("k-0:1")  # type: ignore[arg-type]
    Searching(lambda store: activity).step([one.store], 1e12)
    (row,) = secrets_of(one.store)["quarantined"]
    assert (row["path"], row["line"], row["kinds"], row["is_allowed"]) == ("a.csv", 2, {"anthropic-key": 1}, False)


def test_a_value_that_is_no_secret_is_kept_from_then_on(one: Machine) -> None:
    one.work(f"key = '{KEY}'")
    (row,) = [each for each in secrets_of(one.store)["redacted"]]
    assert row["names"] == ["anthropic-key"]
    source = one.store.index.executions().items[0].source
    placeholder = source[source.index("«") : source.index("»") + 1]
    allow(one.store, placeholder)
    one.workspaces.clean(one.store)
    assert secrets_of(one.store)["not_secret"] == [placeholder[-9:-1]]
    one.work(f"k = '{KEY}'")
    assert one.store.index.executions().items[0].source == f"k = '{KEY}'"
    with pytest.raises(InvalidRequest, match="known by its name"):
        allow(one.store, "«secret:DB_PASSWORD»")
    with pytest.raises(NotFound):
        allow(one.store, "nothing.csv")

"""Records become JSON and come back the same; lines of a newer version are read as far as this one knows."""

import dataclasses
import json
import math
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotscience_jlab.model import codec, marker
from dotscience_jlab.model.events import EVENTS, event_from_json
from dotscience_jlab.model.run import MetricSummary, Run
from dotscience_jlab.model.values import metric_value, scalar

TEXT = st.text(max_size=8)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)


def strategy(hint):
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return st.one_of(*(strategy(arg) for arg in args))
    if dataclasses.is_dataclass(hint):
        return records(hint)
    if origin is tuple:
        return st.lists(strategy(args[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(TEXT, strategy(args[1]), max_size=2)
    if hasattr(hint, "__supertype__"):
        return strategy(hint.__supertype__)
    plain = {str: TEXT, int: st.integers(-(2**53), 2**53), bool: st.booleans(), type(None): st.none(), float: FLOAT}
    return plain.get(hint, TEXT)


def records(cls):
    hints = typing.get_type_hints(cls)
    return st.builds(cls, **{f.name: strategy(hints[f.name]) for f in dataclasses.fields(cls)})


@pytest.mark.parametrize("kind", sorted(codec.RECORDS))
def test_a_stored_record_comes_back_the_same(kind):
    @settings(max_examples=40, deadline=None)
    @given(records(codec.RECORDS[kind]))
    def check(record):
        line = json.dumps(codec.to_stored(record), allow_nan=False)
        assert codec.from_stored(json.loads(line)) == record

    check()


def test_an_infinite_duration_comes_back_as_a_number():
    run = Run("x", "n", 1, None, "running", "t", duration_s=math.inf)
    assert codec.from_stored(json.loads(json.dumps(codec.to_stored(run), allow_nan=False))) == run


def test_what_a_newer_version_adds_is_left_alone():
    assert codec.from_stored({"record": "hologram", "id": "x"}) is None
    run = codec.from_stored(
        {"record": "run", "id": "x", "name": "n", "number": 1, "session": None, "state": "running", "started_at": "t", "aura": 3}
    )
    assert run == Run("x", "n", 1, None, "running", "t")


def test_a_metric_that_is_not_finite_travels_as_text():
    summary = MetricSummary(math.nan, -math.inf, math.inf, 2)
    body = json.loads(json.dumps(codec.to_json(summary), allow_nan=False))
    assert (body["last"], body["min"], body["max"]) == ("NaN", "-Infinity", "Infinity")
    back = codec.from_json(MetricSummary, body)
    assert math.isnan(back.last) and back.max == math.inf


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_comes_back_the_same(name):
    @settings(max_examples=40, deadline=None)
    @given(records(EVENTS[name]))
    def check(event):
        body = json.loads(json.dumps(event.to_json()))
        assert event_from_json({**body, "from_the_future": 1}) == event

    check()


class Broken:
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value, expected",
    [
        (1, 1), (True, True), (0.5, 0.5), ("x", "x"), (None, None), ([1, 2], "[1, 2]"), (Broken(), "<unprintable Broken>"),
        ("a" * 10_001, "a" * 10_000 + "… (10001 characters)"),
    ],
)
def test_scalar(value, expected):
    assert scalar(value) == expected and type(scalar(value)) is type(expected)


def test_numpy_numbers_become_plain_numbers():
    numpy = pytest.importorskip("numpy")
    for value, expected in [(numpy.float32(0.5), 0.5), (numpy.int64(3), 3), (numpy.bool_(True), True), (numpy.array([2.5]), 2.5)]:
        assert scalar(value) == expected and type(scalar(value)) is type(expected)


@pytest.mark.parametrize("value, number, has_number", [("0.5", 0.5, True), ("high", math.nan, False), (10**400, math.inf, True)])
def test_metric_value(value, number, has_number):
    found, is_number = metric_value(value)
    assert is_number == has_number and (found == number or math.isnan(number))


@given(st.uuids(version=4), st.dictionaries(TEXT, TEXT), TEXT, TEXT)
def test_a_marker_is_found_in_any_text(run, body, before, after):
    text = before + marker.format_marker(str(run), body) + after
    assert (str(run), body) in list(marker.find_markers(text))


def test_half_a_marker_is_none():
    run = "00000000-0000-4000-8000-000000000000"
    whole = marker.format_marker(run, {"version": "1"})
    assert not list(marker.find_markers(whole[:-5]))
    assert not list(marker.find_markers(whole.replace("{", "[")))

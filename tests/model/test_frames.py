"""The spool's bytes: whatever is written is read, and a torn or damaged end never reads as data."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotscience_jlab.model.frames import HEAD_BYTES, TornFrame, json_frame, points_frame, read_frame, read_frames

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.dictionaries(st.text(), JSON, max_size=4)
POINTS = st.tuples(
    st.integers(0, 2**32 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.lists(st.floats(allow_nan=False), max_size=5).map(tuple),
)


@given(st.lists(EVENTS.map(lambda e: ("json", e)) | POINTS.map(lambda p: ("points", p)), max_size=6))
def test_frames_come_back_in_order(written):
    data = b"".join(json_frame(body) if kind == "json" else points_frame(*body) for kind, body in written)
    read = [frame if isinstance(frame, dict) else tuple(frame) for frame, _ in read_frames(data)]
    assert read == [body for _, body in written]


@given(EVENTS, EVENTS, st.data())
def test_a_torn_last_frame_is_cut(first, second, data):
    whole = json_frame(first)
    torn = json_frame(second)
    cut = data.draw(st.integers(0, len(torn) - 1))
    assert [frame for frame, _ in read_frames(whole + torn[:cut])] == [first]


@given(EVENTS, st.data())
def test_a_flipped_bit_in_the_payload_is_damage(event, data):
    frame = bytearray(json_frame(event))
    at = data.draw(st.integers(HEAD_BYTES, len(frame) - 1))
    frame[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(TornFrame) as torn:
        read_frame(bytes(frame), 0)
    assert torn.value.is_damaged


def test_values_that_are_not_finite_survive_exactly():
    frame, _ = read_frame(points_frame(1, 2, 3.0, (math.nan, math.inf, -math.inf)), 0)
    assert math.isnan(frame.values[0]) and frame.values[1:] == (math.inf, -math.inf)


def test_a_surrogate_escaped_name_survives():
    event = {"disk_path": b"caf\xe9.csv".decode("utf-8", "surrogateescape")}
    assert read_frame(json_frame(event), 0)[0] == event

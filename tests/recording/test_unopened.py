"""Who changed a file that nobody was seen opening: a table of what the system's count of written bytes allows to say."""

from __future__ import annotations

import pytest

from dotscience_jlab.recording.unopened import AMBIGUOUS, NOISE_BYTES, OBSERVED, UNEXPLAINED, Writing, attribute

ALONE, HELPED = Writing(10 * NOISE_BYTES, False), Writing(100, True)


@pytest.mark.parametrize(("writing", "changes", "explained", "said"), [
    (ALONE, {"a": 5 * NOISE_BYTES}, [], {"a": OBSERVED}),
    (ALONE, {"a": 20 * NOISE_BYTES}, [], {"a": UNEXPLAINED}),
    (ALONE, {"a": 5 * NOISE_BYTES}, [8 * NOISE_BYTES], {"a": UNEXPLAINED}),
    (ALONE, {"a": 6 * NOISE_BYTES, "b": 7 * NOISE_BYTES}, [], {"a": AMBIGUOUS, "b": AMBIGUOUS}),
    (ALONE, {"gone": None}, [], {"gone": UNEXPLAINED}),
    (Writing(1000, False), {"a": 10}, [], {"a": AMBIGUOUS}),
    (Writing(1000, False), {"a": 5000}, [], {"a": UNEXPLAINED}),
    (HELPED, {"a": 100, "gone": None}, [], {"a": OBSERVED, "gone": OBSERVED}),
    (HELPED, {"a": 101}, [], {"a": UNEXPLAINED}),
    (Writing(None, False), {"a": 10**9}, [], {"a": OBSERVED}),
    (Writing(None, False, is_known=False), {"a": 1}, [], {"a": AMBIGUOUS}),
    (Writing(0, False), {}, [5], {}),
])  # fmt: skip
def test_a_cell_wrote_what_it_can_have_written(
    writing: Writing, changes: dict[str, int | None], explained: list[int], said: dict[str, str]
) -> None:
    assert attribute(changes, explained, writing) == said


def test_what_lies_in_its_memory_for_writing_is_its_own() -> None:
    assert attribute({"a": 10**9}, [], Writing(0, False), mapped=["a"]) == {"a": OBSERVED}

"""What counts as the same when a recipe has run again: numbers by value, tables by content, addresses and clocks not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dotscience_jlab.recording.same_content import differences, is_same_text
from dotscience_jlab.tracking.content import content, content_of_file


class Model:
    def __init__(self, weights: Any) -> None:
        self.weights = weights


@pytest.mark.parametrize(
    "then, now, says",
    [
        (1.0, 1.0 + 1e-12, ""),
        (1.0, 1.1, "it was 1.0 and is 1.1."),
        (float("nan"), float("nan"), ""),
        (float("inf"), 1.0, "it was inf and is 1.0."),
        (1, True, "it was number and is text."),
        ("a", "b", "it was 'a' and is 'b'."),
        ([1, [2.0]], [1, [2.0]], ""),
        ([1, [2.0]], [1, [3.0]], "it[1][0] was 2.0 and is 3.0."),
        ([1], [1, 2], "it was builtins.list of 1 and is builtins.list of 2."),
        ({"a": 1}, {"a": 2}, "it['a'] was 1 and is 2."),
        ({1, 2}, {2, 1}, ""),
        ({1, 2}, {3}, "it is another builtins.set than it was."),
        (np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3) + 1e-12, ""),
        (np.zeros(3), np.zeros(4), "it was of shape 3, float64 and is of 4, float64."),
        (np.zeros(3), np.array([0.0, 1.0, 0.0]), "it[1] was 0.0 and is 1.0."),
        (pd.DataFrame({"x": [1.0], "s": ["u"]}), pd.DataFrame({"x": [1.0], "s": ["u"]}), ""),
        (pd.DataFrame({"x": [1.0]}), pd.DataFrame({"x": [2.0]}), "it['x'][0] was 1.0 and is 2.0."),
        (pd.DataFrame({"x": [1]}), pd.DataFrame({"y": [1]}), "it had 1 rows of x and has 1 of y."),
        (Model([1.0]), Model([1.0]), ""),
        (Model([1.0]), Model([2.0]), "it.weights[0] was 1.0 and is 2.0."),
        (lambda: 1, lambda: 1, ""),
        (lambda: 1, lambda: 2, "it is another <lambda> than it was."),
        (object(), object(), ""),
    ],
)
def test_what_differs_in_a_value(then: Any, now: Any, says: str) -> None:
    trees = [json.loads(json.dumps(content(each))) for each in (then, now)]
    assert " ".join(differences(*trees)) == says


@pytest.mark.parametrize(
    "then, now, is_same",
    [
        ("loss 0.5", "loss 0.50000000001", True),
        ("loss 0.5", "loss 0.6", False),
        ("<A at 0x7f00aa1100>", "<A at 0x7f00bb2200>", True),
        ("took 3.2 ms", "took 4 ms", True),
        ("done at 14:03:22", "done at 15:00:01", True),
        ("one", "two", False),
        ("[1, 2]", "[1, 2, 3]", False),
    ],
)
def test_what_differs_in_a_text(then: str, now: str, is_same: bool) -> None:
    assert is_same_text(then, now) is is_same


def test_files_are_compared_by_what_they_hold(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    for name, other in (("a.json", "b.json"), ("a.csv", "b.csv"), ("a.npy", "b.npy"), ("a.pkl", "b.pkl")):
        one, two = tmp_path / name, tmp_path / other
        if name.endswith("json"):
            one.write_text('{"acc": 0.5, "n": [1]}')
            two.write_text('{ "acc": 0.500000000001, "n": [1] }')
        elif name.endswith("csv"):
            one.write_text("x\n1.0\n")
            two.write_text("x\n1.00000000001\n")
        elif name.endswith("npy"):
            np.save(one, np.ones(3))
            np.save(two, np.ones(3) + 1e-13)
        else:
            frame.to_pickle(one)
            frame.to_pickle(two, protocol=2)
        assert one.read_bytes() != two.read_bytes()
        assert differences(content_of_file(str(one)), content_of_file(str(two))) == []
    (tmp_path / "b.json").write_text('{"acc": 0.6, "n": [1]}')
    found = differences(content_of_file(str(tmp_path / "a.json")), content_of_file(str(tmp_path / "b.json")))
    assert found == ["it['acc'] was 0.5 and is 0.6."]
    broken = tmp_path / "broken.pkl"
    broken.write_bytes(b"nothing")
    assert content_of_file(str(broken))["kind"] == "unseen"

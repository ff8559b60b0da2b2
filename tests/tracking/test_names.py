"""What two looks at a namespace tell of the cell between them, and what a real kernel reports of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.settings import Settings
from dotscience_jlab.tracking.marks import MAX_NODES, mark_of
from dotscience_jlab.tracking.names import NameWatch, Seen

from .fake_recorder import FakeRecorder
from .kernel_driver import Kernel

SETUP = """
import random, os
x = [1, 2]
y = x
n = 5
table = {"a": [1], "b": {2, 3}}
class Thing:
    level = 0
    def __init__(self): self.items = [1]
thing = Thing()
keeper = {"thing": thing}
def grow(into): into.append(9)
def counter():
    total = [0]
    def step(): total[0] += 1
    return step
step = counter()
"""


def seen_after(source: str, setup: str = SETUP, took_s: float = 1.0) -> Seen:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(setup, namespace)
    watch = NameWatch(namespace, ("__builtins__", "__name__"))
    exec(source, namespace)
    return watch.look(source, took_s)


@pytest.mark.parametrize(
    "source, bound, changed, deleted",
    [
        ("pass", "", "", ""),
        ("z = 1", "z", "", ""),
        ("n = 6", "n", "", ""),
        ("n += 1.5", "n", "", ""),
        ("x = [1, 2]", "x", "", ""),
        ("y.append(3)", "", "x y", ""),
        ("grow(y)", "", "x y", ""),
        ("exec('n = 8; new = 9')", "n new", "", ""),
        ("globals()['made'] = 1", "made", "", ""),
        ("from math import *", "MANY", "", ""),
        ("del n", "", "", "n"),
        ("del x, y; y = 3", "y", "", "x"),
        ("table['a'].append(2)", "", "table", ""),
        ("table['b'].add(9)", "", "table", ""),
        ("thing.items[0] = 2", "", "keeper thing", ""),
        ("thing.new = 1", "", "keeper thing", ""),
        ("Thing.level = 1", "", "Thing", ""),
        ("Thing.run = lambda self: 1", "", "Thing", ""),
        ("step()", "", "step", ""),
        ("grow.note = 1", "", "grow", ""),
        ("x.sort(reverse=True)", "", "x y", ""),
        ("sorted(x), len(table), repr(thing)", "", "", ""),
        ("random.random()", "", "<random>", ""),
        ("os.environ['DS_NAMES_TEST'] = '1'; del os.environ['DS_NAMES_TEST']", "", "", ""),
        ("import sys; sys.path.append('.'); sys.path.pop()", "sys", "", ""),
        ("import warnings; warnings.simplefilter('ignore', UserWarning)", "warnings", "<warnings>", ""),
    ],
)
def test_what_a_cell_did(source: str, bound: str, changed: str, deleted: str) -> None:
    import warnings

    with warnings.catch_warnings():
        seen = seen_after(source)
    if bound == "MANY":
        assert {"sin", "pi"} <= set(seen.bound)
    else:
        assert " ".join(seen.bound) == bound
    assert (" ".join(seen.changed), " ".join(seen.deleted)) == (changed, deleted) and seen.is_whole


def test_what_is_plain_exact_and_opaque() -> None:
    seen = seen_after("a = 1; b = 'x'; c = (1, (2, 'y')); d = [1]; e = iter([1]); f = ([],); g = list(range(1000)); h = grow")
    assert seen.plain == ["a", "b", "c"] and seen.opaque == ["e", "g"]


def test_arrays_tables_and_models() -> None:
    setup = """
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
a = np.zeros(10); view = a[2:]; big = np.zeros(100_000); rng = np.random.default_rng(0)
df = pd.DataFrame({"a": [1.0, 2.0], "s": ["x", "y"]}); same = df; column = np.array([1, [2]], dtype=object)
model = LogisticRegression()
"""
    table = {
        "view[0] = 1": "a view", "big[0] = 1": "big", "df.head(); df.sum()": "", "same['n'] = 1": "df same",
        "df.iloc[0, 0] = 7": "df same",
        "rng.normal()": "rng", "np.random.rand()": "<numpy.random>", "column[1].append(3)": "column",
        "model.fit([[0.0], [1.0]], [0, 1])": "model", "np.zeros(3).sum()": "",
    }
    assert {source: " ".join(seen_after(source, setup).changed) for source in table} == table


def test_torch_tensors_tell_what_was_done_to_them_in_place() -> None:
    setup = "import torch\nt = torch.zeros(3); net = torch.nn.Linear(2, 1); opt = torch.optim.SGD(net.parameters(), lr=0.1)\n" \
            "def step():\n    net(torch.ones(1, 2)).sum().backward(); opt.step()\n"
    assert seen_after("t.add_(1)", setup).changed == ["t"]
    assert "net" in seen_after("step()", setup).changed
    assert "<torch.random>" in seen_after("torch.rand(1)", setup).changed


def test_the_users_own_code_is_not_run_by_a_look() -> None:
    setup = """
class Loud:
    def __getattr__(self, name): raise SystemError(name)
    def __eq__(self, other): raise SystemError
    def __hash__(self): raise SystemError
    def __len__(self): raise SystemError
    def __iter__(self): raise SystemError
    def __repr__(self): raise SystemError
    @property
    def value(self): raise SystemError
class LoudDict(dict):
    def items(self): raise SystemError
    keys = values = __iter__ = __len__ = items
class LoudList(list):
    def __iter__(self): raise SystemError
    __len__ = __iter__
loud, table, row = Loud(), LoudDict(a=[1]), LoudList([1])
"""
    assert seen_after("dict.__getitem__(table, 'a').append(2); list.append(row, 2)", setup).changed == ["row", "table"]


def test_what_there_was_no_time_for_waits_for_its_turn_and_is_said() -> None:
    namespace: dict[str, Any] = {f"v{number}": [[0]] * 100 for number in range(3000)}
    watch = NameWatch(namespace, ())
    namespace["v2999"].append(1)
    first = watch.look("v2999", 0.0)
    assert first.changed == ["v2999"] and not first.is_whole
    namespace["v1500"].append(1)
    for _ in range(3000):
        seen = watch.look("", 0.0)
        if seen.changed:
            break
    assert seen.changed == ["v1500"]


def test_a_value_that_holds_much_is_marked_by_its_top() -> None:
    large = {f"k{number}": [[number]] for number in range(MAX_NODES)}
    before = mark_of(large)
    large["k3"] = []
    assert mark_of(large)[0] != before[0] and before[1] == "large"


@pytest.fixture
def kernel(own_home: Path, project: Path, settings: Settings):
    fake = FakeRecorder(settings)
    running = Kernel(own_home, project)
    yield running
    running.close()
    fake.close()


def test_a_kernel_reports_it_before_the_cell_ends(kernel: Kernel, project: Path) -> None:
    (project / "part.py").write_text("from_file = [1]\n")
    rows = [
        ("x = [1]\ny = x", {"bound": ["x", "y"]}),
        ("y.append(2)", {"changed": ["x", "y"]}),
        ("%run part.py", {"bound": ["from_file"]}),
        ("x", {}),
        ("# ds-private\nx.append(3)", None),
        ("y[0]", {}),
        ("z = 1; 1 / 0", {"bound": ["z"]}),
        ("import asyncio\nawait asyncio.sleep(0)\nw = (await asyncio.sleep(0, [1]))", {"bound": ["asyncio", "w"]}),
        ("%cd -q ..", {"changed": ["<cwd>"]}),
    ]
    for number, (source, told) in enumerate(rows):
        ran = kernel.run(source, cell_id=f"c{number}")
        found = kernel.events("names_changed", "execution_finished", execution=ran)
        if told is None:
            assert [each["event"] for each in found] == ["execution_finished"], source
            continue
        assert [each["event"] for each in found] == ["names_changed", "execution_finished"], source
        lists = {name: found[0][name] for name in ("bound", "changed", "deleted") if found[0][name]}
        lists["changed"] = [each for each in lists.get("changed", []) if told.get("changed") or not each.startswith("<")]
        if number == 7 or number == 2:  # what an import brings into the process besides is not ours to list
            lists["bound"] = [name for name in lists["bound"] if name in told["bound"]]
        assert {name: each for name, each in lists.items() if each} == told, source

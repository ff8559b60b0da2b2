"""Which cells a recipe holds, from records alone: names, files, hidden state, and what the kernel saw."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

from dotscience_jlab.errors import InvalidRequest, NotFound
from dotscience_jlab.model.execution import NamesSeen
from dotscience_jlab.recording.dataflow import feeders, session_steps
from dotscience_jlab.recording.recipe import Recipe, find_recipe
from dotscience_jlab.recording.recipe_notebook import recipe_notebook

from .folder import START, Project

A, B = "a" * 40, "b" * 40


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "churn")


def ran(project: Project, *cells: Any) -> list:
    """Each cell: its source, or (source, fields of Execution)."""
    made = []
    for number, cell in enumerate(cells, 1):
        source, fields = cell if isinstance(cell, tuple) else (cell, {})
        made.append(project.executed(number, source, path="train.ipynb", execution_count=number, **fields))
    return made


def numbers(project: Project, of: str) -> str:
    """Of the cells in the recipe, from 1."""
    return " ".join(each.execution.id.rsplit("m", 1)[1] for each in find_recipe(project.store, of).cells)


SEEN = {
    "nothing": NamesSeen(),
    "x": NamesSeen(bound=("x",)),
    "y": NamesSeen(bound=("y",)),
}


@pytest.mark.parametrize(
    "cells, name, expected",
    [
        (["x = 1", "y = 2", "z = x"], "z", "1 3"),
        (["x = 1", "x = 2", "z = x"], "z", "2 3"),
        (["x = 1", "x = 2", "x += 1"], "x", "2 3"),
        (["x = []", "x.append(1)", "y = 5", "n = len(x)"], "n", "1 2 4"),
        (["x = []", "y = x", "y.append(1)", "n = len(x)"], "n", "1 2 3 4"),
        (["x = []", "def f(a): a.append(1)", "f(x)", "n = len(x)"], "n", "1 2 3 4"),
        (["x = []", "def f(): x.append(1)", "f()", "n = len(x)"], "n", "1 2 3 4"),
        (["def f(): return g()", "def g(): return k", "k = 3", "z = f()"], "z", "1 2 3 4"),
        (["k = 1", "f = lambda: k", "k = 2", "z = f()"], "z", "1 2 3 4"),
        (["n = 0", "def f():\n    global n\n    n += 1", "f()", "z = n"], "z", "1 2 3 4"),
        (["class C:\n    def go(self): return k", "k = 2", "c = C()", "z = c.go()"], "z", "1 2 3 4"),
        (["class C:\n    n = 1", "c = C()", "C.n = 2", "other = 3", "z = c.n"], "z", "1 2 3 5"),
        (["class C:\n    n = 1", "def make(): return [C()]", "c = make()", "setattr(C, 'n', 2)", "z = c[0].n"], "z", "1 2 3 4 5"),
        (["import numpy as np", "a = np.zeros(3)", "b = np.ones(3)", "c = np.mean(a)"], "c", "1 2 4"),
        (["x = 1", "if x: y = 2", "y = 3 if x else 4", "z = y"], "z", "1 3 4"),
        (["y = 1", "import os\nif os.sep: y = 2", "z = y"], "z", "1 2 3"),
        (["y = 1", "for y in []: pass", "z = y"], "z", "1 2 3"),
        (["y = 1", "try:\n    y = int('a')\nexcept ValueError:\n    pass", "z = y"], "z", "1 2 3"),
        (["y = 1", "try:\n    y = 2\nexcept ValueError:\n    y = 3", "z = y"], "z", "2 3"),
        (["x = 1", "y = 2", "exec('z = x')", "w = z"], "w", "1 2 3 4"),
        (["import random\nrandom.seed(1)", "a = random.random()", "b = 2", "c = random.random()"], "c", "1 2 4"),
        (["import random", "a = random.random()", "random.seed(1)", "c = random.random()"], "c", "1 3 4"),
        (["import random", "a = random.random()", "import random\nn = 3\nrandom.seed(n)\nc = random.random()"], "c", "3"),
        (["import random", "a = random.random()", "b = len([2])\nrandom.seed(1)", "c = random.random()"], "c", "1 2 3 4"),
        (["import os", "os.environ['A'] = '1'", "y = 3", "z = 4"], "z", "1 2 4"),
        (["import json", "json.dumps = repr", "z = json.dumps({})"], "z", "1 2 3"),
        (["x = 1", "%time y = x + 1", "z = y"], "z", "1 2 3"),
        (["%cd -q data", "x = open('a.csv').read()"], "x", "1 2"),
        (["x = 1", "x", "y = _ + 1"], "y", "1 2 3"),
        (["d = {}", "e = d", "e['k'] = 1", "z = d"], "z", "1 2 3 4"),
        (["x = [3]", "x.sort()", "y = sorted(x)", "x = 2", "z = y"], "z", "1 2 3 5"),
        (["x = 1", "x == 2", "print(x)", "z = x"], "z", "1 4"),
        (["a = 5", "b = [a for a in range(3)]", "z = a"], "z", "1 3"),
        (["rows = []", "h = {'rows': rows}", "h['rows'].append(2)", "z = rows"], "z", "1 2 3 4"),
        (["import numpy as np\na = np.zeros(9)", "b = a[2:]", "b[:] = 1", "z = a.sum()"], "z", "1 2 3 4"),
        (["def outer():\n    def inner(): return k\n    return inner", "k = 1", "f = outer()", "z = f()"], "z", "1 2 3 4"),
    ],
)
def test_cells_of_a_variable_by_reading_alone(project, cells, name, expected):
    ran(project, *cells)
    assert numbers(project, f"variable:{name}") == expected


@pytest.mark.parametrize(
    "cells, name, expected",
    [
        # `show(x)` might change x: it was seen that it did not
        ([("x = [1]", SEEN["x"]), ("show(x)", SEEN["nothing"]), ("y = x", SEEN["y"])], "y", "1 3"),
        # a sampled value may have changed unseen
        ([("x = big()", NamesSeen(bound=("x",), opaque=("x",))), ("show(x)", SEEN["nothing"]), ("y = x", SEEN["y"])], "y", "1 2 3"),
        # there was not the time to look
        ([("x = [1]", SEEN["x"]), ("show(x)", NamesSeen(is_whole=False)), ("y = x", SEEN["y"])], "y", "1 2 3"),
        # code that nobody can read: it was seen what it bound
        ([("q = 1", SEEN["nothing"]), ("%run part.py", SEEN["x"]), ("y = x", SEEN["y"])], "y", "2 3"),
        ([("from lib import *", SEEN["x"]), ("from other import *", NamesSeen(bound=("w",))), ("y = x", SEEN["y"])], "y", "1 3"),
        # drawing is seen, also where no word of the source says so
        ([("seed_all()", NamesSeen(changed=("<numpy.random>",))), ("x = 1", SEEN["x"]), ("m = go()",
          NamesSeen(bound=("m",), changed=("<numpy.random>",)))], "m", "1 3"),
        # a setting is seen
        ([("quiet()", NamesSeen(changed=("<warnings>",))), ("y = 1", SEEN["y"])], "y", "1 2"),
        # a number shares nothing
        ([("x = [1]", SEEN["x"]), ("n = f(x)", NamesSeen(bound=("n",), plain=("n",))), ("n += 1",
          NamesSeen(bound=("n",), plain=("n",))), ("y = x", SEEN["y"])], "y", "1 4"),
    ],
)
def test_what_the_kernel_saw_confirms_and_adds(project, cells, name, expected):
    ran(project, *((source, {"names": seen}) for source, seen in cells))
    assert numbers(project, f"variable:{name}") == expected


def test_a_cell_that_failed_bound_what_it_was_seen_to_bind(project):
    ran(project, "x = 1", ("y = 2; 1 / 0; x = 3", {"outcome": "error"}), "z = x")
    found = find_recipe(project.store, "variable:z")
    assert [each.execution.source for each in found.cells][0] == "x = 1" and len(found.cells) == 3
    assert any("did not end well" in reason for reason in found.reasons)


def test_a_file_leads_to_the_cells_of_another_notebook_that_wrote_it(project):
    other = "k-00000000000000aa"

    def at(n: int) -> dict[str, Any]:
        return {"session": other, "id": f"{other}:m{n}", "order": n, "path": "clean/clean.ipynb"}

    project.executed(1, "raw = open('raw.csv').read()", files=(project.use("raw.csv", "input", A),), **at(1))
    project.executed(2, "aside = 1", **at(2))
    project.executed(3, "open('clean.csv', 'w').write(raw)", files=(project.use("clean.csv", "output", B),), **at(3))
    project.executed(4, "raw = open('clean.csv').read()", files=(project.use("clean.csv", "input", B),), path="train.ipynb")
    project.executed(5, "n = len(raw)", path="train.ipynb")
    found = find_recipe(project.store, "variable:n")
    assert [each.execution.id[-2:] for each in found.cells] == ["m1", "m3", "m4", "m5"]
    assert [use.path for use in found.inputs] == ["raw.csv"] and found.n_left_out == 1
    notebook = recipe_notebook(project.store, found, "2026-11-21T09:18:00.123456Z")
    nbformat.validate(notebook)
    sources = [cell["source"] for cell in notebook["cells"]]
    assert sources[1:3] == ["%cd -q clean", "raw = open('raw.csv').read()"] and "%cd -q .." in sources
    assert "raw.csv" in sources[0] and A in sources[0] and "1 others" in sources[0]
    assert numbers(project, "file:clean.csv") == "1 3"


def test_a_file_written_behind_what_was_there_needs_who_wrote_that(project):
    ran(project, ("open('log', 'w').write('a')", {"files": (project.use("log", "output", A),)}),
        ("open('log', 'a').write('b')", {"files": (project.use("log", "output", B),)}))
    assert numbers(project, "file:log") == "1 2"


def test_a_run_takes_every_cell_that_recorded_into_it(project):
    first, aside, last = ran(project, "lr = 0.1", "aside = 2", "ds.metric('acc', lr)")
    run = project.ran(7, executions=(last.id,))
    found = find_recipe(project.store, "run:7")
    assert [each.execution.id for each in found.cells] == [first.id, last.id]
    assert found.about == run.id and "recorded into train · 7" in found.cells[1].because


def test_two_kernels_never_mix(project):
    project.executed(1, "x = 1", session="k-00000000000000aa", id="k-00000000000000aa:m1", order=1)
    project.executed(2, "x = 2")
    project.executed(3, "y = x", session="k-00000000000000aa", id="k-00000000000000aa:m3", order=2)
    assert numbers(project, "variable:y") == "1 3"


@pytest.mark.parametrize("of, error", [("variable:nothing", NotFound), ("file:nothing", NotFound), ("run:99", NotFound),
                                       ("cell:x", InvalidRequest), ("variable:", InvalidRequest)])
def test_a_recipe_of_nothing_is_refused_in_words(project, of, error):
    ran(project, "x = 1")
    with pytest.raises(error):
        find_recipe(project.store, of)


def test_obstacles_are_named(project):
    ran(project, "x = input('how many')", "files = !ls", "key = '«secret:API_KEY»'", "y = [x, files, key]")
    reasons = " ".join(find_recipe(project.store, "variable:y").reasons)
    assert "holds a secret that is not kept" in reasons
    assert "asks for input" in reasons and "commands of the system" in reasons


def test_a_name_comes_from_the_last_cell_that_bound_it_and_those_that_changed_it(project):
    cells = ["x = 1", "x.append(2)", "y = x", "x = 3", "z = x + y", "w = y", "w.sort()", "v = y"]
    made = ran(project, *cells)
    found = feeders(session_steps(made))
    place = {each.id: number for number, each in enumerate(made)}
    shown = {place[cell]: {place[source]: names for source, names in by.items()} for cell, by in found.items()}
    assert shown[1] == {0: ("x",)} and shown[2] == {1: ("x",)} and shown[4] == {3: ("x",), 2: ("y",)}
    assert shown[7] == {2: ("y",), 6: ("y",)}


def test_a_long_session_is_read_in_moments(project):
    """Each cell depends on the one before: no step may look at all pairs."""
    made = [project.executed(n, f"x{n} = x{n - 1} + 1" if n > 1 else "x1 = 0") for n in range(1, 801)]
    found: Recipe = find_recipe(project.store, "variable:x800")
    assert len(found.cells) == len(made) and START

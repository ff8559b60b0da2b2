"""Notebooks that are none, numbers that are none, names that are traps: a faithful record or a plain refusal, nothing lost."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from dotscience_jlab.errors import DotscienceError
from tests.executors.history import History
from tests.recording.spool import Bench
from tests.tracking.kernel_driver import Kernel

NBFORMAT_3 = json.dumps({
    "nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""},
    "worksheets": [{"metadata": {}, "cells": [
        {"cell_type": "code", "collapsed": False, "input": "x = 1", "language": "python", "metadata": {}, "outputs": []},
    ]}],
}).encode()

BROKEN = {
    "cut JSON": b'{"cells": [{"cell_type": "code", "sou',
    "binary": bytes(range(256)) * 16,
    "empty": b"",
    "a list": b"[1, 2, 3]",
    "cells are no list": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {"a": 1}}',
    "cells are no cells": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"source": {"no": "text"}}, {}]}',
    "no minor": b'{"nbformat": 4, "nbformat_minor": null, "metadata": {}, "cells": []}',
    "deep": b'{"nbformat": 4, "cells": [' + b"[" * 50_000,
    "of the future": b'{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}',
    "nbformat 3": NBFORMAT_3,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_notebook_that_cannot_be_read_costs_no_cell_of_it(content: bytes, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (bench.root / "train.ipynb").write_bytes(content)
    execution = bench.cell("x = 1", "c1", prints="seen\n")
    matched = bench.cell("y = 2", None)
    found = bench.store.index.execution(execution)
    assert (found.source, found.outputs_text, found.cell_id, found.outcome) == ("x = 1", "seen", "c1", "ok")
    assert found.snapshot and not [each for each in found.capture_reasons if "failed" in each]
    assert bench.store.index.execution(matched).cell_id is None
    data = bench.store.read_blob(bench.store.tree(found.snapshot)["train.ipynb"].digest)
    document = nbformat.reads(data.decode(), as_version=4)
    assert [cell.source for cell in document.cells if cell.get("id") == "c1"] == ["x = 1"]
    assert (bench.root / "train.ipynb").read_bytes() == content


METRICS = """
import dotscience_jlab as ds
import numpy as np
ds.start()
ds.metric("nan", float("nan")); ds.metric("inf", float("inf")); ds.metric("ninf", -np.inf)
ds.metric("text", "0.5"); ds.metric("words", "<b>bold</b>"); ds.metric("none", None)
ds.metric("numpy", np.float32(0.5)); ds.metric("int64", np.int64(7)); ds.metric("array0", np.array(3.0))
ds.metric("huge", 10 ** 400); ds.metric("big", 2 ** 70); ds.metric("bool", True)
for step in range(3): ds.metric("mixed", [1.0, float("nan"), 3.0][step], step=step)
ds.parameter("huge", 10 ** 400); ds.parameter("none", None); ds.parameter("nan", float("nan"))
ds.parameter("giant", 10 ** 5000); ds.metric("giant", 10 ** 5000)
ds.parameter("list", [1, np.int64(2)]); ds.parameter("object", object)
"""


def test_values_that_are_no_plain_numbers_are_kept_as_what_they_are(project: Path, own_home: Path) -> None:
    kernel = Kernel(own_home, project, env={"JPY_SESSION_NAME": str(project / "v.ipynb")})
    ran = kernel.run(METRICS)
    assert ran.reply["content"]["status"] == "ok", ran.reply["content"]
    kernel.close()
    history = History(project)
    (found,) = history.executions(1)
    (run,) = history.runs()
    last = {name: each["last"] for name, each in run["metrics"].items()}
    assert (last["numpy"], last["int64"], last["array0"], last["bool"]) == (0.5, 7.0, 3.0, 1.0)
    assert last["big"] == float(2**70)
    assert {name: as_float(last[name]) for name in ("inf", "ninf")} == {"inf": math.inf, "ninf": -math.inf}
    assert math.isnan(as_float(last["nan"]))
    mixed = run["metrics"]["mixed"]
    assert (mixed["n_points"], mixed["n_non_finite"], mixed["min"], mixed["max"], mixed["last"]) == (3, 1, 1.0, 3.0, 3.0)
    texts = run["metric_texts"]
    assert texts["words"] == "<b>bold</b>" and texts["none"] == "None"
    assert texts.get("text", "0.5") == "0.5" and last.get("text", 0.5) == 0.5
    assert as_float(last["huge"]) == math.inf
    assert set(run["parameters"]) == {"huge", "giant", "none", "nan", "list", "object"}
    json.dumps(run, allow_nan=False)


def as_float(value: object) -> float:
    """As JSON carries them: a number, or the words NaN, Infinity, -Infinity."""
    return float(str(value))


TRAPS = (
    "<img src=x onerror=alert(1)>", "two\nlines", "emoji 🦆 and ünï", "tab\tand\\backslash", "../../climb",
    "'; DROP TABLE runs; --", "x" * 5000, "null\0byte", "\u202eright to left", "lone \ud800 surrogate", "   ", "",
)


def test_names_and_labels_are_kept_to_the_letter(project: Path, own_home: Path) -> None:
    kernel = Kernel(own_home, project, env={"JPY_SESSION_NAME": str(project / "<b>ünï 🦆.ipynb")})
    traps = json.dumps(TRAPS)
    for number in range(len(TRAPS)):
        ran = kernel.run(f"import dotscience_jlab as ds, json\nname = json.loads({traps!r})[{number}]\n"
                         "with ds.run(name):\n    ds.label(name, name); ds.parameter(name, name); ds.metric(name, 1.0)\n"
                         "    ds.set_description(name)", cell_id=f"cell-{number}")
        assert ran.reply["content"]["status"] == "ok", ran.reply["content"]
    kernel.close()
    history = History(project)
    history.executions(len(TRAPS))
    runs = history.runs(len(TRAPS))
    for trap, run in zip(TRAPS, runs):
        assert run["description"] == trap
        assert run["labels"] == {trap: trap} and run["parameters"] == {trap: trap}
        assert list(run["metrics"]) == [trap]
        assert run["name"] == (trap or run["name"])
        assert run["path"] == "<b>ünï 🦆.ipynb"
    for climbing in ("../../../etc/passwd", "..", "/", "%2e%2e/x", "\0", "🦆" * 3):
        with pytest.raises(DotscienceError):
            history.ask("runs.get", run=climbing)
    history.at_rest()
    log = subprocess.run(["git", "-C", str(project / ".dotscience/store.git"), "fsck", "--strict"], capture_output=True)
    assert log.returncode == 0, log.stderr


def test_files_with_any_name_come_back_byte_for_byte(project: Path, own_home: Path) -> None:
    names = [b"<script>.txt", b"two\nlines.txt", "🦆.txt".encode(), b"caf\xe9 latin-1.txt", b"-rf", b"a b'c\"d.txt",
             b"\xff\xfe.bin"]
    kernel = Kernel(own_home, project, env={"JPY_SESSION_NAME": str(project / "f.ipynb")})
    ran = kernel.run(f"for name in {names!r}:\n    with open(name, 'wb') as file: file.write(b'of ' + name)")
    assert ran.reply["content"]["status"] == "ok"
    kernel.run(f"text = [open(name, 'rb').read() for name in {names!r}]", cell_id="read")
    kernel.close()
    history = History(project)
    wrote, read = history.executions(2)
    paths = sorted(os.fsdecode(name) for name in names)
    assert sorted(use["path"] for use in wrote["files"] if use["role"] == "output") == paths
    assert sorted(use["path"] for use in read["files"] if use["role"] == "input") == paths
    assert {use["kept"] for use in wrote["files"]} == {"stored"}
    for name in names:
        (project / os.fsdecode(name)).write_bytes(b"lost")
    plan = history.ask("restore.plan", snapshot=wrote["snapshot"], paths=paths)
    history.ask("restore.apply", snapshot=wrote["snapshot"], paths=paths, plan_digest=plan["plan_digest"])
    assert [(project / os.fsdecode(name)).read_bytes() for name in names] == [b"of " + name for name in names]


def test_ds_run_says_in_a_sentence_that_a_file_is_no_notebook(project: Path) -> None:
    (project / "broken.ipynb").write_bytes(BROKEN["binary"])
    done = subprocess.run([sys.executable, "-m", "dotscience_jlab.cli", "run", "broken.ipynb"], cwd=project,
                          capture_output=True, text=True)
    assert done.returncode != 0 and "broken.ipynb is not a notebook" in done.stderr and "Traceback" not in done.stderr

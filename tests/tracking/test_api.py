"""The ds verbs in scripts and under the old import name: each story is a process of its own, read back from its spool."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.settings import Settings, load_settings

from ..other_pythons import other_pythons
from .fake_recorder import FakeRecorder
from .spool_reading import events_of, points_of

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(autouse=True)
def recorder(settings: Settings) -> Any:
    fake = FakeRecorder(settings)
    yield fake
    fake.close()


def run(
    cwd: Path,
    code: str,
    *,
    module: str | None = None,
    argv: tuple[str, ...] = (),
    env: dict[str, str] | None = None,
    python: str = sys.executable,
) -> subprocess.CompletedProcess[str]:
    """Run `code` as train.py in `cwd`, plainly or under `-m module`."""
    (cwd / "train.py").write_text(code, encoding="utf-8")
    command = [python, *(["-m", module] if module else []), "train.py", *argv]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        text=True,
        capture_output=True,
        timeout=60,
    )


def session() -> Path:
    (folder,) = load_settings().spool_dir.iterdir()
    return folder


def recorded(what: str) -> dict[str, Any]:
    return {
        name: value
        for e in events_of(session(), "run_recorded")
        if e["what"] == what
        for name, value in e["items"].items()
    }


def test_a_plain_script_is_one_execution_with_its_source_and_outcome(project: Path) -> None:
    (project / "in.csv").write_text("x")
    code = (
        "print('before')\nimport dotscience_jlab as ds\nlr = ds.parameter('lr', 0.1)\nprint('after', lr)\nopen('in.csv').read()\n"
        "for i in range(3):\n    ds.log({'loss': 1.0 / (i + 1), 'acc': i}, step=i)\n"
        "open('m.bin', 'w').write('x')\nds.publish('done')\n"
        "print('last words')\nraise ValueError('at the end')\n"
    )
    done = run(project, code)
    assert done.returncode == 1 and "ValueError: at the end" in done.stderr and "last words" in done.stdout
    (started,) = events_of(session(), "execution_started")
    (finished,) = events_of(session(), "execution_finished")
    assert started["kind"] == "script" and started["source"] == code and started["cell_id"] is None
    assert (finished["outcome"], finished["error_name"], finished["error_value"]) == (
        "error",
        "ValueError",
        "at the end",
    )
    (about,) = events_of(session(), "session_started")
    assert about["script_disk_path"] == str(project / "train.py") and len(about["capture_reasons"]) == 2
    text = "".join(e["output"]["text"] for e in events_of(session(), "output_seen"))
    assert text.startswith("after 0.1\nPublished") and "last words" in text and "before" not in text
    files = {(Path(e["disk_path"]).name, e["role"]) for e in events_of(session(), "file_opened")}
    assert {("in.csv", "input"), ("m.bin", "output"), ("train.py", "input")} <= files
    assert [(name, step, value) for _, name, step, value in points_of(session())] == [
        ("loss", 0, 1.0),
        ("acc", 0, 0.0),
        ("loss", 1, 0.5),
        ("acc", 1, 1.0),
        ("loss", 2, 1 / 3),
        ("acc", 2, 2.0),
    ]
    assert events_of(session())[-1]["event"] == "session_finished"


@pytest.mark.parametrize(
    ("end", "status", "outcome"),
    [
        ("", 0, "ok"),
        ("import sys; sys.exit(3)", 3, "error"),
        ("import sys; sys.exit(0)", 0, "ok"),
        ("raise KeyboardInterrupt", 130, "interrupted"),
        ("1/0", 1, "error"),
    ],
)
def test_a_script_under_ds_run_is_seen_from_its_first_line(project: Path, end: str, status: int, outcome: str) -> None:
    code = f"import sys\nprint('first', sys.argv[1:], __name__)\nopen('made.txt', 'w')\n{end}\n"
    done = run(project, code, module="dotscience_jlab.tracking.script", argv=("--epochs", "3"))
    assert done.returncode == status
    (finished,) = events_of(session(), "execution_finished")
    assert finished["outcome"] == outcome
    text = "".join(
        e["output"]["text"] for e in events_of(session(), "output_seen") if e["output"].get("name") == "stdout"
    )
    assert text == "first ['--epochs', '3'] __main__\n"
    assert "made.txt" in {Path(e["disk_path"]).name for e in events_of(session(), "file_opened")}
    if outcome == "error" and status == 1:
        assert 'File "' in "".join(finished["traceback"]) and "runpy" not in done.stderr


def test_a_bare_import_starts_nothing_and_is_light(project: Path) -> None:
    done = run(
        project,
        "import sys\nbefore = set(sys.modules)\nimport dotscience_jlab as ds\n"
        "new = {n for n in set(sys.modules) - before if n.startswith('dotscience_jlab')}\n"
        "print(sorted(new))\nprint('metric' in dir(ds))",
    )
    assert done.stdout.splitlines()[-1] == "True"
    assert "tracking" not in done.stdout and not load_settings().spool_dir.exists()


def test_odd_values_are_faithful_records(project: Path) -> None:
    code = """
import math, decimal, fractions
import numpy as np
import dotscience_jlab as ds
class Bad:
    def __str__(self): raise RuntimeError
    __repr__ = __str__
for i, v in enumerate([1, 0.5, True, float('nan'), math.inf, -math.inf, np.float32(0.5), np.int64(3), np.array(2.0),
                       np.array([[4.0]]), "0.25",
                       decimal.Decimal("1.5"), fractions.Fraction(1, 2), 10**400]):
    assert ds.metric(f"m{i}", v) is v
ds.metric("text", "high"); ds.metric("bad", Bad()); ds.log({"mix": 1.0, "word": "w", 3: 2})
ds.parameter("<script>alert(1)</script>\\n😀", {"a": 1}); ds.parameter("bad", Bad()); ds.parameter("np", np.float64(0.1))
ds.parameter("big", 2**70); ds.parameter("none", None); ds.parameter("inf", math.inf); ds.parameter("sur", "\\ud800")
ds.add_parameters("a", 1, "b", 2, c=3); ds.add_parameters({"d": 4}); ds.add_labels("k", "v"); ds.add_metrics("p", 1, q=2)
ds.label("<b>", "<i>"); ds.publish("<img src=x>")
"""
    done = run(project, code)
    assert done.returncode == 0, done.stderr
    values = {name: value for _, name, _, value in points_of(session())}
    assert [values[f"m{i}"] for i in (0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)] == [
        1,
        0.5,
        1,
        math.inf,
        -math.inf,
        0.5,
        3,
        2,
        4,
        0.25,
        1.5,
        0.5,
        math.inf,
    ]
    assert math.isnan(values["m3"]) and values["mix"] == 1.0 and values["3"] == 2 and values["p"] == 1
    assert recorded("metric_text") == {"text": "high", "bad": "<unprintable Bad>", "word": "w"}
    parameters = recorded("parameter")
    assert (
        parameters["<script>alert(1)</script>\n😀"] == "{'a': 1}"
        and parameters["np"] == 0.1
        and parameters["big"] == 2**70
    )
    assert (parameters["a"], parameters["b"], parameters["c"], parameters["d"], parameters["none"]) == (
        1,
        2,
        3,
        4,
        None,
    )
    assert parameters["sur"] == "\ud800"


@pytest.mark.parametrize(
    "call",
    [
        "ds.metric('a', 1, step='x')",
        "ds.metric('a', 1, step=0.5)",
        "ds.metric('a', 1, step=2**64)",
        "ds.log([1, 2])",
        "ds.add_parameters('odd')",
        "ds.image('a', object())",
        "ds.image('a', 'missing.png')",
        "ds.table('t', 3)",
    ],
)
def test_wrong_arguments_are_an_error_in_a_sentence(project: Path, call: str) -> None:
    done = run(
        project,
        f"import dotscience_jlab as ds\nfrom dotscience_jlab.errors import InvalidRequest\ntry:\n    {call}\n"
        "except InvalidRequest as error:\n    print('said:', error)\n",
    )
    assert re.match(r"said: .{15,}\.", done.stdout), done.stdout + done.stderr


def test_blocks_tracked_functions_and_their_ends(project: Path) -> None:
    code = """
import asyncio, threading
import dotscience_jlab as ds
with ds.run("outer") as run:
    run.parameter("p", 1); ds.metric("m", 1.0)
    with ds.run("inner"): ds.metric("n", 2.0)
    ds.metric("m", 3.0)
    assert run.id
@ds.track
def train(lr, depth=3): return ds.metric("acc", lr * depth)
assert train(0.5) == 1.5
@ds.track(name="async one")
async def later(x): await asyncio.sleep(0); ds.metric("y", x)
asyncio.run(later(4))
for bad in (ValueError, KeyboardInterrupt):
    try:
        with ds.run(bad.__name__): raise bad("why")
    except bad: pass
def work(i):
    with ds.run(f"t{i}"):
        barrier.wait(); ds.metric("own", i)
barrier = threading.Barrier(3)
ts = [threading.Thread(target=work, args=(i,)) for i in range(3)]
[t.start() for t in ts]; [t.join() for t in ts]
"""
    done = run(project, code)
    assert done.returncode == 0, done.stderr
    names = {e["run"]: e["name"] for e in events_of(session(), "run_opened")}
    assert sorted(names.values()) == sorted(
        ["outer", "inner", "train", "async one", "ValueError", "KeyboardInterrupt", "t0", "t1", "t2"]
    )
    states = {names[e["run"]]: (e["state"], e["error"]) for e in events_of(session(), "run_closed")}
    assert states["ValueError"] == ("failed", "ValueError: why") and states["KeyboardInterrupt"][0] == "interrupted"
    assert all(
        state == "finished" for name, (state, _) in states.items() if name not in ("ValueError", "KeyboardInterrupt")
    )
    points = [(names[run], name, value) for run, name, _, value in points_of(session())]
    assert points[:5] == [
        ("outer", "m", 1.0),
        ("inner", "n", 2.0),
        ("outer", "m", 3.0),
        ("train", "acc", 1.5),
        ("async one", "y", 4.0),
    ]
    assert {(run, value) for run, name, value in points if name == "own"} == {("t0", 0.0), ("t1", 1.0), ("t2", 2.0)}
    assert recorded("parameter") == {"p": 1, "lr": 0.5, "depth": 3, "x": 4}


def test_values_of_forked_workers_reach_the_parents_run(project: Path) -> None:
    code = """
import multiprocessing, os
import dotscience_jlab as ds
def work(i):
    for step in range(5): ds.metric(f"w{i}", i, step=step)
if __name__ == "__main__":
    ds.metric("parent", 1.0)
    ctx = multiprocessing.get_context("fork")
    ps = [ctx.Process(target=work, args=(i,)) for i in range(3)]
    [p.start() for p in ps]; [p.join() for p in ps]
    ds.metric("parent", 2.0)
"""
    done = run(project, code)
    assert done.returncode == 0, done.stderr
    points = points_of(session())
    assert len({run for run, *_ in points}) == 1
    assert sorted((name, step, value) for _, name, step, value in points if name != "parent") == sorted(
        (f"w{i}", step, float(i)) for i in range(3) for step in range(5)
    )


def test_pictures_tables_and_texts_lie_beside_the_spool(project: Path) -> None:
    code = """
import numpy as np, pandas as pd
import matplotlib; matplotlib.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image
import dotscience_jlab as ds
fig, ax = plt.subplots(); ax.plot([1, 2])
ds.image("figure", fig, step=1); ds.image("gray", np.arange(12).reshape(3, 4)); ds.image("rgb", np.zeros((2, 5, 3)))
Image.new("RGB", (4, 6)).save("p.png"); ds.image("path", "p.png"); ds.image("pil", Image.new("L", (7, 8)))
ds.text("short", "hello"); ds.text("long", "x" * 20000); ds.table("df", pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
ds.table("dicts", [{"a": 1}, {"b": 2}]); ds.output("out.bin"); ds.input("."); ds.model(np, "net", "net.pt", classes="c.json")
"""
    done = run(project, code)
    assert done.returncode == 0, done.stderr
    from PIL import Image

    images = recorded("image")
    assert images["figure"]["step"] == 1
    assert Image.open(images["gray"]["disk_path"]).size == (4, 3) and Image.open(images["rgb"]["disk_path"]).size == (
        5,
        2,
    )
    assert Image.open(images["path"]["disk_path"]).size == (4, 6) and Image.open(images["pil"]["disk_path"]).size == (
        7,
        8,
    )
    assert recorded("text")["short"]["value"] == "hello"
    assert Path(recorded("text")["long"]["disk_path"]).stat().st_size == 20000
    tables = recorded("table")
    assert Path(tables["df"]["disk_path"]).read_text() == "a,b\n1,x\n2,y\n" and tables["df"]["n_rows"] == 2
    assert Path(tables["dicts"]["disk_path"]).read_text() == "a,b\n1,\n,2\n"
    assert str(project / "train.py") in recorded("input") and str(project / "out.bin") in recorded("output")
    assert recorded("model")["net"]["disk_path"] == str(project / "net.pt") and str(project / "c.json") in recorded(
        "output"
    )


def test_connect_says_once_that_nothing_is_sent_and_the_key_is_nowhere(project: Path) -> None:
    done = run(
        project,
        "import dotscience_jlab as ds\nkey = 'very-secret-key-1'\nds.connect('me', key, 'p')\n"
        "ds.connect('me', key, 'p')\nds.label('k', key); print(key)",
    )
    assert done.stdout.count("nothing is sent") == 1
    spool = b"".join(path.read_bytes() for path in session().rglob("*.spool"))
    source, rest = spool.split(b'"source":', 1)[0], spool.split(b'"kind":"script"', 2)[-1]
    assert b"very-secret-key-1" not in source + rest


def test_a_disabled_script_behaves_the_same_and_leaves_no_trace(project: Path) -> None:
    code = "import dotscience_jlab as ds\nprint(ds.metric('a', 1), ds.input('x'))\n"
    code += "with ds.run('r') as r: print(r.id)\nds.publish()\n"
    done = run(project, code, env={"DOTSCIENCE_DISABLE": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 x\nNone\n", "")
    assert not load_settings().spool_dir.exists()


def test_a_spool_that_cannot_be_written_is_said_once_and_breaks_nothing(project: Path) -> None:
    load_settings().data_dir.mkdir(parents=True)
    load_settings().spool_dir.write_text("a file where the folder should be")
    done = run(
        project, "import dotscience_jlab as ds\nfor i in range(5): ds.metric('a', i)\nds.publish()\nprint('end')"
    )
    assert done.returncode == 0 and done.stdout.endswith("end\n")
    assert done.stderr.count("cannot be recorded") == 1 and "Your code is not affected." in done.stderr


def normal(text: str) -> str:
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    return re.sub(r"[0-9]{8}T[0-9]{6}\.[0-9]{6}", "TIME", text)


def test_the_old_name_prints_what_the_original_printed(project: Path) -> None:
    code = (
        "from dotscience_jlab.tracking import old_name\nold_name.install_finder()\n"
        + (GOLDEN / "dotscience_scenario.py").read_text()
    )
    done = run(project, code, env={"DOTSCIENCE_PROJECT_DOT_ROOT": str(project)})
    assert done.returncode == 0, done.stderr
    assert normal(done.stdout) == (GOLDEN / "dotscience_0_8_7.txt").read_text()
    published = [e["run"] for e in events_of(session(), "run_published")]
    markers = re.findall(r"\[\[DOTSCIENCE-RUN:([0-9a-f-]{36})\]\]", done.stdout)
    assert markers[: len(published)] == published and len(published) == 6
    again = [e for e in events_of(session(), "run_recorded") if e["run"] == published[1] and e["what"] == "parameter"]
    assert {name for e in again for name in e["items"]} == {"a", "b", "c", "lr", "p"}


def test_a_real_library_of_that_name_wins(project: Path) -> None:
    (project / "dotscience.py").write_text("who = 'the real one'\n")
    done = run(
        project,
        "import dotscience_jlab.tracking.old_name as c\nc.install_finder()\nimport dotscience; print(dotscience.who)",
    )
    assert done.stdout == "the real one\n"


@pytest.mark.parametrize("python", other_pythons() or [sys.executable], ids=lambda path: Path(path).parts[-3])
def test_the_kernel_side_works_in_every_python_here(project: Path, python: str) -> None:
    """Standard library alone, isolated from this environment's packages."""
    code = (
        "import dotscience_jlab as ds, dotscience_jlab.tracking.compat, dotscience_jlab.link.launch\n"
        "with ds.run('r') as r:\n    r.parameter('a', 1); ds.log({'x': 1.0, 'y': 'text'}, step=3); ds.text('t', 'x')\nprint('done')"
    )
    done = run(project, code, python=python)
    assert done.stdout == "done\n", done.stderr
    assert recorded("parameter") == {"a": 1} and events_of(session())[-1]["event"] == "session_finished"

"""What counts as an execution, tried in a real ipykernel: the rows of docs/executions.md."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from dotscience_jlab.settings import Settings, load_settings

from .fake_recorder import FakeRecorder
from .kernel_driver import Kernel


@pytest.fixture
def recorder(settings: Settings) -> Iterator[FakeRecorder]:
    fake = FakeRecorder(settings)
    yield fake
    fake.close()


@pytest.fixture
def kernel(own_home: Path, project: Path, recorder: FakeRecorder) -> Iterator[Kernel]:
    running = Kernel(own_home, project)
    yield running
    running.close()


def only(items: list[Any]) -> Any:
    assert len(items) == 1, items
    return items[0]


def shown(kernel: Kernel, ran: Any) -> str:
    """All stream text and plain text that was reported for an execution."""
    text = ""
    for event in kernel.events("output_seen", execution=ran):
        output = event["output"]
        text += output.get("text", "") or output.get("data", {}).get("text/plain", "")
    return text


def test_what_is_an_execution(kernel: Kernel, project: Path) -> None:
    """One kernel, one table: source -> kind, outcome, text shown. Order as sent."""
    (project / "script.py").write_text("print('from script', __name__)\nopen('made.txt', 'w').write('x')\n")
    rows = [
        ("print('plain')", "ok", "plain\n"),
        ("%run script.py", "ok", "from script __main__\n"),
        ("%%bash\necho from bash", "ok", "from bash\n"),
        ("exec('print(40 + 2)')", "ok", "42\n"),
        ("import asyncio\nawait asyncio.sleep(0.01)\nprint('async')", "ok", "async\n"),
        (
            "import threading\nt = threading.Thread(target=lambda: print('thread'))\nt.start(); t.join()",
            "ok",
            "thread\n",
        ),
        ("!echo shell", "ok", "shell\n"),
        (
            "import os\npid = os.fork()\nif pid == 0:\n    print('child', flush=True); os._exit(0)\nos.waitpid(pid, 0);",
            "ok",
            "child\n",
        ),
        ("1 / 0", "error", ""),
        ("def broken(:", "error", ""),
        ("'last value'", "ok", "'last value'"),
        ("raise KeyboardInterrupt", "interrupted", ""),
    ]
    for number, (source, outcome, text) in enumerate(rows, 1):
        ran = kernel.run(source, cell_id=f"cell-{number}")
        started = only(kernel.events("execution_started", execution=ran))
        finished = only(kernel.events("execution_finished", execution=ran))
        assert (started["source"], started["kind"], started["cell_id"]) == (source, "cell", f"cell-{number}")
        assert (started["order"], started["execution_count"]) == (number, number)
        assert finished["outcome"] == outcome, source
        assert text in shown(kernel, ran).replace("\r\n", "\n"), source
        if outcome == "error":
            assert finished["error_name"] in ("ZeroDivisionError", "SyntaxError") and finished["traceback"]


def test_a_nested_cell_is_an_entry_and_its_output_belongs_to_the_outer(kernel: Kernel) -> None:
    ran = kernel.run("get_ipython().run_cell('print(\"inner\")'); print('outer')")
    assert "inner\nouter\n" in shown(kernel, ran)
    nested = only([event for event in kernel.events("execution_started") if event["kind"] == "nested"])
    assert nested["source"] == 'print("inner")' and nested["cell_id"] is None
    assert nested["execution"].endswith(f"{ran.msg_id}.n1")


def test_silent_requests_and_probes_are_no_executions(kernel: Kernel) -> None:
    kernel.run("secret = 1", silent=True, store_history=False)
    kernel.run("secret", cell_id=None, store_history=False)
    ran = kernel.run("print('seen')", cell_id="a")
    assert only(kernel.events("execution_started", execution=ran))["order"] == 1
    assert len(kernel.events("execution_started")) == 1


def test_a_private_cell_leaves_only_that_it_happened(kernel: Kernel) -> None:
    by_tag = kernel.run(
        "print('hush'); open('private.txt', 'w'); import dotscience_jlab as ds; ds.metric('m', 1.0)",
        metadata={"tags": ["ds-private"]},
    )
    by_line = kernel.run("# ds-private\n1/0", cell_id="b")
    for ran in (by_tag, by_line):
        started = only(kernel.events("execution_started", execution=ran))
        assert started["is_private"] and started["source"] == ""
        assert kernel.events("output_seen", execution=ran) == []
        finished = only(kernel.events("execution_finished", execution=ran))
        assert not finished["traceback"] and finished["error_value"] is None
    assert not kernel.events("run_opened")
    assert not [e for e in kernel.events("file_opened") if "private" in e["disk_path"]]


def test_files_are_seen_with_their_roles_and_once_a_cell(kernel: Kernel, project: Path) -> None:
    (project / "in.txt").write_text("1")
    source = "for i in range(3):\n    open('in.txt').read()\n    open('out.txt', 'w').write('x')\nimport json"
    first = kernel.run(source)
    second = kernel.run(source, cell_id="again")
    for ran in (first, second):
        files = {(Path(e["disk_path"]).name, e["role"]) for e in kernel.events("file_opened", execution=ran)}
        assert files == {("in.txt", "input"), ("out.txt", "output")}
        assert len(kernel.events("file_opened", execution=ran)) == 2


def test_known_secrets_never_reach_the_spool(own_home: Path, project: Path, recorder: FakeRecorder) -> None:
    (project / ".env").write_text("DB_PASSWORD='from-dotenv-77'\n")
    kernel = Kernel(own_home, project, env={"MY_API_KEY": "sk-0123456789abcdef"})
    try:
        kernel.run(
            "import os, sys, time\nk = os.environ['MY_API_KEY']\nprint('a', k)\n"
            "sys.stdout.write(k[:7]); sys.stdout.flush(); time.sleep(0.5); print(k[7:])\n"
            "print('from-dotenv-77')\nos.environ['NEW_TOKEN'] = 'tok-assigned-here'\nprint('tok-assigned-here')\n"
            "from IPython.display import HTML, display; display(HTML('<b>' + k + '</b>'))\n"
            "import dotscience_jlab as ds; ds.parameter('p', k); ds.label(k, 1)"
        )
        ran = kernel.run("raise ValueError(k)", cell_id="b")
        kernel.events("execution_finished", execution=ran)
        spool = b"".join(path.read_bytes() for path in kernel.session.glob("*.spool"))
        for value in (b"sk-0123456789abcdef", b"0123456789abcdef", b"from-dotenv-77", b"tok-assigned-here"):
            assert value not in spool
        assert "«secret:MY_API_KEY»".encode() in spool and "«secret:DB_PASSWORD»".encode() in spool
    finally:
        kernel.close()


def test_a_cell_that_logs_run_five_times_is_five_runs_with_the_parameters_above(kernel: Kernel) -> None:
    kernel.run("import dotscience_jlab as ds\nds.parameter('lr', 0.1)", cell_id="params")
    for _ in range(5):
        kernel.run("for i in range(3): ds.metric('loss', 1 / (i + 1), step=i)", cell_id="train")
    ran = kernel.run("1", cell_id="other")
    kernel.events("execution_finished", execution=ran)
    opened = kernel.events("run_opened")
    assert len(opened) == 5
    assert [event["carried_over"] for event in opened] == [{}] + [{"parameters": {"lr": 0.1}}] * 4
    assert [event["state"] for event in kernel.events("run_closed")] == ["finished"] * 4


def test_outputs_are_capped_and_the_cut_is_stated(own_home: Path, project: Path, recorder: FakeRecorder) -> None:
    folder = load_settings().data_dir
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text('{"limits": {"output_bytes": 1000}}')
    kernel = Kernel(own_home, project)
    try:
        ran = kernel.run(
            "for i in range(50): print('x' * 99, flush=True)\nfrom IPython.display import HTML\nHTML('y' * 5000)"
        )
        events = kernel.events("output_seen", execution=ran)
        assert sum(len(e["output"].get("text", "")) for e in events) == 1000
        assert sum(e["n_cut_bytes"] for e in events) >= 4000 + 5000
    finally:
        kernel.close()


def test_a_late_thread_still_finds_its_cell(kernel: Kernel) -> None:
    ran = kernel.run(
        "import threading, time\ndef late():\n    time.sleep(0.6); print('late words')\n"
        "threading.Thread(target=late).start()"
    )
    deadline = time.monotonic() + 20
    while "late words" not in shown(kernel, ran) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "late words" in shown(kernel, ran)


def test_an_interrupt_while_waiting_for_the_recorder_stops_the_cell(kernel: Kernel, recorder: FakeRecorder) -> None:
    """The recorder does not answer; Ctrl-C in the wait must not be swallowed and the cell must not run."""
    kernel.run(
        "import time\nfrom dotscience_jlab.tracking import active\ns = active.session()\n"
        "while not s._doorbell.is_connected: time.sleep(0.01)"
    )
    recorder.is_silent = True
    kernel.run("x = 1; s._patience.longest_s = 60.0; s._patience.waited_s = -100.0", cell_id="b")
    ran = kernel.run("x = 2", cell_id="c", interrupt_after_s=1.0)
    assert ran.reply["content"]["ename"] == "KeyboardInterrupt"
    assert only(kernel.events("execution_finished", execution=ran))["outcome"] == "interrupted"
    recorder.acknowledge_all()
    assert kernel.run("print(x)", cell_id="d").text() == "1\n"


def test_the_next_cell_waits_until_the_one_before_is_staged(kernel: Kernel, recorder: FakeRecorder) -> None:
    kernel.run(
        "import time\nfrom dotscience_jlab.tracking import active\ns = active.session()\n"
        "while not s._doorbell.is_connected: time.sleep(0.01)\ns._patience.longest_s = 20.0; s._patience.waited_s = -100.0"
    )
    recorder.delay_s = 0.3
    sent = [
        kernel.send("t0 = time.time()", cell_id="a"),
        kernel.send("t1 = time.time()", cell_id="b"),
        kernel.send("print(t1 - t0)", cell_id="c"),
    ]
    results = [kernel.wait(each) for each in sent]
    assert float(results[-1].text()) >= 0.25


def test_the_session_says_who_it_is_and_ends_by_itself(own_home: Path, project: Path, recorder: FakeRecorder) -> None:
    kernel = Kernel(own_home, project, env={"JPY_SESSION_NAME": str(project / "train.ipynb")})
    kernel.run("import dotscience_jlab as ds; ds.metric('a', 1)")
    session = kernel.session
    kernel.close()
    from .spool_reading import events_of

    started = only(events_of(session, "session_started"))
    assert started["notebook_disk_path"] == str(project / "train.ipynb")
    assert started["capture_reasons"] == [] and started["kind"] == "kernel"
    assert only(events_of(session, "environment_seen"))["environment"]["packages"]
    assert only(events_of(session, "run_closed"))["state"] == "finished"
    assert events_of(session)[-1]["event"] == "session_finished"


def test_nothing_at_all_when_switched_off(own_home: Path, project: Path, recorder: FakeRecorder) -> None:
    kernel = Kernel(own_home, project, env={"DOTSCIENCE_DISABLE": "1"})
    try:
        ran = kernel.run("import dotscience_jlab as ds\nwith ds.run('x'):\n    print(ds.metric('a', 1))\nds.publish()")
        assert ran.text() == "1\n"
        assert not load_settings().spool_dir.exists() and recorder.hellos == []
    finally:
        kernel.close()

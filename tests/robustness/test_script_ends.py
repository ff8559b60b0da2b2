"""Ends of scripts, plain and under `ds run`: whatever ends one, its run and its session say so.

Each row ends six scripts at once: before their first recorded value, in an open run and after a published one, started by
`python` and by `ds run`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.executors.history import History
from tests.tracking.kernel_driver import STARTUP

from .memory_limit import memory_limit

PLACES = ("before", "in", "after")
STARTERS = ("python", "ds run")
_TEXT = {
    "before": "{wait}\n{act}",
    "in": "import dotscience_jlab as ds\nfor n in range(20): ds.metric('loss', 1.0 / (n + 1), step=n)\n{wait}\n{act}",
    "after": "import dotscience_jlab as ds\nds.start('long')\nds.metric('loss', 0.5, step=1)\nds.publish('done')\n{wait}\n{act}",
}
_WAIT = "import os, time\nopen({here!r}, 'w').write(str(os.getpid()))\nwhile not os.path.exists({flag!r}): time.sleep(0.01)"
EATS_MEMORY = "eaten = [b'x' * 20_000_000 for _ in range(100)]"
FAILS_IN_A_THREAD = "import threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()"
BURNS_TIME = "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 60))\nwhile True: pass"
MEETS_A_LIMIT = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))\nb'x' * 1_000_000_000"


@dataclass
class Script:
    place: str
    starter: str
    path: Path
    started: subprocess.Popen[bytes]
    pid: int = 0
    """Of the script itself."""

    @property
    def is_recorded(self) -> bool:
        """A plain script is known from its first value on."""
        return self.place != "before" or self.starter == "ds run"


class Scripts:
    def __init__(self, project: Path, home: Path) -> None:
        self.project, self.home, self.history = project, home, History(project)
        self.scripts: list[Script] = []
        self.flag = home / "go on"

    def bring(self, act: str, preexec: Callable[[int], Callable[[], None] | None] = lambda number: None) -> list[Script]:
        environ = {**os.environ, "PYTHONPATH": str(STARTUP.parents[2])}
        for number, (place, starter) in enumerate((place, starter) for place in PLACES for starter in STARTERS):
            path, here = self.project / f"script{number}.py", self.home / f"here{number}"
            path.write_text(_TEXT[place].format(wait=_WAIT.format(here=str(here), flag=str(self.flag)), act=act))
            command = [sys.executable, *([] if starter == "python" else ["-m", "dotscience_jlab.cli", "run"]), str(path)]
            started = subprocess.Popen(
                command, env=environ, cwd=self.project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                preexec_fn=preexec(number),
            )
            self.scripts.append(Script(place, starter, path, started))
        for number, each in enumerate(self.scripts):
            here = self.home / f"here{number}"
            self.history.found(lambda here=here: here.exists() and here.read_text(), "a script did not start")
            each.pid = int(here.read_text())
        for each in self.scripts:
            if each.is_recorded:
                self.history.found(lambda each=each: self.execution(each), "a script is not seen")
            if each.place == "in":
                self.history.found(lambda each=each: self.run(each), "its run is not seen")
        return self.scripts

    def execution(self, script: Script) -> dict[str, Any] | None:
        return next(iter(self.history.ask("executions.list", path=script.path.name)["items"]), None)

    def run(self, script: Script) -> dict[str, Any] | None:
        return next(iter(self.history.ask("runs.list", path=script.path.name)["items"]), None)

    def session(self, script: Script) -> dict[str, Any]:
        execution = self.execution(script)
        assert execution is not None
        ask, session = self.history.ask, execution["session"]
        return self.history.found(lambda: ask("sessions.get", session=session), f"{script.path.name} is not over")

    def close(self) -> None:
        for each in self.scripts:
            if each.started.poll() is None:
                each.started.kill()
            each.started.wait()


@pytest.fixture
def scripts(project: Path, own_home: Path) -> Iterator[Scripts]:
    made = Scripts(project, own_home)
    yield made
    made.close()


def end_all(scripts: Scripts, brought: list[Script], cause: str | None, outcome: str, run_state: str, *, name: str | None = None,
            status: int | None = None) -> None:
    """outcome, run_state: of the script and of its open run; a published run is finished whatever comes after."""
    scripts.flag.touch()
    for each in brought:
        if not each.is_recorded:
            continue
        certificate = scripts.session(each)["certificate"]
        told = certificate and (certificate["cause"], certificate["signal"], certificate["exit_status"])
        assert told == (cause and (cause, name, status)), (each, certificate)
        execution, run = scripts.execution(each), scripts.run(each)
        assert execution is not None and execution["outcome"] == outcome, each
        assert (run and run["state"]) == {"before": None, "in": run_state, "after": "finished"}[each.place], each
        if each.place == "in" and run_state in ("killed", "failed"):
            assert run is not None and run["state_reason"], each
    assert scripts.history.n_running() == 0


def signalled(number: int) -> Callable[[Scripts], None]:
    def act(scripts: Scripts) -> None:
        brought = scripts.bring("time.sleep(1000)")
        for each in brought:
            os.kill(each.pid, number)
        end_all(scripts, brought, "signal", "killed", "killed", name=signal.Signals(number).name)

    return act


def ending(code: str, *expected: Any, **more: Any) -> Callable[[Scripts], None]:
    return lambda scripts: end_all(scripts, scripts.bring(code), *expected, **more)


def out_of_memory(scripts: Scripts) -> None:
    with ExitStack() as stack:
        groups = [stack.enter_context(memory_limit(150_000_000)) for _ in range(len(PLACES) * len(STARTERS))]
        brought = scripts.bring(EATS_MEMORY, preexec=lambda number: lambda: groups[number].write_text("0"))
        end_all(scripts, brought, "out of memory", "killed", "killed", name="SIGKILL")


def interrupted(scripts: Scripts) -> None:
    brought = scripts.bring("time.sleep(1000)")
    for each in brought:
        os.kill(each.pid, signal.SIGINT)
    for each in brought:
        if each.is_recorded:
            scripts.session(each)
            execution, run = scripts.execution(each), scripts.run(each)
            assert execution is not None and execution["outcome"] == "interrupted"
            assert (run and run["state"]) == {"before": None, "in": "interrupted", "after": "finished"}[each.place]
    assert scripts.history.n_running() == 0


KINDS: list[tuple[str, Callable[[Scripts], None]]] = [
    ("killed", signalled(signal.SIGKILL)),
    ("terminated", signalled(signal.SIGTERM)),
    ("segmentation fault", ending("import ctypes\nctypes.string_at(0)", "signal", "killed", "killed", name="SIGSEGV")),
    ("abort", ending("os.abort()", "signal", "killed", "killed", name="SIGABRT")),
    ("limit of CPU time", ending(BURNS_TIME, "signal", "killed", "killed", name="SIGXCPU")),
    ("os._exit", ending("os._exit(4)", "exit status", "killed", "killed", status=4)),
    ("sys.exit(3)", ending("import sys\nsys.exit(3)", "exit status", "error", "failed", status=3)),
    ("sys.exit with a text", ending("import sys\nsys.exit('no data')", "exit status", "error", "failed", status=1)),
    ("sys.exit(0)", ending("import sys\nsys.exit(0)", None, "ok", "finished")),
    ("its last line", ending("1", None, "ok", "finished")),
    ("exception", ending("1 / 0", "exit status", "error", "failed", status=1)),
    ("exception in a thread", ending(FAILS_IN_A_THREAD, None, "ok", "finished")),
    ("limit of memory", ending(MEETS_A_LIMIT, "exit status", "error", "failed", status=1)),
    ("out of memory", out_of_memory),
    ("interrupted", interrupted),
]


@pytest.mark.slow(share=0.02)
@pytest.mark.parametrize("end", [pytest.param(end, id=name) for name, end in KINDS])
def test_an_end_of_a_script_is_told_as_it_was(end: Callable[[Scripts], None], scripts: Scripts) -> None:
    end(scripts)

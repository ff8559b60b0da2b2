"""Two hundred deaths in a table: whatever ends a kernel, at whatever instant, its run, its cell and its session say so.

Each row ends five kernels of one folder at once, one at each instant of `dying.py`. Scripts are in `test_script_ends.py`; what
cannot be made here is handed in, in `test_simulated_ends.py`. docs/reliability.md has the table of the last whole run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.recording.exit_status import hold
from dotscience_jlab.recording.inbox import Process
from dotscience_jlab.settings import load_settings

from .dying import INSTANTS, RUNNING, STUBBORN, Dying, Mortals
from .memory_limit import memory_limit

SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGBUS, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR2
EATS_MEMORY = "eaten = [b'x' * 20_000_000 for _ in range(100)]"
BURNS_TIME = "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 60))\nwhile True: pass"


@pytest.fixture
def mortals(project: Path, own_home: Path) -> Iterator[Mortals]:
    made = Mortals(project, own_home)
    yield made
    made.close()


def check(mortals: Mortals, each: Dying, cause: str, *, name: str | None = None, status: int | None = None, cut: str = "killed",
          open_run: str = "incomplete") -> None:
    """cut: state of a cell and a run that were going on. open_run: of one that nobody had finished."""
    certificate = mortals.certificate(each)
    assert certificate is not None
    told = certificate["cause"], certificate["signal"], certificate["exit_status"]
    assert told == (cause, name, status), certificate["sentence"]
    assert mortals.outcomes(each) == ["ok", cut if each.instant in RUNNING else "ok"]
    assert [bool(certificate[name]) for name in ("execution", "resume_from")] == [each.instant in RUNNING] * 2
    run = mortals.run_of(each)
    states = {"in a run": cut, "between": open_run, "after": "finished"}
    assert (run and run["state"]) == states.get(each.instant)
    if each.instant == "in a run":
        assert certificate["last_metric"] == {"name": "loss", "value": 0.05, "step": 19}
        assert run is not None and run["state_reason"] == certificate["sentence"]


def end_all(mortals: Mortals, brought: list[Dying], how: Callable[[Dying], Any], cause: str, **expected: Any) -> None:
    began_at = time.monotonic()
    for each in brought:
        how(each)
    for each in brought:
        check(mortals, each, cause, **expected)
    print(f"{len(brought)} deaths were told {time.monotonic() - began_at:.1f} s after the first")
    assert mortals.history.n_running() == 0


def signalled(number: int) -> Callable[[Mortals], None]:
    def act(mortals: Mortals) -> None:
        end_all(mortals, mortals.bring(), lambda each: each.kill(number), "signal", name=signal.Signals(number).name)

    return act


def by_itself(code: str, cause: str, **expected: Any) -> Callable[[Mortals], None]:
    def act(mortals: Mortals) -> None:
        end_all(mortals, mortals.bring(code), lambda each: each.flag.touch(), cause, **expected)

    return act


def out_of_memory(mortals: Mortals) -> None:
    with ExitStack() as stack:
        groups = {each: stack.enter_context(memory_limit(150_000_000)) for each in INSTANTS}
        brought = mortals.bring(EATS_MEMORY, preexec=lambda instant: lambda: groups[instant].write_text("0"))
        end_all(mortals, brought, lambda each: each.flag.touch(), "out of memory", name="SIGKILL")


def out_of_memory_under_a_server(mortals: Mortals) -> None:
    with ExitStack() as stack:
        groups = {each: stack.enter_context(memory_limit(150_000_000)) for each in INSTANTS}
        brought = mortals.bring_by_server(EATS_MEMORY, groups=groups)
        end_all(mortals, brought, lambda each: each.flag.touch(), "out of memory", name="SIGKILL")


def killed_in_a_memory_group(mortals: Mortals) -> None:
    """A limit that was not met is no cause."""
    with ExitStack() as stack:
        groups = {each: stack.enter_context(memory_limit(500_000_000)) for each in INSTANTS}
        brought = mortals.bring(preexec=lambda instant: lambda: groups[instant].write_text("0"))
        end_all(mortals, brought, lambda each: each.kill(signal.SIGKILL), "signal", name="SIGKILL")


def stopped_then_killed(mortals: Mortals) -> None:
    brought = mortals.bring()
    for each in brought:
        each.kill(signal.SIGSTOP)
    end_all(mortals, brought, lambda each: each.kill(signal.SIGKILL), "signal", name="SIGKILL")


def with_the_recorder(mortals: Mortals) -> None:
    """Nobody saw it: the next recorder says that it does not know."""
    brought = mortals.bring()
    kill_recorder(mortals)
    end_all(mortals, brought, lambda each: each.kill(signal.SIGKILL), "unknown")


def after_another_recorder(mortals: Mortals) -> None:
    brought = mortals.bring()
    kill_recorder(mortals)
    mortals.history.found(lambda: all(mortals.is_held(each) for each in brought), "the new recorder does not look")
    end_all(mortals, brought, lambda each: each.kill(signal.SIGKILL), "signal", name="SIGKILL")


def while_the_recorder_stood_still(mortals: Mortals) -> None:
    brought, recorder = mortals.bring(), mortals.recorder()
    os.kill(recorder, signal.SIGSTOP)
    for each in brought:
        each.kill(signal.SIGKILL)
    os.kill(recorder, signal.SIGCONT)
    end_all(mortals, brought, lambda each: None, "signal", name="SIGKILL")


def with_the_recorder_and_its_spool(mortals: Mortals) -> None:
    """A container's home is gone with it, and the project folder on its volume is not."""
    brought = mortals.bring()
    kill_recorder(mortals)
    for each in brought:
        each.kill(signal.SIGKILL)
    shutil.rmtree(load_settings().spool_dir)
    mortals.history.found(lambda: mortals.history.n_running() == 0, "something is running for ever")
    for each in brought:
        run = mortals.run_of(each)
        assert mortals.outcomes(each)[-1:] == ["incomplete" if each.instant in RUNNING else "ok"]
        assert (run and run["state"]) == {"in a run": "incomplete", "between": "finished", "after": "finished"}.get(each.instant)


def full_disk(mortals: Mortals) -> None:
    """The project folder is a file system of its own that has no room left; it is told once there is some again."""
    brought = mortals.bring()
    filler = mortals.project / "filler.bin"
    with pytest.raises(OSError), filler.open("wb") as file:
        while True:
            file.write(bytes(65_536))
            file.flush()
    for each in brought:
        each.kill(signal.SIGKILL)
    is_told = lambda: mortals.ask("status", disk_path=str(mortals.project))["state"] != "recording"  # noqa: E731
    mortals.history.found(is_told, "no problem is told")
    filler.unlink()
    end_all(mortals, brought, lambda each: None, "signal", name="SIGKILL")


def restarted(mortals: Mortals) -> None:
    end_all(mortals, mortals.bring_by_server(), lambda each: mortals.call("POST", f"api/kernels/{each.kernel_id}/restart"),
            "restarted", cut="interrupted", open_run="finished")


def restarted_stubbornly(mortals: Mortals) -> None:
    """The cell swallows the interrupt, and is killed."""
    brought = [each for each in mortals.bring_by_server(loop=STUBBORN) if each.instant in RUNNING]
    end_all(mortals, brought, lambda each: mortals.call("POST", f"api/kernels/{each.kernel_id}/restart"), "restarted")


def shut_down(mortals: Mortals) -> None:
    end_all(mortals, mortals.bring_by_server(), lambda each: mortals.call("DELETE", f"api/kernels/{each.kernel_id}"),
            "shut down", cut="interrupted", open_run="finished")


def server_stopped(mortals: Mortals) -> None:
    brought = mortals.bring_by_server()
    mortals.end_server(signal.SIGTERM)
    end_all(mortals, brought, lambda each: None, "server stopped", cut="interrupted", open_run="finished")


def server_killed(mortals: Mortals) -> None:
    """Its kernels notice, and leave."""
    brought = mortals.bring_by_server()
    mortals.end_server(signal.SIGKILL)
    end_all(mortals, brought, lambda each: None, "server stopped")


def killed_under_a_server(mortals: Mortals) -> None:
    end_all(mortals, mortals.bring_by_server(), lambda each: each.kill(signal.SIGKILL), "signal", name="SIGKILL")


def interrupted(mortals: Mortals) -> None:
    """No death: the session goes on."""
    brought = mortals.bring()
    for each in brought:
        each.kill(signal.SIGINT)
    cut = [each for each in brought if each.instant in RUNNING]
    mortals.history.found(lambda: all(mortals.outcomes(each)[-1] == "interrupted" for each in cut), "the interrupt is not seen")
    run = mortals.run_of(next(each for each in cut if each.instant == "in a run"))
    assert run is not None and run["state"] == "interrupted"
    assert mortals.history.n_running() == 0 and all(_is_alive(each) for each in brought)


def stood_still(mortals: Mortals) -> None:
    """A laptop that sleeps, a debugger: no death, and what was running is running."""
    brought = mortals.bring()
    for each in brought:
        each.kill(signal.SIGSTOP)
    looked_at = time.monotonic()
    # Longer than any look of the recorder's takes to come by again.
    mortals.history.found(lambda: time.monotonic() - looked_at > 5, "")
    assert mortals.history.n_running() == 3, "two cells and a run are running"
    for each in brought:
        each.kill(signal.SIGCONT)
        assert mortals.outcomes(each)[-1] == ("running" if each.instant in RUNNING else "ok")
    end_all(mortals, brought, lambda each: each.kill(signal.SIGKILL), "signal", name="SIGKILL")


def nobody_watched(mortals: Mortals) -> None:
    """The tab was closed: no death."""
    brought = mortals.bring()
    for each in brought:
        each.client.stop_channels()
    assert mortals.history.n_running() == 3 and all(_is_alive(each) for each in brought)
    end_all(mortals, brought, lambda each: each.kill(signal.SIGKILL), "signal", name="SIGKILL")


KINDS: list[tuple[str, Callable[[Mortals], None]]] = [
    *((f"signal {number.name}", signalled(number)) for number in SIGNALS),
    ("segmentation fault", by_itself("import ctypes\nctypes.string_at(0)", "signal", name="SIGSEGV")),
    ("abort", by_itself("os.abort()", "signal", name="SIGABRT")),
    ("exit status 0", by_itself("os._exit(0)", "exit status", status=0)),
    ("exit status 3", by_itself("os._exit(3)", "exit status", status=3)),
    ("limit of CPU time", by_itself(BURNS_TIME, "signal", name="SIGXCPU")),
    *((each.__name__.replace("_", " "), each) for each in (
        out_of_memory, out_of_memory_under_a_server, killed_in_a_memory_group, stopped_then_killed, with_the_recorder,
        after_another_recorder, while_the_recorder_stood_still, with_the_recorder_and_its_spool, restarted, restarted_stubbornly,
        shut_down, server_stopped, server_killed, killed_under_a_server, interrupted, stood_still, nobody_watched,
    )),
]


@pytest.mark.slow(share=0.02)
@pytest.mark.parametrize("end", [pytest.param(end, id=name) for name, end in KINDS])
def test_an_end_is_told_as_it_was(end: Callable[[Mortals], None], mortals: Mortals) -> None:
    end(mortals)


@pytest.mark.slow(share=0.02)
def test_deaths_on_a_full_disk_are_told_once_there_is_room(own_home: Path, tmp_path: Path) -> None:
    project = tmp_path / "small"
    project.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(project)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    (project / "pyproject.toml").write_text("")
    mortals = Mortals(project, own_home)
    try:
        full_disk(mortals)
    finally:
        mortals.close()
        subprocess.run(["umount", "-l", str(project)], check=True)


def kill_recorder(mortals: Mortals) -> None:
    process = Process(mortals.recorder(), None, None)
    held = hold(process)
    assert held is not None
    os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while not held.has_ended():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    held.close()


def _is_alive(each: Dying) -> bool:
    try:
        os.kill(each.pid, 0)
    except ProcessLookupError:
        return False
    return True

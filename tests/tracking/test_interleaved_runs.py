"""Cells of two runs interleaved in any order never mix: a metric goes to the run of the cell that logged it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from dotscience_jlab.settings import Settings
from dotscience_jlab.tracking.runs import OpenRun, RunBook, Where

from .fake_recorder import FakeRecorder
from .kernel_driver import Kernel
from .spool_reading import points_of


@pytest.fixture
def kernel(own_home: Path, project: Path, settings: Settings) -> Iterator[Kernel]:
    fake = FakeRecorder(settings)
    running = Kernel(own_home, project)
    yield running
    running.close()
    fake.close()


def names_of_runs(kernel: Kernel) -> dict[str, set[str]]:
    """run's name, or the cell that opened it -> names of its metrics"""
    found: dict[str, set[str]] = {}
    opened = {event["run"]: event["name"] or event["execution"].rsplit(":", 1)[1] for event in kernel.events("run_opened")}
    for run, name, *_ in points_of(kernel.session):
        found.setdefault(opened[run], set()).add(name)
    return found


SETUP = """
import asyncio, threading, dotscience_jlab as ds
from concurrent.futures import ThreadPoolExecutor
gate, done, begun = threading.Event(), threading.Event(), threading.Event()
pool = ThreadPoolExecutor(2)
pool.submit(int).result()
"""


THREAD = """
def work():
    ds.metric('a', 1.0); gate.wait(); ds.metric('a2', 2.0); done.set()
with ds.run('one'):
    t = threading.Thread(target=work)
    t.start()
    ds.metric('a3', 1.0)
    with ds.run('inner'):
        ds.metric('i', 1.0)
        gate.set(); t.join()
        ds.metric('i2', 1.0)
    ds.metric('a4', 1.0)
""", "with ds.run('two'):\n    ds.metric('b', 1.0)"
"""Started in one block, it goes on while its cell is in an inner one."""
TASK = """
async def work():
    with ds.run('one'):
        ds.metric('a', 1.0)
        begun.set()
        while not gate.is_set():
            await asyncio.sleep(0.01)
        ds.metric('a2', 1.0)
task = asyncio.get_running_loop().create_task(work())
while not begun.is_set():
    await asyncio.sleep(0.01)
""", "with ds.run('two'):\n    ds.metric('b', 1.0)\n    gate.set()\n    await task\n    ds.metric('b2', 1.0)"
"""It awaits inside its block while the next cell runs."""
POOL = """
def work():
    ds.metric('a', 1.0); begun.set(); gate.wait(); ds.metric('a2', 1.0)
with ds.run('one'):
    f = pool.submit(work)
    begun.wait()
""", "with ds.run('two'):\n    gate.set(); f.result()\n    pool.submit(ds.metric, 'b', 1.0).result()"
"""Its worker was started by an earlier cell, and serves the next one too; what it logs behind its block is a run of its own."""


@pytest.mark.slow(share=0.34)
@pytest.mark.parametrize("one, two", [THREAD, TASK, POOL], ids=["thread", "task", "pool"])
def test_what_goes_on_in_the_background_stays_with_its_run(kernel: Kernel, one: str, two: str) -> None:
    kernel.run(SETUP, cell_id="setup")
    for number, source in enumerate((one, two)):
        ran = kernel.run(source, cell_id=f"c{number}")
        assert ran.reply["content"]["status"] == "ok", ran.reply["content"]
    found = names_of_runs(kernel)
    assert "a" in found["one"] and "b" in found["two"] and {"a2", "b"} <= set().union(*found.values())
    assert all(len({name[0] for name in names}) == 1 for names in found.values()), found


def test_a_thread_that_outlives_its_cell_records_into_no_other_cells_run(kernel: Kernel) -> None:
    kernel.run(SETUP, cell_id="setup")
    first = kernel.run("def work():\n    gate.wait(); ds.metric('late', 1.0); done.set()\nds.metric('a', 1.0)\n"
                       "threading.Thread(target=work).start()", cell_id="c1")
    second = kernel.run("ds.start('two'); ds.metric('b', 1.0); gate.set(); done.wait(); ds.metric('b2', 1.0)", cell_id="c2")
    points = {name: run for run, name, *_ in points_of(kernel.session)}
    assert points["b"] == points["b2"] and points["late"] not in (points["a"], points["b"])
    opened = {event["run"]: event["execution"] for event in kernel.events("run_opened")}
    assert opened[points["late"]].endswith(first.tail) and opened[points["b"]].endswith(second.tail)


def test_threads_are_left_as_they_were_at_unload_and_a_pool_gives_what_it_gave(kernel: Kernel) -> None:
    ran = kernel.run(
        "import threading, dotscience_jlab.tracking.ipython as hooks\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "class Own(threading.Thread):\n    def run(self): self.result = 7\n"
        "t = Own(); t.start(); t.join()\n"
        "with ThreadPoolExecutor(2) as pool: found = list(pool.map(lambda n: n * 2, range(5)))\n"
        "hooks.unload(get_ipython())\n"
        "print(t.result, 'run' in t.__dict__, found, threading.Thread.start.__module__, ThreadPoolExecutor.submit.__module__, "
        "hasattr(threading.Thread.start, '__wrapped__'), hasattr(ThreadPoolExecutor.submit, '__wrapped__'))",
    )
    assert ran.text() == "7 False [0, 2, 4, 6, 8] threading concurrent.futures.thread False False\n"


def test_any_order_of_two_executions_keeps_their_runs_apart() -> None:
    """Each has blocks of its own, and values outside any block; the first such value may join the run that is open for all."""
    chance = random.Random(20261128)
    for _ in range(2000):
        book = RunBook(lambda: 0.0)
        places = [Where(f"k:{name}", name) for name in "ab"]  # type: ignore[arg-type]
        scopes: list[list[OpenRun]] = [[], []]
        opened_by: dict[str, int] = {}
        joined: list[set[str]] = [set(), set()]
        for _ in range(chance.randint(2, 14)):
            who = chance.randrange(2)
            scope = scopes[who][-1] if scopes[who] else None
            act = chance.choice(["log", "log", "log", "enter", "leave", "start"])
            if act == "enter":
                run, _ = book.start(places[who], "with", is_scoped=True)
                scopes[who].append(run)
                opened_by[run.id] = who
            elif act == "leave" and scope is not None:
                book.close(scopes[who].pop(), places[who])
            elif act == "start" and scope is None:
                run, _ = book.start(places[who], "start")
                opened_by[run.id] = who
                joined[who].add(run.id)
            elif act == "log":
                run, _ = book.enter(places[who], scope)
                opened_by.setdefault(run.id, who)
                assert run.is_open and (run is scope or scope is None)
                if scope is None:
                    assert opened_by[run.id] == who or run.id in joined[who] or not joined[who]
                    assert run not in scopes[1 - who], "a block of the other one"
                    joined[who].add(run.id)
        book.finish()
        assert not any(run.is_open for run in (*book._late, *book._scoped))

"""When runs begin and end, and what the next one takes over: tables of steps and the events they give."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotscience_jlab.model.events import RunClosed, RunOpened, RunPublished
from dotscience_jlab.model.ids import ExecutionId, RunId
from dotscience_jlab.tracking.runs import RunBook, Where


class Story:
    """Steps in short words: run CELL · set CELL NAME VALUE · start · publish · end · fail CELL …"""

    def __init__(self) -> None:
        numbers = count(1)
        self.book = RunBook(clock=lambda: 0.0, new_id=lambda: RunId(f"r{next(numbers)}"))
        self.told: list[str] = []
        self.carried: dict[str, dict[str, Any]] = {}
        self._n = 0
        self._where = Where()

    def run(self, cell: str) -> None:
        self._n += 1
        self._where = Where(ExecutionId(f"e{self._n}"), cell)
        self._tell(self.book.execution_started(cell))

    def set(self, name: str, value: Any, what: str = "parameter") -> None:
        run, events = self.book.enter(self._where)
        self.book.note(run, what, {name: value}, self._where)
        self._tell(events)

    def end_cell(self, outcome: str = "ok", error: str | None = None) -> None:
        assert self._where.execution is not None
        self.book.execution_finished(self._where.execution, outcome, error)

    def start(self) -> None:
        self._tell(self.book.start(self._where, "start")[1])

    def publish(self) -> None:
        self._tell(self.book.publish(self._where)[1])

    def end(self) -> None:
        run = self.book.current()
        self._tell(self.book.close(run, self._where) if run else [])

    def finish(self) -> None:
        self._tell(self.book.finish())

    def _tell(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, RunOpened):
                self.told.append(f"open {event.run} {event.opened_by}")
                self.carried[event.run] = event.carried_over
            elif isinstance(event, RunClosed):
                self.told.append(f"close {event.run} {event.state}" + (f" {event.error}" if event.error else ""))
            elif isinstance(event, RunPublished):
                self.told.append(f"publish {event.run}")


STORIES: dict[str, tuple[list[tuple[Any, ...]], list[str], dict[str, Any]]] = {
    "five re-runs of a training cell are five runs": (
        [("run", "p"), ("set", "lr", 0.1), *[("run", "t"), ("set", "acc", 1, "summary")] * 3, ("finish",)],
        [
            "open r1 implicit",
            "close r1 finished",
            "open r2 implicit",
            "close r2 finished",
            "open r3 implicit",
            "close r3 finished",
        ],
        {"r1": {}, "r2": {"parameters": {"lr": 0.1}}, "r3": {"parameters": {"lr": 0.1}}},
    ),
    "changing a parameter above begins the next run with the new value": (
        [
            ("run", "p"),
            ("set", "lr", 0.1),
            ("run", "t"),
            ("set", "x", 1),
            ("run", "p"),
            ("set", "lr", 0.2),
            ("run", "t"),
            ("set", "x", 2),
        ],
        ["open r1 implicit", "close r1 finished", "open r2 implicit"],
        {"r1": {}, "r2": {"parameters": {"x": 1}}},
    ),
    "what the re-run cell itself recorded is not carried over": (
        [("run", "a"), ("set", "old", 1), ("set", "tag", "t", "label"), ("run", "a"), ("set", "new", 2)],
        ["open r1 implicit", "close r1 finished", "open r2 implicit"],
        {"r1": {}, "r2": {}},
    ),
    "a cell that records nothing re-run closes nothing": (
        [("run", "a"), ("set", "x", 1), ("run", "b"), ("run", "b")],
        ["open r1 implicit"],
        {"r1": {}},
    ),
    "start closes the one before and keeps what other cells set": (
        [
            ("run", "p"),
            ("set", "seed", 7),
            ("run", "t"),
            ("start",),
            ("set", "acc", 1, "summary"),
            ("run", "t"),
            ("start",),
        ],
        ["open r1 implicit", "close r1 finished", "open r2 start", "close r2 finished", "open r3 start"],
        {"r1": {}, "r2": {"parameters": {"seed": 7}}, "r3": {"parameters": {"seed": 7}}},
    ),
    "a started run survives the re-run of a cell, and ends at end": (
        [("run", "a"), ("start",), ("set", "x", 1), ("run", "a"), ("set", "x", 2), ("end",), ("end",)],
        ["open r1 start", "close r1 finished"],
        {"r1": {}},
    ),
    "publish closes": (
        [("run", "a"), ("set", "x", 1), ("publish",), ("publish",)],
        ["open r1 implicit", "publish r1", "close r1 finished", "open r2 implicit", "publish r2", "close r2 finished"],
        {"r1": {}, "r2": {}},
    ),
    "a run whose last cell failed is failed with the error": (
        [
            ("run", "a"),
            ("set", "x", 1),
            ("end_cell", "error", "ValueError: no"),
            ("run", "a"),
            ("set", "x", 1),
            ("end_cell",),
            ("finish",),
        ],
        ["open r1 implicit", "close r1 failed ValueError: no", "open r2 implicit", "close r2 finished"],
        {"r1": {}, "r2": {}},
    ),
    "an interrupted training that is evaluated afterwards is finished": (
        [
            ("run", "t"),
            ("set", "x", 1),
            ("end_cell", "interrupted"),
            ("run", "e"),
            ("set", "y", 1),
            ("end_cell",),
            ("finish",),
        ],
        ["open r1 implicit", "close r1 finished"],
        {"r1": {}},
    ),
    "and interrupted if it is not": (
        [("run", "t"), ("set", "x", 1), ("end_cell", "interrupted"), ("finish",)],
        ["open r1 implicit", "close r1 interrupted"],
        {"r1": {}},
    ),
    "an error that the user declares wins": (
        [("run", "t"), ("set", "", "diverged", "error"), ("end_cell",), ("publish",)],
        ["open r1 implicit", "publish r1", "close r1 failed diverged"],
        {"r1": {}},
    ),
    "without anything recorded there is no run": ([("run", "a"), ("run", "a"), ("end",), ("finish",)], [], {}),
}


@pytest.mark.parametrize("name", STORIES)
def test_runs_open_and_close(name: str) -> None:
    steps, told, carried = STORIES[name]
    story = Story()
    for step, *arguments in steps:
        getattr(story, step)(*arguments)
    assert story.told == told
    assert story.carried == carried


def test_a_block_leaves_the_run_around_it_open_and_takes_its_parameters() -> None:
    story = Story()
    story.run("p")
    story.set("seed", 1)
    story.run("t")
    run, events = story.book.start(story._where, "with", "inner", is_scoped=True)
    assert events[0].carried_over == {"parameters": {"seed": 1}}  # type: ignore[attr-defined]
    assert story.book.current() is run
    story.book.close(run, outcome="ok")
    current = story.book.current()
    assert current is not None and current.id == "r1"


def test_two_blocks_in_two_threads_keep_their_own_values() -> None:
    story = Story()
    first, _ = story.book.start(Where(), "with", "a", is_scoped=True)
    second, _ = story.book.start(Where(), "with", "b", is_scoped=True)
    assert story.book.enter(Where(), scope=first)[0] is first
    assert story.book.enter(Where(), scope=second)[0] is second
    assert story.book.enter(Where())[0] is second


STEPS = st.one_of(
    st.tuples(st.just("run"), st.sampled_from("abc")),
    st.tuples(st.just("set"), st.sampled_from("xyz"), st.integers()),
    st.tuples(st.just("start")),
    st.tuples(st.just("publish")),
    st.tuples(st.just("end")),
)


@given(st.lists(STEPS, max_size=30))
def test_every_run_is_closed_exactly_once_and_never_before_it_opens(steps: list[tuple[Any, ...]]) -> None:
    story = Story()
    story.run("a")
    for step, *arguments in steps:
        getattr(story, step)(*arguments)
    story.finish()
    opened = [line.split()[1] for line in story.told if line.startswith("open")]
    closed = [line.split()[1] for line in story.told if line.startswith("close")]
    assert opened == closed and len(set(opened)) == len(opened)
    assert all(
        story.told.index(next(line for line in story.told if line.startswith(f"open {run} ")))
        < story.told.index(next(line for line in story.told if line.startswith(f"close {run} ")))
        for run in opened
    )

"""A thread works for the cell that started it, also while the next cell runs, and for the run whose block it was started in.

Tasks of asyncio carry their cell along by themselves (context variables); threads begin with an empty context, so `Thread.start`
and the pool's `submit` hand it over. Workers of `multiprocessing.pool.ThreadPool` stay with the cell that made the pool.
"""

from __future__ import annotations

import functools
import sys
import threading
from contextvars import ContextVar
from typing import Any, Callable, List, Sequence, Tuple

Carried = Sequence["ContextVar[Any]"]


class ThreadsOfCells:
    """While it is installed, what these variables hold goes along into every thread. Nothing raises into the user's code."""

    def __init__(self, carried: Carried) -> None:
        self._carried = carried
        self._undo: List[Callable[[], None]] = []
        self._is_pool_heard = False

    def install(self) -> None:
        start = threading.Thread.start

        @functools.wraps(start)
        def start_for_the_cell(thread: Any) -> Any:
            self._hear_pools()
            held = self._held()
            if held:
                run = thread.run

                @functools.wraps(run)
                def run_for_the_cell() -> None:
                    for variable, value in held:
                        variable.set(value)
                    thread.__dict__.pop("run", None)
                    run()

                thread.run = run_for_the_cell
            return start(thread)

        threading.Thread.start = start_for_the_cell  # type: ignore[method-assign]
        self._undo.append(lambda: self._put_back(threading.Thread, "start", start_for_the_cell, start))

    def remove(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self._undo = []

    def _held(self) -> List[Tuple["ContextVar[Any]", Any]]:
        found = ((variable, variable.get()) for variable in self._carried)
        return [(variable, value) for variable, value in found if value is not None]

    def _hear_pools(self) -> None:
        """A pool's first worker is about to start, so its module is there; its worker serves later cells too."""
        module = sys.modules.get("concurrent.futures.thread")
        pool = getattr(module, "ThreadPoolExecutor", None)
        if pool is None or self._is_pool_heard:
            return
        self._is_pool_heard = True
        submit = pool.submit

        @functools.wraps(submit)
        def submit_for_the_cell(executor: Any, fn: Any, *args: Any, **kwargs: Any) -> Any:
            held = self._held()
            return submit(executor, _ForTheCell(fn, held) if held else fn, *args, **kwargs)

        pool.submit = submit_for_the_cell
        self._undo.append(lambda: self._put_back(pool, "submit", submit_for_the_cell, submit))

    @staticmethod
    def _put_back(owner: Any, name: str, ours: Any, before: Any) -> None:
        if owner.__dict__.get(name) is ours:  # somebody may have wrapped it since
            setattr(owner, name, before)


class _ForTheCell:
    def __init__(self, fn: Any, held: List[Tuple["ContextVar[Any]", Any]]) -> None:
        self._fn = fn
        self._held = held

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tokens = [(variable, variable.set(value)) for variable, value in self._held]
        try:
            return self._fn(*args, **kwargs)
        finally:
            for variable, token in tokens:
                variable.reset(token)

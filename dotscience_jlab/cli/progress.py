"""A progress bar on standard error for work that takes time; nothing at all where nobody looks."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Callable, Iterator

Progress = Callable[[int, int, str], None]


@contextmanager
def shown_progress(doing: str, *, is_wanted: bool) -> Iterator[Progress | None]:
    """Yields what takes `(done, total, what)`; None when not wanted or not at a terminal."""
    if not is_wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # late: 60 ms that most commands need not spend
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(doing, total=None)

        def progress(done: int, total: int, what: str) -> None:
            bars.update(task, completed=done, total=total or None, description=f"{doing}: {what}" if what else doing)

        yield progress

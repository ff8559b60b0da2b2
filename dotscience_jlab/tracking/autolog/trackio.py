"""Trackio: the config of a run and what it logs are mirrored."""

from __future__ import annotations

from typing import Any, Generator

from .around import Arguments, Keywords, argument, hook
from .ledger import record, record_points, turn_to
from .nesting import LOGS
from .parameters import described
from .wandb import flat

SOURCE = "trackio"


def begin(module: Any) -> None:
    hook(module.Run, "__init__", SOURCE, _look_at_init, LOGS)
    hook(module.Run, "log", SOURCE, _look_at_log, LOGS)


def _look_at_init(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    yield
    run = args[0]
    turn_to(SOURCE, run.id)
    chosen = {name: value for name, value in flat(run.config or {}).items() if not name.startswith("_")}
    if chosen:
        record(SOURCE, "parameter", described(chosen), is_carried=True)


def _look_at_log(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    """Its step: the one given, else the run's next row."""
    run, values = args[0], dict(argument(args, keywords, 1, "metrics"))
    step = argument(args, keywords, 2, "step")
    yield
    turn_to(SOURCE, run.id)
    record_points(SOURCE, flat(values), run._next_step - 1 if step is None else step)

"""Weights & Biases: the config, `run.log` and what is set in the summary are mirrored, in every mode. Pictures stay W&B's own."""

from __future__ import annotations

from typing import Any, Dict, Generator, Mapping

from .around import Arguments, Keywords, argument, hook
from .ledger import record, record_points, turn_to
from .nesting import LOGS
from .parameters import described

SOURCE = "wandb"
MAX_DEPTH = 5


def begin(module: Any) -> None:
    hook(module.Run, "_init", SOURCE, _look_at_init, LOGS)
    hook(module.Run, "_config_callback", SOURCE, _look_at_config, LOGS)
    hook(module.Run, "log", SOURCE, _look_at_log, LOGS)
    hook(module.Run, "_summary_update_callback", SOURCE, _look_at_summary, LOGS)


def _look_at_init(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    yield
    run = args[0]
    turn_to(SOURCE, run.id)
    _record_config(dict(run.config))


def _look_at_config(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    """One key and its value, or a dict of them: `run.config.lr = 0.1`, `run.config.update({…})`."""
    yield
    key, data = argument(args, keywords, 1, "key"), argument(args, keywords, 3, "data")
    if isinstance(data, Mapping):
        _record_config(data)
    elif key is not None:
        name = key if isinstance(key, str) else ".".join(key)
        _record_config({name: argument(args, keywords, 2, "val")})


def _look_at_log(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    """Its step: the one given, else the run's own count of rows. `run.step` would ask W&B's other process, each time."""
    run, values = args[0], argument(args, keywords, 1, "data")
    step = argument(args, keywords, 2, "step")
    if step is None:
        step = getattr(run, "_local_step", None)
    yield
    turn_to(SOURCE, run.id)
    record_points(SOURCE, flat(values), step)


def _look_at_summary(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    yield
    changed = {".".join(item.key): item.value for item in argument(args, keywords, 1, "summary_record").update}
    record(SOURCE, "summary", {name: value for name, value in changed.items() if isinstance(value, (bool, int, float, str))})


def _record_config(config: Mapping[str, Any]) -> None:
    chosen = {name: value for name, value in flat(config).items() if not str(name).startswith("_wandb")}
    if chosen:
        record(SOURCE, "parameter", described(chosen), is_carried=True)


def flat(values: Mapping[str, Any], depth: int = 0) -> Dict[str, Any]:
    """{'a': {'b': 1}} -> {'a.b': 1}, as W&B shows it."""
    found: Dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value and depth < MAX_DEPTH:
            found.update({f"{name}.{inner}": each for inner, each in flat(value, depth + 1).items()})
        else:
            found[str(name)] = value
    return found

"""Hugging Face `Trainer`: the arguments that were set and the model's name, and every log event with its global step.

Taken where the trainer tells its callbacks; what its integrations (W&B, MLflow, TensorBoard) then log is the same once more, and
not taken again.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Generator

from .around import Arguments, Keywords, argument, hook
from .ledger import begin_fit, prefix_of, record, record_points
from .nesting import LOGS
from .parameters import described

SOURCE = "transformers"
ALWAYS = ("learning_rate", "num_train_epochs", "max_steps", "per_device_train_batch_size", "gradient_accumulation_steps",
          "weight_decay", "lr_scheduler_type", "warmup_steps", "optim", "seed")
"""Kept even at their defaults; of the other hundred only what was set."""
PLACES = ("output_dir", "logging_dir", "run_name", "report_to")
"""Say nothing about the training."""
AT_THE_END = ("train_runtime", "train_samples_per_second", "train_steps_per_second", "total_flos", "train_loss")


def begin(module: Any) -> None:
    hook(module.CallbackHandler, "on_train_begin", SOURCE, _look_at_beginning, LOGS)
    hook(module.CallbackHandler, "on_log", SOURCE, _look_at_log, LOGS)


def _look_at_beginning(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    handler, arguments, state = args[0], argument(args, keywords, 1, "args"), argument(args, keywords, 2, "state")
    if state.is_world_process_zero:
        model = getattr(handler, "model", None)
        begin_fit(SOURCE, type(model).__name__, described(_set(arguments)), handler)
    yield


def _look_at_log(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    state, logs = argument(args, keywords, 2, "state"), argument(args, keywords, 4, "logs")
    if state.is_world_process_zero and logs:
        prefix = prefix_of(args[0])
        at_the_end = {f"{prefix}{name}": logs[name] for name in AT_THE_END if "train_runtime" in logs and name in logs}
        if at_the_end:
            record(SOURCE, "summary", at_the_end)
        points = {f"{prefix}{name}": value for name, value in logs.items() if name != "epoch"}
        record_points(SOURCE, {name: value for name, value in points.items() if name not in at_the_end}, state.global_step)
    yield


def _set(arguments: Any) -> Dict[str, Any]:
    """The fields that differ from their defaults; a token is only said to be there, as the library's own loggers say it."""
    shown = arguments.to_sanitized_dict()
    found = {}
    for field in dataclasses.fields(arguments):
        if field.name not in shown or field.name in PLACES:
            continue
        is_set = field.default is dataclasses.MISSING or getattr(arguments, field.name) != field.default
        if field.name in ALWAYS or (is_set and field.default_factory is dataclasses.MISSING and shown[field.name] is not None):
            found[field.name] = shown[field.name]
    return found

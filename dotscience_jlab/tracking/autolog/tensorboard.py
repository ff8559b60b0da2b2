"""TensorBoard: scalars and hyperparameters that a `SummaryWriter` of PyTorch, or of tensorboardX, is given are mirrored."""

from __future__ import annotations

from typing import Any, Generator

from .around import Arguments, Keywords, argument, hook
from .ledger import record, record_points
from .nesting import LOGS
from .parameters import described

SOURCE = "tensorboard"


def begin(module: Any) -> None:
    hook(module.SummaryWriter, "add_scalar", SOURCE, _look_at_scalar, LOGS)
    hook(module.SummaryWriter, "add_scalars", SOURCE, _look_at_scalars, LOGS)
    hook(module.SummaryWriter, "add_hparams", SOURCE, _look_at_hparams, LOGS)


def _look_at_scalar(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    yield
    named = {argument(args, keywords, 1, "tag"): argument(args, keywords, 2, "scalar_value")}
    record_points(SOURCE, named, argument(args, keywords, 3, "global_step"))


def _look_at_scalars(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    yield
    main, values = argument(args, keywords, 1, "main_tag"), argument(args, keywords, 2, "tag_scalar_dict")
    named = {f"{main}/{tag}": value for tag, value in values.items()}
    record_points(SOURCE, named, argument(args, keywords, 3, "global_step"))


def _look_at_hparams(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    yield
    record(SOURCE, "parameter", described(argument(args, keywords, 1, "hparam_dict")), is_carried=True)
    record(SOURCE, "summary", argument(args, keywords, 2, "metric_dict"))

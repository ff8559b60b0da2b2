"""Lightning, under both of its names: the hyperparameters of a module and the trainer's own, and every metric that it logs.

Taken where the trainer hands its metrics to loggers, of which it may have none; what those loggers then write elsewhere is the
same once more, and not taken again.
"""

from __future__ import annotations

from typing import Any, Dict, Generator

from .around import Arguments, Keywords, argument, hook
from .ledger import begin_fit, prefix_of, record_points, whole_step
from .nesting import FITS, LOGS
from .parameters import described

SOURCE = "lightning"
TRAINER = ("max_epochs", "max_steps", "accumulate_grad_batches", "gradient_clip_val", "precision", "limit_train_batches")


def begin(module: Any) -> None:
    if hasattr(module, "Trainer"):
        hook(module.Trainer, "fit", SOURCE, _look_at_fit, FITS)
        hook(module, "_log_hyperparams", SOURCE, _look_away, LOGS)
    else:
        hook(module._LoggerConnector, "log_metrics", SOURCE, _look_at_metrics, LOGS)


def _look_at_fit(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    trainer, model = args[0], argument(args, keywords, 1, "model")
    chosen: Dict[str, Any] = {name: getattr(trainer, name, None) for name in TRAINER}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    data = argument(args, keywords, 4, "datamodule")
    for holder in (data, model):
        chosen.update(getattr(holder, "hparams", None) or {})
    begin_fit(SOURCE, type(model).__name__, described(chosen), trainer)
    yield


def _look_away(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    """The loggers are given what `fit` told of already."""
    yield


def _look_at_metrics(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    """Its step is the one that a logger would be given. An epoch's number among the metrics is no metric."""
    connector, metrics = args[0], dict(argument(args, keywords, 1, "metrics") or {})
    trainer = connector.trainer
    if metrics and trainer.is_global_zero and not trainer.sanity_checking:
        step = argument(args, keywords, 2, "step")
        if step is None:
            step = whole_step(metrics.pop("step", None))
        if step is None:
            step = trainer.fit_loop.epoch_loop._batches_that_stepped
        metrics.pop("epoch", None)
        prefix = prefix_of(trainer)
        record_points(SOURCE, {f"{prefix}{name}": value for name, value in metrics.items()}, step)
    yield

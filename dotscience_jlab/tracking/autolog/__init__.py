"""Autologging: what a library is asked to do and what it answers becomes part of the run, without a line of the user's.

Nothing is imported for it: a library's file here is read once the user has imported the library (at_import.py). Each source is
one file, can be switched off (switch.py), and only looks on (around.py): arguments, results, errors and speed stay the library's.
What it sees goes into the run through ledger.py, where an explicit `ds.` value of the same name wins.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any, Callable, Dict, Tuple

from ..at_import import when_imported
from . import switch

MODULES: Dict[str, Tuple[str, ...]] = {
    "sklearn": ("sklearn.base", "sklearn.metrics", "sklearn.model_selection._validation"),
    "keras": ("keras.src.models.model",),
    "lightning": (
        "lightning.pytorch.trainer.trainer", "lightning.pytorch.trainer.connectors.logger_connector.logger_connector",
        "pytorch_lightning.trainer.trainer", "pytorch_lightning.trainer.connectors.logger_connector.logger_connector",
    ),
    "transformers": ("transformers.trainer_callback",),
    "xgboost": ("xgboost.training",),
    "lightgbm": ("lightgbm.engine",),
    "statsmodels": ("statsmodels.base.model",),
    "mlflow": ("mlflow.tracking.fluent",),
    "wandb": ("wandb.sdk.wandb_run",),
    "tensorboard": ("torch.utils.tensorboard.writer", "tensorboardX.writer"),
    "trackio": ("trackio.run",),
}
"""source -> the modules at whose import its file here, of the same name, is read and its `begin(module)` called."""


def listen_to_frameworks(asked_for: str) -> None:
    """From now on, for the life of the process; again does nothing new. asked_for: `Settings.autolog`."""
    switch.start_with(asked_for, listen_to)


def listen_to(source: str) -> None:
    for module in MODULES[source]:
        when_imported(module, _acts[source])


def _begin(source: str, module: Any) -> None:
    from .around import version_of  # both late: nobody may ever import one of these libraries
    from .faults import tell_unknown

    try:
        importlib.import_module(f".{source}", __package__).begin(module)
    except AttributeError as error:  # what is listened to has another name in this version
        tell_unknown(source, version_of(module), str(getattr(error, "name", None) or error))


_acts: Dict[str, Callable[[Any], None]] = {source: functools.partial(_begin, source) for source in MODULES}

"""Keras 3, on any backend: the optimizer, the loss and the arguments of `fit`, and what every epoch measured, by a callback."""

from __future__ import annotations

import sys
from typing import Any, Dict, Generator, Optional

from .around import Arguments, Keywords, argument, hook
from .faults import tell_fault
from .ledger import begin_fit, record_points
from .nesting import FITS
from .parameters import described, in_words

SOURCE = "keras"
POSITION = 6
"""Of `callbacks` among the arguments of `fit`, `self` counted."""
ARGUMENTS = ("batch_size", "epochs", "validation_split", "shuffle", "initial_epoch", "steps_per_epoch", "validation_steps",
             "validation_freq")
DATA = ("x", "y", "verbose", "callbacks", "validation_data", "class_weight", "sample_weight")


def begin(module: Any) -> None:
    hook(module.Model, "fit", SOURCE, _look_at_fit, FITS)


def _look_at_fit(args: Arguments, keywords: Keywords) -> Generator[Optional[Keywords], Any, None]:
    model = args[0]
    prefix = begin_fit(SOURCE, type(model).__name__, described(_parameters(model, args, keywords)), model)
    callbacks = argument(args, keywords, POSITION, "callbacks")
    listed = getattr(callbacks, "callbacks", None)
    if len(args) > POSITION and listed is None:  # given by position, which nobody does
        return
    mirror = _mirror(prefix)
    if listed is not None and hasattr(callbacks, "append"):  # a CallbackList: the user's own object, as it was afterwards
        listed.append(mirror)
        try:
            yield None
        finally:
            listed.remove(mirror)
    else:
        given = [] if callbacks is None else callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
        yield {**keywords, "callbacks": [*given, mirror]}  # the last: an explicit value of the user's callback comes first


def _parameters(model: Any, args: Arguments, keywords: Keywords) -> Dict[str, Any]:
    given = {**dict(zip(("x", "y", "batch_size", "epochs"), args[1:5])), **keywords}
    found = {name: given[name] for name in ARGUMENTS if given.get(name) is not None}
    found.setdefault("epochs", 1)
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        found["optimizer"] = getattr(optimizer, "name", None) or type(optimizer).__name__
        settings = optimizer.get_config() if hasattr(optimizer, "get_config") else {}
        found.update({f"optimizer_{name}": value for name, value in settings.items() if name != "name" and value is not None})
    loss = getattr(model, "loss", None)
    if loss is not None:
        found["loss"] = loss if isinstance(loss, str) else in_words(getattr(loss, "name", None) or loss)
    if getattr(model, "built", False):
        found["n_weights"] = model.count_params()
    return found


def _mirror(prefix: str) -> Any:
    """A callback of the Keras that is loaded; it has only an epoch's end, so that no batch waits for it."""

    class Mirror(sys.modules["keras"].callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_end(self, epoch: int, logs: Optional[Dict[str, Any]] = None) -> None:
            try:
                record_points(SOURCE, {f"{prefix}{name}": value for name, value in (logs or {}).items()}, epoch)
            except Exception:  # inside the library's loop
                tell_fault(SOURCE)

    return Mirror()

"""Which libraries are listened to: all, until `ds.autolog(…)`, the environment or the settings say otherwise."""

from __future__ import annotations

from typing import Callable, Optional, Set

from ...errors import InvalidRequest

SOURCES = ("sklearn", "keras", "lightning", "transformers", "xgboost", "lightgbm", "statsmodels", "mlflow", "wandb", "tensorboard",
           "trackio")

_is_on: Set[str] = set()
_listen: Optional[Callable[[str], None]] = None


def autolog(is_on: bool = True, **sources: bool) -> None:
    """Switch autologging on or off, in this process and from now on.

    `ds.autolog(False)` all of it; `ds.autolog(sklearn=False)` one library; `ds.autolog(False, mlflow=True)` all but one. Libraries:
    sklearn, keras, lightning, transformers, xgboost, lightgbm, statsmodels, mlflow, wandb, tensorboard, trackio.
    """
    unknown = sorted(set(sources) - set(SOURCES))
    if unknown:
        raise InvalidRequest(f"ds.autolog knows no library {', '.join(unknown)}.", f"It knows {', '.join(SOURCES)}.")
    wanted = dict(sources) if sources and is_on else {**dict.fromkeys(SOURCES, bool(is_on)), **sources}
    for source, is_wanted in wanted.items():
        if not is_wanted:
            _is_on.discard(source)
        elif source not in _is_on:
            _is_on.add(source)
            if _listen is not None:
                _listen(source)


def start_with(asked_for: str, listen: Callable[[str], None]) -> None:
    """asked_for: `Settings.autolog`. listen: called with each library that is on, now or later."""
    global _listen
    _listen = listen
    _is_on.clear()
    _is_on.update(chosen(asked_for))
    for source in SOURCES:
        if source in _is_on:
            listen(source)


def is_on(source: str) -> bool:
    return source in _is_on


def chosen(asked_for: str) -> Set[str]:
    """'' or 'on' -> all; 'off' -> none; 'sklearn,keras' -> these; '-mlflow' -> all others; 'sklearn,-mlflow' -> sklearn.

    Words that name no library are as if absent: a setting may be older or newer than this version.
    """
    words = [word.strip().lower() for word in asked_for.split(",") if word.strip()]
    if any(word in ("off", "0", "false", "no") for word in words):
        return set()
    named = {word for word in words if word in SOURCES}
    left_out = {word[1:] for word in words if word.startswith("-")}
    return (named or set(SOURCES)) - left_out

"""LightGBM: the parameters of `train` and every evaluation of every iteration, by a callback that only reads.

Its estimators call `train` too: their parameters are those of the estimator (sklearn.py), and the evaluations come from here.
"""

from __future__ import annotations

from typing import Any, Generator, Optional

from .around import Arguments, Keywords, argument, hook
from .faults import tell_fault
from .ledger import begin_fit, prefix_of, record, record_points
from .nesting import FITS
from .parameters import described

SOURCE = "lightgbm"
POSITION = 8
"""Of `callbacks` among the arguments of `train`."""


def begin(module: Any) -> None:
    hook(module, "train", SOURCE, _look_at_train, FITS, is_seen_inside=is_estimator)


def is_estimator(outer: Any) -> bool:
    return any(each.__module__.startswith("lightgbm.") and each.__name__ == "LGBMModel" for each in type(outer).__mro__)


class Mirror:
    order = 25
    """After `record_evaluation`, before `early_stopping`, which ends the iteration by an exception."""
    before_iteration = False

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def __call__(self, env: Any) -> None:
        try:
            evaluations = env.evaluation_result_list or ()
            record_points(SOURCE, {f"{self._prefix}{each[0]}-{each[1]}": each[2] for each in evaluations}, env.iteration)
        except Exception:  # inside the library's loop
            tell_fault(SOURCE)


def _look_at_train(args: Arguments, keywords: Keywords) -> Generator[Optional[Keywords], Any, None]:
    outer = FITS.outer()
    if outer:
        prefix = prefix_of(outer[0])
    else:
        rounds = argument(args, keywords, 2, "num_boost_round", 100)
        chosen = described({**argument(args, keywords, 0, "params", {}), "num_boost_round": rounds})
        prefix = begin_fit(SOURCE, "lightgbm.train", chosen)
    if len(args) > POSITION:  # given by position, which nobody does
        yield None
        return
    booster = yield {**keywords, "callbacks": [*(keywords.get("callbacks") or ()), Mirror(prefix)]}
    if getattr(booster, "best_iteration", 0) > 0:
        found = {"best_iteration": booster.best_iteration}
        for data, metrics in (booster.best_score or {}).items():
            found.update({f"best_{data}-{metric}": value for metric, value in metrics.items()})
        record(SOURCE, "summary", {f"{prefix}{name}": value for name, value in found.items()})

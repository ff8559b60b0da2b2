"""XGBoost: the parameters of `train` and every evaluation of every iteration, by a callback that only reads.

The estimators of its scikit-learn side call `train` too: their parameters are those of the estimator (sklearn.py), and the
evaluations come from here.
"""

from __future__ import annotations

from typing import Any, Dict, Generator, Optional

from .around import Arguments, Keywords, argument, hook
from .faults import tell_fault
from .ledger import begin_fit, prefix_of, record, record_points
from .nesting import FITS
from .parameters import described

SOURCE = "xgboost"


def begin(module: Any) -> None:
    make = _callback_maker(module)

    def look(args: Arguments, keywords: Keywords) -> Generator[Optional[Keywords], Any, None]:
        outer = FITS.outer()
        if outer:
            prefix = prefix_of(outer[0])
        else:
            rounds = argument(args, keywords, 2, "num_boost_round", 10)
            chosen = described({**argument(args, keywords, 0, "params", {}), "num_boost_round": rounds})
            prefix = begin_fit(SOURCE, "xgboost.train", chosen)
        booster = yield {**keywords, "callbacks": [*(keywords.get("callbacks") or ()), make(prefix)]}
        best = _best(booster)
        if best:
            record(SOURCE, "summary", {f"{prefix}{name}": value for name, value in best.items()})

    hook(module, "train", SOURCE, look, FITS, is_seen_inside=is_estimator)


def is_estimator(outer: Any) -> bool:
    return any(each.__module__.startswith("xgboost.") and each.__name__ == "XGBModel" for each in type(outer).__mro__)


def _callback_maker(module: Any) -> Any:
    base = module.TrainingCallback

    class Mirror(base):  # type: ignore[misc, valid-type]
        def __init__(self, prefix: str) -> None:
            super().__init__()
            self._prefix = prefix

        def after_iteration(self, model: Any, epoch: int, evals_log: Dict[str, Dict[str, Any]]) -> bool:
            """evals_log: data set -> metric -> its values so far, (value, deviation) in a cross-validation. False: go on."""
            try:
                newest = {
                    f"{self._prefix}{data}-{metric}": values[-1][0] if isinstance(values[-1], tuple) else values[-1]
                    for data, metrics in evals_log.items() for metric, values in metrics.items() if values
                }
                record_points(SOURCE, newest, epoch)
            except Exception:  # inside the library's loop
                tell_fault(SOURCE)
            return False

    return Mirror


def _best(booster: Any) -> Dict[str, Any]:
    """What early stopping found; {} without it."""
    attributes = booster.attributes() if hasattr(booster, "attributes") else {}
    return {name: float(attributes[name]) for name in ("best_iteration", "best_score") if name in attributes}

"""scikit-learn: the parameters of what is fitted, the scores that the user computes, what a search or a cross-validation found.

The outermost call counts: a pipeline, a search or an ensemble is one fit, however many it makes inside. Transformers alone
(a scaler, an encoder) are no model and make no run. Nothing is computed for it.
"""

from __future__ import annotations

from typing import Any, Dict, Generator, List

from .around import Arguments, Keywords, argument, hook, hook_family
from .ledger import begin_fit, is_enough_of, prefix_of, record, record_points, record_table
from .naming import is_told_otherwise, name_in_caller
from .nesting import FITS
from .parameters import described, in_words

SOURCE = "sklearn"
MAX_ROWS = 10_000
MEASURES = ("_score", "_error", "_loss", "_deviance", "_coef", "_corrcoef", "auc")
"""How the functions of `sklearn.metrics` that return one number end."""


def begin(module: Any) -> None:
    if module.__name__ == "sklearn.base":
        hook_family(module.BaseEstimator, "fit", SOURCE, _look_at_fit, FITS)
        hook_family(module.BaseEstimator, "score", SOURCE, _look_at_score, FITS)
        for mixin in ("ClassifierMixin", "RegressorMixin"):
            if hasattr(module, mixin):
                hook(getattr(module, mixin), "score", SOURCE, _look_at_score, FITS)
    elif module.__name__ == "sklearn.metrics":
        for name in module.__all__:
            if name.endswith(MEASURES):
                hook(module, name, SOURCE, _measure(name), FITS)
    else:
        hook(module, "cross_val_score", SOURCE, _look_at_scores, FITS)
        hook(module, "cross_validate", SOURCE, _look_at_scores, FITS)


def parameters_of(estimator: Any) -> Dict[str, Any]:
    get_params = getattr(estimator, "get_params", None)
    return described(get_params(deep=True)) if get_params is not None else {}


def _look_at_fit(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    estimator = args[0]
    title = type(estimator).__name__
    if is_enough_of(title) or not (hasattr(type(estimator), "predict") or hasattr(type(estimator), "fit_predict")):
        return
    prefix = begin_fit(SOURCE, title, parameters_of(estimator), estimator)
    yield
    results = getattr(estimator, "cv_results_", None)
    if isinstance(results, dict) and "params" in results:  # a search
        found = {f"best_{name}": in_words(value) for name, value in (getattr(estimator, "best_params_", None) or {}).items()}
        if hasattr(estimator, "best_score_"):
            found["best_score"] = estimator.best_score_
        if found:
            record(SOURCE, "summary", {f"{prefix}{name}": value for name, value in found.items()})
        record_table(SOURCE, f"{prefix}cv_results", _rows(results))


def _look_at_score(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    measured = yield
    if not is_told_otherwise():
        record_points(SOURCE, {_named(f"{prefix_of(args[0])}score", argument(args, keywords, 1, "X")): measured})


def _measure(name: str) -> Any:
    def look(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
        measured = yield
        if getattr(measured, "ndim", 0) == 0 and not is_told_otherwise():
            record_points(SOURCE, {_named(name, args[0] if args else keywords.get("y_true")): measured})

    return look


def _look_at_scores(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    """cross_val_score: an array of shape (n_folds,); cross_validate: a dict of them, beside estimators and indices."""
    estimator = argument(args, keywords, 0, "estimator")
    prefix = begin_fit(SOURCE, type(estimator).__name__, parameters_of(estimator))
    found = yield
    scores = found if isinstance(found, dict) else {"cross_val_score": found}
    scores = {name: each for name, each in scores.items() if getattr(getattr(each, "dtype", None), "kind", "") == "f"}
    for name, each in scores.items():
        record(SOURCE, "summary", {f"{prefix}{name}_mean": each.mean(), f"{prefix}{name}_std": each.std()})
    folds = [dict(zip(scores, values)) for values in zip(*scores.values())]
    for fold, values in enumerate(folds[:MAX_ROWS]):
        record_points(SOURCE, {f"{prefix}{name}": value for name, value in values.items()}, fold)


def _rows(results: Dict[str, Any]) -> List[Dict[str, Any]]:
    """{'params': [{…}, …], 'mean_test_score': array, …} -> one row a candidate, the chosen parameters by their own columns."""
    columns = [name for name in results if name != "params"]
    return [
        {name: in_words(results[name][i]) if name.startswith("param_") else results[name][i] for name in columns}
        for i in range(min(len(results["params"]), MAX_ROWS))
    ]


def _named(name: str, value: Any) -> str:
    called = name_in_caller(value)
    return name if called is None else f"{name}_{called}"

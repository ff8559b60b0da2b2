"""statsmodels: the model, its formula and the arguments of `fit` as parameters; the quality of the fit as summary.

The results of statsmodels are computed when they are asked for; asked for here is only what is a few sums over the residuals.
"""

from __future__ import annotations

import warnings
from typing import Any, Dict, Generator

from .around import Arguments, Keywords, hook_family
from .ledger import begin_fit, record
from .nesting import FITS
from .parameters import described

SOURCE = "statsmodels"
SUMMARY = ("rsquared", "rsquared_adj", "aic", "bic", "llf", "nobs", "df_model", "df_resid")
"""Not `prsquared` and `fvalue`: those fit or test another model."""
MAX_OBSERVATIONS = 1_000_000
"""Beyond this nothing is asked of the results: each sum would be felt."""


def begin(module: Any) -> None:
    hook_family(module.Model, "fit", SOURCE, _look_at_fit, FITS)


def _look_at_fit(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    model = args[0]
    chosen: Dict[str, Any] = {"formula": model.formula} if isinstance(getattr(model, "formula", None), str) else {}
    chosen.update({"endog": model.endog_names, "exog": model.exog_names})
    chosen.update({f"fit_{number}": value for number, value in enumerate(args[1:], 1)})
    prefix = begin_fit(SOURCE, type(model).__name__, described({**chosen, **keywords}), model)
    results = yield
    n_observations = len(model.endog)
    if n_observations <= MAX_OBSERVATIONS:
        with warnings.catch_warnings():  # what is asked for here is not the user's question, nor are the warnings
            warnings.simplefilter("ignore")
            found = {name: _number(results, name) for name in SUMMARY}
        numbers = {f"{prefix}{name}": value for name, value in found.items() if value is not None}
        if numbers:
            record(SOURCE, "summary", numbers)


def _number(results: Any, name: str) -> Any:
    """None where this kind of model has no such number, or none that can be computed."""
    try:
        value = getattr(results, name, None)
        return float(value) if value is not None and getattr(value, "ndim", 0) == 0 else None
    except Exception:  # computed on demand, by any of a hundred models
        return None

"""statsmodels: what is fitted, and how good the fit is."""

from __future__ import annotations

from .trial import both, trial

DATA = """
import warnings
import numpy, pandas
import statsmodels.api as sm
import statsmodels.formula.api as smf
made = numpy.random.default_rng(0)
frame = pandas.DataFrame({"x": made.normal(size=80), "z": made.normal(size=80)})
frame["y"] = 2 * frame.x - frame.z + made.normal(size=80)
frame["hit"] = (frame.y > 0).astype(float)
"""


def story_models_by_arrays_and_by_formulas() -> None:
    seen = both(
        DATA,
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    ols = smf.ols('y ~ x + z', frame).fit()\n"
        "    logit = sm.Logit(frame.hit, sm.add_constant(frame[['x']])).fit(disp=0, maxiter=50)\n"
        "    glm = sm.GLM(frame.y, sm.add_constant(frame[['x', 'z']])).fit()\n"
        "result = [ols.params.tolist(), ols.rsquared, ols.aic, ols.bic, logit.params.tolist(), logit.llf, glm.params.tolist(),\n"
        "          [str(each.message) for each in caught]]",
        "ds.autolog(statsmodels=False); smf.ols('y ~ x', frame).fit(); result += [1]",
    )
    run = seen.run
    _, rsquared, aic, bic, _, llf, _, _, _ = seen.result
    assert run.labels == {"autolog": "statsmodels"}
    assert run.parameters["model"] == "OLS" and run.parameters["formula"] == "y ~ x + z" and run.parameters["endog"] == "y"
    assert [run.summary[name] for name in ("rsquared", "aic", "bic", "nobs")] == [rsquared, aic, bic, 80]
    assert run.parameters["Logit.maxiter"] == 50 and run.summary["Logit.llf"] == llf
    assert "GLM.aic" in run.summary and not any(name.startswith("OLS 2") for name in run.parameters)


def story_another_shape_is_told_once() -> None:
    seen = trial(
        DATA,
        "fitted = smf.ols('y ~ x', frame).fit(); result = fitted.nobs",
        before="import statsmodels.api, statsmodels.formula.api, statsmodels.base.model as m\ndel m.Model",
    )
    assert seen.result == 80 and not seen.runs
    assert seen.log.count("Autologging does not know this statsmodels") == 1

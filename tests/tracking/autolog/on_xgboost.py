"""XGBoost: `train` and the estimators, every evaluation of every iteration."""

from __future__ import annotations

from .trial import both, trial

DATA = """
import numpy, xgboost
from sklearn.datasets import load_breast_cancer
X, y = load_breast_cancer(return_X_y=True)
d_train, d_test = xgboost.DMatrix(X[::2], y[::2]), xgboost.DMatrix(X[1::2], y[1::2])
chosen = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.3, "nthread": 1, "seed": 0}
"""


def story_training_and_the_estimators() -> None:
    seen = both(
        DATA,
        "log = {}\n"
        "booster = xgboost.train(chosen, d_train, 12, evals=[(d_train, 'train'), (d_test, 'test')], evals_result=log,\n"
        "                        early_stopping_rounds=3, verbose_eval=False)\n"
        "result = [log, booster.best_iteration, booster.predict(d_test).tolist()]",
        ("other", "from sklearn.model_selection import cross_val_score\n"
         "model = xgboost.XGBClassifier(n_estimators=5, max_depth=2, n_jobs=1).fit(X, y, eval_set=[(X, y)], verbose=False)\n"
         "scores = cross_val_score(xgboost.XGBClassifier(n_estimators=3, n_jobs=1), X, y, cv=2)\n"
         "ds.autolog(xgboost=False, sklearn=False)\n"
         "xgboost.train(chosen, d_train, 1); xgboost.XGBClassifier(n_estimators=1, n_jobs=1).fit(X, y)\n"
         "result += [model.evals_result(), scores.tolist(), model.get_params()['callbacks']]"),
    )
    run = seen.run
    log, best, _, estimator_log, scores, _ = seen.result
    assert run.labels["autolog"] == "xgboost, sklearn"
    assert {"model": "xgboost.train", "max_depth": 3, "num_boost_round": 12}.items() <= run.parameters.items()
    for data in ("train", "test"):
        points = run.points[f"{data}-logloss"]
        assert [step for step, _ in points] == list(range(len(log[data]["logloss"])))
        assert [value for _, value in points] == log[data]["logloss"]
    assert run.summary["best_iteration"] == best
    assert run.parameters["XGBClassifier.n_estimators"] == 5
    assert [value for _, value in run.points["XGBClassifier.validation_0-logloss"]] == estimator_log["validation_0"]["logloss"]
    assert run.parameters["XGBClassifier 2.n_estimators"] == 3 and len(run.points["XGBClassifier 2.cross_val_score"]) == 2
    assert "XGBClassifier 3.n_estimators" not in run.parameters


def story_another_shape_is_told_once() -> None:
    seen = trial(
        DATA,
        "from xgboost.training import train\nbooster = xgboost.train(chosen, d_train, 2)\nresult = booster.num_boosted_rounds()",
        before="import xgboost.training as t\ntrain = t.train\nt.train = __import__('functools').partial(train)\n"
               "import xgboost; xgboost.train = t.train",
    )
    assert seen.result == 2 and not seen.runs
    assert seen.log.count("Autologging does not know this xgboost") == 1

"""LightGBM: `train` and the estimators, every evaluation of every iteration."""

from __future__ import annotations

from .trial import both, trial

DATA = """
import lightgbm
from sklearn.datasets import load_breast_cancer
X, y = load_breast_cancer(return_X_y=True)
chosen = {"objective": "binary", "num_leaves": 7, "learning_rate": 0.3, "verbosity": -1, "num_threads": 1, "seed": 0,
          "deterministic": True}
train_set = lightgbm.Dataset(X[::2], y[::2])
"""


def story_training_and_the_estimators() -> None:
    seen = both(
        DATA,
        "log, calls = {}, []\n"
        "class Mine:\n"
        "    def __call__(self, env):\n"
        "        calls.append(env.iteration)\n"
        "booster = lightgbm.train(chosen, train_set, 200, valid_sets=[lightgbm.Dataset(X[1::2], y[1::2], reference=train_set)],\n"
        "    callbacks=[Mine(), lightgbm.record_evaluation(log), lightgbm.early_stopping(3, verbose=False)])\n"
        "result = [log, calls, booster.best_iteration, booster.predict(X).tolist()]",
        ("other", "model = lightgbm.LGBMClassifier(n_estimators=4, num_leaves=5, verbosity=-1, n_jobs=1)\n"
         "model.fit(X, y, eval_set=[(X, y)])\n"
         "ds.autolog(False)\n"
         "lightgbm.LGBMClassifier(n_estimators=2, verbosity=-1, n_jobs=1).fit(X, y)\n"
         "result += [model.evals_result_, sorted(model.get_params())]"),
    )
    run = seen.run
    log, _, best, _, estimator_log, _ = seen.result
    assert run.labels["autolog"] == "lightgbm, sklearn"
    assert {"model": "lightgbm.train", "num_leaves": 7, "num_boost_round": 200}.items() <= run.parameters.items()
    assert run.points["valid_0-binary_logloss"] == list(enumerate(log["valid_0"]["binary_logloss"]))
    assert run.summary["best_iteration"] == best and 0 < best < 200
    assert run.parameters["LGBMClassifier.n_estimators"] == 4
    (data, metrics), = estimator_log.items()
    assert run.points[f"LGBMClassifier.{data}-binary_logloss"] == list(enumerate(metrics["binary_logloss"]))
    assert not any(name.startswith("LGBMClassifier 2") for name in run.parameters)


def story_another_shape_is_told_once() -> None:
    seen = trial(
        DATA,
        "booster = lightgbm.train(chosen, train_set, 2)\nresult = booster.num_trees()",
        before="import functools, lightgbm, lightgbm.engine as e\nlightgbm.train = e.train = functools.partial(e.train)",
    )
    assert seen.result == 2 and not seen.runs
    assert seen.log.count("Autologging does not know this lightgbm") == 1

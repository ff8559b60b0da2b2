"""scikit-learn: what is fitted, what it scores, what a search found; one fit, however many are inside."""

from __future__ import annotations

import csv

from .trial import both, trial

DATA = """
from sklearn.datasets import load_iris
X, y = load_iris(return_X_y=True)
X_test, y_test = X[::3], y[::3]
"""


def story_a_fit_and_the_scores_that_the_user_computes() -> None:
    seen = both(
        DATA,
        "from sklearn.linear_model import LogisticRegression, Ridge\n"
        "from sklearn.metrics import accuracy_score, mean_squared_error\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "scaled = StandardScaler().fit_transform(X)\n"  # no model: not told of\n"
        "model = LogisticRegression(C=0.5, max_iter=300).fit(X, y)\n"
        "first = model.score(X_test, y_test)\n"
        "found = accuracy_score(y_test, model.predict(X_test))\n"
        "for alpha in (1.0, 2.0, 2.0):\n"
        "    ridge = Ridge(alpha=alpha).fit(X, y)\n"
        "    second = ridge.score(X, y)\n"
        "error = mean_squared_error(y, ridge.predict(X))\n"
        "result = [first, found, second, error, model.coef_.tolist()]",
        "ds.parameter('alpha', 'my own')",
        "ds.autolog(sklearn=False); Ridge(alpha=9).fit(X, y)\n",
        # the same cell again is the next run: what the fits of the first put in stays there
        ("cell 3", "ds.parameter('alpha', 'mine')"),
    )
    run, successor = seen.runs
    assert run.opened_by == "implicit" and run.labels == {"autolog": "sklearn"}
    assert {"model": "LogisticRegression", "C": 0.5, "max_iter": 300}.items() <= run.parameters.items()
    assert run.parameters["Ridge.model"] == "Ridge" and run.parameters["Ridge.alpha"] == 1.0
    assert {name: value for name, value in run.parameters.items() if name.startswith("Ridge 2.")} == {
        "Ridge 2.model": "Ridge", "Ridge 2.alpha": 2.0}
    assert not any(name.startswith(("Ridge 3", "Standard")) for name in run.parameters)
    first, found, second, error, _ = seen.result
    assert run.points["score_X_test"] == [(None, first)] and run.points["accuracy_score_y_test"] == [(None, found)]
    assert [len(run.points[name]) for name in ("Ridge.score_X", "Ridge 2.score_X")] == [1, 2]
    assert run.points["Ridge 2.score_X"][-1] == (None, second) and run.points["mean_squared_error_y"] == [(None, error)]
    assert run.parameters["alpha"] == "my own" and 9 not in run.parameters.values()
    assert successor.parameters == {"alpha": "mine"} and successor.labels == {}


def story_a_search_and_a_cross_validation_are_one_fit_each() -> None:
    seen = both(
        DATA,
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "from sklearn.svm import SVC\n"
        "search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {'svc__C': [0.1, 1, 10]}, cv=3, n_jobs=2).fit(X, y)\n"
        "forest = RandomForestClassifier(n_estimators=7, max_depth=2, random_state=0, n_jobs=2)\n"
        "scores = cross_val_score(forest, X, y, cv=4, n_jobs=2)\n"
        "more = cross_validate(forest.set_params(max_depth=3), X, y, cv=2, scoring=('accuracy', 'f1_macro'))\n"
        "result = [search.best_params_, search.best_score_, scores.tolist(), more['test_f1_macro'].tolist()]",
    )
    run = seen.run
    best, best_score, scores, f1 = seen.result
    assert run.parameters["model"] == "GridSearchCV" and run.parameters["estimator"] == "Pipeline"
    assert run.parameters["param_grid"] == "{'svc__C': [0.1, 1, 10]}"
    assert run.parameters["estimator__svc__C"] == 1.0 and run.parameters["estimator__svc"] == "SVC"
    assert run.summary["best_svc__C"] == best["svc__C"] and run.summary["best_score"] == best_score
    rows = list(csv.DictReader(run.tables["cv_results"].splitlines()))
    assert [float(row["param_svc__C"]) for row in rows] == [0.1, 1, 10]
    assert max(float(row["mean_test_score"]) for row in rows) == best_score
    forest, again = "RandomForestClassifier.", "RandomForestClassifier 2."
    assert run.parameters[f"{forest}n_estimators"] == 7 and run.parameters[f"{again}max_depth"] == 3
    assert run.points[f"{forest}cross_val_score"] == list(enumerate(scores))
    assert abs(run.summary[f"{forest}cross_val_score_mean"] - sum(scores) / 4) < 1e-12
    assert run.points[f"{again}test_f1_macro"] == list(enumerate(f1))
    assert not any("SVC." in name or "DecisionTree" in name for name in run.parameters), "a fit inside a fit is nobody's"


def story_estimators_stay_what_they_are() -> None:
    """Clone, copy, pickle, inspection, subclasses of the notebook and of a module, threads, errors, a class with its own rules."""
    seen = both(
        DATA,
        "import copy, inspect, pickle, sklearn, threading\n"
        "from sklearn.base import BaseEstimator, ClassifierMixin, clone\n"
        "from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge\n"
        "from sklearn.metrics import accuracy_score, make_scorer\n"
        "from sklearn.pipeline import Pipeline\n"
        "from sklearn.utils.validation import has_fit_parameter\n"
        "model = Ridge(alpha=3).fit(X, y)\n"
        "twins = [clone(model).fit(X, y), copy.deepcopy(model), pickle.loads(pickle.dumps(model))]\n"
        "class Mine(LinearRegression):\n"
        "    def fit(self, X, y, sample_weight=None, extra=1):\n"
        "        'My own.'\n"
        "        return super().fit(X, y)\n"
        "mine = Mine().fit(X, y)\n"
        "def work():\n"
        "    LogisticRegression(C=7.0, max_iter=200).fit(X, y)\n"
        "threads = [threading.Thread(target=work) for _ in range(3)]\n"
        "[each.start() for each in threads]; [each.join() for each in threads]\n"
        "try:\n"
        "    Ridge(alpha=-5).fit(X, y)\n"
        "except ValueError as error:\n"
        "    told = type(error).__name__\n"
        "with sklearn.config_context(enable_metadata_routing=True):\n"
        "    routing = str(Ridge().set_fit_request(sample_weight=True).get_metadata_routing())\n"
        "result = [twin.coef_.tolist() for twin in twins] + [\n"
        "    str(inspect.signature(Ridge.fit)), inspect.getdoc(Ridge.fit), Ridge.fit.__qualname__, Ridge.fit.__module__,\n"
        "    str(inspect.signature(Mine.fit)), Mine.fit.__doc__, has_fit_parameter(Mine(), 'sample_weight'),\n"
        "    inspect.getsource(Ridge.fit), pickle.loads(pickle.dumps(accuracy_score))(y, y), told,\n"
        "    pickle.loads(pickle.dumps(make_scorer(accuracy_score)))(LogisticRegression(max_iter=200).fit(X, y), X, y),\n"
        "    pickle.loads(pickle.dumps(model.fit))(X, y).alpha,\n"
        "    routing,\n"
        "    Pipeline.fit.__name__, mine.coef_.tolist()]\n"
        "from joblib.externals.loky import cloudpickle_wrapper as cloudpickle\n"  # by which joblib sends a notebook's class
        "sent = cloudpickle.dumps([Mine, mine, accuracy_score, model])\n"
        "result += [b'dotscience' in sent, cloudpickle.loads(sent)[1].coef_.tolist()]",
    )
    assert seen.result[-2] is False, "nothing of ours travels along"
    parameters = seen.run.parameters
    assert parameters["model"] == "Ridge" and parameters["Mine.model"] == "Mine"
    assert parameters["LogisticRegression.C"] == 7.0, "threads of the user are his"
    assert parameters["Ridge 2.alpha"] == -5, "what was tried is told, though it failed"


def story_twenty_different_fits_are_told_and_the_rest_counted_out() -> None:
    seen = both(
        DATA,
        "from sklearn.linear_model import Ridge\n"
        "for i in range(30):\n    m = Ridge(alpha=i + 0.5).fit(X, y)\n"
        "result = m.coef_.tolist()",
    )
    run = seen.run
    assert run.parameters["Ridge 20.alpha"] == 19.5 and "Ridge 21.alpha" not in run.parameters
    assert run.labels["autolog_left_out"] == "parameters after 20 different fits"


def story_an_explicit_value_wins_before_and_after() -> None:
    seen = both(
        DATA,
        "from sklearn.linear_model import Ridge\n"
        "ds.parameter('alpha', 'chosen'); ds.metric('score_X', 1.5); ds.label('autolog', 'my word')\n"
        "m = Ridge(alpha=4).fit(X, y); m.score(X, y)\n"
        "ds.parameter('tol', 'also chosen')\n"
        "m.fit(X, y); Ridge(tol=0.5).fit(X, y)\n"
        "result = 1",
    )
    run = seen.run
    assert run.parameters["alpha"] == "chosen" and run.parameters["tol"] == "also chosen" and run.parameters["model"] == "Ridge"
    assert run.points["score_X"] == [(None, 1.5)] and run.labels == {"autolog": "my word"}


def story_it_can_be_switched_off_from_outside() -> None:
    fit = DATA + "from sklearn.linear_model import Ridge\nresult = Ridge().fit(X, y).alpha"
    for asked_for, is_seen in (("off", False), ("-sklearn", False), ("keras, mlflow", False), ("sklearn,-mlflow", True)):
        assert bool(trial(fit, env={"DOTSCIENCE_AUTOLOG": asked_for}).runs) == is_seen, asked_for


def story_another_shape_is_told_once() -> None:
    seen = trial(
        DATA,
        "import sklearn.metrics\nfrom sklearn.linear_model import Ridge\n"
        "m = Ridge(alpha=2).fit(X, y); result = m.score(X, y)",
        before="import sklearn.base, sklearn.model_selection._validation as v\n"
               "del sklearn.base.RegressorMixin.score, v.cross_validate\n"
               "sklearn.base.RegressorMixin.score = staticmethod(lambda X, y: 0.25)",
    )
    assert seen.result == 0.25 and seen.run.parameters["alpha"] == 2
    assert seen.log.count("Autologging does not know this sklearn") == 1 and not seen.faults


def story_a_fault_of_ours_is_told_once_and_the_fit_goes_on() -> None:
    seen = trial(
        DATA,
        "from sklearn.linear_model import Ridge\n"
        "class Odd(Ridge):\n"
        "    def get_params(self, deep=True):\n"
        "        if deep:\n"
        "            raise RuntimeError('odd')\n"
        "        return super().get_params(deep)\n"
        "[Odd().fit(X, y) for _ in range(3)]\n"
        "m = Ridge(alpha=2).fit(X, y); result = m.alpha",
    )
    assert seen.result == 2 and seen.run.parameters["alpha"] == 2
    assert seen.faults == ["What sklearn does is not wholly recorded: an internal error, see the log."]
    assert seen.log.count("RuntimeError: odd") == 1


def story_what_the_user_logs_himself_is_not_taken_twice() -> None:
    seen = both(
        "import linecache\n"
        "cell = DATA + 'ds.metric(\"acc\", model.score(X, y))\\nf = f1_score(y, model.predict(X), average=\"macro\")\\n"
        "ds.log({\"f\": f})\\nmodel.score(X_test, y_test)\\n'\n".replace("DATA", repr(DATA))
        + "from sklearn.linear_model import LogisticRegression\nfrom sklearn.metrics import f1_score\n"
        "linecache.cache['<cell>'] = len(cell), None, cell.splitlines(True), '<cell>'\n",  # as IPython does
        "exec(DATA)\nmodel = LogisticRegression(max_iter=200).fit(X, y)\n".replace("DATA", repr(DATA))
        + "exec(compile(cell, '<cell>', 'exec')); result = model.coef_.tolist()",
    )
    assert set(seen.run.points) == {"acc", "f", "score_X_test"}


def story_a_library_that_was_imported_before_is_listened_to() -> None:
    seen = trial(
        DATA,
        "m = Ridge(alpha=2).fit(X, y); s = m.score(X, y); a = sklearn.metrics.r2_score(y, m.predict(X)); result = 1",
        before="import sklearn.metrics\nfrom sklearn.linear_model import Ridge\nfrom sklearn.model_selection import GridSearchCV",
    )
    assert seen.run.parameters["alpha"] == 2 and set(seen.run.points) == {"score_X", "r2_score_y"}

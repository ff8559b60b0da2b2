"""MLflow with its store in a file: what a notebook logs there is here too, one run for one run."""

from __future__ import annotations

from .trial import both, trial

STORE = """
import logging, os, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import mlflow
mlflow.set_tracking_uri("file://" + os.path.abspath("mlruns"))
mlflow.set_experiment("e")
"""
ENV = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}


def story_what_is_logged_there_is_here_run_by_run() -> None:
    seen = both(
        STORE,
        ("loop", "kept = []\n"
         "for lr in (0.1, 0.2):\n"
         "    with mlflow.start_run(tags={'kind': 'try'}) as run:\n"
         "        mlflow.log_param('lr', lr); mlflow.log_params({'depth': 3, 'name': 'tree'})\n"
         "        for i in range(3):\n"
         "            mlflow.log_metric('loss', lr / (i + 1), step=i)\n"
         "        mlflow.log_metrics({'acc': 0.5 + lr, 'f1': 0.25}, step=9)\n"
         "        mlflow.set_tag('stage', 'draft'); mlflow.set_tags({'team': 'red'})\n"
         "        open('weights.txt', 'w').write('w'); mlflow.log_artifact('weights.txt')\n"
         "        if lr == 0.2:\n"
         "            ds.parameter('name', 'explicit')\n"
         "    kept.append(mlflow.get_run(run.info.run_id).data)\n"
         "try:\n"
         "    with mlflow.start_run():\n"
         "        mlflow.log_param('lr', 1); mlflow.log_param('lr', 2)\n"
         "except mlflow.exceptions.MlflowException as error:\n"
         "    told = type(error).__name__\n"
         "tags = [{k: v for k, v in each.tags.items() if not k.startswith('mlflow.')} for each in kept]\n"
         "result = [[each.params, each.metrics] for each in kept] + [tags, told]"),
        ("again", "import inspect, pickle\n"
         "ds.autolog(mlflow=False)\n"
         "with mlflow.start_run():\n    mlflow.log_param('unseen', 1)\n"
         "result += [str(inspect.signature(mlflow.log_metric)), mlflow.log_metric.__doc__,\n"
         "           pickle.loads(pickle.dumps(mlflow.log_metric)) is mlflow.log_metric]"),
        env=ENV,
    )
    first, second, third = seen.runs
    assert [run.opened_by for run in seen.runs] == ["implicit"] * 3
    assert first.parameters == {"lr": 0.1, "depth": 3, "name": "tree"}
    assert second.parameters == {"lr": 0.2, "depth": 3, "name": "explicit"}
    assert first.points["loss"] == [(0, 0.1), (1, 0.05), (2, 0.1 / 3)] and first.points["acc"] == [(9, 0.6)]
    assert first.labels == {"autolog": "mlflow", "stage": "draft", "team": "red", "kind": "try"}
    assert [path.rsplit("/", 1)[1] for path in first.outputs] == ["weights.txt"]
    assert third.parameters["lr"] == 1, "what MLflow refused is not mirrored"
    assert not any("unseen" in run.parameters for run in seen.runs)


def story_an_explicit_run_holds_whatever_is_logged_in_it() -> None:
    seen = trial(
        STORE,
        "with ds.run('mine'):\n"
        "    for i in range(2):\n"
        "        with mlflow.start_run():\n"
        "            mlflow.log_metric('m', i)\n"
        "ds.parameter('after', 1)\n",
        "with mlflow.start_run() as parent:\n"
        "    mlflow.log_param('outer', 1)\n"
        "    with mlflow.start_run(nested=True):\n"
        "        mlflow.log_param('inner', 2)\n"
        "    mlflow.log_param('outer_end', 3)\n",
        env=ENV,
    )
    mine, after, inner = seen.runs
    assert [value for _, value in mine.points["m"]] == [0.0, 1.0] and mine.opened_by == "with"
    assert after.parameters == {"after": 1, "outer": 1}
    assert inner.parameters["inner"] == 2 and inner.parameters["after"] == 1


def story_another_shape_is_told_once() -> None:
    seen = trial(
        STORE,
        "with mlflow.start_run():\n    mlflow.log_param('p', 1)\nresult = 1",
        before="import mlflow.tracking.fluent as f\ndel f.log_metrics, f.set_tags",
        env=ENV,
    )
    assert seen.result == 1 and seen.run.parameters == {"p": 1}
    assert seen.log.count("Autologging does not know this mlflow") == 1 and "log_metrics" in seen.log

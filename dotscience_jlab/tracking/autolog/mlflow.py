"""MLflow: what a notebook logs by `mlflow.log_…` and `mlflow.set_tag` is mirrored. Only looked at: nothing is asked of MLflow."""

from __future__ import annotations

import os
from typing import Any, Generator

from .around import Arguments, Keywords, argument, hook
from .ledger import record, record_outputs, record_points, turn_to
from .nesting import LOGS

SOURCE = "mlflow"


def begin(module: Any) -> None:
    def look_at(mirror: Any) -> Any:
        def look(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
            yield  # what MLflow refuses is not mirrored
            active = module.active_run()
            host = keywords.get("run_id") or (None if active is None else active.info.run_id)
            if host is not None:
                turn_to(SOURCE, host)
            mirror(args, keywords)

        return look

    for name, mirror in MIRRORS.items():
        hook(module, name, SOURCE, look_at(mirror), LOGS)
    hook(module, "start_run", SOURCE, _look_at_start, LOGS)


def _look_at_start(args: Arguments, keywords: Keywords) -> Generator[None, Any, None]:
    run = yield
    if not argument(args, keywords, 3, "nested", False):
        turn_to(SOURCE, run.info.run_id)
    tags = argument(args, keywords, 5, "tags")
    if tags:
        record(SOURCE, "label", tags, is_carried=True)


def _param(args: Arguments, keywords: Keywords) -> None:
    record(SOURCE, "parameter", {argument(args, keywords, 0, "key"): argument(args, keywords, 1, "value")}, is_carried=True)


def _params(args: Arguments, keywords: Keywords) -> None:
    record(SOURCE, "parameter", argument(args, keywords, 0, "params"), is_carried=True)


def _metric(args: Arguments, keywords: Keywords) -> None:
    named = {argument(args, keywords, 0, "key"): argument(args, keywords, 1, "value")}
    record_points(SOURCE, named, argument(args, keywords, 2, "step"))


def _metrics(args: Arguments, keywords: Keywords) -> None:
    record_points(SOURCE, argument(args, keywords, 0, "metrics"), argument(args, keywords, 1, "step"))


def _tag(args: Arguments, keywords: Keywords) -> None:
    record(SOURCE, "label", {argument(args, keywords, 0, "key"): argument(args, keywords, 1, "value")}, is_carried=True)


def _tags(args: Arguments, keywords: Keywords) -> None:
    record(SOURCE, "label", argument(args, keywords, 0, "tags"), is_carried=True)


def _artifact(args: Arguments, keywords: Keywords) -> None:
    record_outputs(SOURCE, [os.fspath(argument(args, keywords, 0, "local_path"))])


def _artifacts(args: Arguments, keywords: Keywords) -> None:
    record_outputs(SOURCE, [os.fspath(argument(args, keywords, 0, "local_dir"))])


MIRRORS = {"log_param": _param, "log_params": _params, "log_metric": _metric, "log_metrics": _metrics, "set_tag": _tag,
           "set_tags": _tags, "log_artifact": _artifact, "log_artifacts": _artifacts}

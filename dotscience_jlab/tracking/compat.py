"""The import name `dotscience`: notebooks written for the original library (0.8) run unchanged where it is not installed.

`old_name.py` finds it at the very end of the import path, so a real library always wins. Under this name, and only here,
the old rules hold: `start()` discards, `publish()` mints a new run id each time and clears nothing, values become text, and
the marker is printed byte for byte. Beside that each call is recorded as a run of ours.
Source: dotscience-python 0.8.7, https://github.com/dotmesh-io/dotscience-python; `tests/tracking/golden` holds its output.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timezone
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional, Sequence, Set

from ..model.ids import new_run_id
from ..model.marker import format_marker
from . import active
from .reporting import Reporter

TIME_FORMAT = "%Y%m%dT%H%M%S.%f"
MODEL_KINDS = ("tensorflow-model", "sklearn-model")

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Run:
    """What is collected between two publishes. Paths are kept relative to `root`."""

    def __init__(self, root: str) -> None:
        self._id: Optional[str] = None
        self._error: Optional[str] = None
        self._description: Optional[str] = None
        self._inputs: Set[str] = set()
        self._outputs: Set[str] = set()
        self._labels: Dict[str, str] = {}
        self._metric: Dict[str, str] = {}
        self._parameters: Dict[str, str] = {}
        self._start: Optional[datetime] = None
        self._end: Optional[datetime] = None
        self._workload_file: Optional[str] = None
        self._mode: Optional[str] = None
        self._root = root
        self._model_dir: Any = None
        self._clock: Clock = _utc_now

    def start(self) -> None:
        if self._start is not None:
            raise RuntimeError("Run.start() has been called more than once")
        self._start = self._clock()

    def lazy_start(self) -> None:
        if self._start is None:
            self._start = self._clock()

    def forget_times(self) -> None:
        self._end = None
        self._start = None

    def end(self) -> None:
        """The first end counts."""
        if self._end is None:
            self._end = self._clock()

    def set_error(self, error: Any) -> None:
        self._error = str(error)

    def error(self, error: Any) -> Any:
        self.set_error(error)
        return error

    def set_description(self, description: Any) -> None:
        self._description = str(description)

    def description(self, description: Any) -> Any:
        self.set_description(description)
        return description

    def add_input_file(self, filename: Any) -> None:
        self._inputs.add(self._relative(filename))

    def add_input(self, filename: Any) -> None:
        """A directory is walked now: its files exist before they are read."""
        if os.path.isdir(filename):
            for entry in os.listdir(filename):
                self.add_input(os.path.join(filename, entry))
        else:
            self.add_input_file(filename)

    def add_inputs(self, *args: Any) -> None:
        for filename in args:
            self.add_input(filename)

    def input(self, filename: Any) -> Any:
        self.add_input(filename)
        return filename

    def add_output(self, filename: Any) -> None:
        """A directory is walked at publish: its files may not exist yet."""
        self._outputs.add(self._relative(filename))

    def add_outputs(self, *args: Any) -> None:
        for filename in args:
            self.add_output(filename)

    def output(self, filename: Any) -> Any:
        self.add_output(filename)
        return filename

    def add_label(self, label: Any, value: Any) -> None:
        self._labels[str(label)] = str(value)

    def add_labels(self, *args: Any, **kwargs: Any) -> None:
        _each(self.add_label, args, kwargs)

    def label(self, label: Any, value: Any) -> Any:
        self.add_label(label, value)
        return value

    def add_metric(self, label: Any, value: Any) -> None:
        self._metric[str(label)] = str(value)

    def add_metrics(self, *args: Any, **kwargs: Any) -> None:
        _each(self.add_metric, args, kwargs)

    def metric(self, label: Any, value: Any) -> Any:
        self.add_metric(label, value)
        return value

    summary, add_summary, add_summaries = metric, add_metric, add_metrics

    def add_parameter(self, label: Any, value: Any) -> None:
        self._parameters[str(label)] = str(value)

    def add_parameters(self, *args: Any, **kwargs: Any) -> None:
        _each(self.add_parameter, args, kwargs)

    def parameter(self, label: Any, value: Any) -> Any:
        self.add_parameter(label, value)
        return value

    def model(self, module: Any, name: str, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        kind = f"{module.__name__}-model" if hasattr(module, "__name__") else None
        if kind not in MODEL_KINDS:
            raise RuntimeError(f"Unknown model type {kind}")
        files = {"model": filepath}
        self._model_dir = filepath
        if "classes" in kwargs:
            files["classes"] = kwargs["classes"]
        for path in files.values():
            self.add_output(path)
        labels = {
            "type": kind,
            "version": module.__version__,
            "files": {role: self._relative(path) for role, path in files.items()},
        }
        self.add_label("artefact:" + name, json.dumps(labels, sort_keys=True, separators=(",", ":")))
        return filepath

    def add_model(self, kind: Any, name: str, *args: Any, **kwargs: Any) -> None:
        self.model(kind, name, *args, **kwargs)

    def metadata(self) -> Dict[str, Any]:
        """What the marker holds."""
        outputs: Set[str] = set()
        for path in self._outputs:
            _walk_output(self._root, outputs, path)
        body: Dict[str, Any] = {
            "version": "1",
            "input": sorted(self._inputs),
            "output": sorted(outputs),
            "labels": self._labels,
            "summary": self._metric,
            "parameters": self._parameters,
        }
        optional = {
            "error": self._error,
            "description": self._description,
            "start": self._start and self._start.strftime(TIME_FORMAT),
            "end": self._end and self._end.strftime(TIME_FORMAT),
            "workload-file": self._workload_file,
        }
        return {**body, **{key: value for key, value in optional.items() if value is not None}}

    def newID(self) -> None:
        self._id = str(new_run_id())

    def getModelDir(self) -> Any:
        return self._model_dir

    def _set_workload_file(self, workload_file: Optional[str]) -> None:
        self._workload_file = workload_file

    def _relative(self, path: Any) -> str:
        return os.path.relpath(str(path), start=self._root)

    def __str__(self) -> str:
        return format_marker(self._id, self.metadata())  # type: ignore[arg-type]

    def debug(self) -> None:
        print(json.dumps(self.metadata(), sort_keys=True, indent=4))


class Dotscience:
    """The original's front object: hands everything to its current run, and each call to our record as well."""

    currentRun: Optional[Run] = None

    def __init__(self) -> None:
        self._reporter = Reporter()
        self._reset()

    def _reset(self) -> None:
        settings = active.settings()
        self._mode: Optional[str] = None
        self._workload_file: Optional[str] = None
        self._workload_type = settings.workload_type
        self._root = settings.root_hint or os.getcwd()

    def connect(self, username: str, apikey: str, project: str, hostname: str = "") -> None:
        """No network: runs are recorded on this computer. The key is not kept."""
        if not project:
            raise Exception("Please specify a project name as the third argument to ds.connect()")
        self._reset()
        self._reporter.say_local_only(apikey)

    def interactive(self) -> None:
        self._choose("interactive", "interactive", None)

    def remote(self) -> None:
        self._choose("remote", "remote", None)

    def script(self, script_path: Optional[str] = None) -> None:
        path = sys.argv[0] if script_path is None else script_path
        self._choose("script", "script", os.path.relpath(str(path), start=self._root))

    def _choose(self, mode: str, word: str, workload_file: Optional[str]) -> None:
        if self._mode not in (None, mode):
            raise RuntimeError(
                f"An attempt was mode to select {word} mode for the Dotscience Python Library when it was in {self._mode} mode"
            )
        self._mode, self._workload_file = mode, workload_file

    def _check_started(self) -> Run:
        if self.currentRun is None:
            print("You have not called ds.start() yet, so I'm doing it for you!")
            self.start()
        assert self.currentRun is not None
        self.currentRun.lazy_start()
        return self.currentRun

    def start(self, description: Any = None) -> None:
        self.currentRun = Run(self._root)
        self.currentRun.start()
        if description is not None:
            self.currentRun.set_description(description)
        self._reporter.start(description)

    def end(self) -> None:
        self._check_started().end()

    def publish(self, description: Any = None, stream: Any = None, build: bool = False, deploy: bool = False) -> None:
        if self._mode is None and self._workload_type == "jupyter":
            self.interactive()
        elif self._mode is None and self._workload_type == "command":
            self.script()
        run = self._check_started()
        run.end()
        if description is not None:
            run.set_description(description)
        run._set_workload_file(self._workload_file)
        run._id = self._reporter.publish(run, description)
        (sys.stdout if stream is None else stream).write(str(run) + "\n")
        run.forget_times()

    def set_error(self, error: Any) -> None:
        self._check_started().set_error(error)
        self._reporter.record("error", {"": str(error)})

    def error(self, error: Any) -> Any:
        self.set_error(error)
        return error

    def set_description(self, description: Any) -> None:
        self._check_started().set_description(description)
        self._reporter.record("description", {"": str(description)})

    def description(self, description: Any) -> Any:
        self.set_description(description)
        return description

    def add_input(self, filename: Any) -> None:
        run = self._check_started()
        before = set(run._inputs)
        run.add_input(filename)
        self._reporter.record_paths("input", run._root, run._inputs - before)

    def add_inputs(self, *args: Any) -> None:
        for filename in args:
            self.add_input(filename)

    def input(self, filename: Any) -> Any:
        self.add_input(filename)
        return filename

    def add_output(self, filename: Any) -> None:
        run = self._check_started()
        run.add_output(filename)
        self._reporter.record_paths("output", run._root, {run._relative(filename)})

    def add_outputs(self, *args: Any) -> None:
        for filename in args:
            self.add_output(filename)

    def output(self, filename: Any) -> Any:
        self.add_output(filename)
        return filename

    def add_label(self, label: Any, value: Any) -> None:
        self._check_started().add_label(label, value)
        self._reporter.record_scalars("label", {str(label): value})

    def add_labels(self, *args: Any, **kwargs: Any) -> None:
        self._check_started()
        _each(self.add_label, args, kwargs)

    def label(self, label: Any, value: Any) -> Any:
        self.add_label(label, value)
        return value

    def add_metric(self, label: Any, value: Any) -> None:
        self._check_started().add_metric(label, value)
        self._reporter.record_metric(str(label), value)

    def add_metrics(self, *args: Any, **kwargs: Any) -> None:
        self._check_started()
        _each(self.add_metric, args, kwargs)

    def metric(self, label: Any, value: Any) -> Any:
        self.add_metric(label, value)
        return value

    summary, add_summary, add_summaries = metric, add_metric, add_metrics

    def add_parameter(self, label: Any, value: Any) -> None:
        self._check_started().add_parameter(label, value)
        self._reporter.record_scalars("parameter", {str(label): value})

    def add_parameters(self, *args: Any, **kwargs: Any) -> None:
        self._check_started()
        _each(self.add_parameter, args, kwargs)

    def parameter(self, label: Any, value: Any) -> Any:
        self.add_parameter(label, value)
        return value

    def model(self, module: Any, name: str, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        run = self._check_started()
        kept = run.model(module, name, filepath, *args, **kwargs)
        self._reporter.record_model(module.__name__, str(name), filepath, kwargs.get("classes"))
        return kept

    def add_model(self, module: Any, name: str, filepath: Any, *args: Any, **kwargs: Any) -> None:
        self.model(module, name, filepath, *args, **kwargs)

    def debug(self) -> None:
        self._check_started().debug()


MODULE_VERBS: Sequence[str] = (
    "interactive", "script", "remote", "publish", "start", "end", "set_error", "error", "set_description", "description",
    "add_input", "add_inputs", "input", "add_output", "add_outputs", "output", "add_label", "add_labels", "label", "add_metric",
    "add_metrics", "metric", "summary", "add_summary", "add_summaries", "model", "add_model", "add_parameter",
    "add_parameters", "parameter", "debug", "connect",
)
"""Functions of the module, each a method of its default object."""


def fill(module: ModuleType) -> None:
    """Make `module` look like the original: its functions are methods of one default object."""
    default = Dotscience()
    module.__doc__ = __doc__
    module.__dict__.update(
        {name: getattr(default, name) for name in MODULE_VERBS},
        param=default.parameter, Run=Run, Dotscience=Dotscience, _defaultDS=default, __version__="0.8.7",
    )


def _each(add: Callable[[Any, Any], None], pairs: Sequence[Any], named: Dict[str, Any]) -> None:
    """Any mix of ("a", 1, "b", 2) and a=1, b=2; an odd number of positions is a ValueError, as in the original."""
    for name, value in named.items():
        add(name, value)
    for name, value in [pairs[i : i + 2] for i in range(0, len(pairs), 2)]:
        add(name, value)


def _walk_output(root: str, found: Set[str], path: str) -> None:
    """Every file below an output directory, relative to the root; a file, or what does not exist, is itself."""
    full: str = os.path.join(root, path)
    if not os.path.isdir(full):
        found.add(path)
        return
    names: List[str] = os.listdir(full)
    for name in names:
        _walk_output(root, found, os.path.join(path, name))

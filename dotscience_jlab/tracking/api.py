"""The verbs of `import dotscience_jlab as ds`: one line in a cell, one fact in its run.

A verb returns what it was given, so it can be wrapped around an expression: `lr = ds.parameter("lr", 0.1)`. Wrong arguments are
an error in a sentence; a fault of ours never is: it is noted, and the cell goes on.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, TypeVar

from ..errors import InvalidRequest
from ..model.frames import NO_STEP
from ..model.values import metric_value, scalar
from . import active, artifacts
from .autolog.switch import autolog  # noqa: F401  # a verb
from .reporting import never_raises, note_missing_value, say_local_only
from .runs import OpenRun
from .script import main_file
from .session import Session
from .summary import show_published

Value = TypeVar("Value")
Function = TypeVar("Function", bound=Callable[..., Any])

MAX_STEP = 2**63
_FLOATS, _TEXTS = frozenset((float,)), frozenset((str,))


# -- runs --------------------------------------------------------------------------------------------


@never_raises
def start(description: Optional[str] = None) -> None:
    """Begin a new run; the one before is finished. Parameters that other cells set stand in the new one too."""
    active.session().start_run("start", None, None if description is None else str(description))


@never_raises
def end() -> None:
    """Finish the current run. Nothing happens if there is none."""
    active.session().end_run()


@never_raises
def publish(description: Optional[str] = None, stream: Any = None, build: bool = False, deploy: bool = False) -> None:
    """Say that the current run is complete: it is finished, and a short summary is shown (on `stream`, if given, as text).

    build and deploy are accepted for notebooks that pass them; nothing is built here.
    """
    run = active.session().publish(None if description is None else str(description))
    if run is not None:
        show_published(run, description, stream)


class ActiveRun:
    """What `with ds.run("name") as run:` gives: the run's id, and the verbs on exactly this run."""

    def __init__(self, run: Optional[OpenRun]) -> None:
        self.id: Optional[str] = None if run is None else str(run.id)
        """None while recording is off."""
        self.name = None if run is None else run.name

    def __getattr__(self, name: str) -> Any:
        if name in _RUN_VERBS:
            return globals()[name]
        raise AttributeError(name)

    def __repr__(self) -> str:
        return f"<run {self.name or ''} {self.id or 'not recorded'}>"


@contextlib.contextmanager
def run(name: Optional[str] = None, *, opened_by: str = "with") -> Iterator[ActiveRun]:
    """A run for a block: finished at its end, failed or interrupted if the block is. Blocks may nest and run in threads."""
    scope = _open_scope(opened_by, None if name is None else str(name))
    try:
        yield ActiveRun(None if scope is None else scope[0])
    except BaseException as error:
        is_interrupt = isinstance(error, (KeyboardInterrupt, GeneratorExit)) or type(error).__name__ == "CancelledError"
        _close_scope(scope, "interrupted" if is_interrupt else "error", f"{type(error).__name__}: {error}")
        raise
    _close_scope(scope, "ok", None)


def track(function: Optional[Function] = None, *, name: Optional[str] = None) -> Any:
    """`@ds.track`: every call is a run named after the function, its arguments are parameters. Works on `async def` too."""
    if function is None:
        return functools.partial(track, name=name)
    title = name or function.__name__
    signature = inspect.signature(function)

    def record_arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return  # the call itself is about to say so
        bound.apply_defaults()
        _record_scalars("parameter", {key: value for key, value in bound.arguments.items() if key not in ("self", "cls")})

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def tracked_async(*args: Any, **kwargs: Any) -> Any:
            with run(title, opened_by="track"):
                record_arguments(args, kwargs)
                return await function(*args, **kwargs)

        return tracked_async

    @functools.wraps(function)
    def tracked(*args: Any, **kwargs: Any) -> Any:
        with run(title, opened_by="track"):
            record_arguments(args, kwargs)
            return function(*args, **kwargs)

    return tracked


# -- values ------------------------------------------------------------------------------------------


def parameter(name: str, value: Value) -> Value:
    """A value you chose. `lr = ds.parameter("lr", 0.1)`"""
    _record_scalars("parameter", {str(name): value})
    return value


param = parameter


def summary(name: str, value: Value) -> Value:
    """One final value, where a metric's last one is not the one that counts."""
    _record_scalars("summary", {str(name): value})
    return value


def label(name: str, value: Value = True) -> Value:  # type: ignore[assignment]
    """A word of your own about this run. `ds.label("dataset", "2026-11")`"""
    _record_scalars("label", {str(name): value})
    return value


def metric(name: str, value: Value, step: Optional[int] = None) -> Value:
    """A number you measured; call it again for the next point. Under 10 µs. NaN and infinities are kept as they are."""
    kind = type(value)
    number = value if kind is float else None
    if number is None:
        number, is_number = metric_value(value)
        if not is_number:
            _record("metric_text", {str(name): str(scalar(value))})
            return value
    _record_points((str(name),), (number,), None if step is None else _step(step))
    return value


def log(values: Mapping[str, Any], step: Optional[int] = None) -> None:
    """Many metrics of one step at once: `ds.log({"loss": l, "acc": a}, step=i)`. One write."""
    if type(values) is not dict and not isinstance(values, Mapping):
        raise InvalidRequest(f"ds.log takes a dict of names and numbers, not {type(values).__name__}.", 'ds.log({"loss": 0.1})')
    at = None if step is None else _step(step)
    names, numbers = tuple(values), tuple(values.values())
    if _FLOATS.issuperset(map(type, numbers)) and _TEXTS.issuperset(map(type, names)):  # the usual row, without a loop in Python
        _record_points(names, numbers, at)
        return
    points: Dict[str, float] = {}
    texts: Dict[str, str] = {}
    for name, value in zip(names, numbers):
        number, is_number = metric_value(value)
        if is_number:
            points[str(name)] = number
        else:
            texts[str(name)] = str(scalar(value))
    if points:
        _record_points(tuple(points), tuple(points.values()), at)
    if texts:
        _record("metric_text", texts)


def add_parameter(name: str, value: Any) -> None:
    parameter(name, value)


def add_parameters(*args: Any, **kwargs: Any) -> None:
    """`ds.add_parameters("a", 1, "b", 2, lr=0.1)`: pairs and keywords; a dict is taken too."""
    _record_scalars("parameter", _pairs("add_parameters", args, kwargs))


def add_summary(name: str, value: Any) -> None:
    summary(name, value)


def add_summaries(*args: Any, **kwargs: Any) -> None:
    _record_scalars("summary", _pairs("add_summaries", args, kwargs))


def add_label(name: str, value: Any = True) -> None:
    label(name, value)


def add_labels(*args: Any, **kwargs: Any) -> None:
    _record_scalars("label", _pairs("add_labels", args, kwargs))


def add_metric(name: str, value: Any, step: Optional[int] = None) -> None:
    metric(name, value, step)


def add_metrics(*args: Any, **kwargs: Any) -> None:
    log(_pairs("add_metrics", args, kwargs))


def set_description(description: Any) -> None:
    """What this run is about, in your words."""
    _record("description", {"": str(description)})


def description(description: Value) -> Value:
    set_description(description)
    return description


def set_error(error: Any) -> None:
    """The run failed, and this is why; it ends as failed."""
    _record("error", {"": str(error)})


def error(error: Value) -> Value:
    set_error(error)
    return error


# -- files -------------------------------------------------------------------------------------------


def input(path: Value, copy: bool = False) -> Value:
    """A file, or every file below a folder, that this run reads. `df = pd.read_csv(ds.input("raw.csv"))`

    copy: keep the bytes of what lies outside the project folder, too, of files up to 100 MB.
    """
    _record("input", {each: {"copy": True} if copy else None for each in _files(path)})
    return path


def add_input(path: Any) -> None:
    input(path)


def add_inputs(*paths: Any) -> None:
    for path in paths:
        input(path)


def output(path: Value) -> Value:
    """A file or folder that this run writes; it need not exist yet."""
    _record("output", {os.path.abspath(os.fspath(path) if isinstance(path, (str, os.PathLike)) else str(path)): None})
    return path


def add_output(path: Any) -> None:
    output(path)


def add_outputs(*paths: Any) -> None:
    for path in paths:
        output(path)


def checkpoint(paths: Any = None, step: Optional[int] = None) -> None:
    """Keep these files now, in the middle of the cell: if it is killed, `ds resume` brings them back. It does not wait for that.

    paths: a path or several; None: what this run declared as outputs, else what the cell was seen writing. Call it when they are
    written: `torch.save(state, "last.pt"); ds.checkpoint("last.pt", step=i)`.
    """
    at = None if step is None else _step(step)
    if paths is None:
        _record("checkpoint", {"": at})
        return
    named = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    disk_paths = [os.path.abspath(os.fspath(each)) for each in named]
    _record("output", {each: None for each in disk_paths})
    _record("checkpoint", {each: at for each in disk_paths})


def model(module: Any, name: str, path: Value, *args: Any, classes: Any = None, **kwargs: Any) -> Value:
    """A model saved at `path` by the library `module`: `ds.model(sklearn, "clf", "clf.joblib", classes="classes.json")`."""
    disk_path = os.path.abspath(str(path))
    files = {disk_path: None}
    if classes is not None:
        files[os.path.abspath(str(classes))] = None
    _record("output", files)
    body = {
        "module": getattr(module, "__name__", str(module)),
        "version": str(getattr(module, "__version__", "")),
        "disk_path": disk_path,
        "classes": None if classes is None else os.path.abspath(str(classes)),
    }
    _record("model", {str(name): body})
    return path


def add_model(module: Any, name: str, path: Any, *args: Any, **kwargs: Any) -> None:
    model(module, name, path, *args, **kwargs)


# -- things to look at -------------------------------------------------------------------------------


def image(name: str, image: Any, step: Optional[int] = None) -> None:
    """Keep a picture: a matplotlib figure, a PIL image, an array (height, width[, 3 or 4]; 0…255 or 0…1), or a file's path."""
    content = artifacts.image_bytes(image)
    _record_artifact("image", str(name), content, step)


def text(name: str, value: Any, step: Optional[int] = None) -> None:
    """Keep a text of any length under a name."""
    written = str(value)
    if len(written) <= artifacts.MAX_INLINE_CHARACTERS:
        _record("text", {str(name): {"step": None if step is None else _step(step), "mime": "text/plain", "value": written}})
    else:
        _record_artifact("text", str(name), artifacts.Content(written.encode("utf-8", "replace"), "text/plain", ".txt"), step)


def table(name: str, dataframe: Any, step: Optional[int] = None) -> None:
    """Keep a table: a DataFrame, a list of dicts, or a list of rows; stored as CSV."""
    _record_artifact("table", str(name), artifacts.table_bytes(dataframe), step)


# -- the process -------------------------------------------------------------------------------------


def interactive() -> None:
    """Accepted for notebooks that say it; what runs is seen anyway."""
    _record("mode", {"": "interactive"})


def script(path: Optional[str] = None) -> None:
    """This run comes from a script, `path` or the one that runs."""
    _record("script", {"": os.path.abspath(str(path)) if path is not None else main_file()})


def connect(user: str, apikey: str, project: str, host: str = "") -> None:
    """No network: runs are recorded on this computer, and that is said once. The key is never recorded."""
    _say_local_only(apikey)


def debug() -> None:
    """Print what the current run holds so far."""
    from .summary import describe  # late: rarely needed

    current = active.session().current_run()
    print("No run is open." if current is None else describe(current))


_RUN_VERBS = frozenset({
    "parameter", "param", "summary", "label", "metric", "log", "input", "output", "model", "image", "text", "table",
    "description", "set_description", "error", "set_error", "add_parameters", "add_labels", "add_metrics", "add_summaries",
    "add_inputs", "add_outputs", "checkpoint",
})


# -- inside ------------------------------------------------------------------------------------------


@never_raises
def _record(what: str, items: Dict[str, Any]) -> None:
    if items:
        active.session().record(what, items)


@never_raises
def _record_scalars(what: str, items: Mapping[str, Any]) -> None:
    active.session().record(what, {str(name): scalar(value) for name, value in items.items()})


def _record_points(names: Tuple[str, ...], values: Tuple[float, ...], step: Optional[int]) -> None:
    """Like the others, without the wrapper: this is the path that is called a million times."""
    try:
        (active._session or active.session()).record_points(names, values, step)
    except Exception:  # the process edge, spelled out
        note_missing_value()


@never_raises
def _record_artifact(what: str, name: str, content: "artifacts.Content", step: Optional[int]) -> None:
    session: Session = active.session()
    if session.is_muted():
        return
    path = session.keep_artifact(content.file_name(), content.data)
    body: Dict[str, Any] = {"step": None if step is None else _step(step), "mime": content.mime, **content.details}
    if path is not None:
        session.record(what, {name: {**body, "disk_path": os.fspath(path)}})


@never_raises
def _open_scope(opened_by: str, name: Optional[str]) -> Optional[Tuple[OpenRun, Any]]:
    return active.session().open_scope(opened_by, name)


@never_raises
def _close_scope(scope: Optional[Tuple[OpenRun, Any]], outcome: str, error: Optional[str]) -> None:
    if scope is not None:
        active.session().close_scope(scope, outcome, error)


@never_raises
def _say_local_only(key: Any) -> None:
    say_local_only(key)


def _step(step: Any) -> int:
    """3, np.int64(3), 3.0 -> 3; anything that is no whole number is an InvalidRequest."""
    if type(step) is int and -MAX_STEP < step < MAX_STEP:
        return step
    try:
        number = int(step)
        if number == step and NO_STEP < number < MAX_STEP:
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise InvalidRequest(f"A step is a whole number, not {step!r}.", "Count the steps of your loop: step=i.")


def _pairs(verb: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Dict[str, Any]:
    """(('a', 1, 'b', 2), {'c': 3}) -> {'a': 1, 'b': 2, 'c': 3}; one dict is its items."""
    if len(args) == 1 and isinstance(args[0], Mapping):
        return {**{str(name): value for name, value in args[0].items()}, **kwargs}
    if len(args) % 2:
        raise InvalidRequest(f"ds.{verb} takes names and values in pairs; the last one of {len(args)} has no value.",
                             f'ds.{verb}("a", 1, b=2)')
    return {**{str(args[i]): args[i + 1] for i in range(0, len(args), 2)}, **kwargs}


def _files(path: Any) -> List[str]:
    """A file is itself; a folder is every file below it, now."""
    full = os.path.abspath(os.fspath(path) if isinstance(path, (str, os.PathLike)) else str(path))
    if not os.path.isdir(full):
        return [full]
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(full) for name in names)

"""The front door: `import dotscience_jlab as ds` gives the verbs, Jupyter finds its entry points.

A bare import starts nothing and loads nothing but this file; a verb is fetched when it is first named.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Dict, List

from . import model as _words

try:
    from ._version import __version__
except ImportError:  # a checkout that was never built
    __version__ = "0.0.0"

if TYPE_CHECKING:
    from .tracking.api import (  # noqa: F401
        add_input,
        add_inputs,
        add_label,
        add_labels,
        add_metric,
        add_metrics,
        add_model,
        add_output,
        add_outputs,
        add_parameter,
        add_parameters,
        add_summaries,
        add_summary,
        autolog,
        checkpoint,
        connect,
        debug,
        description,
        end,
        error,
        image,
        input,
        interactive,
        label,
        log,
        metric,
        output,
        param,
        parameter,
        publish,
        run,
        script,
        set_description,
        set_error,
        start,
        summary,
        table,
        text,
        track,
    )

__all__ = [
    "add_input", "add_inputs", "add_label", "add_labels", "add_metric", "add_metrics", "add_model", "add_output",
    "add_outputs", "add_parameter", "add_parameters", "add_summaries", "add_summary", "autolog", "checkpoint", "connect", "debug",
    "description", "end", "error", "image", "input", "interactive", "label", "log", "metric", "model", "output", "param",
    "parameter", "publish", "run", "script", "set_description", "set_error", "start", "summary", "table", "text", "track",
]
"""The verbs; `help(ds.metric)` explains one."""

_VERBS = frozenset(__all__)


class _WordsAndVerb(types.ModuleType):
    """`ds.model(sklearn, "clf", "clf.joblib")` is a verb, and `dotscience_jlab.model` the package of words: one name, both work."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from .tracking import api  # late: a bare import stays cheap

        return api.model(*args, **kwargs)


_words.__class__ = _WordsAndVerb


def __getattr__(name: str) -> Any:
    if name not in _VERBS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .tracking import api  # late: a bare import stays cheap

    verb = getattr(api, name)
    globals()[name] = verb
    return verb


def __dir__() -> List[str]:
    return sorted([*__all__, "__version__", "load_ipython_extension", "unload_ipython_extension"])


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext dotscience_jlab`; loading twice is loading once. Never raises."""
    from .tracking.ipython import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    from .tracking.ipython import unload

    unload(shell)


def _jupyter_labextension_paths() -> List[Dict[str, str]]:
    return [{"src": "labextension", "dest": "dotscience-jlab"}]


def _jupyter_server_extension_points() -> List[Dict[str, Any]]:
    from .server.extension import Dotscience  # late: the server alone needs it

    return [{"module": "dotscience_jlab", "app": Dotscience}]

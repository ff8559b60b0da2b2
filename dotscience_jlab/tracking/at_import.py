"""Acts on a library's module once it has been imported, never before: a library that is not used costs nobody anything.

One finder for the life of the process. It finds nothing itself: it lets the others find, and calls what waits for the module
once it was executed. What waits never breaks an import; an error of it goes to `on_fault`.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List

Act = Callable[[Any], None]
"""Gets the executed module."""

_waiting: Dict[str, List[Act]] = {}


def when_imported(name: str, act: Act) -> None:
    """Call `act` with the module `name` once it has been executed: now, if it is there already, and after every reload.

    Acts on one module are called in the order in which they were registered, each registered once.
    """
    acts = _waiting.setdefault(name, [])
    if act in acts:
        return
    acts.append(act)
    if not any(isinstance(each, _ImportListener) for each in sys.meta_path):
        sys.meta_path.insert(0, _ImportListener())
    module = sys.modules.get(name)
    if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
        _call(act, module)


def on_fault(name: str) -> None:
    """In an `except`: what was to happen at the import of this module did not. Said in the log, and by the execution."""
    from . import active  # late, as below: a fault is rare
    from .fault_log import note_fault

    sentence = f"What {name} does is not recorded: an internal error, see the log."
    session = active.known_session()
    if session is not None:
        session.fault(sentence)
    else:
        note_fault(active.settings(), sentence)


class _ImportListener:
    """A finder by its method alone: `importlib.abc` would cost every kernel 3 ms."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname not in _waiting:
            return None
        spec = _found_by_others(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = getattr(spec.loader, "exec_module", None)
        if execute is None:
            return None

        def exec_module(module: Any) -> None:
            execute(module)
            for act in list(_waiting.get(fullname, ())):
                _call(act, module)

        try:
            spec.loader.exec_module = exec_module  # this module's own loader
        except AttributeError:  # a loader that cannot be listened to
            return None
        return spec


def _found_by_others(fullname: str, path: Any, target: Any) -> Any:
    """As the import system asks them, in their order; `importlib.util.find_spec` would ask the module itself at a reload."""
    for finder in list(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        spec = None if find is None or isinstance(finder, _ImportListener) else find(fullname, path, target)
        if spec is not None:
            return spec
    return None


def _call(act: Act, module: Any) -> None:
    try:
        act(module)
    except Exception:  # inside somebody's import: whatever is wrong here must not be wrong there
        on_fault(getattr(module, "__name__", "a library"))

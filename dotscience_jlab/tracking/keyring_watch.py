"""A password that the user's code takes out of the system's keyring is a secret from then on.

Only once the code itself imports `keyring`: it is never imported by us, and nothing is ever asked of it.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from typing import Any, Callable

MODULE = "keyring.core"
"""Where `get_password` is defined; the package takes it from there while it is imported."""

Learn = Callable[[str, str], None]


def hear_keyring(learn: Learn) -> Callable[[], None]:
    """learn: told (name, value). Returns what takes it back."""
    if MODULE in sys.modules:
        _wrap(sys.modules[MODULE], learn)
    listener = _ImportListener(learn)
    sys.meta_path.insert(0, listener)

    def stop() -> None:
        if listener in sys.meta_path:
            sys.meta_path.remove(listener)

    return stop


class _ImportListener:
    """Finds nothing itself: lets the others find, and wraps once the module was executed."""

    def __init__(self, learn: Learn) -> None:
        self._learn = learn
        self._is_searching = False

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != MODULE or self._is_searching:
            return None
        self._is_searching = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._is_searching = False
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            _wrap(module, self._learn)

        try:
            spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # this module's own loader
        except AttributeError:  # a loader that cannot be listened to
            return None
        return spec


def _wrap(module: Any, learn: Learn) -> None:
    package = sys.modules.get(module.__name__.rpartition(".")[0])
    for name in ("get_password", "get_credential"):
        function = getattr(module, name, None)
        if not callable(function):
            continue
        told = _told(function, learn)
        setattr(module, name, told)
        if getattr(package, name, None) is function:
            setattr(package, name, told)


def _told(function: Callable[..., Any], learn: Learn) -> Callable[..., Any]:
    @functools.wraps(function)
    def ask_and_learn(*args: Any, **keywords: Any) -> Any:
        answer = function(*args, **keywords)
        value = getattr(answer, "password", answer)
        if isinstance(value, str):
            learn("keyring", value)
        return answer

    return ask_and_learn

"""Looks on while a library's function is called: before, after, and with what result.

A look is a generator: what stands before its `yield` runs before the call, and it is sent the result. It may yield keyword
arguments to be used instead, to add a callback of ours. An error of the call goes through untouched, an error of a look is told
once and swallowed. The function that stands around keeps name, docstring, signature and place, so that it is pickled and inspected
as the library's own. About 2 µs for a call that is not looked at.
"""

from __future__ import annotations

import functools
import sys
from types import FunctionType, ModuleType
from typing import Any, Callable, Dict, Generator, Optional, Tuple

from .. import active
from ..outbox import is_forked
from . import switch
from .faults import tell_fault, tell_unknown
from .nesting import Nesting

Arguments = Tuple[Any, ...]
Keywords = Dict[str, Any]
Look = Callable[[Arguments, Keywords], Generator[Optional[Keywords], Any, None]]


def stand_around(function: Callable[..., Any], source: str, look: Look, nesting: Nesting,
                 is_seen_inside: Callable[[Any], bool] = lambda outer: False) -> Callable[..., Any]:
    """`function`, looked at wherever it is not called inside another call of `nesting`.

    is_seen_inside: whether it is looked at all the same inside calls on this object, if there is no other in between.
    """

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves this line out of the user's traceback
        if active._session is None or not switch.is_on(source) or is_forked():
            return function(*args, **keywords)
        looking = None
        outer = nesting.outer()
        if not outer or (outer[-1] is outer[0] and is_seen_inside(outer[0])):
            looking, keywords = _begin(source, look, args, keywords)
        nesting.enter(args[0] if args else None)
        try:
            result = function(*args, **keywords)
        except BaseException:
            _give_up(source, looking)
            raise
        finally:
            nesting.leave()
        if looking is not None:
            _finish(source, looking, result)
        return result

    return call


def hook(owner: Any, name: str, source: str, look: Look, nesting: Nesting, **options: Any) -> None:
    """Stand around a function of a module or a class, wherever the library has bound it; an absent one is told of once."""
    function = _as_defined(owner, name)
    if not isinstance(function, FunctionType):
        module = owner if isinstance(owner, ModuleType) else sys.modules.get(owner.__module__)
        tell_unknown(source, version_of(module), f"{owner.__name__}.{name}")
    elif not is_ours(function):
        _put(owner, name, function, stand_around(function, source, look, nesting, **options))


def hook_family(base: type, name: str, source: str, look: Look, nesting: Nesting) -> None:
    """Stand around a method of every subclass that defines it, those to come included.

    Not of classes made in a notebook: they are sent to other processes whole, which would take us along.
    """

    def hook_own(owner: type) -> None:
        function = owner.__dict__.get(name)
        if isinstance(function, FunctionType) and not is_ours(function) and not _is_made_here(owner):
            setattr(owner, name, stand_around(function, source, look, nesting))

    seen = set()
    waiting = [base]
    while waiting:
        owner = waiting.pop()
        if owner not in seen:
            seen.add(owner)
            hook_own(owner)
            waiting += type.__subclasses__(owner)
    before = base.__dict__.get("__init_subclass__")

    def __init_subclass__(cls: type, **keywords: Any) -> None:
        if before is not None:
            before.__get__(None, cls)(**keywords)
        else:
            super(base, cls).__init_subclass__(**keywords)
        hook_own(cls)

    base.__init_subclass__ = classmethod(__init_subclass__)  # type: ignore[assignment, method-assign]


def is_ours(function: Any) -> bool:
    return getattr(function, "__code__", None) is _CODE


def version_of(module: Any) -> str:
    package = sys.modules.get(getattr(module, "__name__", "").partition(".")[0])
    return str(getattr(package, "__version__", ""))


def argument(args: Arguments, keywords: Keywords, position: int, name: str, default: Any = None) -> Any:
    return args[position] if len(args) > position else keywords.get(name, default)


def _is_made_here(owner: type) -> bool:
    """In a cell, or in a module that was made and not imported: nobody else can look it up."""
    module = owner.__module__
    return module == "__main__" or getattr(sys.modules.get(module), "__spec__", None) is None


def _as_defined(owner: Any, name: str) -> Any:
    """A static method stays one: seen from its class it would look like a method."""
    if isinstance(owner, type):
        return next((each.__dict__[name] for each in owner.__mro__ if name in each.__dict__), None)
    return getattr(owner, name, None)


def _put(owner: Any, name: str, function: Any, ours: Any) -> None:
    """Also where it is defined, so that pickle finds what it was given, and in the packages above that hand it on."""
    setattr(owner, name, ours)
    if isinstance(owner, type):
        return
    places = {owner.__name__, function.__module__}
    for place in [*places, *(above for each in places for above in _above(each))]:
        module = sys.modules.get(place)
        if module is not None and module.__dict__.get(name) is function:
            setattr(module, name, ours)


def _above(module: str) -> "list[str]":
    """'a.b.c' -> ['a.b', 'a']"""
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]


def _begin(source: str, look: Look, args: Arguments, keywords: Keywords) -> "tuple[Any, Keywords]":
    try:
        looking = look(args, keywords)
        instead = next(looking)
        return looking, keywords if instead is None else instead
    except StopIteration:
        return None, keywords
    except Exception:  # inside somebody's call
        tell_fault(source)
        return None, keywords


def _finish(source: str, looking: Any, result: Any) -> None:
    try:
        looking.send(result)
    except StopIteration:
        pass
    except Exception:  # inside somebody's call
        tell_fault(source)


def _give_up(source: str, looking: Any) -> None:
    """Now, and not when the traceback is forgotten: a look may have something to take back."""
    try:
        if looking is not None:
            looking.close()
    except Exception:  # while the user's own error goes by
        tell_fault(source)


_CODE = stand_around(_above, "", lambda args, keywords: iter(()), Nesting()).__code__  # type: ignore[arg-type, return-value, attr-defined]

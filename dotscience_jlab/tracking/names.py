"""What a cell did to the notebook's variables: the namespace as marked after it, against the marks after the cell before.

No code of the user's is traced and nothing of it is run: two looks at the same dictionary, at the cell's boundary. It sees what
reading the source cannot: `y = x; y.append(1)` changed `x`, a function changed its argument, `exec` and `%run` bound names.
"""

from __future__ import annotations

import os
import re
import sys
import time
from itertools import chain
from typing import Any, Container, Dict, Iterator, List, NamedTuple, Set, Tuple

from .marks import EXACT, HASHED, LARGE, OPAQUE, PLAIN, mark_of, state_mark
from .working_folder import working_folder

BASE_S, SHARE, MOST_S = 0.0004, 0.001, 0.02
"""CPU time for one look: a base, and a thousandth of what the cell took, at most MOST_S. What is left over waits for its turn."""
MAX_NAMES = 2000
"""Of one report, each of its lists."""
_WORD = re.compile(r"[^\W\d]\w*")
_HISTORY = re.compile(r"_+|_i+|_[ido]h|_i?\d+|In|Out|get_ipython|exit|quit|open")
"""What IPython itself keeps in the namespace."""


class Seen(NamedTuple):
    """Names, sorted. bound: new, or another object. changed: the same object, changed. opaque, plain: of those two."""

    bound: List[str]
    changed: List[str]
    deleted: List[str]
    opaque: List[str]
    """What happens to these may go unseen."""
    plain: List[str]
    """These cannot change and share nothing with another name."""
    is_whole: bool
    """False: there was not the time to look at every name."""


class NameWatch:
    """Of one namespace. The first look is the state before the first cell."""

    def __init__(self, namespace: Dict[str, Any], hidden: Container[str]) -> None:
        self._namespace = namespace
        self._hidden = hidden
        self._marks: Dict[str, Tuple[int, int, str]] = {}
        """name -> (identity, mark, kind)"""
        self._waiting: Dict[str, None] = {}
        """Not looked at in time, the one that waits longest first."""
        self._state = hidden_state()
        self._foreign: Set[Any] = set()
        """Names that are IPython's, or no names at all: two more with every cell."""
        for name in self._names():
            self._marks[name] = (id(namespace[name]), *mark_of(namespace[name]))

    def look(self, source: str, took_s: float) -> Seen:
        """After a cell. Names that its source mentions come first, then those that have waited longest."""
        names = self._names()
        began = time.thread_time()
        left_s = BASE_S + min(MOST_S, SHARE * took_s)
        first = sorted(names.keys() & set(_WORD.findall(source[:200_000])))
        done: Set[str] = set()
        waiting: Dict[str, None] = {}
        bound, changed, opaque, plain = [], [], [], []
        for name in chain(first, self._waiting, names):
            if name in done or name not in names:
                continue
            done.add(name)
            value = self._namespace.get(name)
            before = self._marks.get(name)
            if before is not None and before[2] == PLAIN and before[0] == id(value):
                continue
            if type(value) not in HASHED and time.thread_time() - began > left_s:
                waiting[name] = None
                if before is not None and before[0] == id(value):
                    continue
                after = (id(value), 0, OPAQUE)
            else:
                after = (id(value), *mark_of(value, before is None or before[2] != LARGE or before[0] != id(value)))
            if before == after:
                continue
            self._marks[name] = after
            if before is not None and before[0] == after[0] and after[2] != PLAIN:
                if before[1]:  # else it had not been looked into when it was bound
                    changed.append(name)
            else:
                bound.append(name)
            if after[2] != EXACT:
                (plain if after[2] == PLAIN else opaque).append(name)
        deleted = [name for name in self._marks if name not in names] if len(self._marks) > len(names) else []
        for name in deleted:
            del self._marks[name]
        self._waiting = waiting
        return Seen(*(sorted(each)[:MAX_NAMES] for each in (bound, [*changed, *self._changed_state()], deleted, opaque, plain)),
                    not waiting and max(len(bound), len(changed), len(deleted)) <= MAX_NAMES)

    def _names(self) -> Dict[str, None]:
        """The user's own, as a snapshot: a thread may bind names meanwhile."""
        for _ in range(3):
            try:
                every = list(self._namespace)
                break
            except RuntimeError:  # it grew while it was listed
                continue
        else:
            every = []
        found: Dict[str, None] = {}
        for name in every:
            if name in self._foreign:
                continue
            if name in self._marks or self._is_users(name):
                found[name] = None
            else:
                self._foreign.add(name)
        return found

    def _is_users(self, name: Any) -> bool:
        return isinstance(name, str) and name not in self._hidden and _HISTORY.fullmatch(name) is None

    def _changed_state(self) -> List[str]:
        before, self._state = self._state, hidden_state()
        return [
            name for name, mark in self._state.items()
            if before.get(name) != mark and (name in before or name.endswith("random>"))
        ]


def hidden_state() -> Dict[str, int]:
    """name of model/hidden_state.py -> mark. A library that is not there, or not as we know it, is left out."""
    found: Dict[str, int] = {}
    for name, look in _STATES.items():
        try:
            mark = look()
        except Exception:  # another version of the library, or one that is just being imported
            continue
        if mark is not None:
            found[name] = mark
    return found


def _module(name: str, needed: str) -> Any:
    """The module if it is imported, far enough to have that attribute."""
    module = sys.modules.get(name)
    return module if module is not None and hasattr(module, needed) else None


def _random() -> Any:
    module = _module("random", "getstate")
    return module and hash(module.getstate())


def _numpy_random() -> Any:
    module = _module("numpy.random.mtrand", "_rand")
    return module and state_mark(module._rand.get_state(legacy=False))


def _torch_random() -> Any:
    module = _module("torch", "default_generator")
    return module and state_mark(module.default_generator.get_state().numpy())


def _torch_settings() -> Any:
    module = _module("torch", "are_deterministic_algorithms_enabled")
    return module and hash((module.get_default_dtype(), module.are_deterministic_algorithms_enabled(), module.is_grad_enabled()))


def _warnings() -> Any:
    module = _module("warnings", "filters")
    return module and hash(tuple(map(id, module.filters)))


def _matplotlib() -> Any:
    module = _module("matplotlib", "rcParams")
    return module and hash(tuple(map(id, dict.values(module.rcParams))))


def _pandas() -> Any:
    module = _module("pandas._config.config", "_global_config")
    return module and hash(tuple(_leaves(module._global_config)))


def _leaves(table: Dict[str, Any]) -> Iterator[int]:
    for value in table.values():
        if type(value) is dict:
            yield from _leaves(value)
        else:
            yield id(value)


_STATES = {
    "<random>": _random,
    "<numpy.random>": _numpy_random,
    "<torch.random>": _torch_random,
    "<cwd>": lambda: hash(working_folder()),
    "<environment variables>": lambda: hash(tuple(os.environ._data.items())),  # type: ignore[attr-defined]
    "<sys.path>": lambda: hash(tuple(map(str, sys.path))),
    "<warnings>": _warnings,
    "<matplotlib settings>": _matplotlib,
    "<pandas options>": _pandas,
    "<torch settings>": _torch_settings,
}

"""A mark of a value: a number that is another one once the value was changed, cheap, and taken without running the user's code.

    plain    a number, a text, a module, …: cannot change, and shares nothing
    exact    the mark covers all of it: the same mark means the same value
    opaque   sampled, or of a library's own making: the same mark proves nothing
    large    opaque, and too much to walk: marked by what it holds at the top

Nothing is kept alive by its mark, no attribute is asked for that could be a property of the user's, nothing is imported.
"""

from __future__ import annotations

import sys
import types
from binascii import crc32
from typing import Any, Callable, Dict, List, Set, Tuple

PLAIN, EXACT, OPAQUE, LARGE = "plain", "exact", "opaque", "large"

MAX_ITEMS = 256
"""A longer container is sampled."""
MAX_NODES = 150
"""Values looked at for one mark, at most 0.4 ms. What holds more (a figure, a forest) is marked by what it holds at the top."""
MAX_DEPTH, TOP_DEPTH = 6, 1
WHOLE_BYTES = 32_768
"""A larger array is sampled: its first, its last and evenly spread blocks."""
N_BLOCKS, BLOCK_BYTES = 32, 256

HASHED = frozenset({int, float, complex, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented), range, slice})
_FIXED = frozenset({
    types.ModuleType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, types.CodeType,
    types.GetSetDescriptorType, property, staticmethod, classmethod,
})
_HEAP_TYPE = 1 << 9
_PLAIN_OBJECT_BYTES = object.__basicsize__ + 16
"""An instance of a class written in Python, without slots, is no larger than this: a dict and a list of weak references."""


def mark_of(value: Any, is_deep: bool = True) -> Tuple[int, str]:
    """(mark, kind). Never raises; what cannot be looked into is opaque, and marked by its identity alone.

    is_deep: False for a value that was too large the last time, so that it is not walked in vain again.
    """
    kind = type(value)
    if kind in HASHED:
        return (hash(value) if kind is not slice else id(value)), PLAIN
    if kind in _FIXED or _is_numpy_scalar(kind):
        return id(value), PLAIN
    walk = _Walk(MAX_DEPTH if is_deep else TOP_DEPTH)
    try:
        walk.take(value, 0)
        if walk.is_too_large and is_deep:
            return mark_of(value, is_deep=False)
    except Exception:  # a library's own object in a state of its own; a walk that failed says nothing
        return id(value), OPAQUE
    if walk.is_plain and kind in (tuple, frozenset):
        return hash(tuple(walk.parts)), PLAIN
    return hash(tuple(walk.parts)), LARGE if not is_deep else EXACT if walk.is_exact else OPAQUE


class _Walk:
    def __init__(self, max_depth: int) -> None:
        self.parts: List[int] = []
        self.is_too_large = False
        self._max_depth = max_depth
        self.is_exact = True
        self.is_plain = True
        """Only hashed values inside, down to the last: of a tuple it means that nothing of it can change."""
        self._n = 0
        self._seen: Set[int] = set()

    def take(self, value: Any, depth: int) -> None:
        kind = type(value)
        if kind in HASHED:
            self.parts.append(hash(value) if kind is not slice else id(value))
            return
        self._n += 1
        self.parts.append(id(value))
        if kind in _FIXED:
            return
        if depth > self._max_depth or self._n > MAX_NODES:
            self.is_exact = False
            self.is_too_large = self.is_too_large or self._n > MAX_NODES
            return
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        look = _LOOKS.get(kind)
        if look is None:
            look = _LOOKS[kind] = _look_for(kind)
            if len(_LOOKS) > 5000:  # classes made in a loop
                _LOOKS.clear()
        if kind is not tuple and kind is not frozenset:
            self.is_plain = False
        look(self, value, depth)

    def items(self, values: Any, n: int, depth: int) -> None:
        self.parts.append(n)
        if n > MAX_ITEMS:
            self.is_exact = False
            step = n // (MAX_ITEMS // 4)
            values = (each for number, each in enumerate(values) if not number % step) if n < 20_000 else _first(values)
        for each in values:
            self.take(each, depth + 1)

    def opaque(self) -> None:
        self.is_exact = False
        self.is_plain = False


def _first(values: Any) -> Any:
    for number, each in enumerate(values):
        if number >= MAX_ITEMS // 4:
            return
        yield each


def _sequence(walk: _Walk, value: Any, depth: int) -> None:
    n = list.__len__(value) if isinstance(value, list) else tuple.__len__(value)
    if n > MAX_ITEMS:
        step = n // (MAX_ITEMS // 4)
        walk.is_exact = False
        walk.parts.append(n)
        take = list.__getitem__ if isinstance(value, list) else tuple.__getitem__
        for number in (*range(0, n, step), n - 1):
            walk.take(take(value, number), depth + 1)
        return
    walk.items(list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value), n, depth)
    _attributes(walk, value, depth)


def _mapping(walk: _Walk, value: Any, depth: int) -> None:
    n = dict.__len__(value)
    walk.items(dict.keys(value), n, depth)
    walk.items(dict.values(value), n, depth)
    _attributes(walk, value, depth)


def _set(walk: _Walk, value: Any, depth: int) -> None:
    base = set if isinstance(value, set) else frozenset
    walk.items(base.__iter__(value), base.__len__(value), depth)


def _attributes(walk: _Walk, value: Any, depth: int) -> None:
    """Of a subclass written in Python."""
    if type(value).__flags__ & _HEAP_TYPE:
        found = _own_dict(value)
        if found:
            walk.take(found, depth + 1)


def _own_dict(value: Any) -> Any:
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None


def _function(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append(id(value.__code__))
    for held in (value.__defaults__, value.__kwdefaults__, value.__dict__):
        if held:
            walk.take(held, depth + 1)
    for cell in value.__closure__ or ():
        try:
            walk.take(cell.cell_contents, depth + 1)
        except ValueError:  # not bound yet
            walk.parts.append(0)


def _method(walk: _Walk, value: Any, depth: int) -> None:
    walk.take(value.__self__, depth + 1)
    walk.take(value.__func__, depth + 1)


def _class(walk: _Walk, value: Any, depth: int) -> None:
    """One of the notebook's own may be given new methods; a library's is taken as it is."""
    if type.__getattribute__(value, "__module__") == "__main__":
        found = type.__getattribute__(value, "__dict__")
        for name in list(found):
            if name not in ("__weakref__", "__dict__", "__doc__"):
                walk.take(found[name], depth + 1)


def _instance(walk: _Walk, value: Any, depth: int) -> None:
    found = _own_dict(value)
    if found is None:
        walk.opaque()
    else:
        _mapping(walk, found, depth)


def _part_of_instance(walk: _Walk, value: Any, depth: int) -> None:
    """Some of it lies in C, where nobody looks."""
    found = _own_dict(value)
    if found:
        _mapping(walk, found, depth)
    walk.opaque()


def _identity_only(walk: _Walk, value: Any, depth: int) -> None:
    walk.opaque()


def _array(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts += [hash(value.shape), hash(str(value.dtype))]
    walk.is_plain = False
    n_bytes = value.nbytes
    if value.dtype.hasobject:
        if value.size <= MAX_ITEMS and value.dtype.names is None:
            walk.items(value.ravel().tolist(), value.size, depth)
        else:
            walk.opaque()
    elif n_bytes <= WHOLE_BYTES:
        walk.parts.append(crc32(value.tobytes()))
    else:
        walk.opaque()
        if value.flags.c_contiguous:
            view = memoryview(value).cast("B")
            step = (n_bytes - BLOCK_BYTES) // N_BLOCKS
            mark = 0
            for number in range(N_BLOCKS + 1):
                mark = crc32(view[number * step : number * step + BLOCK_BYTES], mark)
            walk.parts.append(mark)


def _table(walk: _Walk, value: Any, depth: int) -> None:
    """pandas: its axes cannot be changed but only replaced, nor can the columns that Arrow holds; the rest are arrays, asked
    for anew each time: their identity says nothing."""
    manager = object.__getattribute__(value, "_mgr")
    walk.is_plain = False
    walk.parts += [id(each) for each in manager.axes]
    for block in manager.blocks:
        values = block.values
        held = getattr(values, "_pa_array", None)
        if type(values).__name__ == "ndarray":
            _array(walk, values, depth + 1)
        elif held is not None:
            walk.parts.append(id(held))
        else:
            walk.parts.append(id(block))
            walk.opaque()
    walk.parts.append(hash(str(getattr(value, "name", ""))) if type(value).__name__ == "Series" else 0)


def _tensor(walk: _Walk, value: Any, depth: int) -> None:
    """torch counts what is done to a tensor in place; what numpy does to the same memory it does not count."""
    walk.parts += [value._version, value.data_ptr(), hash(tuple(value.shape)), hash(value.requires_grad)]
    if value.grad_fn is None and value.grad is not None:
        walk.parts += [id(value.grad), value.grad._version]
    walk.opaque()


def _generator(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append(state_mark(value.bit_generator.state))


def _old_generator(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append(state_mark(value.get_state(legacy=False)))


def state_mark(state: Any) -> int:
    """Of numpy's description of a generator: a dictionary made for the asking, of numbers, texts and arrays."""
    if isinstance(state, dict):
        return hash(tuple(state_mark(each) for each in state.values()))
    return crc32(state.tobytes()) if hasattr(state, "tobytes") else hash(state)


def _python_generator(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append(hash(value.getstate()))


def _is_numpy_scalar(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    generic = getattr(numpy, "generic", None)
    return isinstance(generic, type) and issubclass(kind, generic) and kind.__name__ != "void"


_BY_NAME: Dict[Tuple[str, str], Callable[[_Walk, Any, int], None]] = {
    ("numpy", "ndarray"): _array,
    ("numpy.random._generator", "Generator"): _generator,
    ("numpy.random.mtrand", "RandomState"): _old_generator,
    ("torch", "Tensor"): _tensor,
    ("torch.nn.parameter", "Parameter"): _tensor,
    ("random", "Random"): _python_generator,
}

_LOOKS: Dict[type, Callable[[_Walk, Any, int], None]] = {
    list: _sequence, tuple: _sequence, dict: _mapping, set: _set, frozenset: _set,
    types.FunctionType: _function, types.MethodType: _method,
}


def _look_for(kind: type) -> Callable[[_Walk, Any, int], None]:
    """How to look into the instances of a class; asked once a class."""
    module, name = type.__getattribute__(kind, "__module__"), kind.__name__
    found = _BY_NAME.get((module, name)) if isinstance(module, str) else None
    if found is not None:
        return found
    if _is_numpy_scalar(kind):
        return lambda walk, value, depth: walk.parts.append(hash(value))
    if isinstance(module, str) and module.split(".")[0] == "pandas" and name in ("DataFrame", "Series"):
        return _table
    if issubclass(kind, type):
        return _class
    for base, look in ((dict, _mapping), (list, _sequence), (tuple, _sequence), (set, _set), (frozenset, _set)):
        if issubclass(kind, base):
            return look
    if not kind.__flags__ & _HEAP_TYPE:
        return _identity_only
    is_python = all(each.__flags__ & _HEAP_TYPE for each in kind.__mro__[:-1]) and kind.__basicsize__ <= _PLAIN_OBJECT_BYTES
    return _instance if is_python else _part_of_instance

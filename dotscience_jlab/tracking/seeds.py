"""In which state the random numbers were when a run began: a digest of each generator that is loaded anyway.

Two runs with equal digests drew the same numbers. Reading a state draws nothing and imports nothing.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List, Tuple

State = Tuple[str, Any]
"""(generator, its state as it hands it out)"""


def _python() -> Any:
    return sys.modules["random"].getstate()


def _numpy() -> Any:
    kind, numbers, *rest = sys.modules["numpy.random"].get_state()
    return kind, numbers.tobytes(), rest


def _torch() -> Any:
    return int(sys.modules["torch"].initial_seed())


READERS: Tuple[Tuple[str, str, Callable[[], Any]], ...] = (
    ("random", "random", _python),
    ("numpy", "numpy.random", _numpy),
    ("torch", "torch", _torch),
)
"""(name, the module it needs, its reader). torch's is the seed that was set last; numpy's the old global generator."""


def states() -> List[State]:
    """About 20 µs. A library that is half loaded, or whose state another thread holds, is left out."""
    found = []
    for name, module, read in READERS:
        if module in sys.modules:
            try:
                found.append((name, read()))
            except Exception:  # somebody else's library, in the middle of its own import
                continue
    return found


def digests(taken: List[State]) -> Dict[str, str]:
    """{'random': '3fa9c1d2e4b5a697', 'torch': '1234'}: a number as it is, anything else as 16 hex digits of its sha256."""
    from hashlib import sha256  # late: IPython has loaded it by the time a run begins

    return {
        name: str(state) if isinstance(state, int) else sha256(repr(state).encode()).hexdigest()[:16] for name, state in taken
    }

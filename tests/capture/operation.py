"""One way of reading or writing files, as a row of the table in docs/capture.md, and which rows there are.

Rows stand in the modules of `operations/`, each a tuple `OPERATIONS`; a new module is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping

from . import operations


@dataclass(frozen=True)
class Operation:
    """`act` is one cell, or one script, run in a fresh process whose working folder is the project."""

    name: str
    library: str
    act: str
    reads: tuple[str, ...] = ()
    """Every file that it reads, and no other: relative to the project (`data.csv`), `../outside/data.csv` for one outside of it, or
    a URL. `{NAME}` stands for a variable of `surroundings`."""
    writes: tuple[str, ...] = ()
    """Every file that it writes or removes, likewise."""
    setup: str = ""
    """Python that makes what `act` needs, run before in the test's own process, which nobody records, in the same folder."""
    needs_kernel: bool = False
    """What a script cannot do without more ado: magics, and workers that are spawned."""
    missed: str = ""
    """Why not all of it is seen, in a sentence for the table; '': all of it is."""
    surroundings: Callable[[Path], AbstractContextManager[Mapping[str, str]]] = lambda _project: nullcontext({})
    """Entered around setup and act, with the project folder; gives variables of the kernel's environment (a server's address)."""

    def __str__(self) -> str:
        return self.name

    @property
    def is_inside(self) -> bool:
        return not any(_is_outside(each) for each in (*self.reads, *self.writes))

    @property
    def reads_inside(self) -> bool:
        return any(not _is_outside(each) for each in self.reads)

    @property
    def reads_outside(self) -> bool:
        return any(each.startswith("../") for each in self.reads)

    @property
    def writes_inside(self) -> bool:
        return any(not _is_outside(each) for each in self.writes)


def all_operations() -> tuple[Operation, ...]:
    """In the order of the modules' names; a name that stands twice is an error."""
    names = sorted(each.name for each in pkgutil.iter_modules(operations.__path__))
    modules = [importlib.import_module(f"{operations.__name__}.{name}") for name in names]
    found = tuple(operation for module in modules for operation in module.OPERATIONS)
    assert len({each.name for each in found}) == len(found), "two operations of one name"
    return found


def _is_outside(path: str) -> bool:
    return path.startswith("../") or "://" in path or path.startswith("{")

"""Answers for `import dotscience` at the very end of `sys.meta_path`; what it answers with is compat.py, loaded only then."""

from __future__ import annotations

import importlib.machinery
import sys
from types import ModuleType
from typing import Any, Optional

NAME = "dotscience"


class OldNameFinder:
    """Answers for `dotscience` alone, and only when nobody before it did: a real library always wins.

    Finder and loader by their methods alone: `importlib.abc` would cost every kernel 3 ms.
    """

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        return importlib.machinery.ModuleSpec(NAME, self, origin="dotscience_jlab") if fullname == NAME else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> Optional[ModuleType]:
        return None

    def exec_module(self, module: ModuleType) -> None:
        from .compat import fill  # late: few notebooks ask for it

        fill(module)


def install_finder() -> None:
    """Answer for `import dotscience` from now on; a second call only moves the finder back to the end."""
    sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, OldNameFinder)]
    sys.meta_path.append(OldNameFinder())

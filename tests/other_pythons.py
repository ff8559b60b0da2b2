"""Other interpreters of this machine, from 3.9 on: those of pyenv, else those on the PATH."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MINORS = range(9, 15)


def other_pythons() -> list[str]:
    """Paths of interpreters, the oldest first; [] if there are none. Call it at import: later a test has a home of its own."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = [str(each) for minor in _MINORS for each in sorted(root.glob(f"versions/3.{minor}.*/bin/python"))]
    return installed or [found for minor in _MINORS if (found := shutil.which(f"python3.{minor}"))]

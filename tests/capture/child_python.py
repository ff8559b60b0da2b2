"""A Python as a user's: with the start-up file that the wheel brings, on the packages of this environment. Makes one in 0.2 s."""

from __future__ import annotations

import shutil
import sysconfig
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
START_UP = ROOT / "jupyter-config" / "python-startup" / "dotscience_jlab_children.pth"


def make_python(folder: Path) -> Path:
    """The interpreter of a new environment in `folder`."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "_packages_of_the_tests.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n{ROOT}\n")
    shutil.copy(START_UP, packages)
    return folder / "bin" / "python"


@contextmanager
def child_python(project: Path) -> Iterator[Mapping[str, str]]:
    """PYTHON: such an interpreter, outside of the project."""
    yield {"PYTHON": str(make_python(project.parent / "environment"))}

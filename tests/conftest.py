"""Nothing in a test touches the real home: every test has its own home, Jupyter folders and runtime folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from dotscience_jlab.settings import Settings, load_settings

for _name in [each for each in os.environ if each.startswith(("DOTSCIENCE_", "JPY_", "JUPYTER_"))]:
    del os.environ[_name]


FOLDERS = {
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTER_CONFIG_DIR": "config",
    "IPYTHONDIR": "ipython",
    "XDG_CACHE_HOME": "cache",
    "MPLCONFIGDIR": "matplotlib",
}
"""Variable -> its folder in the home."""

_untouched: list[Path] = []
"""Homes in which nothing was ever made: most tests need none, and making one takes milliseconds of the disk."""


@contextmanager
def home_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh home with short paths (a socket's path is bounded), removed afterwards. Child processes inherit it."""
    home = _untouched.pop() if _untouched else _make_home()
    monkeypatch.setenv("HOME", str(home))
    for name, folder in FOLDERS.items():
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.setenv("DOTSCIENCE_RECORDER_IDLE_S", "2")
    yield home
    if _is_untouched(home):
        _untouched.append(home)
    else:
        shutil.rmtree(home, ignore_errors=True)


def _make_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="ds-"))
    for folder in FOLDERS.values():
        (home / folder).mkdir()
    (home / "runtime").chmod(0o700)
    return home


def _is_untouched(home: Path) -> bool:
    made = sorted(FOLDERS.values())
    if not home.is_dir() or sorted(os.listdir(home)) != made:
        return False
    return all((home / each).is_dir() and not os.listdir(home / each) for each in made)


@pytest.fixture(scope="session", autouse=True)
def no_home_left() -> Iterator[None]:
    yield
    for home in _untouched:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with home_of_its_own(monkeypatch) as home:
        yield home


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return load_settings()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project folder, which the recorder takes for a workspace root."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    return folder

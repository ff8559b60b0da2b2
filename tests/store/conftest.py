"""A store over a real folder: git on disk, or memory."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import memory_store, open_store


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture(params=["git", "memory"])
def store(request: pytest.FixtureRequest, root: Path) -> Iterator[History]:
    made = open_store(root, create=True) if request.param == "git" else memory_store(root)
    yield made
    made.close()

"""A store over a real folder: git on disk, or memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from dotscience_jlab.store.chunks import ChunkSizes
from dotscience_jlab.store.history import History
from dotscience_jlab.store.lease import clone_file
from dotscience_jlab.store.open import memory_store, open_store

from .strace import refusal
from .works import Stage

SMALL_CHUNKS = ChunkSizes(file_above=2048, least=256, average=512, most=2048)
"""So that files of a few thousand bytes are large ones."""


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


@pytest.fixture(params=["git", "memory"])
def chunking_store(request: pytest.FixtureRequest, root: Path) -> Iterator[History]:
    if request.param == "git":
        made = open_store(root, create=True, sizes=SMALL_CHUNKS)
    else:
        made = memory_store(root, SMALL_CHUNKS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def calls(stage: Stage) -> list[tuple[str, int]]:
    """Of the one step of the module's own `stage`; skipped, with the reason, where they cannot be seen."""
    why_not = refusal()
    if why_not:
        pytest.skip(why_not)
    return stage.calls()


def shares_blocks(folder: Path) -> bool:
    """True on btrfs, and on XFS as it is made today."""
    with tempfile.TemporaryFile(dir=folder) as one, tempfile.TemporaryFile(dir=folder) as other:
        one.write(b"x" * 4096)
        one.flush()
        return clone_file(one.fileno(), other.fileno())

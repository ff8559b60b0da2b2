"""Every story of every library, `on_….py`: a seeded share by default, since importing these libraries is what takes long."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Callable

import pytest

HERE = Path(__file__).parent
LIBRARIES = sorted(path.stem for path in HERE.glob("on_*.py"))
STORIES = {
    f"{library[3:]}: {name[6:].replace('_', ' ')}": tell
    for library in LIBRARIES
    for name, tell in vars(importlib.import_module(f"{__package__}.{library}")).items()
    if name.startswith("story_")
}


@pytest.mark.slow(share=0.07)
@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    tell: Callable[[], Any] = STORIES[name]
    tell()

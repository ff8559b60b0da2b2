"""A recorder that only acknowledges: what a trial reports stays in its spool to be read."""

from __future__ import annotations

from typing import Iterator

import pytest

from dotscience_jlab.settings import Settings

from ..fake_recorder import FakeRecorder


@pytest.fixture(autouse=True)
def recorder(settings: Settings) -> Iterator[FakeRecorder]:
    fake = FakeRecorder(settings)
    yield fake
    fake.close()

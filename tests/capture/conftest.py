"""One home, and so one recorder, for all operations: what is fresh for each is the process that acts, and its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from tests.conftest import home_of_its_own

from .operation import all_operations
from .table import Seen, noted, put_into_document


@pytest.fixture(scope="session", autouse=True)
def own_home() -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as monkeypatch, home_of_its_own(monkeypatch) as home:
        monkeypatch.setenv("DOTSCIENCE_RECORDER_IDLE_S", "5")
        yield home


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Whole runs renew the table in docs/capture.md; what one leaves out (`-k`) stays as the last one saw it."""
    cache = session.config.cache
    if not session.config.getoption("--whole") or cache is None or not noted():
        return
    operations = {each.name: each for each in all_operations()}
    rows = {**cache.get("capture/seen", {}), **{f"{each.operation.name}|{each.is_beside}": each.to_json() for each in noted()}}
    rows = {key: row for key, row in rows.items() if row["name"] in operations}
    cache.set("capture/seen", rows)
    put_into_document([Seen.from_json(row, operations) for row in rows.values()])

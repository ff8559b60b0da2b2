"""A whole run renews the table in docs/capture.md."""

from __future__ import annotations

import pytest

from .operation import all_operations
from .table import noted, put_into_document


def pytest_sessionfinish(session: pytest.Session) -> None:
    seen = noted()
    if session.config.getoption("--whole") and len(seen) == 2 * len(all_operations()):
        put_into_document(seen)

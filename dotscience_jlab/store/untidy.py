"""The mark that something in a store is not referred to any more on purpose: maintenance removes it, and only then in bulk."""

from __future__ import annotations

from pathlib import Path

UNTIDY = "untidy"


def mark_untidy(repository: Path) -> None:
    """Maintenance is due."""
    (repository / UNTIDY).touch()

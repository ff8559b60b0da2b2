"""A question before something that cannot be taken for granted."""

from __future__ import annotations

import sys

import click

from ..errors import NeedsConsent
from .asking import Desk


def consent(desk: Desk, yes: bool, question: str) -> None:
    """Returns if the user agrees; NeedsConsent otherwise, or where nobody can be asked."""
    if yes:
        return
    if desk.as_json or not sys.stdin.isatty():
        raise NeedsConsent("Nothing was changed: this needs your consent.", "Repeat with --yes.")
    if not click.confirm(question):
        raise NeedsConsent("Nothing was changed.")

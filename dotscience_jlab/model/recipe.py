"""What came of running a recipe again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from .instant import Instant

CONFIRMED, DIFFERS, FAILED = "confirmed", "differs", "failed"


@dataclass(frozen=True)
class Confirmation:
    state: str
    """confirmed | differs | failed (it did not run to its end)"""
    at: Instant
    details: Tuple[str, ...] = ()
    """What was compared, or what differs, in sentences."""

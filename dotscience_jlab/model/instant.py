"""An instant is UTC, in one fixed width, so that text order is time order: `2026-11-21T09:18:00.123456Z`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import NewType

Instant = NewType("Instant", str)


def instant(epoch_s: float) -> Instant:
    """1_000_000_000.5 -> '2001-09-09T01:46:40.500000Z'"""
    moment = datetime.fromtimestamp(epoch_s, timezone.utc)
    return Instant(moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def epoch_s(at: str) -> float:
    """'2001-09-09T01:46:40.500000Z' -> 1_000_000_000.5"""
    if not at.endswith("Z"):
        raise ValueError(f"not an instant: {at!r}")
    return datetime.fromisoformat(f"{at[:-1]}+00:00").timestamp()


def seconds_between(earlier: str, later: str) -> float:
    return epoch_s(later) - epoch_s(earlier)

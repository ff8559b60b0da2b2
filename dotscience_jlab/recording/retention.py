"""Which snapshots stay: a policy that says itself as a sentence, and a pure function that applies it.

    keep everything of the last 30 days, then one a day for a year:
    today ─────── 30 days ago ──────────── 395 days ago ─────────
      all of them      the last of each day        only what is protected

Protected are pinned snapshots and those of published and starred runs. The newest snapshot always stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

from ..errors import InvalidRequest
from ..model.ids import SnapshotId
from ..model.instant import Instant
from ..model.snapshot import Snapshot

MAX_DAYS = 36_500


@dataclass(frozen=True)
class RetentionPolicy:
    """Each part begins where the one before it ends; 0 days leaves it out."""

    everything_days: int = 30
    daily_days: int = 365
    """The last snapshot of each day, so long."""
    weekly_days: int = 0
    """The last snapshot of each week (Monday to Sunday), so long."""
    also_executions: bool = False
    """Cells whose snapshot goes are forgotten too, unless they belong to a run."""

    def __post_init__(self) -> None:
        for name in ("everything_days", "daily_days", "weekly_days"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_DAYS:
                raise InvalidRequest(f"{name!r} is a whole number of days from 0 to {MAX_DAYS}.")

    @property
    def sentence(self) -> str:
        """'Keep everything of the last 30 days, then one snapshot a day for a year, and all pinned, published and starred
        ones. The rest can be restored no more; the code and outputs of its cells stay.'"""
        parts = [f"everything of the last {_span(self.everything_days).removeprefix('a ')}"] if self.everything_days else []
        for unit, days in (("day", self.daily_days), ("week", self.weekly_days)):
            if days:
                parts.append(f"{'then ' if parts else ''}one snapshot a {unit} for {_span(days)}")
        kept = ", ".join([*parts, "and all pinned, published and starred ones"] if parts else
                         ["only the newest snapshot and all pinned, published and starred ones"])
        rest = (
            "The rest can be restored no more, and its cells are forgotten with it unless they belong to a run."
            if self.also_executions
            else "The rest can be restored no more; the code and outputs of its cells stay."
        )
        return f"Keep {kept}. {rest}"

    @property
    def reason(self) -> str:
        """For the tombstone: which rule it fell under."""
        return self.sentence.split(". ")[0]


DEFAULT_POLICY = RetentionPolicy()


def forgettable(
    snapshots: Sequence[Snapshot], protected: Collection[SnapshotId], policy: RetentionPolicy, now: datetime
) -> list[SnapshotId]:
    """Those that the policy lets go, in the order given. snapshots: a whole line, newest first, which counts rather than
    clocks, where the two differ. now: aware; days are those of its time zone."""
    keep = set(protected) | {each.id for each in snapshots if each.is_pinned} | {each.id for each in snapshots[:1]}
    last_of: dict[tuple[str, str], SnapshotId] = {}
    for each in snapshots:
        part = _part(each.created_at, policy, now)
        if part == ("all", ""):
            keep.add(each.id)
        elif part is not None:
            last_of.setdefault(part, each.id)
    keep.update(last_of.values())
    return [each.id for each in snapshots if each.id not in keep]


def _part(at: Instant, policy: RetentionPolicy, now: datetime) -> tuple[str, str] | None:
    """What a moment competes in: ('all', '') with nobody, ('day', '2026-11-21'), ('week', '2026-47'), None: too old."""
    moment = _local(at, now.tzinfo)
    age = now - moment
    end = timedelta(days=policy.everything_days)
    if age < end:
        return "all", ""
    end += timedelta(days=policy.daily_days)
    if age < end:
        return "day", moment.strftime("%Y-%m-%d")
    end += timedelta(days=policy.weekly_days)
    if age < end:
        return "week", moment.strftime("%G-%V")
    return None


def _local(at: Instant, zone: tzinfo | None) -> datetime:
    return datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).astimezone(zone)


def _span(days: int) -> str:
    """1 -> 'a day', 30 -> '30 days', 365 -> 'a year', 730 -> '2 years'"""
    years, rest = divmod(days, 365)
    if rest or not years:
        return "a day" if days == 1 else f"{days} days"
    return "a year" if years == 1 else f"{years} years"

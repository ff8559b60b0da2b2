"""Which snapshots a policy lets go: tables, and what holds for any history."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotscience_jlab.errors import InvalidRequest
from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.snapshot import Snapshot
from dotscience_jlab.recording.retention import RetentionPolicy, forgettable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)


def line(*times: str) -> list[Snapshot]:
    """'11-21 09:00' of 2026, or with its year; newest first. A star pins. Ids count from the newest, `s-…0`."""
    made = []
    for n, text in enumerate(times):
        at = datetime.strptime(text.strip("*") if text.count("-") == 2 else f"2026-{text.strip('*')}", "%Y-%m-%d %H:%M")
        made.append(Snapshot(f"s-{n:016x}", instant(at.replace(tzinfo=timezone.utc).timestamp()), "x", is_pinned="*" in text))
    return made


def gone(policy: RetentionPolicy, *times: str, protected: tuple[int, ...] = (), now: datetime = NOW) -> list[int]:
    names = {f"s-{n:016x}" for n in protected}
    return [int(each[2:], 16) for each in forgettable(line(*times), names, policy, now)]


@pytest.mark.parametrize("policy, times, expected", [
    (RetentionPolicy(), [], []),
    (RetentionPolicy(0, 0), ["2001-01-01 00:00"], []),  # the newest stays, however old
    (RetentionPolicy(0, 0), ["11-21 11:59", "11-21 11:58"], [1]),
    (RetentionPolicy(30, 0), ["11-21 09:00", "10-22 12:01", "10-22 12:00", "10-22 11:59"], [2, 3]),
    (RetentionPolicy(1, 30), ["11-21 09:00", "11-20 11:59", "11-20 08:00", "11-19 23:59", "11-19 00:00"], [2, 4]),
    (RetentionPolicy(1, 1), ["11-21 09:00", "11-20 09:00", "11-19 12:01", "11-19 11:00"], [3]),
    (RetentionPolicy(0, 2, 21), ["11-21 09:00", "11-17 09:00", "11-16 09:00", "11-15 23:00", "11-09 00:00", "10-01 09:00"],
     [2, 4, 5]),
    (RetentionPolicy(0, 0), ["11-21 09:00", "*11-20 09:00", "11-19 09:00"], [2]),
    (RetentionPolicy(0, 1), ["11-21 09:00", "11-20 23:00", "*11-20 22:00", "11-20 21:00"], [3]),
    (RetentionPolicy(30, 0), ["2027-01-01 00:00", "11-21 09:00"], []),  # a clock that went ahead
    (RetentionPolicy(30, 365), ["2024-01-02 00:00", "2024-01-02 00:00", "2024-01-01 00:00"], [1, 2]),
])
def test_what_goes(policy: RetentionPolicy, times: list[str], expected: list[int]) -> None:
    assert gone(policy, *times) == expected


def test_what_is_protected_stays_and_takes_no_others_place() -> None:
    assert gone(RetentionPolicy(0, 30), "11-21 09:00", "11-20 23:00", "11-20 22:00", "11-20 21:00", protected=(3,)) == [2]


def test_days_are_those_of_the_persons_zone() -> None:
    times = "11-21 09:00", "11-19 23:30", "11-19 22:30"  # in Berlin: the 20th and the 19th
    assert gone(RetentionPolicy(0, 30), *times) == [2]
    assert gone(RetentionPolicy(0, 30), *times, now=NOW.astimezone(ZoneInfo("Europe/Berlin"))) == []


@pytest.mark.parametrize("policy, kept", [
    (RetentionPolicy(), "everything of the last 30 days, then one snapshot a day for a year, and"),
    (RetentionPolicy(365, 0), "everything of the last year, and"),
    (RetentionPolicy(0, 730), "one snapshot a day for 2 years, and"),
    (RetentionPolicy(1, 1, 70), "everything of the last day, then one snapshot a day for a day, then one snapshot a week"
                                " for 70 days, and"),
    (RetentionPolicy(0, 0), "only the newest snapshot and"),
])
def test_it_says_itself(policy: RetentionPolicy, kept: str) -> None:
    rest = "The rest can be restored no more; the code and outputs of its cells stay."
    assert policy.sentence == f"Keep {kept} all pinned, published and starred ones. {rest}"
    assert "its cells are forgotten with it" in RetentionPolicy(also_executions=True).sentence


@pytest.mark.parametrize("days", [-1, 1.5, True, 10**9, "30"])
def test_days_are_whole_and_not_negative(days: object) -> None:
    with pytest.raises(InvalidRequest):
        RetentionPolicy(days)  # type: ignore[arg-type]


DAYS = st.integers(0, 40)
AGES = st.lists(st.floats(-1, 100), max_size=40)


@given(AGES, st.tuples(DAYS, DAYS, DAYS), st.sets(st.integers(0, 39)), st.sets(st.integers(0, 39)))
def test_what_holds_for_any_history(ages: list[float], days: tuple[int, int, int], pins: set[int], runs: set[int]) -> None:
    snapshots = [
        Snapshot(f"s-{n:016x}", instant((NOW - timedelta(days=age)).timestamp()), "x", is_pinned=n in pins)
        for n, age in enumerate(sorted(ages))
    ]
    protected = {f"s-{n:016x}" for n in runs}
    policy = RetentionPolicy(*days)
    going = set(forgettable(snapshots, protected, policy, NOW))
    kept = [each for each in snapshots if each.id not in going]
    assert not going & protected and not any(each.is_pinned for each in snapshots if each.id in going)
    assert snapshots[:1] == kept[:1]
    young = instant((NOW - timedelta(days=days[0])).timestamp())
    assert all(each.created_at <= young for each in snapshots if each.id in going)
    assert forgettable(kept, protected, policy, NOW) == []
    assert len({each.created_at[:10] for each in kept}) >= len(
        {each.created_at[:10] for each in snapshots if _is_daily(each, policy)}
    )


def _is_daily(snapshot: Snapshot, policy: RetentionPolicy) -> bool:
    oldest = instant((NOW - timedelta(days=policy.everything_days + policy.daily_days)).timestamp())
    return snapshot.created_at > oldest

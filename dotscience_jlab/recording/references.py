"""Which snapshot a person means: an id or the start of one, an execution, a run, `@{2}`, `14:03`, `10 minutes ago`.

Tried in this order: `@{n}`, a time, a whole snapshot or execution id, a run (id, number, name), a remote's line such as
`origin:main`, the start of a snapshot's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta, timezone

from ..errors import InvalidId, InvalidRequest, NotFound
from ..model.ids import ExecutionId, SnapshotId, check_id
from ..model.instant import Instant, instant
from ..model.snapshot import Snapshot
from ..store.base import Store

HINT = "Give a snapshot's id, an execution's id, a run, a time such as 14:03, or @{1} for the last but one."

_LINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*:\S+")
_BACK = re.compile(r"@(?:\{(\d{1,9})\})?|head", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_AGO = re.compile(r"(\d{1,6})\s*(seconds?|s|minutes?|min|m|hours?|h|days?|d|weeks?|w)\s+ago", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_SNAPSHOT_START = re.compile(r"s-[0-9a-f]{1,16}|[0-9a-f]{4,16}")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PAGE = 500


def resolve_snapshot(store: Store, reference: str, now: datetime) -> Snapshot:
    """The snapshot that `reference` names; NotFound with a hint, InvalidRequest if it could be several.

    now: aware, in the person's time zone; clock times without a zone are read in it. A time names the newest snapshot not
    after it; the minute `14:03` means up to its last second, as lists show it. A time or the start of an id walks the
    line from its head; all else is one look-up.
    """
    text = reference.strip() if isinstance(reference, str) else ""
    back = _BACK.fullmatch(text)
    if back:
        return _before_head(store, int(back.group(1) or 0))
    moment = moment_of(text, now)
    if moment is not None:
        return _at(store, moment, text)
    if _is_id("snapshot", text):
        return store.snapshot(SnapshotId(text))
    if _is_id("execution", text):
        return _of_execution(store, ExecutionId(text))
    found = _of_run(store, text) if text else None
    if found is None and _LINE.fullmatch(text) and text in store.lines():
        found = store.head(text)
    if found is None and _SNAPSHOT_START.fullmatch(text):
        found = _by_start(store, text if text.startswith("s-") else f"s-{text}")
    if found is None:
        raise NotFound(f"{reference!r} names no snapshot, execution or run of this project folder.", HINT)
    return found


def moment_of(text: str, now: datetime) -> Instant | None:
    """The last instant that a time means, or None if `text` is none.

    now 2026-11-21 16:20 in UTC: '14:03' -> …T14:03:59.999999Z; '17:00' -> that of yesterday; '2026-11-20' -> its last
    instant; '10 minutes ago' -> …T16:10:00.000000Z; '2026-11-20T14:03:07Z' -> …T14:03:07.999999Z
    """
    try:
        moment = _moment(text, now)
        return None if moment is None else instant(moment.astimezone(timezone.utc).timestamp())
    except OverflowError:
        raise InvalidRequest(f"{text!r} is before all calendars.", "Times read like 14:03 or 2026-11-21 14:03.") from None


def _moment(text: str, now: datetime) -> datetime | None:
    clock, ago = _CLOCK.fullmatch(text), _AGO.fullmatch(text)
    if clock:
        return _clock_time(clock, now)
    if ago:
        return now - timedelta(seconds=int(ago.group(1)) * _UNIT_S[ago.group(2)[0].lower()])
    if text.lower() == "yesterday":
        return _end_of_day(now - timedelta(days=1))
    return _iso_time(text, now) if _ISO.fullmatch(text) else None


def all_snapshots(store: Store) -> Iterator[Snapshot]:
    """The line from its head back, newest first, read in pages."""
    before = None
    while True:
        page = store.snapshots(limit=_PAGE, before=before)
        yield from page
        if len(page) < _PAGE:
            return
        before = page[-1].id


def local_minute(at: str) -> str:
    """'2026-11-21T14:03:27.000000Z' -> '2026-11-21 14:03' in the time zone of this machine."""
    moment = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _clock_time(clock: re.Match[str], now: datetime) -> datetime:
    try:
        at = time(int(clock[1]), int(clock[2]), int(clock[3] or 59), 999_999)
    except ValueError:
        raise InvalidRequest(f"{clock[0]!r} is not a time of day.", "Times read like 14:03 or 14:03:27.") from None
    moment = datetime.combine(now.date(), at, now.tzinfo)
    is_later_today = moment.replace(second=0, microsecond=0) > now
    return moment - timedelta(days=1) if is_later_today else moment


def _iso_time(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(f"{text!r} is not a date that exists.", "Dates read like 2026-11-21 14:03.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=now.tzinfo)
    if len(text) == len("2026-11-21"):
        return _end_of_day(moment)
    clock = re.split("[T ]", text)[1]
    n_colons = re.sub(r"[+-].*", "", clock).count(":")
    if n_colons == 1:
        return moment.replace(second=59, microsecond=999_999)
    return moment if "." in clock else moment.replace(microsecond=999_999)


def _end_of_day(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=999_999)


def _is_id(kind: str, text: str) -> bool:
    try:
        check_id(kind, text)
    except InvalidId:
        return False
    return True


def _before_head(store: Store, n: int) -> Snapshot:
    found = store.snapshots(limit=n + 1)
    if len(found) <= n:
        hint = "The newest is @{0}; `ds log` lists them."
        raise NotFound(f"There are only {len(found)} snapshots on this line.", hint)
    return found[n]


def _at(store: Store, moment: Instant, text: str) -> Snapshot:
    oldest = None
    for snapshot in all_snapshots(store):
        if snapshot.created_at <= moment:
            return snapshot
        oldest = snapshot
    if oldest is None:
        raise NotFound("Nothing has been recorded in this project folder yet.", "Run a cell, or `ds snapshot -m …`.")
    raise NotFound(
        f"There is no snapshot as old as {text!r}.", f"The first is {oldest.id}, of {local_minute(oldest.created_at)}."
    )


def _of_execution(store: Store, execution: ExecutionId) -> Snapshot:
    found = store.index.execution(execution)
    if found.snapshot is None:
        reason = "; ".join(found.capture_reasons) or "it has not ended yet"
        raise NotFound(f"This execution has no snapshot: {reason}.", "Take the execution before or after it.")
    return store.snapshot(found.snapshot)


def _of_run(store: Store, text: str) -> Snapshot | None:
    try:
        run = store.index.find_run(text)
    except NotFound:
        return None
    if run.snapshot is None:
        raise NotFound(f"Run {run.name} has no snapshot yet ({run.state}).", "Take one of its executions instead.")
    return store.snapshot(run.snapshot)


def _by_start(store: Store, start: str) -> Snapshot | None:
    found = [snapshot for snapshot in all_snapshots(store) if snapshot.id.startswith(start)]
    if len(found) > 1:
        listed = ", ".join(snapshot.id for snapshot in found[:4])
        raise InvalidRequest(f"{start!r} is the start of {len(found)} snapshots: {listed}.", "Give more characters.")
    return found[0] if found else None

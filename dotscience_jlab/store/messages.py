"""What a snapshot says in `git log`: a line for a reader, and trailers that make it findable.

    train.ipynb In [12]: model.fit(X, y)

    Ds-Snapshot: s-3fa9c1d2e4b5a697
    Ds-At: 2026-11-21T09:18:00.123456Z
    Ds-Reason: execution
    Ds-Execution: k-…:…
"""

from __future__ import annotations

from ..errors import InvalidId
from ..model.ids import SnapshotId, check_id
from ..model.instant import epoch_s, instant
from ..model.snapshot import Snapshot
from .objects import CommitText, ObjectId

TRAILERS = {
    "Ds-Snapshot": "id",
    "Ds-At": "created_at",
    "Ds-Reason": "reason",
    "Ds-Execution": "execution",
    "Ds-Notebook": "notebook",
    "Ds-Run": "run",
}
"""trailer -> field of Snapshot"""
LAST_S = 253402300799.0
"""The end of the year 9999; a commit from elsewhere may claim any time."""


def clean_message(text: str) -> str:
    """The first line, an empty one, the rest; control characters and half characters become spaces (git refuses NUL).

    'a  b\\nc\\0' -> 'a b\\n\\nc'; '' -> ''
    """
    lines = ["".join(each if each.isprintable() else " " for each in line).strip() for line in text.strip().split("\n")]
    first, rest = " ".join(lines[0].split()), "\n".join(lines[1:]).strip()
    return f"{first}\n\n{rest}" if rest else first


def commit_message(snapshot: Snapshot) -> str:
    """`snapshot.message` as `clean_message` made it, and the trailers as the last paragraph."""
    lines = [f"{name}: {getattr(snapshot, field)}" for name, field in TRAILERS.items() if getattr(snapshot, field)]
    return "\n".join((snapshot.message or snapshot.reason, "", *lines, ""))


def trailers(message: str) -> dict[str, str]:
    """Those of the last paragraph: {'Ds-Snapshot': 's-…', …}"""
    last = message.rstrip("\n").rsplit("\n\n", 1)[-1]
    return dict(line.split(": ", 1) for line in last.splitlines() if line.startswith("Ds-") and ": " in line)


def snapshot_id(message: str, commit: ObjectId) -> SnapshotId:
    """As its trailer says; for a commit that some other git made, its first 16 digits."""
    told = trailers(message).get("Ds-Snapshot", "")
    return SnapshotId(told if _is_id("snapshot", told) else f"s-{commit[:16]}")


def parse_commit(text: CommitText, commit: ObjectId, line: str) -> Snapshot:
    """All but parents and number of changes. A trailer that is no id or instant, from elsewhere, is passed over."""
    found = trailers(text.message)
    fields = {field: found[name] for name, field in TRAILERS.items() if name in found and _is_good(field, found[name])}
    if "id" not in fields or "created_at" not in fields:
        at = min(max(text.at, 0.0), LAST_S)
        fields = {"id": snapshot_id(text.message, commit), "created_at": instant(at), "reason": "message"}
    message = text.message.rstrip("\n").rsplit("\n\n", 1)[0] if found else text.message.strip()
    return Snapshot(message=message, line=line, **fields)  # type: ignore[arg-type]


def _is_good(field: str, told: str) -> bool:
    if field == "created_at":
        try:
            return instant(epoch_s(told)) == told
        except (ValueError, OverflowError):
            return False
    return field == "reason" or _is_id("snapshot" if field == "id" else field, told)


def _is_id(kind: str, text: str) -> bool:
    try:
        return bool(check_id(kind, text))
    except InvalidId:
        return False

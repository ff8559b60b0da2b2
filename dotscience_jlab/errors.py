"""Every error a user or a caller can meet, as one family; each sentence is fit to show to a person.

    DotscienceError
    ├── InvalidRequest          what was asked makes no sense (400)
    │   ├── InvalidId           a name or id that is not one of ours
    │   └── UnsafePath          a path that leaves its workspace
    ├── NotFound                the thing asked for is not (or no longer) there (404)
    │   └── Forgotten           it was there; a tombstone says who dropped it and why (410)
    ├── Conflict                somebody else moved first, or something would be overwritten (409)
    │   └── NeedsConsent        goes on once the user has said yes
    ├── NotRecorded             capture is off or impossible here, with the remedy (423)
    ├── StoreError              the history on disk cannot be read or written (507)
    │   ├── StoreFull           no space left
    │   ├── StoreReadOnly       no permission to write
    │   ├── StoreDamaged        bytes are not what their name says
    │   └── StoreTooNew         written by a later version of this program
    ├── RemoteError             the other place of a push or pull does not answer, refuses, or holds nonsense (502)
    └── RecorderUnavailable     the recorder process does not answer (503)

`kind` is what travels in JSON beside `message`, `hint` and `details`.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Type


class DotscienceError(Exception):
    """`message` says what happened and to which thing, `hint` what to do next (may be empty)."""

    kind = "error"
    status = 500

    def __init__(self, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def to_json(self) -> Dict[str, Any]:
        return {"kind": self.kind, "message": self.message, "hint": self.hint, "details": self.details}

    @staticmethod
    def from_json(body: Dict[str, Any]) -> "DotscienceError":
        """The error that `to_json` described on the other side of a border; an unknown kind becomes the family's root."""
        cls = KINDS.get(str(body.get("kind")), DotscienceError)
        details = body.get("details") or {}
        return cls(str(body.get("message", "")), str(body.get("hint", "")), **details)


class InvalidRequest(DotscienceError):
    kind, status = "invalid_request", 400


class InvalidId(InvalidRequest):
    kind = "invalid_id"


class UnsafePath(InvalidRequest):
    kind = "unsafe_path"


class NotFound(DotscienceError):
    kind, status = "not_found", 404


class Forgotten(NotFound):
    kind, status = "forgotten", 410


class Conflict(DotscienceError):
    kind, status = "conflict", 409


class NeedsConsent(Conflict):
    kind = "needs_consent"


class NotRecorded(DotscienceError):
    kind, status = "not_recorded", 423


class StoreError(DotscienceError):
    kind, status = "store_error", 507


class StoreFull(StoreError):
    kind = "store_full"


class StoreReadOnly(StoreError):
    kind = "store_read_only"


class StoreDamaged(StoreError):
    kind = "store_damaged"


class StoreTooNew(StoreError):
    kind = "store_too_new"


class RemoteError(DotscienceError):
    kind, status = "remote_error", 502


class RecorderUnavailable(DotscienceError):
    kind, status = "recorder_unavailable", 503


def _family(cls: Type[DotscienceError]) -> Dict[str, Type[DotscienceError]]:
    found = {cls.kind: cls}
    for child in cls.__subclasses__():
        found.update(_family(child))
    return found


KINDS: Dict[str, Type[DotscienceError]] = _family(DotscienceError)
"""kind -> class, for `from_json` and for the HTTP status."""


def error_name(error: BaseException, fallback: Optional[str] = None) -> str:
    return getattr(error, "kind", None) or fallback or type(error).__name__

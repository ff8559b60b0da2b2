"""What goes wrong on our side of a library's call is said once for each library, and never where the user's code would meet it."""

from __future__ import annotations

from typing import Set

from .. import active
from ..fault_log import note_fault

_told: Set[str] = set()


def tell_fault(source: str) -> None:
    """In an `except`: an internal error. The log has its trace, the execution says that something is missing."""
    if f"{source}!" in _told:
        return
    _told.add(f"{source}!")
    session = active.known_session()
    if session is not None:
        session.fault(f"What {source} does is not wholly recorded: an internal error, see the log.")


def tell_unknown(source: str, version: str, what: str) -> None:
    """A version of the library without something that is listened to here: in the log, nothing more."""
    if source not in _told:
        _told.add(source)
        note_fault(active.settings(), f"Autologging does not know this {source} ({version or 'no version'}): it has no {what}. "
                                      f"What that would tell is not recorded; ds.log and ds.parameter work as ever.")


def forget_told() -> None:
    _told.clear()

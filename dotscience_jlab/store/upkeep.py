"""What keeps a store small, as a history is handed it: on disk real work, in memory next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Collection, Mapping, Sequence

from .objects import ObjectId


@dataclass(frozen=True)
class Upkeep:
    expire: Callable[[Collection[ObjectId]], int] = lambda names: 0
    """Takes objects that no ref leads to off the disk at once; bytes freed."""
    mark_untidy: Callable[[], None] = lambda: None
    """There is something that maintenance should remove."""
    lent: Callable[[Collection[ObjectId]], Mapping[ObjectId, str]] = lambda names: {}
    """Those of these objects that a history which borrows here needs, or may need -> its folder."""
    borrowers: Callable[[], Sequence[str]] = lambda: ()
    """Folders of the histories that borrow here."""
    command_if_due: Callable[[float], tuple[str, ...] | None] = lambda now: None
    """The command line of the process that tidies the store, if there is something to do."""

"""What a history may not remove because another one borrows it, as the sentence that says who and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection

from ..errors import Conflict
from .objects import ObjectId

if TYPE_CHECKING:
    from .history import History


def check_lends_to_nobody(store: History) -> None:
    """Conflict if a fork reads its older versions here: without this history it could not be restored."""
    root = next(iter(store.upkeep.borrowers()), None)
    if root is not None:
        raise Conflict(f"The fork {root} reads its older versions in this history.", _remedy(root))


def check_not_lent(store: History, names: Collection[ObjectId]) -> None:
    """Conflict if a fork needs one of them, or may need it because it cannot be found."""
    root = next(iter(store.upkeep.lent(names).values()), None)
    if root is not None:
        raise Conflict(f"The fork {root} reads these bytes in this history.", _remedy(root))


def _remedy(root: str) -> str:
    return f"Run `ds fork --detach -C {root}` first, or, if it is gone for good, `ds fork --forget {root}` here."

"""What is said of one function of a library that takes the path of a file and opens it outside Python."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, NamedTuple, Optional, Tuple

from ..file_watch import BOTH, INPUT, OUTPUT

Found = Iterable[Tuple[Any, str]]
"""(path, role) of what a call opens. A path may be a list of paths, a folder or a pattern; what is no path is left out."""


class Opener(NamedTuple):
    function: str
    """Its name in the module, 'Class.method' for a class; or a class written in C."""
    position: int
    """Of the path among the positional arguments, `self` counted."""
    keyword: str
    role: str
    """'': as the argument after the path says, `mode`, by default 'r'."""
    find: Optional[Callable[[Tuple[Any, ...], Dict[str, Any]], Found]] = None
    """(args, keywords) -> what the call opens, where one argument does not say it."""
    after: Optional[Callable[[Any], None]] = None
    """Handed what the call returned."""


def argument(position: int, keyword: str, args: Tuple[Any, ...], keywords: Dict[str, Any]) -> Any:
    return args[position] if len(args) > position else keywords.get(keyword)


__all__ = ["BOTH", "INPUT", "OUTPUT", "Found", "Opener", "argument"]

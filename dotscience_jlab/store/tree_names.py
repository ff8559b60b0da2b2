"""What the user's names are called in a tree, where a name that ends in `.ds` means the chunks of a large file.

    data.csv     ->  data.csv         a.ds   ->  a.ds~         large data.csv  ->  data.csv.ds
                                      a.ds~  ->  a.ds~~        large a.ds      ->  a.ds~.ds
"""

from __future__ import annotations

import re
from typing import Iterable

SUFFIX = b".ds"
_MARKED = re.compile(rb"\.ds~*\Z")
_ONE_MARKED = re.compile(rb"\.ds~*(?:\0|\Z)")


def is_marked(name: bytes) -> bool:
    """True for `.ds` and any number of `~` at the end: among the user's names those that are escaped, in a tree those that were."""
    return _MARKED.search(name) is not None


def is_any_marked(names: Iterable[bytes]) -> bool:
    """In one look for all of them: most folders hold none. A name holds no zero byte."""
    return _ONE_MARKED.search(b"\0".join(names)) is not None


def tree_name(name: bytes, *, is_large: bool = False) -> bytes:
    escaped = name + b"~" if is_marked(name) else name
    return escaped + SUFFIX if is_large else escaped


def users_name(name: bytes, *, is_large: bool = False) -> bytes:
    """The other way round; a name that nobody escaped stays as it is."""
    if is_large:
        name = name.removesuffix(SUFFIX)
    return name[:-1] if is_marked(name) and not name.endswith(SUFFIX) else name

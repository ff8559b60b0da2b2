"""Values that are known to be secret: told by kernels, read in `.env` files, found by a pattern before. In memory only.

    "sk-12345678" -> «secret:OPENAI_API_KEY»     in each usual spelling: as it is, in JSON, in a repr, in an address
"""

from __future__ import annotations

import json
import re
import threading
from typing import Iterator
from urllib.parse import quote

from .secrets import Found

SHORTEST, LONGEST = 8, 10_000
MOST = 2000
"""Values; the oldest found by a pattern go first."""


class KnownSecrets:
    """Grows, and forgets only what is too much. Reading takes no lock."""

    def __init__(self) -> None:
        self._placeholders: dict[str, str] = {}
        """spelling -> placeholder"""
        self._values: dict[str, str] = {}
        """value -> placeholder"""
        self._pattern: re.Pattern[str] | None = None
        self._busy = threading.Lock()
        self.version = 0
        """Grows with it: what was cleaned before may be cleaned further now."""

    def learn(self, value: str, placeholder: str) -> None:
        if not SHORTEST <= len(value) <= LONGEST or value in self._values or value.isspace():
            return
        with self._busy:
            values = {**self._values, value: placeholder}
            while len(values) > MOST:
                del values[next(iter(values))]
            found = {spelt: told for each, told in values.items() for spelt in spellings(each)}
            ordered = sorted(found, key=len, reverse=True)
            self._placeholders, self._values = found, values
            self._pattern = re.compile("|".join(map(re.escape, ordered)))
            self.version += 1

    def learn_named(self, name: str, value: str) -> None:
        """As a kernel tells it: ('OPENAI_API_KEY', 'sk-…')"""
        told = re.sub(r"[«»·\s]", "_", name)[:200] or "?"
        self.learn(value, f"«secret:{told}»")

    def places_in(self, text: str) -> list[Found]:
        """Where they stand, in any spelling. Costs one search a spelling."""
        pattern, placeholders = self._pattern, self._placeholders
        if pattern is None or not any(each in text for each in placeholders):
            return []
        return [Found("known", *match.span(), False, placeholders.get(match[0], "«secret:?»")) for match in pattern.finditer(text)]

    def held_by(self, text: str) -> Iterator[tuple[str, str]]:
        """(value, placeholder) of those that stand in the text as they are."""
        return ((value, placeholder) for value, placeholder in self._values.items() if value in text)


def spellings(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1],
                                repr(value)[1:-1], quote(value, safe=""))))

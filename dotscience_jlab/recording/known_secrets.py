"""Values that are known to be secret: told by kernels, read in `.env` files, found by a pattern before. In memory only.

    "sk-12345678" -> «secret:OPENAI_API_KEY»     in each usual spelling: as it is, in JSON, in a repr, in an address
"""

from __future__ import annotations

import json
import re
import threading
from typing import Iterator, Mapping
from urllib.parse import quote

from .secrets import Found

SHORTEST, LONGEST = 8, 10_000
MOST = 300
"""Values; the oldest go first. Each costs a search of every text."""


class KnownSecrets:
    """Grows, and forgets only what is too much. Reading takes no lock."""

    def __init__(self) -> None:
        self._placeholders: dict[str, str] = {}
        """spelling -> placeholder"""
        self._values: dict[str, str] = {}
        """value -> placeholder"""
        self._busy = threading.Lock()
        self.version = 0
        """Grows with it: what was cleaned before may be cleaned further now."""

    def learn(self, values: Mapping[str, str]) -> None:
        """value -> its placeholder. What is known keeps the one it has."""
        with self._busy:
            new = {each: told for each, told in values.items() if _is_worth_it(each) and each not in self._values}
            if not new:
                return
            kept = dict([*self._values.items(), *new.items()][-MOST:])
            self._placeholders = {spelt: told for each, told in kept.items() for spelt in spellings(each)}
            self._values = kept
            self.version += 1

    def learn_named(self, name: str, value: str) -> None:
        """As a kernel tells it: ('OPENAI_API_KEY', 'sk-…')"""
        told = re.sub(r"[«»·\s]", "_", name)[:200] or "?"
        self.learn({value: f"«secret:{told}»"})

    def places_in(self, text: str) -> list[Found]:
        """Where they stand, in any spelling. Costs one search a spelling."""
        found = []
        for spelt, placeholder in self._placeholders.items():
            at = text.find(spelt)
            while at >= 0:
                found.append(Found("known", at, at + len(spelt), False, placeholder))
                at = text.find(spelt, at + len(spelt))
        return found

    def held_by(self, text: str) -> Iterator[tuple[str, str]]:
        """(value, placeholder) of those that stand in the text as they are."""
        return ((value, placeholder) for value, placeholder in self._values.items() if value in text)


def spellings(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1],
                                repr(value)[1:-1], quote(value, safe=""))))


def _is_worth_it(value: str) -> bool:
    return SHORTEST <= len(value) <= LONGEST and not value.isspace()

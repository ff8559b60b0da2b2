"""Finds what looks like a credential in a text: `… key = "AKIA…"` -> [Found("aws-key", 9, 29)].

A text is the text of something: code, an output, a name. Raw JSON of a notebook is not: there everything looks like a key.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, NamedTuple

from .secret_kinds import ANYWHERE, AROUND, BEHIND, Kind, all_anchors, kinds

SHORTEST = 8
ESCAPED = re.compile(r"(?:\\[nrtbf]|%[0-9A-F]{2}|\\u00[0-9a-f]{2})$")
"""What a letter before a key may belong to: the `n` of a repr's `\\n`, the `D` of `%3D`."""
DISCORD = re.compile(r"[MNO][a-zA-Z\d_-]{23,25}\.[a-zA-Z\d_-]{6}\.")
"""How the one kind without an anchor begins."""
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
BINARY_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/=\s]+")
"""An image in HTML: its letters are any."""


class Found(NamedTuple):
    kind: str
    start: int
    end: int
    is_learned: bool = True
    """The same value elsewhere is the same secret."""
    placeholder: str = ""
    """Of a known one."""


def find_secrets(text: str, *, is_text: bool = True) -> list[Found]:
    """In order, none over another. is_text: False: bytes as letters, in which only keys with a form of their own are looked for.

    Costs a search for each anchor, about 0.1 ms a kB: `bench/secret_search.py`.
    """
    if len(text) < SHORTEST:
        return []
    if "\x1b" in text and is_text:
        return _in_coloured(text)
    searched = BINARY_URL.sub(lambda match: " " * len(match[0]), text) if ";base64," in text else text
    exact, in_lower_case = all_anchors()
    present = {anchor for anchor in exact if anchor in searched}
    lower = _lower(searched) if is_text else ""
    present_in_lower = {anchor for anchor in in_lower_case if anchor in lower} if is_text else set()
    may_be_anywhere = DISCORD.search(searched) is not None
    if not present and not present_in_lower and not may_be_anywhere:
        return []  # and nothing is loaded
    found: list[Found] = []
    for kind in kinds():
        if kind.where == ANYWHERE:
            matches = kind.pattern.finditer(searched) if may_be_anywhere else iter(())
        else:
            anchors = [anchor for anchor in kind.anchors if anchor in (present_in_lower if kind.is_lower else present)]
            matches = _matches(kind, anchors, searched, lower if kind.is_lower else searched)
        for match in matches:
            found += _checked(kind, searched, match)
    return without_overlaps(found)


def _lower(text: str) -> str:
    """Of the same length: a letter that is two in lower case stays."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(each if len(each.lower()) != 1 else each.lower() for each in text)


def _matches(kind: Kind, anchors: list[str], text: str, searched: str) -> Iterator[re.Match[str]]:
    """searched: the text in which the anchors stand, of the same length."""
    if kind.where == AROUND:
        for start, end in _around(searched, anchors, kind.reach):
            yield from kind.pattern.finditer(text, start, end)
        return
    is_behind = kind.where == BEHIND
    for anchor in anchors:
        at = searched.find(anchor)
        while at >= 0:
            end = at + len(anchor)
            match = kind.pattern.match(text, end if is_behind else at)
            if match is not None and (kind.behind is None or kind.behind.search(text, max(0, end - 40), end)):
                yield match
            at = searched.find(anchor, end)


def _around(text: str, anchors: list[str], reach: int) -> list[tuple[int, int]]:
    """Where a match may lie: around each anchor, neighbours joined."""
    places = []
    for anchor in anchors:
        at = text.find(anchor)
        while at >= 0:
            places.append(at)
            at = text.find(anchor, at + len(anchor))
    parts: list[tuple[int, int]] = []
    for at in sorted(places):
        start, end = max(0, at - reach), min(len(text), at + reach)
        if parts and start <= parts[-1][1]:
            parts[-1] = (parts[-1][0], end)
        else:
            parts.append((start, end))
    return parts


def _checked(kind: Kind, text: str, match: re.Match[str]) -> Iterator[Found]:
    start, end = _value_of(match)
    while start < end and text[start] in " \t\"'=:":
        start += 1
    while end > start and text[end - 1] in " \t\"'":
        end -= 1
    value = text[start:end]
    if len(value) >= SHORTEST and "«" not in value and not _goes_on(text, start, end) and kind.is_secret(value):
        yield Found(kind.kind, start, end, kind.is_learned)


def _value_of(match: re.Match[str]) -> tuple[int, int]:
    """The named group, else the longest group of a key's length, else all of it."""
    if "value" in match.re.groupindex:
        return match.span("value")
    groups = [match.span(n) for n in range(1, match.re.groups + 1) if match[n] and len(match[n]) >= SHORTEST]
    return max(groups, key=lambda span: span[1] - span[0], default=match.span())


def _goes_on(text: str, start: int, end: int) -> bool:
    """Part of a longer row of letters, such as an image: no key. Patterns that are not ours do not look."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if after and (after.isalnum() or after == "_"):
        return True
    return bool(before) and (before.isalnum() or before in "_+") and not ESCAPED.search(text, max(0, start - 6), start)


def without_overlaps(found: Iterable[Found]) -> list[Found]:
    """In order. What overlaps becomes one, of the kind of the longest: nothing that was found is left standing."""
    kept: list[Found] = []
    for each in sorted(found, key=lambda each: (each.start, -each.end)):
        last = kept[-1] if kept else None
        if last is None or each.start >= last.end:
            kept.append(each)
        elif each.end > last.end:
            longer = each if each.end - each.start > last.end - last.start else last
            kept[-1] = Found(longer.kind, last.start, each.end, False, longer.placeholder)
    return kept


def _in_coloured(text: str) -> list[Found]:
    """A traceback has colour codes between, and sometimes within, the words: they are looked at without, and found with them."""
    pieces, places, at = [], [], 0
    for match in ANSI.finditer(text):
        pieces.append(text[at : match.start()])
        places += range(at, match.start())
        at = match.end()
    pieces.append(text[at:])
    places += range(at, len(text))
    plain = "".join(pieces)
    if "\x1b" in plain:
        plain = plain.replace("\x1b", " ")
    return [each._replace(start=places[each.start], end=places[each.end - 1] + 1) for each in find_secrets(plain)]

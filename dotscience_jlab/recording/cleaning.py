"""Takes secrets out of everything that one history keeps, before it is named by its content.

    text, record, small text file, notebook  ->  known values and what looks like a credential become placeholders
    «secret:OPENAI_API_KEY»      a value that was known by this name
    «secret:aws-key·1a2b3c4d»    one that looked like it: the digits are of a digest that needs the history's salt

Equal secrets get equal placeholders, so a diff still tells a changed key from the same one. The user's own files stay as they are.
"""

from __future__ import annotations

import dataclasses
import hmac
import logging
import os
import re
import threading
from collections import OrderedDict
from typing import Any, Callable, Iterator, NamedTuple

from ..model.execution import Execution
from .known_secrets import KnownSecrets
from .notebook_texts import changed_texts, with_texts
from .secrets import SHORTEST, Found, find_secrets, without_overlaps

DIGEST_HEX = 8
PLACEHOLDER = re.compile(r"«secret:([^«»·\n]{1,200})(?:·([0-9a-f]{8}))?»")
MAX_TEXT_FILE_BYTES = 1_000_000
"""A larger text file is data: kept byte for byte, and looked at before it is pushed."""
MAX_NOTEBOOK_BYTES = 64_000_000
"""Below what is ever restored in place."""
TEXT_SUFFIXES = (
    ".py", ".pyi", ".r", ".jl", ".sh", ".bash", ".zsh", ".ps1", ".sql", ".md", ".rst", ".qmd", ".rmd", ".yaml", ".yml",
    ".toml", ".cfg", ".ini", ".conf", ".properties", ".json", ".tf", ".js", ".ts", ".html", ".xml", ".scala", ".java",
    ".go", ".c", ".cpp",
)
TEXT_NAMES = ("makefile", "dockerfile", "snakefile", "procfile", "jenkinsfile")
MIN_LINE_CHARACTERS = 32
PIECE_CHARACTERS, OVERLAP_CHARACTERS = 200_000, 15_000
"""A long text is looked at in pieces that overlap by more than the longest secret."""
REMEMBERED_CHARACTERS = 8_000_000
"""Of texts cleaned last: a source is said again with each record of its cell."""

HARMLESS = "not_secret"
"""A setting of the folder: digests of what the user said is no secret."""
UNSEARCHED = "«secret:unsearched»"
"""Stands for a whole text that could not be looked through."""
NAME_REASON = "Its name holds what looks like a secret: it is not kept under it. Rename it."

log = logging.getLogger(__name__)


class _Remembered(NamedTuple):
    """Of a text: what patterns found in it, and how it was cleaned when so much was known."""

    patterns: tuple[Found, ...]
    versions: tuple[int, int]
    cleaned: str


class Cleaner:
    """A `store.cleaning.Cleaning`. May be used by many threads."""

    def __init__(
        self, salt: Callable[[], bytes], known: KnownSecrets | None = None, *, harmless: frozenset[str] = frozenset()
    ) -> None:
        """salt: asked for when first needed. known: shared by all histories of a recorder. harmless: digests of what the user
        said is no secret."""
        self._make_salt = salt
        self._salt: bytes | None = None
        self._known = known or KnownSecrets()
        self._found = KnownSecrets()
        self.harmless = harmless
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._n_remembered = 0
        self._busy = threading.Lock()

    # -- what the store asks -------------------------------------------------------------------------

    def text(self, text: str) -> str:
        if len(text) < SHORTEST:
            return text
        versions = self._known.version, self._found.version
        remembered = self._remembered.get(text)
        if remembered is not None and remembered.versions == versions:
            return remembered.cleaned
        try:
            patterns = remembered.patterns if remembered is not None else tuple(_patterns_in(text))
        except Exception:  # a fault of ours must neither stop the recording nor let a secret through: this text is not kept
            log.exception("a text of %d characters could not be searched for secrets", len(text))
            return UNSEARCHED
        found = [*self._known.places_in(text), *self._found.places_in(text), *patterns]
        cleaned = self._without(text, without_overlaps(found)) if found else text
        self._remember(text, _Remembered(patterns, (self._known.version, self._found.version), cleaned))
        return cleaned

    def record(self, record: Any) -> Any:
        cleaned = self._cleaned_value(record)
        if isinstance(cleaned, Execution):
            told = tuple(sorted({*cleaned.redactions, *placeholders_in(cleaned)}))
            return cleaned if told == cleaned.redactions else dataclasses.replace(cleaned, redactions=told)
        return cleaned

    def name_refusal(self, name: str) -> str:
        return NAME_REASON if len(name) >= SHORTEST and self.text(name) != name else ""

    def wants(self, path: str, size_bytes: int) -> bool:
        lower = path.lower()
        if lower.endswith(".ipynb"):
            return size_bytes <= MAX_NOTEBOOK_BYTES
        is_text = lower.endswith(TEXT_SUFFIXES) or os.path.basename(lower) in TEXT_NAMES
        return is_text and SHORTEST <= size_bytes <= MAX_TEXT_FILE_BYTES

    def file(self, path: str, data: bytes) -> bytes:
        if path.lower().endswith(".ipynb"):
            try:
                return with_texts(data, self.text)
            except (ValueError, RecursionError):
                pass  # broken, or half saved: looked at as any text
        encoding = _encoding_of(data)
        if encoding is None:
            return data
        text = data.decode(encoding)
        cleaned = self.text(text)
        return data if cleaned == text else cleaned.encode(encoding, "replace")

    # -- what the recorder asks ----------------------------------------------------------------------

    def value(self, value: Any) -> Any:
        """Any JSON value, an nbformat output for one."""
        return changed_texts(value, self.text)

    def placeholder(self, kind: str, literal: str) -> str:
        return f"«secret:{kind}·{self.digest(literal)}»"

    def digest(self, literal: str) -> str:
        """8 hex digits that say nothing without the salt."""
        if self._salt is None:
            self._salt = self._make_salt()
        return hmac.digest(self._salt, literal.encode("utf-8", "surrogatepass"), "sha256").hex()[:DIGEST_HEX]

    def literals_in(self, text: str) -> dict[str, str]:
        """placeholder -> what it stands for, of every secret in a text of the user's own."""
        found = {placeholder: value for value, placeholder in self._known.held_by(text)}
        for each in find_secrets(text):
            literal = text[each.start : each.end]
            found[self.placeholder(each.kind, literal)] = literal
        return found

    # -- inside --------------------------------------------------------------------------------------

    def _without(self, text: str, found: list[Found]) -> str:
        pieces, at, learned = [], 0, {}
        for each in found:
            literal = text[each.start : each.end]
            placeholder = each.placeholder
            if not placeholder:
                digest = self.digest(literal)
                if digest in self.harmless:
                    continue
                placeholder = f"«secret:{each.kind}·{digest}»"
                learned.update(dict.fromkeys((literal,) if each.is_learned else _lines_of(literal), placeholder))
            pieces += [text[at : each.start], placeholder]
            at = each.end
        if learned:
            self._found.learn(learned)
        return "".join([*pieces, text[at:]])

    def _cleaned_value(self, value: Any) -> Any:
        """As `value`, and records in it; keys of tables too. Ids are no texts."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            if "output_type" in value:
                return changed_texts(value, self.text)
            made = {self._cleaned_value(key): self._cleaned_value(each) for key, each in value.items()}
            return value if made == value else made
        if isinstance(value, (list, tuple)):
            items = type(value)(map(self._cleaned_value, value))
            return value if items == value else items
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {}
            for each in dataclasses.fields(value):
                before = getattr(value, each.name)
                if each.name in IDS or before is None or isinstance(before, (bool, int, float)):
                    continue
                after = self._cleaned_value(before)
                if after is not before:
                    changed[each.name] = after
            return dataclasses.replace(value, **changed) if changed else value
        return value

    def _remember(self, text: str, told: _Remembered) -> None:
        with self._busy:
            if text not in self._remembered:
                self._n_remembered += len(text)
            self._remembered[text] = told
            while self._n_remembered > REMEMBERED_CHARACTERS and len(self._remembered) > 1:
                gone, _ = self._remembered.popitem(last=False)
                self._n_remembered -= len(gone)


def _encoding_of(data: bytes) -> str | None:
    """None: it is no text. A placeholder can be written in each of these."""
    is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in data and not is_wide:
        return None
    try:
        data.decode("utf-16" if is_wide else "utf-8")
    except UnicodeDecodeError:
        return "latin-1"  # or another of one byte a letter: the letters of keys are the same in all of them
    return "utf-16" if is_wide else "utf-8"


def _patterns_in(text: str) -> Iterator[Found]:
    if len(text) <= PIECE_CHARACTERS:
        yield from find_secrets(text)
        return
    for start in range(0, len(text), PIECE_CHARACTERS - OVERLAP_CHARACTERS):
        for each in find_secrets(text[start : start + PIECE_CHARACTERS]):
            yield each._replace(start=each.start + start, end=each.end + start)


def _lines_of(literal: str) -> list[str]:
    """Of a key of many lines those that say something: a traceback may show one of them alone."""
    return [line for line in re.split(r"\\n|\s+", literal) if len(line) >= MIN_LINE_CHARACTERS]


IDS = frozenset((
    "id", "session", "notebook", "snapshot", "run", "runs", "execution", "executions", "environment", "outputs_blob",
    "series_blob", "resources_blob", "loaded", "digest", "blob", "version", "candidates", "overlaps", "ids", "about", "kind",
    "outcome", "state",
    "started_at", "finished_at", "created_at", "published_at", "snapshot_times", "evidence", "kept", "seen_by", "role",
    "capture", "notebook_from", "cell_id_from", "kernel_id", "redactions",
))
"""Fields of records that hold names of our own making."""


def placeholders_in(value: Any) -> Iterator[str]:
    """The names or kinds of all placeholders in a record or JSON value: «secret:HF_TOKEN» -> HF_TOKEN"""
    if isinstance(value, str):
        if "«secret:" in value:
            yield from (match[1] for match in PLACEHOLDER.finditer(value))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from placeholders_in(key)
            yield from placeholders_in(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from placeholders_in(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if field.name not in IDS:
                yield from placeholders_in(getattr(value, field.name))

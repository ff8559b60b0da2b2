"""Known secret values are replaced before anything reaches the spool: `sk-12345678` -> `«secret:OPENAI_API_KEY»`.

Known are the values of environment variables and `.env` lines whose name looks secret, passwords inside URLs, what was typed
into getpass, and what a cell is about to put into such a variable. Patterns for unknown ones are the recorder's matter.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple
from urllib.parse import quote

MIN_LENGTH = 8
"""A shorter value is too likely to be an ordinary word in somebody's output."""
MAX_LENGTH = 10_000
MAX_DOTENV_BYTES = 64 * 1024
DOTENV_EVERY_S = 1.0

_SECRET_NAME = re.compile(
    r"(^|_)(KEY|PWD|PAT|AUTH|DSN)$|API_?KEY|ACCESS_?KEY|SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE_?KEY", re.I
)
_NOT_SECRET_NAMES = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK", "TOKENIZERS_PARALLELISM", "XAUTHORITY"})
_COMMON = frozenset({"password", "changeme", "disabled", "localhost", "undefined", "anonymous", "required", "optional"})
_URL_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@", re.I)
_ASSIGNED = re.compile(
    r"""environ(?:\[\s*|\.setdefault\(\s*|\.update\(\s*\{\s*)(['"])(?P<a>\w+)\1\s*(?:\]\s*=|,|:)\s*(['"])(?P<b>[^'"\n]+)\3"""
    r"""|^\s*%(?:set_)?env\s+(?P<c>\w+)[=\s]\s*(?P<d>\S+)""",
    re.M,
)
_DOTENV_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")


def looks_secret(name: str) -> bool:
    """'OPENAI_API_KEY', 'db_password' -> True; 'PWD', 'TOKENIZERS_PARALLELISM', 'KEYBOARD' -> False"""
    return name.upper() not in _NOT_SECRET_NAMES and _SECRET_NAME.search(name) is not None


def worth_hiding(value: str) -> bool:
    """False for what is short, a common word, a plain number or a path that exists (a key *file*'s name is no secret)."""
    if not MIN_LENGTH <= len(value) <= MAX_LENGTH or value.lower() in _COMMON or value.isspace():
        return False
    if value.startswith(("/", "~", "./")) and os.path.exists(os.path.expanduser(value)):
        return False
    return True


class Secrets:
    """The known values; grows only. Reading is lock-free, so outputs of any thread can be cleaned."""

    def __init__(self) -> None:
        self._names: Dict[str, str] = {}
        self._pattern: Optional["re.Pattern[str]"] = None
        self._values: Tuple[str, ...] = ()
        self.learned: List[Tuple[str, str]] = []
        """(name, value), in the order learned."""
        self._lock = threading.Lock()
        self._last_environ: Dict[str, str] = {}
        self._last_raw: Dict[Any, Any] = {}
        self._dotenv_looked: Tuple[str, float] = ("", 0.0)
        self._dotenv_seen: Dict[str, Tuple[int, int]] = {}

    @property
    def longest(self) -> int:
        return len(self._values[0]) if self._values else 0

    def learn(self, name: str, value: str) -> None:
        """Hide `value` from now on, in its plain, JSON-escaped and URL-quoted spelling."""
        if not isinstance(value, str) or not worth_hiding(value) or value in self._names:
            return
        with self._lock:
            names = dict(self._names)
            for spelling in (value, json.dumps(value)[1:-1], quote(value, safe=""), repr(value)[1:-1]):
                names.setdefault(spelling, name)
            values = tuple(sorted(names, key=len, reverse=True))
            self._pattern = re.compile("|".join(re.escape(each) for each in values))
            self._names, self._values = names, values
            self.learned.append((name, value))

    def learn_environ(self, environ: Mapping[str, str]) -> None:
        """Look at what changed since the last call; about 2 µs if nothing did."""
        raw = getattr(environ, "_data", None)  # os.environ's own bytes: comparing them decodes nothing
        if raw is not None:
            if raw == self._last_raw:
                return
            self._last_raw = dict(raw)
        now = dict(environ)
        for name, value in now.items():
            if self._last_environ.get(name) != value:
                self.learn_variable(name, value)
        self._last_environ = now

    def learn_variable(self, name: str, value: str) -> None:
        if looks_secret(name):
            self.learn(name, value)
        elif "://" in value:
            for match in _URL_PASSWORD.finditer(value):
                self.learn(name, match.group(1))

    def learn_dotenv(self, cwd: str, home: str) -> None:
        """Read `.env` files of `cwd` and its parents up to `home` or the root, to know their values; nothing of them is kept.

        At most once a DOTENV_EVERY_S for one folder: a dozen stats are a tenth of what a cell may cost.
        """
        now = time.monotonic()
        if self._dotenv_looked[0] == cwd and now - self._dotenv_looked[1] < DOTENV_EVERY_S:
            return
        self._dotenv_looked = (cwd, now)
        for folder in _upwards(cwd, home):
            path = os.path.join(folder, ".env")
            try:
                found = os.stat(path)
                key = (found.st_mtime_ns, found.st_size)
                if self._dotenv_seen.get(path) == key or found.st_size > MAX_DOTENV_BYTES:
                    continue
                self._dotenv_seen[path] = key
                text = Path(path).read_text(encoding="utf-8", errors="replace")
            except (OSError, ValueError):
                continue
            for name, value in parse_dotenv(text):
                self.learn_variable(name, value)

    def learn_from_source(self, source: str) -> None:
        """`os.environ["API_KEY"] = "sk-…"` and `%env API_KEY=sk-…` name their value before they run."""
        if "env" not in source:
            return
        for match in _ASSIGNED.finditer(source):
            self.learn_variable(match.group("a") or match.group("c"), match.group("b") or match.group("d"))

    def clean(self, text: str) -> str:
        """'x sk-12345678 y' -> 'x «secret:API_KEY» y'"""
        values = self._values
        if not values or not any(value in text for value in values):
            return text
        assert self._pattern is not None
        return self._pattern.sub(self._placeholder, text)

    def clean_value(self, value: Any) -> Any:
        """The same for every text inside dicts and lists (a MIME bundle, a traceback); other values as they are."""
        if isinstance(value, str):
            return self.clean(value)
        if not self._values:
            return value
        if isinstance(value, dict):
            return {self.clean_value(key): self.clean_value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.clean_value(item) for item in value]
        return value

    def held_back(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a known value: 'x sk-12' -> 5."""
        for length in range(min(self.longest - 1, len(text)), 0, -1):
            tail = text[-length:]
            if any(len(value) > length and value.startswith(tail) for value in self._values):
                return length
        return 0

    def _placeholder(self, match: "re.Match[str]") -> str:
        return f"«secret:{self._names.get(match.group(), '?')}»"


class StreamCleaner:
    """Cleans a stream that comes in chunks: the end of one that may begin a secret is held back until the next."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._held = ""

    def feed(self, chunk: str) -> str:
        """What may be shown now: everything but a tail that could turn out to be the first half of a secret."""
        text = self._secrets.clean(self._held + chunk)
        n_held = self._secrets.held_back(text) if self._secrets.longest else 0
        self._held = text[len(text) - n_held :] if n_held else ""
        return text[: len(text) - n_held] if n_held else text

    def rest(self) -> str:
        """At the end of the stream: what was held back and turned out to be nothing."""
        held, self._held = self._held, ""
        return self._secrets.clean(held)


def parse_dotenv(text: str) -> Iterator[Tuple[str, str]]:
    """'export A="b c" # d\\nE=f' -> ('A', 'b c'), ('E', 'f'). Values may span no lines; broken lines are passed over."""
    for line in text.splitlines():
        match = _DOTENV_LINE.match(line)
        if match is None:
            continue
        name, value = match.groups()
        if value[:1] in "'\"" and value[:1] and value[:1] in value[1:]:
            value = value[1 : value.index(value[0], 1)]
        else:
            value = value.split(" #", 1)[0].rstrip()
        yield name, value


def _upwards(cwd: str, home: str) -> Iterable[str]:
    folders: List[str] = []
    folder = cwd
    while folder and folder not in folders and len(folders) < 12:
        folders.append(folder)
        if folder == home:
            break
        folder = os.path.dirname(folder)
    return folders

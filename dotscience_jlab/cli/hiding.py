"""Takes out of a text what must not leave the machine with it: known secret values, things shaped like keys, the home's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

HIDDEN = "•••"
MIN_SECRET_CHARS = 6
"""A shorter value would blank out ordinary words."""

_SECRET_NAME = re.compile(r"key|token|secret|passw|pwd|credential|auth|cookie|dsn|conn", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?i)((?:[\w.-]*(?:api[_-]?key|token|secret|passw(?:or)?d|pwd|authorization)[\w.-]*)[\"']?\s*[:=]\s*[\"']?(?:bearer\s+|token\s+)?)"
    r"([^\s\"',;&]+)"
)
_IN_URL = re.compile(r"(\w[\w+.-]*://[^\s/:@]*:)([^\s/@]+)(@)")
_KEY_SHAPES = re.compile(
    r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|hf_\w{20,}|xox[abp]-[\w-]{10,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,})"
)


@dataclass(frozen=True)
class Hider:
    secrets: tuple[str, ...]
    """Longest first, so that one value inside another leaves no rest."""
    home: str

    @staticmethod
    def of_environment(environ: Mapping[str, str], home: Path) -> Hider:
        values = {value for name, value in environ.items() if _SECRET_NAME.search(name) and len(value) >= MIN_SECRET_CHARS}
        return Hider(tuple(sorted(values, key=len, reverse=True)), str(home))

    def hide(self, text: str) -> str:
        """'API_KEY=abc123 in /home/ann/x' -> 'API_KEY=••• in ~/x'"""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        text = _IN_URL.sub(rf"\1{HIDDEN}\3", text)
        text = _KEY_SHAPES.sub(HIDDEN, text)
        text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
        return text.replace(self.home, "~") if len(self.home) > 1 else text

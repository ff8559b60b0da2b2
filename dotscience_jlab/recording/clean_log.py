"""The recorder's log without secrets: a trace may hold what a cell worked on."""

from __future__ import annotations

import logging
import os

from .cleaning import Cleaner
from .known_secrets import KnownSecrets


class CleanFormatter(logging.Formatter):
    """Cleans each line as it is written, its trace with it. A digest in it says nothing beyond this process."""

    def __init__(self, text: str, known: KnownSecrets) -> None:
        super().__init__(text)
        salt = os.urandom(32)
        self._cleaner = Cleaner(lambda: salt, known)

    def format(self, record: logging.LogRecord) -> str:
        return self._cleaner.text(super().format(record))

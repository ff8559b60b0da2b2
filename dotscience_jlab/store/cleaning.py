"""What everything goes through before it is kept: the store knows that there is one, `recording/cleaning.py` what it does."""

from __future__ import annotations

from typing import Any, Protocol


class Cleaning(Protocol):
    """Of one history. Called from many threads; the same text gives the same text again."""

    def text(self, text: str) -> str: ...

    def record(self, record: Any) -> Any:
        """The record with every text in it cleaned; itself if there was nothing to clean."""

    def name_refusal(self, name: str) -> str:
        """Why a file or folder of this name is left out of every snapshot, as a sentence; '' if it need not be."""

    def wants(self, path: str, size_bytes: int) -> bool:
        """Whether a file is kept as `file` gives it; others are kept byte for byte."""

    def file(self, path: str, data: bytes) -> bytes:
        """What is kept of a file of these bytes; `data` itself if nothing is to be replaced in it."""


class AsItIs:
    """Nothing is cleaned: a history that is only looked at."""

    def text(self, text: str) -> str:
        return text

    def record(self, record: Any) -> Any:
        return record

    def name_refusal(self, name: str) -> str:
        return ""

    def wants(self, path: str, size_bytes: int) -> bool:
        return False

    def file(self, path: str, data: bytes) -> bytes:
        return data

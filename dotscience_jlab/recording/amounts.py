"""Amounts in a sentence."""

from __future__ import annotations


def count_words(n: int, word: str) -> str:
    """1, 'run' -> '1 run'; 1200, 'run' -> '1,200 runs'"""
    return f"{n:,} {word}" + ("" if n == 1 else "s")


def size_words(n_bytes: int) -> str:
    """31_000_000_000 -> '31.0 GB'; 999 -> '999 bytes'"""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if n_bytes >= unit:
            return f"{n_bytes / unit:.1f} {name}"
    return count_words(n_bytes, "byte")

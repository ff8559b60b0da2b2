"""Records as lines and tables for a person at a terminal; with `--json`, as they are."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Callable, Sequence

import click

NO_BREAK_WIDTH = 100_000
"""Piped output is not folded to a guessed width: one record a line, for grep and cut."""


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Cells are texts, shown as they are (no markup in a user's names); columns whose cells are all empty are left out."""
    from rich import box  # late: 60 ms that `--json` need not spend
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(soft_wrap=False, highlight=False)
    if not console.is_terminal:
        console.width = NO_BREAK_WIDTH
    shown = [n for n in range(len(headers)) if any(row[n] not in ("", None) for row in rows)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for n in shown:
        table.add_column(headers[n], overflow="ellipsis", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(one_line(row[n])) for n in shown))
    console.print(table)


def one_line(value: Any, most: int = 200) -> str:
    """'a\\nb' -> 'a b'; control characters become visible, so that no recorded name can steer a terminal."""
    text = "" if value is None else str(value)
    text = " ".join(text.split())
    text = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    return text if len(text) <= most else text[: most - 1] + "…"


def local_time(at: str | None, now: datetime | None = None) -> str:
    """An Instant in the machine's zone: '14:03' of today, '20 Nov 14:03' of this year, else '2025-11-20 14:03'."""
    if not at:
        return ""
    moment = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).astimezone()
    today = now or datetime.now().astimezone()
    if moment.date() == today.date():
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%d %b %H:%M" if moment.year == today.year else "%Y-%m-%d %H:%M")


def duration(seconds: float | None) -> str:
    """0.0412 -> '41 ms', 41.3 -> '41.3 s', 125 -> '2 min 5 s', 7380 -> '2 h 3 min'"""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"


def size(n_bytes: int | None) -> str:
    """999 -> '999 B', 1_234_567 -> '1.2 MB'"""
    if n_bytes is None:
        return ""
    value = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def resource_rows(resources: dict[str, Any]) -> list[list[str]]:
    """{'gpu0_memory_bytes': {'mean': 2e9, 'max': 3e9}} -> [['gpu0 memory', '2.0 GB', '3.0 GB']]: the unit goes to the values."""
    rows = []
    for name, each in resources.items():
        stem, unit = next(
            ((name.removesuffix(ending), unit) for ending, unit in RESOURCE_UNITS.items() if name.endswith(ending)), (name, number)
        )
        rows.append([stem.replace("_", " "), unit(each["mean"]), unit(each["max"])])
    return rows


def number(value: Any) -> str:
    """0.30000000000000004 -> '0.3'; integers, texts, 'NaN' as they are; True -> 'yes'"""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else one_line(value, 60)


RESOURCE_UNITS: dict[str, Callable[[float], str]] = {
    "_bytes_s": lambda value: f"{size(round(value))}/s",
    "_bytes": lambda value: size(round(value)),
    "_share": lambda value: f"{100 * value:.0f} %",
    "_w": lambda value: f"{value:.0f} W",
}
"""End of a resource's name -> its values as text; the first that fits."""


def pairs(values: dict[str, Any]) -> str:
    """{'lr': 0.1, 'n': 3} -> 'lr 0.1 · n 3'"""
    return " · ".join(f"{name} {number(value)}" for name, value in values.items())


def n_of(n: int, singular: str, plural: str = "") -> str:
    """1, 'file' -> '1 file'; 2, 'file' -> '2 files'"""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"

"""The small summary that `ds.publish()` shows: what was recorded, as a table in a notebook and as lines elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any, Dict, List, Optional

from . import active
from .runs import OpenRun
from .session import shown_values

MAX_ROWS = 12
MAX_CHARACTERS = 120


class PublishedRun:
    """What the notebook shows for a published run; every name and value is escaped."""

    def __init__(self, run: OpenRun, description: Optional[str] = None) -> None:
        self.id = str(run.id)
        self.name = run.name
        self.description = description
        self.values = shown_values(run)

    def _repr_html_(self) -> str:
        title = escape(self.name or "run")
        about = f" · {escape(_short(self.description))}" if self.description else ""
        rows = [
            f"<tr><th style='text-align:left' colspan='2'>{escape(group.capitalize())}</th></tr>"
            + "".join(
                f"<tr><td style='text-align:left'>{escape(_short(name))}</td><td style='text-align:right'>"
                f"{escape(_short(_text(value)))}</td></tr>"
                for name, value in list(values.items())[:MAX_ROWS]
            )
            + (f"<tr><td colspan='2'>… {len(values) - MAX_ROWS} more</td></tr>" if len(values) > MAX_ROWS else "")
            for group, values in self.values.items()
            if values
        ]
        table = f"<table>{''.join(rows)}</table>" if rows else ""
        return f"<div><b>Published</b> {title} <code title='{escape(self.id)}'>{self.id[:8]}</code>{about}{table}</div>"

    def __repr__(self) -> str:
        parts: List[str] = [f"Published {self.name or 'run'} {self.id[:8]}"]
        if self.description:
            parts[0] += f": {_short(self.description)}"
        return "\n".join([*parts, *_lines(self.values)])


def show_published(run: OpenRun, description: Optional[str], stream: Any) -> None:
    """In a notebook by its display hook, elsewhere printed; on `stream` as text if one is given."""
    shown = PublishedRun(run, None if description is None else str(description))
    if stream is not None:
        stream.write(f"{shown!r}\n")
    elif active.running_shell() is not None:
        from IPython.display import display  # here and not above: a script may have no IPython

        display(shown)
    else:
        print(repr(shown))


def describe(run: OpenRun) -> str:
    return "\n".join([f"Run {run.name or ''} {run.id}", *_lines(shown_values(run))])


def _lines(values: Dict[str, Dict[str, Any]]) -> List[str]:
    return [
        f"  {group}: " + ", ".join(f"{_short(name)}={_short(_text(value))}" for name, value in items.items())
        for group, items in values.items()
        if items
    ]


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _short(text: Any) -> str:
    text = str(text)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"

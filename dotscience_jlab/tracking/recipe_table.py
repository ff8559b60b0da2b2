"""A recipe as a cell shows it: each executed cell with what of it is needed, then what to mind."""

from __future__ import annotations

from html import escape
from typing import Any, Dict, List, Optional


class RecipeTable:
    """`cells`: [{execution, source, because}], in the order to run them; `notebook`: the same as an nbformat dict."""

    def __init__(self, found: Dict[str, Any], written_to: Optional[str] = None) -> None:
        self.of = str(found["of"])
        self.cells: List[Dict[str, Any]] = found["cells"]
        self.notebook: Dict[str, Any] = found["notebook"]
        self.reasons: List[str] = found["reasons"]
        self.confirmation: Optional[Dict[str, Any]] = found["confirmation"]
        self._n_left_out = int(found["n_left_out"])
        self._written_to = written_to

    def __len__(self) -> int:
        return len(self.cells)

    def __repr__(self) -> str:
        shown = [f"# {', '.join(each['because'])}\n{each['source']}" for each in self.cells]
        return "\n\n".join([*shown, "\n".join(self._lines())])

    def _repr_html_(self) -> str:
        shown = "".join(
            f"<tr><td style='vertical-align:top;text-align:left'>{escape(', '.join(each['because']))}</td>"
            f"<td style='text-align:left'><pre>{escape(each['source'])}</pre></td></tr>"
            for each in self.cells
        )
        return f"<table>{shown}</table>" + "".join(f"<div>{escape(line)}</div>" for line in self._lines())

    def _lines(self) -> List[str]:
        n_cells = len(self.cells)
        where = f" in {self._written_to}" if self._written_to else ""
        first = f"{n_cells} cell{'s' if n_cells != 1 else ''}{where}; {self._n_left_out} others have no part in it."
        lines = [first, *(f"Mind: {reason}" for reason in self.reasons)]
        if self.confirmation is not None:
            words = {"confirmed": "A re-run confirmed it", "differs": "A re-run differed", "failed": "A re-run failed"}
            lines.append(f"{words.get(self.confirmation['state'], self.confirmation['state'])}.")
            lines += self.confirmation["details"]
        return lines

"""The marker that the original `dotscience` library (0.8) prints on publish, byte for byte.

    [[DOTSCIENCE-RUN:<uuid4>]]{JSON, indent 4, sorted keys}[[/DOTSCIENCE-RUN:<uuid4>]]

Source: dotscience-python 0.8, `dotscience/__init__.py`, Metadata and `_publish`.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterator, Tuple

from .ids import RunId

_MARKER = re.compile(
    r"\[\[DOTSCIENCE-RUN:(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\]\]"
    r"(?P<body>.*?)\[\[/DOTSCIENCE-RUN:(?P=id)\]\]",
    re.DOTALL,
)


def format_marker(run: RunId, body: Dict[str, Any]) -> str:
    return f"[[DOTSCIENCE-RUN:{run}]]{json.dumps(body, sort_keys=True, indent=4)}[[/DOTSCIENCE-RUN:{run}]]"


def find_markers(text: str) -> Iterator[Tuple[RunId, Dict[str, Any]]]:
    """Each whole marker in `text`, in order; one whose body is not a JSON object is passed over."""
    for match in _MARKER.finditer(text):
        try:
            body = json.loads(match.group("body"))
        except ValueError:
            continue
        if isinstance(body, dict):
            yield RunId(match.group("id")), body

"""The environment of a session as one small JSON document, stored once by content and named by its digest."""

from __future__ import annotations

import json
from typing import Any

from ..model.codec import to_json


def environment_bytes(environment: dict[str, Any]) -> bytes:
    """Canonical: equal environments give equal bytes, so a thousand sessions in one environment keep one copy."""
    return json.dumps(to_json(environment), sort_keys=True, separators=(",", ":")).encode("utf-8")

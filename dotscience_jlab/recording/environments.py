"""The environment of a session as one small JSON document, stored once by content and named by its digest."""

from __future__ import annotations

import json
from typing import Any

from ..model.codec import to_json
from ..store.cleaning import Cleaning


def environment_bytes(environment: dict[str, Any], cleaning: Cleaning) -> bytes:
    """Canonical: equal environments give equal bytes, so a thousand sessions in one environment keep one copy."""
    return json.dumps(cleaning.record(to_json(environment)), sort_keys=True, separators=(",", ":")).encode("utf-8")

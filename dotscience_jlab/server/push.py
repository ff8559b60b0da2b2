"""The recorder's news become Jupyter events, which every open browser gets over the socket that it holds open anyway.

    notify run w-1 [r-1], notify run w-1 [r-2]   ->   one event: run w-1 [r-1, r-2]

What comes within COALESCE_S goes out together; the recorder already says at most four things a second of one id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger

CHANGED_SCHEMA = "https://schema.dotscience-jlab.org/changed/v1"
SCHEMA_PATH = Path(__file__).parent / "schemas" / "changed.yaml"
COALESCE_S = 0.05


class Push:
    def __init__(self, emit: Callable[[dict[str, Any]], None]) -> None:
        self._emit = emit
        self._waiting: dict[tuple[Any, ...], dict[str, dict[str, None]]] = {}
        """(topic, workspace, path) -> ids and run ids, in order of first mention."""

    def take(self, message: dict[str, Any]) -> None:
        """One `notify` of the recorder; called on the event loop."""
        if not self._waiting:
            asyncio.get_running_loop().call_later(COALESCE_S, self.flush)
        key = (str(message.get("topic")), message.get("workspace"), message.get("path"))
        entry = self._waiting.setdefault(key, {"ids": {}, "run_ids": {}})
        for name in ("ids", "run_ids"):
            entry[name].update(dict.fromkeys(map(str, message.get(name) or ())))

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for (topic, workspace, path), entry in waiting.items():
            self._emit({
                "topic": topic, "workspace": workspace, "path": path,
                "ids": list(entry["ids"]), "run_ids": list(entry["run_ids"]),
            })


def event_emitter(event_logger: EventLogger) -> Callable[[dict[str, Any]], None]:
    """Registers our schema with Jupyter's event logger; the result emits one event to all who listen."""
    if CHANGED_SCHEMA not in event_logger.schemas:
        event_logger.register_event_schema(SCHEMA_PATH)

    def emit(data: dict[str, Any]) -> None:
        event_logger.emit(schema_id=CHANGED_SCHEMA, data=data)

    return emit

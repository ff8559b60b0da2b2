"""What one execution shows, as the kernel published it: nbformat outputs, secrets replaced, capped with the cut stated.

The cap counts what would be visible: after `clear_output` it starts again, but never beyond WRITTEN_FACTOR times as much in all.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Optional

from .secrets import Secrets, StreamCleaner

WRITTEN_FACTOR = 5
"""An animation that clears and redraws may write this many caps into the spool before it is cut."""


class Shown(NamedTuple):
    output: Dict[str, Any]
    display_id: Optional[str] = None
    is_update: bool = False
    n_cut_bytes: int = 0


class Cleared(NamedTuple):
    wait: bool


class OutputFilter:
    """Fed with iopub messages of one execution, in order; gives what to report."""

    def __init__(self, secrets: Secrets, cap_bytes: int) -> None:
        self._secrets = secrets
        self._cap = cap_bytes
        self._visible = 0
        self._written = 0
        self._streams: Dict[str, StreamCleaner] = {}
        self._cut: Dict[str, int] = {}
        """stream name -> bytes left out since the last report."""

    def take(self, msg_type: str, content: Dict[str, Any]) -> List[Any]:
        """[Shown | Cleared …] for one message; [] for a message that is no output."""
        if msg_type == "stream":
            return self._stream(str(content.get("name", "stdout")), str(content.get("text", "")))
        if msg_type == "clear_output":
            rest = self.rest()
            self._visible = 0
            return [*rest, Cleared(bool(content.get("wait")))]
        if msg_type in ("display_data", "execute_result", "update_display_data"):
            return [*self._held_streams(), *self._display(msg_type, content)]
        if msg_type == "error":
            output = {"output_type": "error", "ename": content.get("ename", ""), "evalue": content.get("evalue", ""),
                      "traceback": list(content.get("traceback") or [])}
            return [*self._held_streams(), Shown(self._secrets.clean_value(output))]
        return []

    def rest(self) -> List[Shown]:
        """At the end: what was held back for cleaning, and how much was cut."""
        shown = self._held_streams()
        for name, n_bytes in self._cut.items():
            if n_bytes:
                shown.append(Shown({"output_type": "stream", "name": name, "text": ""}, n_cut_bytes=n_bytes))
        self._cut = {}
        return shown

    def _stream(self, name: str, text: str) -> List[Shown]:
        cleaner = self._streams.get(name)
        if cleaner is None:
            cleaner = self._streams[name] = StreamCleaner(self._secrets)
        return self._stream_shown(name, cleaner.feed(text))

    def _held_streams(self) -> List[Shown]:
        return [shown for name, cleaner in self._streams.items() for shown in self._stream_shown(name, cleaner.rest())]

    def _stream_shown(self, name: str, text: str) -> List[Shown]:
        if not text:
            return []
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        room = self._room()
        if size > room:
            kept = text.encode("utf-8", "surrogatepass")[:room].decode("utf-8", "ignore") if room > 0 else ""
            self._cut[name] = self._cut.get(name, 0) + size - len(kept.encode("utf-8", "surrogatepass"))
            if not kept:
                return []
            text, size = kept, room
        self._count(size)
        return [Shown({"output_type": "stream", "name": name, "text": text})]

    def _display(self, msg_type: str, content: Dict[str, Any]) -> List[Shown]:
        data = self._secrets.clean_value(dict(content.get("data") or {}))
        metadata = content.get("metadata") or {}
        kept, n_cut = self._fit(data)
        is_update = msg_type == "update_display_data"
        output: Dict[str, Any] = {
            "output_type": "display_data" if is_update else msg_type, "data": kept, "metadata": metadata,
        }
        if msg_type == "execute_result":
            output["execution_count"] = content.get("execution_count")
        display_id = (content.get("transient") or {}).get("display_id")
        return [Shown(output, None if display_id is None else str(display_id), is_update, n_cut)]

    def _fit(self, data: Dict[str, Any]) -> "tuple[Dict[str, Any], int]":
        """The bundle without its largest forms until it fits; the plain text goes last, and then by its end."""
        sizes = {mime: _size(value) for mime, value in data.items()}
        n_cut = 0
        order = sorted(sizes, key=lambda mime: (mime == "text/plain", -sizes[mime]))
        kept = dict(data)
        for mime in order:
            room = self._room()
            if sum(sizes[each] for each in kept) <= room:
                break
            if mime == "text/plain" and isinstance(kept[mime], str):
                text = kept[mime].encode("utf-8", "surrogatepass")[: max(room, 0)].decode("utf-8", "ignore")
                n_cut += sizes[mime] - _size(text)
                kept[mime], sizes[mime] = text, _size(text)
            else:
                n_cut += sizes[mime]
                del kept[mime]
        self._count(sum(sizes[each] for each in kept))
        return kept, n_cut

    def _room(self) -> int:
        return min(self._cap - self._visible, self._cap * WRITTEN_FACTOR - self._written)

    def _count(self, n_bytes: int) -> None:
        self._visible += n_bytes
        self._written += n_bytes


def _size(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))

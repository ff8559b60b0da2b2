"""How kernels, server and `ds` speak to the recorder: JSON lines over a Unix socket, both ways.

    client -> recorder   {"say": "hello", "protocol": 1, "role": "kernel|server|cli", "version": "0.1.0", "session": …?}
    recorder -> client   {"say": "hello", "protocol": 1, "version": "0.1.0", "pid": 123}
    kernel -> recorder   {"say": "wake", "session": …, "offset": 4711}           the spool holds whole frames up to there
    kernel -> recorder   {"say": "secret", "name": …, "value": …}                before the next wake: it is to be replaced
    recorder -> kernel   {"say": "ack", "session": …, "offset": 4711}            everything up to there is staged
    client -> recorder   {"say": "request", "id": 7, "method": "runs.list", "params": {…}}
    recorder -> client   {"say": "response", "id": 7, "result": …} or {"say": "response", "id": 7, "error": {…}}
                         {"say": "progress", "id": 7, "done": 3, "total": 10, "what": "files"}   any number, before it
    client -> recorder   {"say": "subscribe"}                                     then, unasked:
    recorder -> client   {"say": "notify", "topic": "execution|run|snapshot|status", "workspace": …, "ids": […], "path": …?}

The smaller protocol number of the two hellos is spoken; a recorder that speaks none in common answers its hello and closes.
`docs/requests.md` lists the methods.
"""

from __future__ import annotations

import json
from typing import Any, Dict

PROTOCOL = 1
OLDEST_PROTOCOL = 1
MAX_LINE_BYTES = 64 * 1024 * 1024


def encode_message(message: Dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def decode_message(line: bytes) -> Dict[str, Any]:
    """ValueError if the line is not one JSON object with a `say`."""
    message = json.loads(line)
    if not isinstance(message, dict) or not isinstance(message.get("say"), str):
        raise ValueError("not a message")
    return message


def common_protocol(theirs: Any) -> int:
    """The number both sides speak, or 0 for none."""
    if not isinstance(theirs, int) or theirs < OLDEST_PROTOCOL:
        return 0
    return min(PROTOCOL, theirs)

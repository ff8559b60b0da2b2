"""What the recorder says reaches a browser's event socket, together and once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from dotscience_jlab.server.push import CHANGED_SCHEMA, Push

from .conftest import API


async def test_a_snapshot_is_news_on_the_event_stream(ask: Any, jp_ws_fetch: Any, jp_root_dir: Path) -> None:
    (jp_root_dir / "p").mkdir()
    (jp_root_dir / "p" / "pyproject.toml").write_text("")
    workspace = (await ask("POST", "workspaces", body={"path": "p"}))["id"]
    socket = await jp_ws_fetch("api", "events", "subscribe")
    snapshot = await ask("POST", "workspaces", workspace, "snapshots", body={"message": "m"})
    while True:
        event = json.loads(await asyncio.wait_for(socket.read_message(), 30))
        if event["schema_id"] == CHANGED_SCHEMA and event["topic"] == "snapshot":
            break
    assert (event["workspace"], event["ids"], event["path"], event["run_ids"]) == (workspace, [snapshot["id"]], None, [])
    socket.close()


async def test_what_comes_together_goes_out_together() -> None:
    emitted: list[dict[str, Any]] = []
    push = Push(emitted.append)
    for run in ("r-1", "r-2", "r-1"):
        push.take({"topic": "run", "workspace": "w", "ids": [run], "path": "a.ipynb"})
    push.take({"topic": "run", "workspace": "w", "ids": ["r-3"], "path": "b.ipynb"})
    push.take({"topic": "execution", "workspace": "w", "ids": ["e-1"], "path": "a.ipynb", "run_ids": ["r-1"]})
    assert emitted == []
    while not emitted:
        await asyncio.sleep(0.01)
    assert [(each["topic"], each["path"], each["ids"], each["run_ids"]) for each in emitted] == [
        ("run", "a.ipynb", ["r-1", "r-2"], []),
        ("run", "b.ipynb", ["r-3"], []),
        ("execution", "a.ipynb", ["e-1"], ["r-1"]),
    ]
    push.take({"topic": "run", "workspace": "w", "ids": ["r-9"], "path": None})
    push.flush()
    assert emitted[-1]["ids"] == ["r-9"]


async def test_the_document_served_is_the_document_kept(ask: Any, jp_base_url: str) -> None:
    document = await ask("GET", "openapi.json")
    assert document["openapi"] == "3.1.0"
    assert document["servers"][0]["variables"]["base_url"]["default"] == jp_base_url
    assert f"{'/'.join(API)}" in document["servers"][0]["url"]

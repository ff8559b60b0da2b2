"""A real Jupyter server with the extension, real authentication, and the real recorder that it starts."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.settings import Settings, load_settings

API = ("dotscience", "api", "v1")


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    seen_dead = {"time_to_dead": 0.3}  # seconds between two looks whether a kernel is alive; else 3
    return {"ServerApp": {"jpserver_extensions": {"dotscience_jlab": True}}, "KernelRestarter": seen_dead}


@pytest.fixture
def jp_environ(own_home: Path) -> None:
    """Ours instead of pytest-jupyter's: short paths, so that the socket lies where it always does."""


@pytest.fixture
def ask(jp_fetch: Any) -> Callable[..., Awaitable[Any]]:
    """`await ask("GET", "workspaces")` -> the answer's JSON; raises HTTPClientError where the server does."""

    async def ask_server(verb: str, *parts: str, body: Any = None, params: dict[str, str] | None = None) -> Any:
        extra = {"allow_nonstandard_methods": True} if verb == "PATCH" else {}
        text = json.dumps(body) if body is not None else None
        response = await jp_fetch(*API, *parts, method=verb, body=text, params=params, request_timeout=60, **extra)
        return json.loads(response.body)

    return ask_server


@pytest.fixture(autouse=True)
def no_recorder_left(own_home: Path) -> Iterator[None]:
    """The recorder a test started ends with it, by the process id that it says itself."""
    yield
    stop_recorder(load_settings())


def stop_recorder(settings: Settings) -> None:
    from dotscience_jlab.errors import RecorderUnavailable
    from dotscience_jlab.link.client import connect

    try:
        with connect(settings, "cli") as link:
            pid = int(link.recorder["pid"])
    except RecorderUnavailable:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 20
    while settings.socket_path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)

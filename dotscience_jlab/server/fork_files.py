"""A kernel of a fork starts once the fork's large files are there: else its first cell would read a folder that is half filled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ..errors import RecorderUnavailable
from ..store.arriving import arriving_root

LIMIT_S = 60.0
"""Then the kernel starts all the same, and the folder's status says what is missing: nobody waits for an hour without a word."""
LOOK_EVERY_S = 0.25

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]


async def await_fork_files(
    folder: str, ask: Ask, log: logging.Logger | logging.LoggerAdapter[Any], limit_s: float = LIMIT_S
) -> None:
    """Returns when they are there, after `limit_s`, or if nobody can bring them. Of any other folder: a few stats.

    ask: the recorder; its first answer opens the fork, so that what a killed one left undone goes on.
    """
    if await asyncio.to_thread(arriving_root, Path(folder)) is None:
        return
    try:
        told = await ask("fork.arriving", {"disk_path": folder})
    except RecorderUnavailable as error:
        log.warning("dotscience: a kernel starts before its fork is whole: %s", error)
        return
    log.info("dotscience: a kernel waits: %s", told.get("sentence"))
    deadline = asyncio.get_running_loop().time() + limit_s
    while await asyncio.to_thread(arriving_root, Path(folder)) is not None:
        if asyncio.get_running_loop().time() > deadline:
            log.warning("dotscience: a kernel starts before its fork is whole, after %g s. %s", limit_s, told.get("sentence"))
            return
        await asyncio.sleep(LOOK_EVERY_S)

"""Where a fault of ours leaves its trace: `<data>/kernel.log`, never the user's stderr. `ds doctor` shows it."""

from __future__ import annotations

import os
import time
import traceback
from typing import Callable

from ..settings import Settings

MAX_BYTES = 1_000_000
"""Then the log begins anew, and the old one is kept once as `kernel.log.1`."""


def note_fault(settings: Settings, sentence: str, clean: Callable[[str], str] = str) -> None:
    """Append the sentence and the trace of the error in hand, if any. clean: takes secrets out. Never raises."""
    trace = traceback.format_exc()
    text = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {os.getpid()} {sentence}\n"
    if not trace.startswith("NoneType"):
        text += trace
    text = clean(text)
    path = settings.data_dir / "kernel.log"
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() and path.stat().st_size > MAX_BYTES:
            os.replace(path, path.with_name("kernel.log.1"))
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(fd, text.encode("utf-8", "replace"))
        finally:
            os.close(fd)
    except OSError:  # a disk that takes no spool takes no log either; the fault itself is said elsewhere
        pass

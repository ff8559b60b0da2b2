"""Kills a process, or lets the disk refuse it, at one exact system call: strace does it from outside, to the real program."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

FILES = "%file,%desc"
"""Every call that names a file or a descriptor. Memory and clocks are left out: between two of these nothing can be seen."""
_CALL = re.compile(r"^(?P<thread>\d+) +(?P<name>\w+)\(")


def refusal() -> str:
    """Why strace cannot be used here; '' if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed: `tools/bring-strace` brings it"
    tried = subprocess.run(["strace", "-o", "/dev/null", "-e", "inject=close:signal=KILL:when=9999", "true"], capture_output=True)
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.decode(errors='replace').strip()[:200]}"


class Strace:
    """Attached to a process and its threads; `detach` lets it go on."""

    def __init__(self, pid: int, *options: str) -> None:
        self._process = subprocess.Popen(["strace", "-f", "-p", str(pid), *options], stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        deadline = time.monotonic() + 30
        while "attached" not in (line := self._process.stderr.readline()):
            if not line or time.monotonic() > deadline:
                raise RuntimeError(f"strace could not attach: {line}")

    def detach(self) -> None:
        self._process.terminate()
        self._process.communicate()


def calls_of(log: Path) -> list[tuple[str, int]]:
    """(name, how often its thread had called it, this time included) of each call that a log of `strace -f` lists, in order."""
    counted: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, int], None] = {}
    for line in log.read_text(errors="replace").splitlines():
        told = _CALL.match(line)
        if told:
            counted[told["thread"], told["name"]] += 1
            found[told["name"], counted[told["thread"], told["name"]]] = None
    return list(found)

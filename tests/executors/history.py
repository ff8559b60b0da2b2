"""What the recorder holds of one folder, asked as any client asks it, once everything that ran there is stored."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable

from dotscience_jlab.errors import NotFound
from dotscience_jlab.link.launch import connect_or_launch
from dotscience_jlab.settings import load_settings

TIMEOUT_S = 60


class History:
    """Starts the recorder if none runs, as `ds log` would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ask(self, method: str, **params: Any) -> Any:
        with connect_or_launch(load_settings(), "cli") as link:
            if method.split(".")[0] not in ("status", "doctor") and "disk_path" not in params:
                params["workspace"] = link.request("workspaces.find", {"disk_path": str(self.folder)})["id"]
            return link.request(method, params)

    def executions(self, n_expected: int) -> list[dict[str, Any]]:
        """In order of start, outputs filled in, as soon as that many are over; or those that are after TIMEOUT_S."""
        found = self.until(lambda each: len(each) >= n_expected, self._ended)
        return [self.ask("executions.get", execution=each["id"]) for each in found]

    def runs(self, n_expected: int = 1) -> list[dict[str, Any]]:
        """In order of their numbers, once that many are over."""
        def over() -> list[dict[str, Any]]:
            return sorted((each for each in self.ask("runs.list")["items"] if each["state"] != "running"),
                          key=lambda each: each["number"])
        return self.until(lambda each: len(each) >= n_expected, over)

    def at_rest(self) -> None:
        """Once every session that ended is stored to its end: nothing is written any more, and git may look."""
        self.until(lambda spools: not spools, lambda: list(load_settings().spool_dir.iterdir()))

    def n_running(self) -> int:
        """Runs and executions shown as running, anywhere in the folder."""
        return self.ask("runs.list", state="running")["total"] + self.ask("executions.list", outcome="running")["total"]

    def found(self, look: Callable[[], Any], what: str) -> Any:
        """The first answer that is something; what: said where none comes in time."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            try:
                found = look()
            except NotFound:
                found = None
            if found:
                return found
            assert time.monotonic() < deadline, what
            time.sleep(0.05)

    def until(self, is_enough: Callable[[Any], bool], look: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            try:
                found = look()
                if is_enough(found) or time.monotonic() > deadline:
                    return found
            except NotFound:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def _ended(self) -> list[dict[str, Any]]:
        items = self.ask("executions.list", limit=1000)["items"]
        return [each for each in items if each["outcome"] != "running"][::-1]

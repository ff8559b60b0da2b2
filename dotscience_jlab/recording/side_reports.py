"""What the child processes of one session tell, or were seen doing: put in the order of time and given to the cell they work for.

A child's report lies in a file of its own beside the spool (tracking/side_spool.py), so nothing says where between two of the
kernel's reports it belongs but its time; both sides read the same clock. It is read again from its beginning by a new recorder,
as the spool is: what is stored already is recognised there.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from ..model import events as ev
from ..model.frames import TornFrame, next_frame, read_frame
from .inbox import Process, current_boot_id, is_alive

log = logging.getLogger(__name__)

FOLDER = "children"
"""As tracking/side_spool.py names it."""
KINDS = (ev.FileOpened, ev.RemoteOpened, ev.CaptureFault)
"""All that a child may tell here."""
Told = ev.FileOpened | ev.RemoteOpened | ev.CaptureFault


@dataclass
class _SideFile:
    path: Path
    position: int = 0


class SideReports:
    """Of one session. One thread reads; `seen` may be called by another."""

    def __init__(self, session_folder: Path) -> None:
        self._folder = session_folder / FOLDER
        self._files: dict[str, _SideFile] = {}
        self._waiting: list[Told] = []
        self._seen: deque[Told] = deque()

    def seen(self, event: Told) -> None:
        """From outside the child: the recorder's own look at it."""
        self._seen.append(event)

    def read(self) -> None:
        """Take in what has been told since. One failed listing where there are no children, else one stat a child."""
        while self._seen:
            self._waiting.append(self._seen.popleft())
        try:
            paths = [each for each in self._folder.iterdir() if each.suffix == ".spool"]
        except OSError:
            return
        for path in paths:
            file = self._files.setdefault(path.name, _SideFile(path))
            try:
                self._waiting += self._events(file)
            except OSError as error:
                log.warning("%s: %s", path, error)

    def until(self, at: float) -> list[Told]:
        """Those that happened up to then, in order; each is given out once."""
        taken = sorted((each for each in self._waiting if each.at <= at), key=lambda each: each.at)
        if taken:
            self._waiting = [each for each in self._waiting if each.at > at]
        return taken

    def written_later(self) -> list[str]:
        """Disk paths that were written after what has been given out: by whichever cell, not by one that has ended."""
        outputs = (each for each in self._waiting if isinstance(each, ev.FileOpened) and each.role != "input")
        return [os.path.normpath(each.disk_path) for each in outputs]

    def forget_ended(self) -> None:
        """While no cell runs: files of processes that have ended and were read to their end are removed."""
        for name, file in list(self._files.items()):
            try:
                if file.path.stat().st_size == file.position and not _is_running(file.path.stem):
                    file.path.unlink()
                    del self._files[name]
            except FileNotFoundError:
                del self._files[name]
            except OSError:
                continue  # at the end of the session the whole folder goes

    def _events(self, file: _SideFile) -> Iterator[Told]:
        if file.path.stat().st_size <= file.position:
            return
        with open(file.path, "rb") as source:
            source.seek(file.position)
            data = source.read()
        offset = 0
        while offset < len(data):
            try:
                frame, offset = read_frame(data, offset)
            except TornFrame as torn:
                following = next_frame(data, offset + 1)
                if following is None and not torn.is_damaged:
                    break  # still being written, or cut by the end of its process
                log.warning("%s: damaged at %d", file.path, file.position + offset)
                offset = len(data) if following is None else following
                continue
            event = ev.event_from_json(frame) if isinstance(frame, dict) else None
            if isinstance(event, KINDS):
                yield event
        file.position += offset


def _is_running(name: str) -> bool:
    """'4711-88213' -> whether that very process runs; a name of another shape is never removed."""
    pid, _, ticks = name.partition("-")
    if not (pid.isdigit() and ticks.isdigit()):
        return True
    return is_alive(Process(int(pid), int(ticks) or None, current_boot_id()))

"""Reads one session's spool: whole frames, in order, each with its position; survives rotation, torn tails and restarts.

A spool is `<spool>/<session>/`: files named by the offset they start at, `0000000000000000.spool` first. Position 4711 is
byte 4711 of all of them laid end to end. What a killed kernel left half-written at the end is cut; a damaged frame in the
middle is reported as a fault, and reading goes on with the next frame whose crc is right.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from ..model.frames import Frame, TornFrame, next_frame, read_frame
from ..model.ids import SessionId, check_id

MAX_READ_BYTES = 8 * 1024 * 1024
"""Of one `read`, so that a spool of gigabytes is taken in in steps; one larger frame is still read whole."""

ABANDONED_AFTER_S = 60.0
"""A spool without a readable session file, and silent for this long, has no writer any more."""


@dataclass(frozen=True)
class Received:
    frame: Frame
    position: int
    """Of the frame's first byte."""
    end: int
    """Of the first byte behind it."""


@dataclass(frozen=True)
class Settled:
    """How far this spool was dealt with, in this recorder's life or an earlier one's; kept beside it."""

    position: int = 0
    """Every execution whose report begins before it was stored, or left out on purpose …"""
    but: frozenset[str] = frozenset()
    """… but these, which were running."""

    def covers(self, execution: str, position: int) -> bool:
        return position < self.position and execution not in self.but


@dataclass(frozen=True)
class Process:
    """Who writes the spool; start ticks and boot id tell a process from a later one with the same number."""

    pid: int
    start_ticks: int | None
    boot_id: str | None
    host: str | None = None
    """Its computer's or container's name; None: a report from before that was told."""


class Inbox:
    """One session's spool, taken by this recorder: `take` it first, `release` it at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = SessionId(check_id("session", folder.name))
        self.position = 0
        """Everything before it has been read."""
        self.faults: list[str] = []
        """Sentences about bytes that could not be read; the reader takes them away."""
        self.settled = Settled()
        self._lock: int | None = None

    def take(self) -> bool:
        """Hold this session for this recorder; False if another one holds it."""
        fd = os.open(self.folder / "taken", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        self._lock = fd
        files = self._files()
        self.position = files[0][0] if files else 0
        self.settled = self._read_settled()
        return True

    def settle(self, but: Iterable[str]) -> None:
        """All that was read is dealt with, but for these executions. Not synced: it matters only once a history was deleted."""
        if self.position < self.settled.position:
            return
        settled = Settled(self.position, frozenset(but))
        draft = self._settled_path.with_suffix(".new")
        try:
            draft.write_text(json.dumps({"position": settled.position, "but": sorted(settled.but)}), encoding="utf-8")
            draft.replace(self._settled_path)
        except OSError:
            return  # a full disk is told of where something is lost by it
        self.settled = settled

    def release(self, *, is_stored: bool) -> None:
        """Let go. is_stored: everything in it is durable in a store, so the spool itself is removed."""
        if is_stored:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def read(self) -> list[Received]:
        """Frames that arrived since the last call, up to MAX_READ_BYTES; [] when there is nothing new."""
        files = self._files()
        for number, (start, path) in enumerate(files):
            is_last = number == len(files) - 1
            end = files[number + 1][0] if not is_last else start + path.stat().st_size
            if self.position < start:
                self.faults.append(f"{start - self.position} bytes of the report before position {start} are gone.")
                self.position = start
            while self.position < end:
                before = self.position
                data = _read_range(path, before - start, min(end - start, before - start + MAX_READ_BYTES))
                received = self._frames(data, start, end, is_last)
                if received:
                    return received
                if self.position == before:
                    break
        return []

    def has_more(self) -> bool:
        """True if bytes lie beyond what was read. One directory listing and one stat."""
        files = self._files()
        return bool(files) and files[-1][0] + files[-1][1].stat().st_size > self.position

    def process(self) -> Process | None:
        """Who writes here, as its session file says; None if it says nothing readable."""
        try:
            body = json.loads((self.folder / "session.json").read_text(encoding="utf-8"))
            return Process(int(body["pid"]), body.get("start_ticks"), body.get("boot_id"), body.get("host"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_abandoned(self, now: float) -> bool:
        """Nobody says who writes here, and nobody has written for a while."""
        return self.process() is None and self._silent_s(now) > ABANDONED_AFTER_S

    def is_for(self, node: str, now: float) -> bool:
        """Whether a recorder of that host should look after it unasked. What runs on another host is left to the recorder there,
        which holds it as long as it lives; what is silent, and held by nobody, may be taken over."""
        process = self.process()
        return process is None or process.host in (None, node) or self._silent_s(now) > ABANDONED_AFTER_S

    def _silent_s(self, now: float) -> float:
        """Since the last word; infinite if the folder is gone."""
        try:
            return now - max((path.stat().st_mtime for _, path in self._files()), default=self.folder.stat().st_mtime)
        except OSError:
            return float("inf")

    @property
    def _settled_path(self) -> Path:
        return self.folder / "settled.json"

    def _read_settled(self) -> Settled:
        try:
            body = json.loads(self._settled_path.read_text(encoding="utf-8"))
            return Settled(int(body["position"]), frozenset(map(str, body["but"])))
        except (OSError, ValueError, KeyError, TypeError):
            return Settled()

    def _files(self) -> list[tuple[int, Path]]:
        try:
            names = [entry for entry in self.folder.iterdir() if entry.suffix == ".spool" and entry.stem.isdigit()]
        except FileNotFoundError:
            return []
        return sorted((int(entry.stem), entry) for entry in names)

    def _frames(self, data: bytes, start: int, end: int, is_last: bool) -> list[Received]:
        """Whole frames of `data`, which begins at the position; moves the position behind what was read or given up."""
        received: list[Received] = []
        base, offset = self.position, 0
        while offset < len(data):
            try:
                frame, after = read_frame(data, offset)
            except TornFrame as torn:
                is_all_read = base + len(data) >= end
                if not torn.is_damaged and not is_all_read:
                    return received or self._one_large_frame(start, base + offset, is_last)
                after = self._give_up(data, offset, is_last, is_damaged=torn.is_damaged)
                if after == offset:
                    return received
            else:
                received.append(Received(frame, base + offset, base + after))
            offset = after
            self.position = base + offset
        return received

    def _give_up(self, data: bytes, offset: int, is_last: bool, *, is_damaged: bool) -> int:
        """Where to read on behind bytes that are no frame; `offset` itself if they may still become one."""
        following = next_frame(data, offset + 1)  # nothing is ever written behind a frame that is still being written
        if following is None and is_last and not is_damaged:
            return offset
        after = len(data) if following is None else following
        self.faults.append(f"{after - offset} bytes of the report at position {self.position} are damaged.")
        return after

    def _one_large_frame(self, start: int, position: int, is_last: bool) -> list[Received]:
        data = _read_range(self.folder / f"{start:016d}.spool", position - start, None)
        try:
            frame, after = read_frame(data, 0)
        except TornFrame as torn:
            self.position = position + self._give_up(data, 0, is_last, is_damaged=torn.is_damaged)
            return []
        self.position = position + after
        return [Received(frame, position, self.position)]


def _read_range(path: Path, begin: int, end: int | None) -> bytes:
    with open(path, "rb") as file:
        file.seek(begin)
        return file.read() if end is None else file.read(end - begin)


def is_alive(process: Process) -> bool:
    """True if that very process runs (not a later one with its number). Without /proc: if the number is in use."""
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    boot = current_boot_id()
    if process.boot_id and boot and process.boot_id != boot:
        return False
    stat = stat_fields(process.pid)
    if stat is None:
        return not os.path.isdir("/proc/self")
    if stat[0] in (b"Z", b"X"):
        return False
    return process.start_ticks is None or int(stat[19]) == process.start_ticks


def current_boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def stat_fields(pid: int) -> list[bytes] | None:
    """Fields of /proc/<pid>/stat from the state on: the name before them may hold spaces and parentheses."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()
    except (OSError, IndexError):
        return None

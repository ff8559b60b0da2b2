"""Reads what running cells take of the machine, in one thread of the recorder; a cell that is over at once is not read.

    a cell begins   after 0.1 s the counts are taken, after 0.5 s there is the first reading, then every 0.5 s
    it runs long    the distance doubles each time the cell has run twice as long, up to 10 s
    many kernels    readings never take more than 1 % of one core: where they would, they become rarer
"""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from ...model.ids import ExecutionId, SessionId
from ..inbox import Process, is_alive
from .gpus import Gpus, has_cuda, taken_on, visible_devices_of
from .kept import forget_kept, keep, read_kept
from .processes import Counted, ProcessTree, network_bytes
from .trace import Trace

BASELINE_S = 0.1
"""After a cell began its counts are taken; what is over by then is not read."""
SHORTEST_S, LONGEST_S = 0.5, 10.0
FINE_FOR_S = 300.0
"""So long the shortest distance holds: 600 readings."""
CUDA_EVERY_S = 2.0
"""Between two looks whether a process has loaded CUDA by now, on a machine with a driver: a map of its memory takes 1 to 4 ms."""
KEEP_EVERY_S = 30.0
"""What was read of a running cell is written down, so that a recorder that is killed loses no more than this."""
CPU_SHARE = 0.008
"""Of one core, at most, for all readings together: with what the thread itself takes it stays below 1 %."""

log = logging.getLogger(__name__)


def distance_s(elapsed_s: float) -> float:
    """Between two readings of a cell that has run so long: 0.5 s at first, 1 s after 5 min, 2 s after 10 min, …, at most 10 s."""
    doublings = max(0, math.floor(math.log2(elapsed_s / FINE_FOR_S)) + 1) if elapsed_s >= FINE_FOR_S else 0
    return min(LONGEST_S, SHORTEST_S * 2**doublings)


@dataclass
class _Watched:
    """One session with a running cell."""

    process: Process
    tree: ProcessTree
    executions: dict[ExecutionId, float] = field(default_factory=dict)
    """Running ones, and when each began by the monotonic clock."""
    due: float = math.inf
    read_at: float = 0.0
    counted: Counted | None = None
    network: tuple[int, int] | None = None
    has_cuda: bool = False
    look_for_cuda_at: float = 0.0
    gpus_read_at: float = 0.0
    folder: Path | None = None
    kept_at: float = 0.0


class Resources:
    """All of it may be called from any thread. Nothing raises, and nothing waits for a reading."""

    def __init__(self, clock: Callable[[], float] = time.time, gpus: Gpus | None = None) -> None:
        self._clock = clock
        self.gpus = gpus or Gpus()
        self._changed = threading.Condition()
        self._watched: dict[SessionId, _Watched] = {}
        self._traces: dict[ExecutionId, Trace] = {}
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    def begins(
        self, session: SessionId, process: Process | None, execution: ExecutionId, folder: Path | None = None
    ) -> None:
        """A cell begins, or goes on after the recorder was started anew. process: of the kernel; None: nobody knows it, and
        nothing is read. folder: where what was read is kept until the cell is over."""
        if process is None:
            return
        with self._changed:
            watched = self._watched.get(session)
            if watched is None or watched.process != process:
                watched = self._watched[session] = _Watched(process, ProcessTree(process.pid))
            now = time.monotonic()
            if not watched.executions:
                watched.counted, watched.due = None, now + BASELINE_S
                watched.kept_at = now
            watched.executions[execution] = now
            watched.folder = folder
            kept = read_kept(folder, execution) if folder is not None else None
            if kept:
                self._traces[execution] = kept
            if self._thread is None and not self._is_stopping:
                self._thread = threading.Thread(target=self._read_on, name="resources", daemon=True)
                self._thread.start()
            self._changed.notify()

    def ends(self, session: SessionId, execution: ExecutionId) -> Trace | None:
        """A cell is over: what was read of it, if anything. It is let go of here."""
        with self._changed:
            watched = self._watched.get(session)
            if watched is not None:
                watched.executions.pop(execution, None)
                if not watched.executions:
                    watched.due = math.inf
                if watched.folder is not None and execution in self._traces:
                    forget_kept(watched.folder)
            return self._traces.pop(execution, None)

    def so_far(self, execution: ExecutionId) -> Trace | None:
        """What was read of a running cell; a copy."""
        with self._changed:
            trace = self._traces.get(execution)
            return Trace().joined(trace) if trace else None

    def summary_so_far(self, execution: ExecutionId) -> Trace | None:
        """The same without its points: asked several times a second."""
        with self._changed:
            trace = self._traces.get(execution)
            return trace.without_points() if trace else None

    def session_ended(self, session: SessionId) -> None:
        with self._changed:
            watched = self._watched.pop(session, None)
            for execution in watched.executions if watched is not None else ():
                self._traces.pop(execution, None)

    def stop(self) -> None:
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    # -- in the thread -------------------------------------------------------------------------------

    def _read_on(self) -> None:
        while True:
            with self._changed:
                due = min((each.due for each in self._watched.values()), default=math.inf)
                wait_s = due - time.monotonic()
                if wait_s > 0 and not self._is_stopping:
                    self._changed.wait(None if math.isinf(wait_s) else wait_s)
                if self._is_stopping:
                    return
                now = time.monotonic()
                ready = [(session, each) for session, each in self._watched.items() if each.due <= now]
            for session, watched in ready:
                try:
                    self._read(session, watched)
                except Exception:  # this thread's edge: one cell is read no more, the others go on
                    log.exception("reading what %s takes of the machine", session)
                    with self._changed:
                        watched.due = math.inf

    def _read(self, session: SessionId, watched: _Watched) -> None:
        began_cpu, now, at = time.thread_time(), time.monotonic(), self._clock()
        counted = watched.tree.read() if is_alive(watched.process) else None
        network = network_bytes()
        on_gpus, note = self._on_gpus(watched, counted) if counted is not None else ({}, "")
        with self._changed:
            if counted is None:
                watched.due = math.inf
                return
            if watched.counted is not None and now > watched.read_at:
                seconds = now - watched.read_at
                values = {**rates(watched.counted, counted, watched.network, network, seconds), **on_gpus}
                for execution in watched.executions:
                    self._traces.setdefault(execution, Trace()).add(at, seconds, values, note)
            is_first, watched.read_at = watched.counted is None, now
            watched.counted, watched.network = counted, network
            if not watched.executions:
                watched.due = math.inf
                return
            elapsed_s = now - max(watched.executions.values())
            usual_s = SHORTEST_S - BASELINE_S if is_first else distance_s(elapsed_s)
            n_read = sum(1 for each in self._watched.values() if each.executions)
            cost_s = time.thread_time() - began_cpu
            watched.due = now + max(usual_s, 0.0 if is_first else cost_s * n_read / CPU_SHARE)
            to_keep = self._to_keep(watched, now)
        if to_keep is not None and watched.folder is not None:
            keep(watched.folder, *to_keep)

    def _to_keep(self, watched: _Watched, now: float) -> tuple[ExecutionId, Trace] | None:
        newest = next(reversed(watched.executions))
        if watched.folder is None or now - watched.kept_at < KEEP_EVERY_S or newest not in self._traces:
            return None
        watched.kept_at = now
        return newest, Trace().joined(self._traces[newest])

    def _on_gpus(self, watched: _Watched, counted: Counted) -> tuple[dict[str, float], str]:
        """(values, why some are missing), if the driver said something new. Nothing where the session does not use it."""
        if not self.gpus.is_there():
            return {}, ""
        now = time.monotonic()
        if not watched.has_cuda and now >= watched.look_for_cuda_at:
            watched.has_cuda, watched.look_for_cuda_at = has_cuda(counted.pids), now + CUDA_EVERY_S
        reading = self.gpus.newest() if watched.has_cuda else None
        if reading is None or reading.at <= watched.gpus_read_at:
            return {}, ""
        watched.gpus_read_at = reading.at
        return taken_on(reading.gpus, counted.pids, visible_devices_of(watched.process.pid)), reading.problem


def rates(
    before: Counted, now: Counted, network_before: tuple[int, int] | None, network: tuple[int, int] | None, seconds: float
) -> dict[str, float]:
    """Names and units as in docs/capture.md. A count that fell (a process left the tree unseen) is no use at all: 0."""
    values: dict[str, float] = {
        "cpu_share": max(0.0, now.cpu_s - before.cpu_s) / seconds,
        "memory_bytes": now.memory_bytes,
    }
    counts = {
        "disk_read_bytes_s": (before.disk_read_bytes, now.disk_read_bytes),
        "disk_write_bytes_s": (before.disk_write_bytes, now.disk_write_bytes),
        "network_in_bytes_s": (network_before and network_before[0], network and network[0]),
        "network_out_bytes_s": (network_before and network_before[1], network and network[1]),
    }
    for name, (was, is_now) in counts.items():
        if was is not None and is_now is not None:
            values[name] = max(0, is_now - was) / seconds
    return values

"""Which notebook each kernel serves, and how kernels ended, as the servers that started them tell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

ENDS = ("restarted", "stopped", "server_stopped", "died")


@dataclass(frozen=True)
class Kernel:
    disk_path: str | None = None
    end: str = ""
    """restarted | stopped | server_stopped | died; '' while it runs."""
    exit_status: int | None = None
    ended_at: float | None = None
    """When that was told. A kernel keeps its id when it is restarted: an older end is that of an earlier session."""
    pid: int | None = None
    """Of the process that ended, where the server knows it: says whose end it was, also when the clock was set anew."""
    capture_reason: str = ""
    n_unheard: int | None = 0
    """Cells from its start that it could not report, so that a browser's word counts for them; None: every one."""


class Kernels:
    """By Jupyter's kernel id; told by every server, so one recorder knows the kernels of all of them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kernels: dict[str, Kernel] = {}
        self._busy = threading.Lock()
        self.moving = threading.RLock()
        """Held while a notebook gets a new name here and in the history: who looks up one by the other waits for both."""

    def report(
        self,
        kernel_id: str,
        event: str,
        disk_path: str | None = None,
        exit_status: int | None = None,
        capture_reason: str | None = None,
        n_unheard: int | None = 0,
        pid: int | None = None,
    ) -> None:
        with self._busy:
            known = self._kernels.get(kernel_id, Kernel())
            is_end = event in ENDS
            self._kernels[kernel_id] = replace(
                known,
                disk_path=disk_path or known.disk_path,
                end=event if is_end else "",
                exit_status=exit_status,
                ended_at=self._clock() if is_end else None,
                pid=pid,
                capture_reason=known.capture_reason if capture_reason is None else capture_reason,
                n_unheard=known.n_unheard if is_end else n_unheard,
            )

    def get(self, kernel_id: str | None) -> Kernel:
        with self._busy:
            return self._kernels.get(kernel_id or "", Kernel())

    def end_of(self, kernel_id: str | None, started_at: float, pid: int | None) -> Kernel | None:
        """What was told of the end of that life of a kernel, and of no other; None while nothing was."""
        kernel = self.get(kernel_id)
        if kernel.ended_at is None:
            return None
        is_that = kernel.pid is not None and kernel.pid == pid
        return kernel if is_that or kernel.ended_at >= started_at else None

    def is_unheard(self, kernel_id: str, execution_count: int | None) -> bool:
        """Whether it did not report that cell itself. A kernel that no server here tells of runs elsewhere and reports nothing."""
        with self._busy:
            kernel = self._kernels.get(kernel_id)
        if kernel is None or kernel.n_unheard is None:
            return True
        return execution_count is not None and execution_count <= kernel.n_unheard

    def rename(self, old: str, new: str) -> None:
        """A notebook, or a folder with all below it, was moved."""
        with self._busy:
            for kernel_id, kernel in self._kernels.items():
                path = kernel.disk_path
                if path is not None and (path == old or path.startswith(old + "/")):
                    self._kernels[kernel_id] = replace(kernel, disk_path=new + path[len(old) :])


def script_id(pid: int) -> str:
    """Under which `ds run` tells how its script ended: a script has no kernel's id."""
    return f"script-{pid}"

"""Which notebook, script and folder a session works for, and how it ended, as its server and itself have told."""

from __future__ import annotations

import os

from ..errors import NotRecorded
from ..model.events import ExecutionStarted, SessionStarted
from .kernels import Kernel, Kernels, script_id


class Whereabouts:
    """The server knows best, then what the kernel was told at its start."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self.started: SessionStarted | None = None

    def kernel(self) -> Kernel:
        return self._kernels.get(self.started.kernel_id if self.started else None)

    def told_end(self) -> Kernel | None:
        """What its server, or `ds run`, has told of this life's end."""
        started = self.started
        if started is None:
            return None
        return self._kernels.end_of(started.kernel_id or script_id(started.pid), started.at, started.pid)

    def disk_path(self, event: ExecutionStarted) -> str | None:
        """Of its notebook or script."""
        if self.started is None or event.kind == "console":
            return None
        hint = self.kernel().disk_path or self.started.notebook_disk_path or self.started.script_disk_path
        return hint if hint and os.path.isabs(hint) else None

    def script_path(self) -> str | None:
        return self.started.script_disk_path or self.started.notebook_disk_path if self.started else None

    def folder(self) -> str:
        """Where what has no notebook belongs: beside the notebook its kernel serves, else to the working folder."""
        if self.started is None:
            raise NotRecorded("The beginning of this session is not known.")
        told = self.kernel().disk_path or self.started.notebook_disk_path
        return told if told and os.path.isabs(told) else self.started.cwd

    def partial_reasons(self, execution_count: int | None) -> list[str]:
        """Why capture is partial in this session, or was until that cell."""
        if self.started is None:
            return ["The beginning of the session is not known."]
        kernel = self.kernel()
        is_first_heard = kernel.n_unheard is not None and execution_count == kernel.n_unheard + 1
        told = kernel.capture_reason if is_first_heard or kernel.n_unheard is None else ""
        return [*self.started.capture_reasons, *([told] if told else [])]

"""Decides why a kernel or script ended, from what its server ordered and what a witness saw: pure, and never a guess."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from ..model import certificate as causes
from .amounts import size_words
from .kernels import Kernel
from .witness import Seen

ORDERS = {
    "restarted": (causes.RESTARTED, "The kernel was restarted."),
    "stopped": (causes.SHUT_DOWN, "The kernel was shut down."),
    "server_stopped": (causes.SERVER_STOPPED, "The Jupyter server was stopped, and its kernels with it."),
}
"""How its server said that it ends it -> (cause, sentence)."""
_ORPHAN_STATUS = 1
"""With which ipykernel leaves when its parent is gone."""


@dataclass(frozen=True)
class Cause:
    cause: str
    """One of `model.certificate.CAUSES`."""
    sentence: str
    signal: str | None = None
    exit_status: int | None = None

    @property
    def is_order(self) -> bool:
        """Somebody ended it on purpose, through its server."""
        return self.cause in (causes.RESTARTED, causes.SHUT_DOWN, causes.SERVER_STOPPED)


def decide_cause(kernel: Kernel | None, seen: Seen, kind: str = "kernel", *, said_goodbye: bool = False) -> Cause | None:
    """None: it ended by itself, and well. kernel: its server's word on this life; None: there is none.

    said_goodbye: it reported that it ends, so that neither a signal nor the system took it by surprise.
    """
    who = "kernel" if kind == "kernel" else "script"
    order = ORDERS.get(kernel.end) if kernel is not None else None
    told = kernel.exit_status if kernel is not None else None
    status = seen.exit_status if seen.exit_status is not None else told
    if said_goodbye:
        if order is not None:
            return Cause(*order)
        is_well = not status or status < 0  # killed when it had said all: nothing was lost
        return None if is_well else Cause(causes.EXIT_STATUS, f"The {who} ended with exit status {status}.", exit_status=status)
    if seen.is_other_boot:
        return Cause(causes.REBOOTED, f"The computer was started anew while the {who} ran.")
    if seen.other_host:
        return Cause(causes.UNKNOWN, f"The {who} ran on {seen.other_host}, which says no more of it; the cause is unknown.")
    if order is not None:
        return Cause(*order)
    if seen.is_out_of_memory and status in (None, -signal.SIGKILL):
        limit = f" (the limit here is {size_words(seen.memory_limit_bytes)})" if seen.memory_limit_bytes else ""
        return Cause(causes.OUT_OF_MEMORY, f"The system ended the {who} by SIGKILL: memory ran out{limit}.", "SIGKILL")
    if seen.is_orphan and kind == "kernel" and status in (None, _ORPHAN_STATUS):
        return Cause(causes.SERVER_STOPPED, "The program that had started the kernel ended unexpectedly, and the kernel with it.")
    if status is None:
        return Cause(causes.UNKNOWN, f"The {who} ended; the cause is unknown.")
    if status < 0:
        name = signal_name(-status)
        return Cause(causes.SIGNAL, f"The {who} was ended by {name}.", name)
    return Cause(causes.EXIT_STATUS, f"The {who} ended with exit status {status}, and said nothing before.", exit_status=status)


def signal_name(number: int) -> str:
    """9 -> 'SIGKILL', 40 -> 'signal 40'"""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

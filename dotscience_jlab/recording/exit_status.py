"""How a process of somebody else's ended: the system tells it to whoever held the process while it lived.

A parent learns the exit status of its child, and most kernels' parent is a Jupyter server, which passes it on. Kernels of
nbclient and plain scripts have other parents. Linux tells others too: of a zombie in /proc, from 6.15 on also later.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct

from .inbox import Process, is_alive, stat_fields

_INFO_BYTES = 64
_GET_INFO = 3 << 30 | _INFO_BYTES << 16 | 0xFF << 8 | 11
"""PIDFD_GET_INFO. Source: linux/pidfd.h, struct pidfd_info: mask at 0 (u64), exit_code at 60 (s32)."""
_EXIT = 1 << 3
"""PIDFD_INFO_EXIT"""
_STAT_EXIT_CODE = 49
"""Field 52 of /proc/<pid>/stat, counted from the state."""


class HeldProcess:
    """One living process, held by a descriptor: another one that gets its number later is never taken for it."""

    def __init__(self, process: Process, descriptor: int) -> None:
        self.descriptor = descriptor
        """Readable once the process has ended."""
        self._pid = process.pid
        self._status: int | None = None

    def has_ended(self) -> bool:
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def exit_status(self) -> int | None:
        """Negative: the signal that ended it. None while it runs, and where the system does not tell."""
        if self._status is None and self.has_ended():
            code = self._of_zombie()
            code = self._of_descriptor() if code is None else code
            self._status = None if code is None else os.waitstatus_to_exitcode(code)
        return self._status

    def close(self) -> None:
        os.close(self.descriptor)

    def _of_descriptor(self) -> int | None:
        asked = bytearray(_INFO_BYTES)
        struct.pack_into("Q", asked, 0, _EXIT)
        try:
            fcntl.ioctl(self.descriptor, _GET_INFO, asked)
        except OSError:  # an older Linux
            return None
        mask, code = struct.unpack_from("Q", asked, 0)[0], struct.unpack_from("i", asked, 60)[0]
        return int(code) if mask & _EXIT else None

    def _of_zombie(self) -> int | None:
        fields = stat_fields(self._pid)
        if fields is None or fields[0] != b"Z" or len(fields) <= _STAT_EXIT_CODE:
            return None
        code = int(fields[_STAT_EXIT_CODE])
        return code if code or self._is_ours() else None  # 0 is also what one sees who may not look

    def _is_ours(self) -> bool:
        try:
            return os.geteuid() in (0, os.stat(f"/proc/{self._pid}").st_uid)
        except OSError:
            return False


def hold(process: Process) -> HeldProcess | None:
    """None if it has ended, or where processes cannot be held (not Linux)."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return None
    if not is_alive(process):  # asked after it was held: the number may have been another's by now
        os.close(descriptor)
        return None
    return HeldProcess(process, descriptor)

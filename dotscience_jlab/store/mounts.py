"""Whether changes below a folder are all made on this machine: only then does its kernel hear of every one of them."""

from __future__ import annotations

import os
import re
from pathlib import Path

LOCAL = frozenset((
    "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "nilfs2", "ntfs", "ntfs3", "overlay", "ramfs", "reiserfs",
    "tmpfs", "ubifs", "vfat", "xfs", "zfs",
))  # fmt: skip
"""Kinds of file system that one machine alone writes. Not named: network disks, FUSE, what a virtual machine's host shares."""
MOUNTS = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(rb"\\([0-7]{3})")


def why_not_local(root: str, mounts: bytes | None = None) -> str:
    """'' if the folder and all that is mounted below it is local, else the reason in words.

    mounts: the text of `mountinfo`; None: read it. Source: proc(5), fields 5 and 9 (after the dash).
    """
    if mounts is None:
        try:
            mounts = MOUNTS.read_bytes()
        except OSError:
            return "This system does not say which disks are local."
    at = os.fsencode(root).rstrip(b"/") + b"/"
    holding, below = (b"", ""), []
    for line in mounts.splitlines():
        fields, _, rest = line.partition(b" - ")
        words = fields.split(b" ")
        if len(words) < 5:
            continue
        point = _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), words[4]).rstrip(b"/") + b"/"
        kind = rest.split(b" ")[0].decode("ascii", "replace")
        if at.startswith(point):
            holding = max(holding, (point, kind), key=lambda each: len(each[0]))  # of two at one place the later one counts
            if holding[0] == point:
                holding = (point, kind)
        elif point.startswith(at):
            below.append(kind)
    foreign = next((kind for kind in (holding[1], *below) if kind not in LOCAL), None)
    return "" if foreign is None else f"It lies on, or holds, a disk that other machines may write ({foreign or 'unknown'})."

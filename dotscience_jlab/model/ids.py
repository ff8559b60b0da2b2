"""Names of things. Each kind of id is its own type; each is checked where it enters, so none can climb out of a folder.

    SessionId     k-<16 hex>                                one life of one kernel or script process
    ExecutionId   <SessionId>:<msg_id>                      one run of one cell; known to kernel and browser alike
    RunId         uuid4, with dashes                        also the uuid of the printed marker
    SnapshotId    s-<16 hex>                                ours, never a commit id: forgetting rewrites commits
    NotebookId    n-<16 hex>      StoreId  w-<16 hex>       a notebook, a workspace's store
    BlobDigest    40 hex                                    git's name of some bytes
"""

from __future__ import annotations

import os
import re
from typing import Callable, NewType

from ..errors import InvalidId

SessionId = NewType("SessionId", str)
ExecutionId = NewType("ExecutionId", str)
RunId = NewType("RunId", str)
SnapshotId = NewType("SnapshotId", str)
NotebookId = NewType("NotebookId", str)
StoreId = NewType("StoreId", str)
BlobDigest = NewType("BlobDigest", str)

RandomHex = Callable[[], str]
"""Returns 32 fresh hexadecimal digits; handed in, so that a test can choose them."""

_SHAPES = {
    "session": re.compile(r"k-[0-9a-f]{16}"),
    "execution": re.compile(r"k-[0-9a-f]{16}:[A-Za-z0-9_.-]{1,120}"),
    "run": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "snapshot": re.compile(r"s-[0-9a-f]{16}"),
    "notebook": re.compile(r"n-[0-9a-f]{16}"),
    "store": re.compile(r"w-[0-9a-f]{16}"),
    "blob": re.compile(r"[0-9a-f]{40}"),
}


def random_hex() -> str:
    return os.urandom(16).hex()


def new_session_id(random: RandomHex = random_hex) -> SessionId:
    return SessionId("k-" + random()[:16])


def new_snapshot_id(random: RandomHex = random_hex) -> SnapshotId:
    return SnapshotId("s-" + random()[:16])


def new_notebook_id(random: RandomHex = random_hex) -> NotebookId:
    return NotebookId("n-" + random()[:16])


def new_store_id(random: RandomHex = random_hex) -> StoreId:
    return StoreId("w-" + random()[:16])


def new_run_id() -> RunId:
    import uuid  # late: it costs every kernel 3 ms, and few open a run at once

    return RunId(str(uuid.uuid4()))


def execution_id(session: SessionId, msg_id: str) -> ExecutionId:
    """k-00…01, '3f…_12_1' -> 'k-00…01:3f…_12_1'; characters outside the id's alphabet become '_'."""
    return ExecutionId(f"{session}:{re.sub(r'[^A-Za-z0-9_.-]', '_', msg_id)[:120] or '_'}")


def session_of(execution: str) -> SessionId:
    return SessionId(execution.split(":", 1)[0])


def check_id(kind: str, text: str) -> str:
    """`text` itself if it is a whole id of that kind (a key of the table above), else InvalidId."""
    if not isinstance(text, str) or not _SHAPES[kind].fullmatch(text):
        raise InvalidId(f"{text!r} is not the id of a {kind}.", "Copy an id from the history or from `ds runs`.")
    return text

"""What takes the room, in words: who pins what, and what the usual policy would free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..model.ids import RunId
from ..model.paths import WorkspacePath
from ..store.base import Store
from ..store.space import FileSpace
from .amounts import count_words, size_words
from .detach import lending_told
from .forget import ForgetPlan, plan_forget
from .retention import DEFAULT_POLICY

RUNS_LISTED = 20


@dataclass(frozen=True)
class FileRoom:
    path: WorkspacePath
    stored_bytes: int
    """On the disk, all versions together."""
    n_versions: int
    n_snapshots: int
    n_runs: int
    """Whose end state holds it."""
    runs: tuple[RunId, ...]
    """The newest of them."""
    sentence: str


@dataclass(frozen=True)
class Room:
    sentence: str
    total_bytes: int
    kinds: dict[str, int]
    """notebooks, data, outputs, records, folders, other, unused"""
    shared_bytes: int
    largest: tuple[FileRoom, ...]
    forgettable: ForgetPlan
    """By the usual policy."""


def explain_space(store: Store, now: datetime) -> Room:
    space = store.space()
    plan = plan_forget(store, DEFAULT_POLICY, now)
    largest = tuple(map(_room, space.largest))
    text = f"{store.root.name}/ keeps {size_words(space.total_bytes)}."
    if largest:
        text += f" {largest[0].sentence}"
    if space.shared_bytes:
        text += f" {size_words(space.shared_bytes)} are shared with forks and take room once."
    if lent := lending_told(store):
        text += f" {lent}"
    return Room(text, space.total_bytes, space.kinds, space.shared_bytes, largest, plan)


def _room(file: FileSpace) -> FileRoom:
    return FileRoom(
        file.path, file.stored_bytes, file.n_versions, file.n_snapshots, len(file.runs), file.runs[: -RUNS_LISTED - 1 : -1],
        file_sentence(file),
    )


def file_sentence(file: FileSpace) -> str:
    """'14 runs and 250 snapshots pin 31.0 GB through one file, data/big.csv, in 3 versions.'"""
    runs = f"{count_words(len(file.runs), 'run')} and " if file.runs else ""
    n_holders = len(file.runs) + file.n_snapshots
    text = f"{runs}{count_words(file.n_snapshots, 'snapshot')} pin{'s' if n_holders == 1 else ''} {size_words(file.stored_bytes)}"
    versions = f", in {file.n_versions:,} versions" if file.n_versions > 1 else ""
    return f"{text} through one file, {file.path}{versions}."

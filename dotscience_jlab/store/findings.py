"""What a check says: one finding for each thing that is not as it was written, with everything that refers to it."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_NAMED = 20
"""Of the snapshots, paths and records that refer to one thing; `n_…` are the true numbers."""

OBJECT, PACK, REF, RECORDS, WORKSPACE, INDEX, SPOOL, RUBBISH = (
    "object", "pack", "ref", "records", "workspace", "index", "spool", "rubbish",
)  # fmt: skip
"""Kinds of things that are looked at."""


@dataclass(frozen=True)
class Finding:
    kind: str
    """One of the kinds above."""
    what: str
    """The thing's own name: an object's id, a file's, a ref's."""
    sentence: str
    remedy: str = ""
    is_damage: bool = True
    """False: rubbish that a killed process left, or a cache that is behind; nothing of the history is lost with it."""
    is_repaired: bool = False
    snapshots: tuple[str, ...] = ()
    """Ids of those that hold it, oldest first."""
    n_snapshots: int = 0
    paths: tuple[str, ...] = ()
    """Under which it lies in them; '' is the project folder itself."""
    n_paths: int = 0
    records: tuple[str, ...] = ()
    """Ids of executions, runs, sessions that name it or are lost with it."""
    n_records: int = 0


@dataclass
class Referrers:
    """Gathered while a history is walked; what is beyond MOST_NAMED is only counted."""

    snapshots: dict[str, None] = field(default_factory=dict)
    n_snapshots: int = 0
    paths: dict[str, None] = field(default_factory=dict)
    n_paths: int = 0
    records: dict[str, None] = field(default_factory=dict)
    n_records: int = 0

    def held_by(self, snapshot: str) -> None:
        self.n_snapshots += snapshot not in self.snapshots
        _note(self.snapshots, snapshot)

    def lies_at(self, path: str) -> None:
        self.n_paths += path not in self.paths
        _note(self.paths, path)

    def named_by(self, record: str) -> None:
        self.n_records += record not in self.records
        _note(self.records, record)

    def fields(self) -> dict[str, object]:
        return {
            "snapshots": tuple(self.snapshots), "n_snapshots": self.n_snapshots,
            "paths": tuple(self.paths), "n_paths": self.n_paths,
            "records": tuple(self.records), "n_records": self.n_records,
        }  # fmt: skip


def _note(table: dict[str, None], name: str) -> None:
    if len(table) < MOST_NAMED:
        table[name] = None


@dataclass(frozen=True)
class Checked:
    """The whole answer."""

    findings: tuple[Finding, ...]
    n_objects: int = 0
    n_bytes: int = 0
    """Of files read."""
    n_snapshots: int = 0
    n_records: int = 0

    @property
    def is_whole(self) -> bool:
        return not any(each.is_damage and not each.is_repaired for each in self.findings)

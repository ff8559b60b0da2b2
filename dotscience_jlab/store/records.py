"""Records in git: segments of JSON lines beside the user's files, under `refs/ds/records`.

    segments/3f/3fa9c1….jsonl     up to 1,000 records, one line each, named by the sha256 of its bytes
    blobs/a9/a9c13f…              bytes that a record names (outputs, environments, artifacts, series): reachable for ever
One commit a group. A later line about the same id replaces the earlier for readers: `record_order.py` says which is later.
Two stores merge by union: `union.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Iterable, Iterator, Sequence

from ..errors import Conflict
from ..model.run import Run
from .base import Record
from .lines import Line, named_blobs, read_lines
from .messages import trailers
from .objects import RECORDS_REF, CommitText, ObjectId, Objects, TreeItem
from .trees import edited_tree, find

RECORDS_PER_SEGMENT = 1000
MOVE_TRIES = 20
GENERATION = "Ds-Generation"
_BLOB_MODE = 0o100644


def append_records(objects: Objects, lines: Sequence[Line], at: float) -> ObjectId:
    """Keep the records with one commit, durably, and return it. Retries when another process was first."""
    written = [line.text.encode("utf-8") + b"\n" for line in lines]
    segments = [b"".join(written[begin : begin + RECORDS_PER_SEGMENT]) for begin in range(0, len(lines), RECORDS_PER_SEGMENT)]
    blobs: dict[str, TreeItem | None] = {}
    for line in lines:
        for digest in named_blobs(line.body):
            if objects.has(digest):  # a tree that names what is not there would fail `git fsck`
                blobs[f"blobs/{digest[:2]}/{digest}"] = TreeItem(_BLOB_MODE, digest)
    n_records = len(lines)
    for _ in range(MOVE_TRIES):
        before = objects.ref(RECORDS_REF)
        commits = Generations(objects)
        tree_before = commits.tree(before) if before else None
        number = 1 + commits.of(before)
        tree = edited_tree(objects, tree_before, {**blobs, **_new_segments(objects, tree_before, segments, number)})
        message = f"{n_records} record{'s' if n_records != 1 else ''}\n\n{GENERATION}: {number}\n"
        commit = objects.put_commit(CommitText(tree, (before,) if before else (), message, at))
        objects.sync()
        if objects.move_ref(RECORDS_REF, before, commit):
            return commit
    raise Conflict("Other programs keep changing this history.", "Try again in a moment.")


def _new_segments(objects: Objects, tree: ObjectId | None, segments: Iterable[bytes], number: int) -> dict[str, TreeItem | None]:
    """Path -> item. What was said before in the very same bytes is said again with a line of its own, or it would stay older than
    what was said in between."""
    found: dict[str, TreeItem | None] = {}
    for data in segments:
        path = segment_path(data)
        if tree is not None and find(objects, tree, path) is not None:
            data += b'{"record":"again","generation":%d}\n' % number
            path = segment_path(data)
        found[path] = TreeItem(_BLOB_MODE, objects.put_blob(data))
    return found


def segment_path(data: bytes) -> str:
    name = hashlib.sha256(data).hexdigest()
    return f"segments/{name[:2]}/{name}.jsonl"


class Generations:
    """One more than the largest of the parents: what knew of the other has the larger one. Each commit is read once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._commits: dict[ObjectId, tuple[ObjectId, tuple[ObjectId, ...], int]] = {}
        """commit -> (tree, parents, generation); 0: not counted yet"""

    def tree(self, commit: ObjectId) -> ObjectId:
        return self._read(commit)[0]

    def parents(self, commit: ObjectId) -> tuple[ObjectId, ...]:
        return self._read(commit)[1]

    def of(self, commit: ObjectId | None) -> int:
        """As its trailer says, as all do that this version writes; else counted, parents first. 0 for None."""
        uncounted = [commit] if commit is not None else []
        while uncounted:
            tree, parents, number = self._read(uncounted[-1])
            below = [] if number else [each for each in parents if not self._read(each)[2]]
            uncounted += below
            if not below:
                number = number or 1 + max((self._read(each)[2] for each in parents), default=0)
                self._commits[uncounted.pop()] = tree, parents, number
        return 0 if commit is None else self._commits[commit][2]

    def _read(self, commit: ObjectId) -> tuple[ObjectId, tuple[ObjectId, ...], int]:
        if commit not in self._commits:
            text = self._objects.commit(commit)
            told = trailers(text.message).get(GENERATION, "")
            self._commits[commit] = text.tree, text.parents, int(told) if told.isdecimal() and len(told) < 16 else 0
        return self._commits[commit]


def commits_since(objects: Objects, tip: ObjectId | None, known: ObjectId | None) -> tuple[list[ObjectId], bool]:
    """(first parents from `tip` back to `known`, oldest first, without `known`; True if `known` is not among them)."""
    commits: list[ObjectId] = []
    while tip is not None and tip != known:
        commits.append(tip)
        parents = objects.commit(tip).parents
        tip = parents[0] if parents else None
    return commits[::-1], known is not None and tip is None


def read_segment(path: str, data: bytes) -> Iterator[Record]:
    """Of kinds that this version knows; StoreDamaged if a line is none."""
    return (line.record() for line in read_lines(path, data))


def with_series_blob(run: Run, digest: str) -> Run:
    return replace(run, series_blob=digest)  # type: ignore[arg-type]

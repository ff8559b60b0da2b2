"""Trees without some files, and segments of records without some lines."""

from __future__ import annotations

import hashlib
import json
from typing import Collection, Iterator

from ..model.ids import ExecutionId
from .objects import FOLDER_MODE, RECORDS_REF, ObjectId, Objects, TreeItem
from .trees import edited_tree, walk

SEGMENTS = b"segments"


class Redaction:
    """Remembers what it has made of each folder, so that the ten thousandth similar tree costs what differs."""

    def __init__(self, objects: Objects, gone: Collection[ObjectId], executions: Collection[ExecutionId]) -> None:
        self._objects = objects
        self._gone = frozenset(gone)
        self._executions = frozenset(executions)
        self._folders: dict[ObjectId, ObjectId | None] = {}
        self._segments: dict[ObjectId, tuple[ObjectId | None, dict[str, TreeItem]]] = {}

    def files_tree(self, tree: ObjectId) -> ObjectId:
        """What stands for the tree of a snapshot."""
        return self._folder(tree) or self._objects.put_tree({})

    def records_tree(self, tree: ObjectId) -> ObjectId:
        """What stands for a tree of records: segments that go are written anew without those executions."""
        items = self._objects.tree(tree)
        made = {name: kept for name, item in items.items() if name != SEGMENTS and (kept := self._item(item)) is not None}
        anew: dict[str, TreeItem] = {}
        if SEGMENTS in items:
            kept_segments, anew = self._segment_folders(items[SEGMENTS].id)
            if kept_segments is not None:
                made[SEGMENTS] = TreeItem(FOLDER_MODE, kept_segments)
        base = tree if made == items else self._objects.put_tree(made)
        return edited_tree(self._objects, base, anew)

    def _item(self, item: TreeItem) -> TreeItem | None:
        if item.id in self._gone:
            return None
        if item.mode != FOLDER_MODE:
            return item
        below = self._folder(item.id)
        return None if below is None else TreeItem(FOLDER_MODE, below)

    def _folder(self, tree: ObjectId) -> ObjectId | None:
        """None: nothing is left in it."""
        if tree not in self._folders:
            items = self._objects.tree(tree)
            kept = {name: made for name, item in items.items() if (made := self._item(item)) is not None}
            if kept == items:
                self._folders[tree] = tree
            else:
                self._folders[tree] = self._objects.put_tree(kept) if kept else None
        return self._folders[tree]

    def _segment_folders(self, tree: ObjectId) -> tuple[ObjectId | None, dict[str, TreeItem]]:
        """(the folder without segments that go, what stands for those: path -> item)"""
        if tree not in self._segments:
            items = self._objects.tree(tree)
            kept: dict[bytes, TreeItem] = {}
            anew: dict[str, TreeItem] = {}
            for name, item in items.items():
                if item.mode == FOLDER_MODE:
                    below, more = self._segment_folders(item.id)
                    anew.update(more)
                    if below is not None:
                        kept[name] = TreeItem(FOLDER_MODE, below)
                elif item.id in self._gone:
                    anew.update(self._segment_anew(item.id))
                else:
                    kept[name] = item
            same = tree if kept == items else self._objects.put_tree(kept) if kept else None
            self._segments[tree] = same, anew
        return self._segments[tree]

    def _segment_anew(self, blob: ObjectId) -> Iterator[tuple[str, TreeItem]]:
        data = b"".join(line for line in _lines(self._objects.blob(blob)) if _execution_of(line) not in self._executions)
        if data:
            name = hashlib.sha256(data).hexdigest()
            yield f"segments/{name[:2]}/{name}.jsonl", TreeItem(0o100644, self._objects.put_blob(data))


def segments_with(objects: Objects, executions: Collection[ExecutionId]) -> set[ObjectId]:
    """Segments that hold a line about one of these, in any version. Costs one read of all records."""
    head = objects.ref(RECORDS_REF)
    wanted = [each.encode("ascii") for each in executions]
    found: set[ObjectId] = set()
    for path, item in walk(objects, objects.commit(head).tree) if head else ():
        if path.startswith("segments/"):
            data = objects.blob(item.id)
            if any(each in data for each in wanted) and any(_execution_of(line) in executions for line in _lines(data)):
                found.add(item.id)
    return found


def _lines(data: bytes) -> list[bytes]:
    return [line + b"\n" for line in data.split(b"\n") if line]


def _execution_of(line: bytes) -> str | None:
    """The execution that a line records, or says something about."""
    try:
        body = json.loads(line)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    return {"execution": body.get("id"), "annotation": body.get("about")}.get(str(body.get("record")))

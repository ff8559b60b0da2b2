"""Follows every ref through commits, folders, chunks and records, and gathers what refers to what is damaged or gone.

A snapshot is compared with the one before it, so a folder that did not change is looked at once, and the memory that this takes
does not grow with the history: what is kept is the damage that lies in the folder at the moment.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import Callable, Iterator

from ..errors import DotscienceError, StoreDamaged
from .findings import OBJECT, RECORDS, Finding, Referrers
from .large_file import CHUNKS_PER_FOLDER, FOLDER_NAME, META, read_meta
from .lines import Line, named_blobs, read_lines, used_files
from .messages import snapshot_id, trailers
from .objects import FOLDER_MODE, RECORDS_REF, CommitText, ObjectId, Objects, TreeItem
from .tree_names import SUFFIX, users_name

SEGMENT = re.compile(r"segments/[0-9a-f]{2}/([0-9a-f]{64})\.jsonl")
FOLDERS_REMEMBERED = 10_000
"""Folders of 256 chunks whose content is known: a large file that changes keeps most of them."""

Step = Callable[[], None]


@dataclass
class Walked:
    broken: dict[ObjectId, Referrers] = field(default_factory=dict)
    """Object that is damaged or gone -> what refers to it."""
    reasons: dict[ObjectId, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    """About what is whole in itself and yet wrong: a segment under another's name, chunks that do not add up."""
    n_snapshots: int = 0
    n_records: int = 0


@dataclass
class _Folder:
    n_chunks: int = 0
    n_bytes: int = 0
    broken: tuple[ObjectId, ...] = ()


class Walk:
    """objects: the store. damaged: what `check_objects` met; a copy of it elsewhere may be whole."""

    def __init__(self, objects: Objects, damaged: dict[ObjectId, str], step: Step) -> None:
        self._objects = objects
        self._damaged = damaged
        self._step = step
        self._found = Walked()
        self._here: dict[str, set[ObjectId]] = {}
        """path -> broken objects that it needs, in the snapshot that is being looked at."""
        self._chunk_folders: dict[ObjectId, _Folder] = {}
        self._seen: set[ObjectId] = set()
        """Commits followed already, from another ref."""

    def follow(self, refs: dict[str, ObjectId]) -> Walked:
        """Records last: by then it is known which bytes of files are broken."""
        for name, tip in sorted(refs.items(), key=lambda each: (each[0].startswith("refs/ds/"), each[0])):
            self._follow_ref(name, tip)
        return self._found

    # -- commits -------------------------------------------------------------------------------------

    def _follow_ref(self, name: str, tip: ObjectId) -> None:
        tips = [tip]
        while tips:
            chain, before = self._chain(name, tips.pop())
            self._here = {}
            for commit in reversed(chain):
                text = self._objects.commit(commit)
                self._seen.add(commit)
                tips += [parent for parent in text.parents[1:] if parent not in self._seen]
                self._step()
                if name == RECORDS_REF:
                    self._records(before, text)
                else:
                    self._snapshot(snapshot_id(text.message, commit), before, text)
                before = text.tree

    def _chain(self, ref: str, tip: ObjectId) -> tuple[list[ObjectId], ObjectId | None]:
        """First parents back to one that is known or cannot be read, newest first; and the tree of that one, if it is known."""
        chain: list[ObjectId] = []
        while tip not in self._seen:
            try:
                text = self._objects.commit(tip)
            except DotscienceError as error:
                referrers = self._break(tip, str(error.message))
                if chain:
                    referrers.held_by(snapshot_id(self._objects.commit(chain[-1]).message, chain[-1]))
                referrers.lies_at(ref)
                return chain, None
            chain.append(tip)
            if not text.parents:
                return chain, None
            tip = text.parents[0]
        return chain, self._objects.commit(tip).tree

    def _snapshot(self, snapshot: str, before: ObjectId | None, text: CommitText) -> None:
        self._found.n_snapshots += 1
        told = trailers(text.message)
        self._compare(before, text.tree, "")
        for path, needed in self._here.items():
            for broken in needed:
                referrers = self._found.broken[broken]
                referrers.held_by(snapshot)
                referrers.lies_at(path)
                for name in ("Ds-Execution", "Ds-Run"):
                    if name in told:
                        referrers.named_by(told[name])

    # -- folders -------------------------------------------------------------------------------------

    def _compare(self, before: ObjectId | None, after: ObjectId | None, path: str) -> None:
        """What is new in `after` is looked at; what is no more in it leaves `_here`."""
        if before == after:
            return
        old = self._items(before) or {}
        self._here.pop(path, None)
        new = self._items(after)
        if new is None and after is not None:
            self._need(path, after)
        new = new or {}
        for name in old.keys() | new.keys():
            was, is_now = old.get(name), new.get(name)
            if was != is_now:
                self._compare_item(was, is_now, path, name)

    def _compare_item(self, was: TreeItem | None, is_now: TreeItem | None, folder: str, name: bytes) -> None:
        old = was.id if was is not None and was.mode == FOLDER_MODE else None
        new = is_now.id if is_now is not None and is_now.mode == FOLDER_MODE else None
        path = _below(folder, users_name(name))
        self._here.pop(path, None)
        if name.endswith(SUFFIX) and (self._is_large(old) or self._is_large(new)):
            path = _below(folder, users_name(name, is_large=True))
            self._here.pop(path, None)
            if new is not None:
                self._large_file(path, new)
            return
        if old is not None or new is not None:
            self._compare(old, new, path)
        if is_now is not None and new is None and not self._is_there(is_now.id):
            self._need(path, is_now.id)

    def _items(self, tree: ObjectId | None) -> dict[bytes, TreeItem] | None:
        """None: it cannot be read."""
        if tree is None:
            return {}
        try:
            return self._objects.tree(tree)
        except DotscienceError as error:
            self._break(tree, str(error.message))
            return None

    def _need(self, path: str, broken: ObjectId) -> None:
        self._here.setdefault(path, set()).add(broken)

    def _is_there(self, name: ObjectId) -> bool:
        """Whole somewhere; else it is broken from now on."""
        if name in self._found.broken:
            return False
        if name in self._damaged:
            try:
                self._objects.blob(name)
            except DotscienceError:
                self._break(name, self._damaged[name])
                return False
            return True
        if self._objects.has(name):
            return True
        self._break(name, f"The object {name} is gone.")
        return False

    def _break(self, name: ObjectId, reason: str) -> Referrers:
        self._found.reasons.setdefault(name, reason)
        return self._found.broken.setdefault(name, Referrers())

    # -- large files -----------------------------------------------------------------------------------

    def _is_large(self, tree: ObjectId | None) -> bool:
        """Whatever holds chunks or says how many: with either of them gone it is still meant as a large file."""
        items = self._items(tree) if tree is not None else None
        return bool(items) and all(
            (name == META and item.mode != FOLDER_MODE) or (FOLDER_NAME.fullmatch(name) and item.mode == FOLDER_MODE)
            for name, item in items.items()
        )

    def _large_file(self, path: str, tree: ObjectId) -> None:
        items = self._items(tree)
        if items is None:  # its name in the version before said that it is one
            self._need(path, tree)
            return
        total = _Folder()
        for name, item in sorted(items.items()):
            if name != META:
                self._add_chunks(item.id, name, total)
        needed = set(total.broken)
        meta = items.get(META)
        if meta is None or not self._is_there(meta.id):
            needed |= {meta.id} if meta is not None else set()
        for broken in needed:
            self._need(path, broken)
        if needed:
            return
        try:
            told_meta = read_meta(self._objects, tree)
            told = told_meta.n_chunks, told_meta.size_bytes
        except DotscienceError:
            told = None, None
        if told != (total.n_chunks, total.n_bytes):
            sentence = (
                f"The large file {path} holds {total.n_bytes:,} bytes in {total.n_chunks:,} chunks, which is not what it says."
            )
            self._found.findings.append(Finding(OBJECT, tree, sentence, paths=(path,), n_paths=1))

    def _add_chunks(self, tree: ObjectId, name: bytes, total: _Folder) -> None:
        """One folder of chunks; those of a name that is not the next number are not counted, so that the sum shows it."""
        known = self._chunk_folders.get(tree)
        if known is None:
            items = self._items(tree)
            if items is None:
                known = _Folder(broken=(tree,))
            else:
                broken = tuple(item.id for item in items.values() if not self._is_there(item.id))
                whole = [item.id for item in items.values() if item.id not in broken]
                known = _Folder(len(items), sum(map(self._objects.blob_size, whole)), broken)
            if len(self._chunk_folders) > FOLDERS_REMEMBERED:
                self._chunk_folders.clear()
            self._chunk_folders[tree] = known
        if int(name) * CHUNKS_PER_FOLDER == total.n_chunks or known.broken:
            total.n_chunks += known.n_chunks
            total.n_bytes += known.n_bytes
        total.broken += known.broken

    # -- records -----------------------------------------------------------------------------------------

    def _records(self, before: ObjectId | None, text: CommitText) -> None:
        for path, item in self._new_files(before, text.tree, ""):
            if not self._is_there(item.id):
                self._found.broken[item.id].lies_at(path)
            elif path.startswith("segments/"):
                self._segment(path, item.id)

    def _new_files(self, before: ObjectId | None, after: ObjectId, path: str) -> Iterator[tuple[str, TreeItem]]:
        old, new = self._items(before) or {}, self._items(after)
        if new is None:
            self._found.broken[after].lies_at(path or RECORDS_REF)
            return
        for name, item in sorted(new.items()):
            was = old.get(name)
            if was == item:
                continue
            below = _below(path, name)
            if item.mode == FOLDER_MODE:
                yield from self._new_files(was.id if was is not None and was.mode == FOLDER_MODE else None, item.id, below)
            else:
                yield below, item

    def _segment(self, path: str, digest: ObjectId) -> None:
        data = self._objects.blob(digest)
        told = SEGMENT.fullmatch(path)
        if told is None or hashlib.sha256(data).hexdigest() != told.group(1):
            self._found.findings.append(Finding(RECORDS, path, f"The records in {path} are not those that its name says."))
        try:
            for line in read_lines(path, data):
                self._found.n_records += 1
                self._line(line)
        except StoreDamaged as error:
            self._found.findings.append(Finding(RECORDS, path, error.message))

    def _line(self, line: Line) -> None:
        for digest in (*named_blobs(line.body), *used_files(line.body)) if self._found.broken else ():
            if digest in self._found.broken:
                self._found.broken[digest].named_by(line.id)


def _below(folder: str, name: bytes) -> str:
    return f"{folder}/{os.fsdecode(name)}" if folder else os.fsdecode(name)

"""A workspace's history over any `Objects`: snapshots on lines, records beside them, the index in step with both.

Every write: objects, sync, the records ref, the line, the index. A crash between two of them leaves rubbish or an index to
catch up with, never a lie; `_catch_up` runs at every opening.
"""

from __future__ import annotations

import json
import os
import re
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterable, Iterator, Sequence

from ..errors import Conflict, DotscienceError, NotFound
from ..model.change import Change
from ..model.codec import from_json, to_json
from ..model.ids import BlobDigest, SnapshotId, check_id, new_snapshot_id
from ..model.instant import epoch_s
from ..model.paths import WorkspacePath
from ..model.run import RUNNING, Run
from ..model.snapshot import MAIN_LINE, Snapshot, SnapshotDraft, TreeEntry
from ..model.workspace import Workspace
from . import trees
from .base import KeepRules, Record, ScanResult
from .index import SqliteIndex
from .messages import clean_message, commit_message, parse_commit, snapshot_id
from .objects import AUTHOR, RECORDS_REF, REMOTES_REF, CommitText, ObjectId, Objects, TreeItem, line_ref
from .record_order import records_since
from .records import append_records, named_blobs, with_series_blob
from .scan import Scanner, Seen
from .series import read_series, series_bytes
from .union import unite_records

SNAPSHOT_SCHEMA = """
CREATE TABLE IF NOT EXISTS snapshots (id TEXT PRIMARY KEY, line TEXT, ordinal INTEGER, commit_id TEXT, created_at TEXT,
    body TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS snapshots_by_line ON snapshots (line, ordinal);
CREATE TABLE IF NOT EXISTS files_seen (path BLOB PRIMARY KEY, body TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS named_blobs (digest TEXT PRIMARY KEY) WITHOUT ROWID;
"""
MOVE_TRIES = 20
AUTHOR_SHAPE = re.compile(r"[^<>\0\n]+ <[^<>\0\n]*>")


class History:
    """A `base.Store`. See there for what each method promises."""

    def __init__(
        self,
        objects: Objects,
        index: SqliteIndex,
        workspace: Workspace,
        root: Path,
        *,
        save_workspace: Callable[[Workspace], None] = lambda workspace: None,
        remove: Callable[[], None] = lambda: None,
        is_there: Callable[[], bool] = lambda: True,
        lock: ContextManager[Any] | None = None,
    ) -> None:
        self.objects = objects
        self._index = index
        self._workspace = workspace
        self._root = root
        self._save = save_workspace
        self._remove = remove
        self._is_there = is_there
        self._lock: ContextManager[Any] = lock or nullcontext()
        self._busy = threading.RLock()
        """Held for a write of refs; never while the folder is read, so that questions do not wait for a scan."""
        self._folder_busy = threading.RLock()
        with index.write() as db:
            for statement in SNAPSHOT_SCHEMA.split(";"):
                db.execute(statement)
        self._scanner = Scanner(root, objects, self._load_seen(), kept_in=index.path.parent if index.path else None)
        self._head_files: tuple[ObjectId, dict[WorkspacePath, TreeEntry]] | None = None
        self._only_is_enough = True
        """False: the line was moved past what the folder is known to hold, so the next look is at all of it."""
        self._catch_up()
        for line in self._other_lines():
            self._catch_up(line)

    @property
    def workspace(self) -> Workspace:
        return self._workspace

    @property
    def root(self) -> Path:
        return self._root

    @property
    def index(self) -> SqliteIndex:
        return self._index

    def save_workspace(self, workspace: Workspace) -> None:
        self._save(workspace)
        self._workspace = workspace

    # -- bytes -------------------------------------------------------------------------------------

    def put_bytes(self, data: bytes) -> BlobDigest:
        return self.objects.put_blob(data)

    def read_blob(self, digest: BlobDigest) -> bytes:
        return self.objects.blob(digest)

    def is_named(self, digest: BlobDigest) -> bool:
        with self._index.read() as db:
            return db.execute("SELECT 1 FROM named_blobs WHERE digest = ?", (digest,)).fetchone() is not None

    # -- snapshots ---------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        return [MAIN_LINE, *self._other_lines()]

    def head(self, line: str = MAIN_LINE) -> Snapshot | None:
        self._catch_up(line)
        if line != MAIN_LINE:
            head = self._head_id(line)
            return self.snapshot(head) if head else None
        with self._index.read() as db:
            found = db.execute(
                "SELECT body FROM snapshots WHERE line = ? ORDER BY ordinal DESC LIMIT 1", (line,)
            ).fetchone()
        return from_json(Snapshot, json.loads(found[0])) if found else None

    def snapshot(self, snapshot: SnapshotId) -> Snapshot:
        return from_json(Snapshot, json.loads(self._row(snapshot)[1]))

    def snapshots(self, line: str = MAIN_LINE, limit: int = 100, before: SnapshotId | None = None) -> list[Snapshot]:
        self._catch_up(line)
        if line != MAIN_LINE:
            return list(islice(self._back_from(self._head_id(line), before), limit))
        with self._index.read() as db:
            top = 2**62
            if before is not None:
                self._row(before)
                top = db.execute("SELECT ordinal FROM snapshots WHERE id = ?", (before,)).fetchone()[0]
            rows = db.execute(
                "SELECT body FROM snapshots WHERE line = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT ?",
                (line, top, limit),
            ).fetchall()
        return [from_json(Snapshot, json.loads(body)) for (body,) in rows]

    def _back_from(self, head: SnapshotId | None, before: SnapshotId | None) -> Iterator[Snapshot]:
        """Along first parents: a line's past is often another line's, so it is not listed by the line's name."""
        after = self.snapshot(before).parents[:1] if before is not None else (head,) if head else ()
        while after and self._is_in("snapshots", after[0]):
            snapshot = self.snapshot(after[0])
            yield snapshot
            after = snapshot.parents[:1]

    def _head_id(self, line: str) -> SnapshotId | None:
        commit = self.objects.ref(line_ref(line))
        return snapshot_id(self.objects.commit(commit).message, commit) if commit else None

    def entry(self, snapshot: SnapshotId, path: WorkspacePath) -> TreeEntry | None:
        item = trees.find(self.objects, self._tree_of(snapshot), path)
        return self._entry(item) if item is not None and item.mode != trees.FOLDER_MODE else None

    def tree(self, snapshot: SnapshotId, under: str = "") -> dict[WorkspacePath, TreeEntry]:
        tree = self._tree_of(snapshot)
        if under:
            folder = trees.find(self.objects, tree, under)
            if folder is None:
                return {}
            if folder.mode != trees.FOLDER_MODE:
                return {WorkspacePath(under): self._entry(folder)}
            tree = folder.id
        prefix = under + "/" if under else ""
        return {path: self._entry(item) for path, item in trees.walk(self.objects, tree, prefix)}

    def changes(self, before: SnapshotId | None, after: SnapshotId) -> list[Change]:
        old = self._tree_of(before) if before is not None else None
        return [
            Change(path, kind, self._entry(was) if was else None, self._entry(is_now) if is_now else None)
            for path, kind, was, is_now in trees.differences(self.objects, old, self._tree_of(after))
        ]

    def last_change(self, snapshot: SnapshotId, path: WorkspacePath) -> SnapshotId | None:
        now = trees.find(self.objects, self._tree_of(snapshot), path)
        current = self.snapshot(snapshot)
        while True:
            if not current.parents:
                return current.id if now is not None else None
            parent = self.snapshot(current.parents[0])
            if trees.find(self.objects, self._tree_of(parent.id), path) != now:
                return current.id
            current = parent

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes meanwhile, in this process or another."""
        with self._busy, self._lock:
            yield

    def commit_of(self, snapshot: SnapshotId) -> ObjectId:
        """git's name of the snapshot's commit; said only inside `store/`."""
        return self._row(snapshot)[0]

    def publish(
        self, draft: SnapshotDraft, records: Iterable[Record] | Callable[[Snapshot], Iterable[Record]] = ()
    ) -> Snapshot:
        chosen_id = new_snapshot_id()
        unkept: list[Any] = [records]
        with self._busy, self._lock:
            for _ in range(MOVE_TRIES):
                self._catch_up(draft.line)
                snapshot = self._publish_once(draft, chosen_id, unkept)
                if snapshot is not None:
                    self._save_seen()
                    return snapshot
        raise Conflict("Other programs keep changing this history.", "Try again in a moment.")

    def _publish_once(self, draft: SnapshotDraft, chosen_id: SnapshotId, unkept: list[Any]) -> Snapshot | None:
        """None if another git moved the line meanwhile. `unkept`: the records until they are kept, then empty."""
        ref = line_ref(draft.line)
        parent = self.objects.ref(ref)
        before = self.objects.commit(parent).tree if parent else None
        start = self._tree_of(draft.base) if draft.base is not None else before
        edits = {path: self._item(entry) for path, entry in draft.edits.items()}
        tree = trees.edited_tree(self.objects, start, edits)
        head = self.head(draft.line)
        if tree == before and head is not None:
            self._keep_with(head, unkept)
            self.objects.sync()
            return head
        snapshot = Snapshot(
            id=chosen_id,
            created_at=draft.created_at,
            message=clean_message(draft.message) or draft.reason,
            parents=(head.id,) if head is not None else (),
            line=draft.line,
            reason=draft.reason,
            execution=draft.execution,
            notebook=draft.notebook,
            run=draft.run,
            n_changes=trees.count_differences(self.objects, before, tree),
        )
        parents = (parent,) if parent else ()
        text = CommitText(tree, parents, commit_message(snapshot), epoch_s(draft.created_at), self._author)
        commit = self.objects.put_commit(text)
        self._keep_with(snapshot, unkept)
        self.objects.sync()
        if not self.objects.move_ref(ref, parent, commit):
            return None
        self._index_snapshot(snapshot, commit)
        self._move_head_files(draft, before, tree)
        return snapshot

    def _keep_with(self, snapshot: Snapshot, unkept: list[Any]) -> None:
        for records in unkept:
            self._keep(records(snapshot) if callable(records) else records)
        unkept.clear()

    @property
    def _author(self) -> str:
        """`Ada <ada@example.org>` if the folder's settings say so."""
        chosen = str(self._workspace.settings.get("author") or "")
        return chosen if AUTHOR_SHAPE.fullmatch(chosen) else AUTHOR

    # -- records -----------------------------------------------------------------------------------

    def append(self, records: Iterable[Record]) -> None:
        with self._busy, self._lock:
            self._catch_up()
            self._keep(records)

    def _keep(self, records: Iterable[Record]) -> None:
        """Durably, then to the index. The points of a run that is over go with it."""
        kept = [self._with_series(record) for record in records]
        if not kept:
            return
        at = max((epoch_s(str(at)) for at in map(_time_of, kept) if at), default=0.0)
        commit = append_records(self.objects, kept, at)
        self._index_records(kept, commit)

    def _with_series(self, record: Record) -> Record:
        if isinstance(record, Run) and record.state != RUNNING and self._index.has_points(record.id):
            digest = self.put_bytes(series_bytes(self._index.all_points(record.id)))
            return with_series_blob(record, digest)
        return record

    # -- the folder --------------------------------------------------------------------------------

    def scan(
        self,
        rules: KeepRules,
        touched: Iterable[WorkspacePath] = (),
        line: str = MAIN_LINE,
        only: Sequence[WorkspacePath] | None = None,
    ) -> ScanResult:
        with self._folder_busy:
            chosen = only if self._only_is_enough else None
            found = self._scanner.scan(rules, touched, self._files_of_head(line), self.size_bytes(), chosen)
            self._only_is_enough = self._only_is_enough or chosen is None
            return found

    def forget_all(self) -> int:
        freed = self.objects.size_bytes()
        self.close()
        self._remove()
        return freed

    def size_bytes(self) -> int:
        return self.objects.size_bytes()

    def is_there(self) -> bool:
        return self._is_there()

    def close(self) -> None:
        self._index.close()
        self.objects.close()

    # -- what came from elsewhere --------------------------------------------------------------------

    def unite_records(self, theirs: ObjectId) -> bool:
        """Take in the records of a commit whose objects are here and were checked; False if they all were known."""
        with self._busy, self._lock:
            is_new = unite_records(self.objects, theirs)
            self._catch_up()
            return is_new

    def place_line(self, line: str, old: ObjectId | None, new: ObjectId) -> bool:
        """Let `line` end at commit `new`, whose objects are here and were checked; False if it does not end at `old` any more.

        The folder is not touched: for the workspace's own line the next scan compares all of it with the new end. The
        caller holds what keeps scans and snapshots out meanwhile.
        """
        with self._busy, self._lock:
            self.objects.sync()
            is_moved = old == new or self.objects.move_ref(line_ref(line), old, new)
            self._only_is_enough = self._only_is_enough and (line != MAIN_LINE or old == new)
            self._catch_up(line)
            return is_moved

    def is_on_own_line(self, snapshot: SnapshotId) -> bool:
        with self._index.read() as db:
            found = db.execute("SELECT 1 FROM snapshots WHERE id = ? AND line = ?", (snapshot, MAIN_LINE)).fetchone()
        return found is not None

    def is_forgotten(self, snapshot: SnapshotId) -> bool:
        return self._is_in("forgotten", snapshot)

    # -- keeping the index in step -----------------------------------------------------------------

    def _catch_up(self, line: str = MAIN_LINE) -> None:
        """Take in what the refs hold and the index does not: after a crash, a rebuild, or another process's write.

        The refs are read inside the index's transaction: else a slower process could put older news over newer ones.
        """
        if self._is_in_step(line):
            return
        with self._index.write():
            self._catch_up_records(self.objects.ref(RECORDS_REF), self._index.pragma("records_commit"))
            self._catch_up_line(line, self.objects.ref(line_ref(line)), self._index.pragma(f"commit of {line}"))

    def _is_in_step(self, line: str) -> bool:
        return (
            self.objects.ref(RECORDS_REF) == self._index.pragma("records_commit")
            and self.objects.ref(line_ref(line)) == (self._index.pragma(f"commit of {line}") or None)
        )

    def _catch_up_records(self, commit: ObjectId | None, known: ObjectId | None) -> None:
        if commit == known:
            return
        found = list(records_since(self.objects, known))
        self._index_records(found, commit)
        for record in found:
            if isinstance(record, Run) and record.series_blob and not self._index.has_points(record.id):
                rows = enumerate(read_series(self.objects.blob(record.series_blob)))
                self._index.add_points(record.id, ((n, *point) for n, point in rows))

    def _catch_up_line(self, line: str, commit: ObjectId | None, known: ObjectId | None) -> None:
        """A snapshot that several lines have is listed under the first of them, and under the workspace's own before all."""
        found: list[tuple[ObjectId, Snapshot]] = []
        head = commit
        while commit is not None and commit != known:
            text = self.objects.commit(commit)
            if line != MAIN_LINE and self._is_in("snapshots", snapshot_id(text.message, commit)):
                break
            parent = text.parents[0] if text.parents else None
            found.append((commit, self._snapshot_of(text, commit, line)))
            commit = parent
        if line == MAIN_LINE and commit is None and known is not None:
            with self._index.write() as db:  # the line was rewritten: what it was is no part of it any more
                db.execute("DELETE FROM snapshots")
                db.execute("DELETE FROM facts WHERE name LIKE 'commit of %'")
        for each, snapshot in reversed(found):
            if line == MAIN_LINE or not self._is_in("forgotten", snapshot.id):
                self._index_snapshot(snapshot, each)
        if line != MAIN_LINE:
            self._index.pragma(f"commit of {line}", head or "")
        elif commit is None and known is not None:
            for other in self._other_lines():
                self._catch_up_line(other, self.objects.ref(line_ref(other)), None)

    def _is_in(self, table: str, snapshot: SnapshotId) -> bool:
        with self._index.read() as db:
            return db.execute(f"SELECT 1 FROM {table} WHERE id = ?", (snapshot,)).fetchone() is not None

    def _other_lines(self) -> list[str]:
        """All but the workspace's own: this folder's by name, then those of remotes as last fetched."""
        own = [line for line in self.objects.lines() if line != MAIN_LINE]
        remote = (name.split("/heads/", 1) for name in self.objects.refs(REMOTES_REF) if "/heads/" in name)
        return [*own, *(f"{name}:{line}" for name, line in remote)]

    def _snapshot_of(self, text: CommitText, commit: ObjectId, line: str) -> Snapshot:
        """From the commit alone: its message and trailers say all but the number of changes."""
        parent = text.parents[0] if text.parents else None
        before = self.objects.commit(parent) if parent else None
        n_changes = trees.count_differences(self.objects, before.tree if before else None, text.tree)
        parents = (snapshot_id(before.message, parent),) if before and parent else ()
        return replace(parse_commit(text, commit, line), parents=parents, n_changes=n_changes)

    def _index_records(self, records: Iterable[Record], commit: ObjectId | None) -> None:
        records = list(records)
        with self._index.write() as db:
            self._index.feed(records)
            rows = [(digest,) for record in records for digest in named_blobs(record)]
            db.executemany("INSERT OR IGNORE INTO named_blobs VALUES (?)", rows)
            if commit is not None:
                self._index.pragma("records_commit", commit)

    def _index_snapshot(self, snapshot: Snapshot, commit: ObjectId) -> None:
        """Nothing to do if another process saw the new head first and took it in."""
        with self._index.write() as db:
            if self._index.pragma(f"commit of {snapshot.line}") == commit:
                return
            last = db.execute("SELECT max(ordinal) FROM snapshots WHERE line = ?", (snapshot.line,)).fetchone()[0] or 0
            body = json.dumps(to_json(snapshot), separators=(",", ":"))
            row = (snapshot.id, snapshot.line, last + 1, commit, snapshot.created_at, body)
            db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)", row)
            self._index.pragma(f"commit of {snapshot.line}", commit)

    # -- small things ------------------------------------------------------------------------------

    def _row(self, snapshot: str) -> tuple[str, str]:
        """(commit, body)"""
        check_id("snapshot", snapshot)
        with self._index.read() as db:
            found = db.execute("SELECT commit_id, body FROM snapshots WHERE id = ?", (snapshot,)).fetchone()
        if found is None:
            raise NotFound(f"There is no snapshot {snapshot} here.", "`ds log` lists them.")
        return found[0], found[1]

    def _tree_of(self, snapshot: SnapshotId) -> ObjectId:
        return self.objects.commit(self._row(snapshot)[0]).tree

    def _entry(self, item: TreeItem) -> TreeEntry:
        size = self.objects.blob_size(item.id)
        return TreeEntry(BlobDigest(item.id), size, trees.MODE_NAMES.get(item.mode, "file"))

    def _item(self, entry: TreeEntry | None) -> TreeItem | None:
        return None if entry is None else TreeItem(trees.MODES[entry.mode], entry.digest)

    def _files_of_head(self, line: str) -> dict[WorkspacePath, TreeEntry]:
        """Kept in step while publishing, read anew when somebody else moved the line."""
        commit = self.objects.ref(line_ref(line))
        if commit is None:
            return {}
        tree = self.objects.commit(commit).tree
        if self._head_files is None or self._head_files[0] != tree:
            self._head_files = tree, {path: self._entry(item) for path, item in trees.walk(self.objects, tree)}
        return self._head_files[1]

    def _move_head_files(self, draft: SnapshotDraft, before: ObjectId | None, after: ObjectId) -> None:
        with self._folder_busy:
            self._head_files = self._moved_head_files(self._head_files, draft, before, after)

    def _moved_head_files(
        self, known: tuple[ObjectId, dict[WorkspacePath, TreeEntry]] | None, draft: SnapshotDraft,
        before: ObjectId | None, after: ObjectId,
    ) -> tuple[ObjectId, dict[WorkspacePath, TreeEntry]] | None:
        if draft.base is not None or draft.line != MAIN_LINE or (known[0] if known else None) != before:
            return None
        files = known[1] if known else {}
        for path, entry in draft.edits.items():
            if entry is None:
                files.pop(path, None)
            else:
                files[path] = entry
        return after, files

    def _load_seen(self) -> dict[WorkspacePath, Seen]:
        with self._index.read() as db:
            rows = db.execute("SELECT path, body FROM files_seen").fetchall()
        seen = {}
        for path, body in rows:
            signature, read_at_ns, digest, size, mode = json.loads(body)
            entry = TreeEntry(digest, size, mode)
            seen[WorkspacePath(os.fsdecode(path))] = Seen(tuple(signature), read_at_ns, entry)
        return seen

    def _save_seen(self) -> None:
        """Only once the bytes are durable: a cache that outlived them would make a tree of what is not there."""
        with self._folder_busy:
            fresh, self._scanner.newly_seen = self._scanner.newly_seen, {}
        if not fresh:
            return
        rows = [
            (os.fsencode(path), json.dumps([each.signature, each.read_at_ns, each.entry.digest, each.entry.size_bytes,
                                            each.entry.mode]))
            for path, each in fresh.items()
        ]
        try:
            with self._index.write() as db:
                db.executemany("INSERT OR REPLACE INTO files_seen VALUES (?, ?)", rows)
        except DotscienceError:
            return  # only a cache: the files are read again after a restart


def _time_of(record: Record) -> str | None:
    for name in ("finished_at", "created_at", "started_at"):
        value = getattr(record, name, None)
        if value:
            return str(value)
    return None

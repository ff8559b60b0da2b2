"""A workspace's history over any `Objects`: snapshots on lines, records beside them, the index in step with both.

Every write: objects, sync, the records ref, the line, the index. A crash between two of them leaves rubbish or an index to
catch up with, never a lie; `_catch_up` runs at every opening.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterable, Iterator, Sequence

from ..errors import Conflict, NotFound, StoreDamaged, StoreError
from ..model.change import Change
from ..model.codec import from_json, to_json
from ..model.ids import BlobDigest, RunId, SnapshotId, check_id, new_snapshot_id
from ..model.instant import epoch_s
from ..model.paths import WorkspacePath
from ..model.run import RUNNING, Run
from ..model.snapshot import FILE, MAIN_LINE, Snapshot, SnapshotDraft, TreeEntry
from ..model.workspace import FORMAT_VERSION, Workspace
from . import trees
from .base import KeepRules, Record, ScanResult
from .checksums import body_with_checksum
from .chunks import SIZES, ChunkSizes
from .index import SqliteIndex
from .intake import put_file_bytes
from .large_file import read_file, read_meta
from .messages import clean_message, commit_message, parse_commit, snapshot_id
from .objects import AUTHOR, RECORDS_REF, CommitText, ObjectId, Objects, TreeItem, line_ref
from .records import append_records, commits_since, named_blobs, records_of, with_series_blob
from .scan import Scanner
from .seen import SeenFiles
from .series import read_series, series_bytes
from .suspects import Attention, Suspects
from .tree_names import is_marked
from .watch import FolderWatch

SNAPSHOT_SCHEMA = """
CREATE TABLE IF NOT EXISTS snapshots (id TEXT PRIMARY KEY, line TEXT, ordinal INTEGER, commit_id TEXT, created_at TEXT,
    body TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS snapshots_by_line ON snapshots (line, ordinal);
CREATE TABLE IF NOT EXISTS named_blobs (digest TEXT PRIMARY KEY) WITHOUT ROWID;
"""
log = logging.getLogger(__name__)

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
        watch: FolderWatch | None = None,
        sizes: ChunkSizes = SIZES,
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
        self._attention = Attention(objects, watch)
        self._sizes = sizes
        self._seen = SeenFiles(index, sizes)
        kept_in = index.path.parent if index.path else None
        self._scanner = Scanner(root, objects, self._seen, kept_in=kept_in, enters=self._attention.enters, sizes=sizes)
        self._head_files: tuple[ObjectId, dict[WorkspacePath, TreeEntry]] | None = None
        for line in sorted({MAIN_LINE, *objects.lines()}):
            self._look(line)

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

    def put_file_bytes(self, data: bytes, mode: str = FILE) -> TreeEntry:
        with self.objects.batch() as sink:
            return put_file_bytes(sink, data, mode, self._sizes).entry

    def read_file(self, digest: BlobDigest, offset: int = 0) -> Iterator[bytes]:
        return read_file(self.objects, digest, offset)

    def is_named(self, digest: BlobDigest) -> bool:
        with self._index.read() as db:
            return db.execute("SELECT 1 FROM named_blobs WHERE digest = ?", (digest,)).fetchone() is not None

    # -- snapshots ---------------------------------------------------------------------------------

    def head(self, line: str = MAIN_LINE) -> Snapshot | None:
        self._look(line)
        return self._known_head(line)

    def _known_head(self, line: str) -> Snapshot | None:
        with self._index.read() as db:
            found = db.execute(
                "SELECT body FROM snapshots WHERE line = ? ORDER BY ordinal DESC LIMIT 1", (line,)
            ).fetchone()
        return self._shown(found[0]) if found else None

    def snapshot(self, snapshot: SnapshotId) -> Snapshot:
        return self._shown(self._row(snapshot)[1])

    def snapshots(self, line: str = MAIN_LINE, limit: int = 100, before: SnapshotId | None = None) -> list[Snapshot]:
        self._look(line)
        with self._index.read() as db:
            top = 2**62
            if before is not None:
                self._row(before)
                top = db.execute("SELECT ordinal FROM snapshots WHERE id = ?", (before,)).fetchone()[0]
            rows = db.execute(
                "SELECT body FROM snapshots WHERE line = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT ?",
                (line, top, limit),
            ).fetchall()
        return [self._shown(body) for (body,) in rows]

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
        self._claim_format(draft)
        with self.objects.batch() as sink:
            tree = trees.edited_tree(self.objects, start, edits, sink)
        head = self._known_head(draft.line)
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
        with self._behind_at_worst():
            self._index_snapshot(snapshot, commit)
        self._move_head_files(draft, before, tree)
        return snapshot

    def _claim_format(self, draft: SnapshotDraft) -> None:
        """Before the first large file or escaped name comes in: a reader that knows neither would misread the folder."""
        if self._workspace.format_version < FORMAT_VERSION and any(
            entry is not None and (entry.is_chunked or any(map(is_marked, os.fsencode(path).split(b"/"))))
            for path, entry in draft.edits.items()
        ):
            self.save_workspace(replace(self._workspace, format_version=FORMAT_VERSION))

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
        with self._behind_at_worst():
            self._index_records(kept, commit)

    def _with_series(self, record: Record) -> Record:
        if isinstance(record, Run) and record.state != RUNNING and self._index.has_points(record.id):
            digest = self.put_bytes(series_bytes(self._index.placed_points(record.id)))
            return with_series_blob(record, digest)
        return record

    # -- the folder --------------------------------------------------------------------------------

    def scan(
        self,
        rules: KeepRules,
        touched: Iterable[WorkspacePath] = (),
        line: str = MAIN_LINE,
        only: Sequence[WorkspacePath] | None = None,
        reread: Iterable[WorkspacePath] = (),
    ) -> ScanResult:
        with self._folder_busy:
            tree, files = self._head_of(line)
            if only is not None:
                asked = Suspects(frozenset(only), are_heard=False)
                return self._scanner.scan(rules, touched, files, self.size_bytes(), asked, reread)[0]
            suspects = self._attention.suspects(tree, rules)
            result, unsettled = self._scanner.scan(rules, touched, files, self.size_bytes(), suspects, reread)
            found = self._attention.looked(result, tree, rules, suspects, unsettled)
            if self._scanner.missed_a_folder:
                self._attention.doubt()
            return found

    def listen(self) -> None:
        if self._folder_busy.acquire(blocking=False):
            try:
                self._attention.listen()
            finally:
                self._folder_busy.release()

    @property
    def why_all_is_looked_at(self) -> str:
        return self._attention.why_all

    def check_watch(self, rules: KeepRules, excused: Iterable[WorkspacePath] = ()) -> None:
        with self._folder_busy:
            tree, files = self._head_of(MAIN_LINE)
            heard = self._attention.suspects(tree, rules)
            result, unsettled = self._scanner.scan(rules, (), files, self.size_bytes())
            missed = self._attention.not_heard(result.edits, heard) - set(excused)
            self._attention.looked(result, tree, rules, None, unsettled)
            if self._scanner.missed_a_folder:
                self._attention.doubt()
            if missed:
                self._attention.mistrust(missed)

    def stop_watching(self) -> None:
        with self._folder_busy:
            self._attention.close()

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
        with self._folder_busy:
            self._attention.close()
        self._index.close()
        self.objects.close()

    # -- keeping the index in step -----------------------------------------------------------------

    def _catch_up(self, line: str = MAIN_LINE) -> None:
        """Take in what the refs hold and the index does not: after a crash, a rebuild, or another process's write.

        The refs are read inside the index's transaction: else a slower process could put older news over newer ones.
        """
        if self._is_in_step(line):
            return
        with self._index.write():
            self._catch_up_records(*self._tip_and_known(RECORDS_REF, "records_commit"))
            self._catch_up_line(line, *self._tip_and_known(line_ref(line), f"commit of {line}"))

    def _look(self, line: str) -> None:
        """Before a question: where the index cannot be written (a full disk), what it knows already is shown."""
        try:
            self._catch_up(line)
        except StoreDamaged:
            raise
        except StoreError as error:
            log.warning("%s: the index stays behind: %s", self._root, error)

    @contextmanager
    def _behind_at_worst(self) -> Iterator[None]:
        """Around the index once a ref has moved: what is kept is kept, and an index that refuses it catches up later."""
        try:
            yield
        except StoreError as error:
            log.warning("%s: kept, but not yet in the index: %s", self._root, error)

    def _is_in_step(self, line: str) -> bool:
        return all(
            self.objects.ref(name) == self._index.pragma(fact)
            for name, fact in ((RECORDS_REF, "records_commit"), (line_ref(line), f"commit of {line}"))
        )

    def _tip_and_known(self, name: str, fact: str) -> tuple[ObjectId | None, ObjectId | None]:
        """What the ref names, and what the index has taken in. A ref that was there and is gone is damage: going on without
        it would begin a second history and leave the first to be swept away."""
        tip, known = self.objects.ref(name), self._index.pragma(fact)
        if tip is None and known is not None and name in (RECORDS_REF, line_ref(MAIN_LINE)):
            raise StoreDamaged(f"The ref {name} is gone; it named {known}.", "`ds check` says how to put it back.")
        return tip, known

    def _catch_up_records(self, tip: ObjectId | None, known: ObjectId | None) -> None:
        if tip == known:
            return
        commits, is_rewritten = commits_since(self.objects, tip, known)
        if is_rewritten:
            with self._index.write() as db:
                self._index.forget_records()
                db.execute("DELETE FROM named_blobs")
        series: dict[str, str] = {}
        for commit in commits:
            found = list(records_of(self.objects, commit))
            self._index_records(found, commit)
            series.update((each.id, each.series_blob) for each in found if isinstance(each, Run) and each.series_blob)
        for run, blob in series.items():
            if not self._index.is_forgotten(run):
                self._index.add_points(RunId(run), read_series(self.objects.blob(blob)))

    def _catch_up_line(self, line: str, tip: ObjectId | None, known: ObjectId | None) -> None:
        if tip == known:
            return
        commits, is_rewritten = commits_since(self.objects, tip, known)
        if is_rewritten:
            with self._index.write() as db:  # what it was is no part of it any more
                db.execute("DELETE FROM snapshots WHERE line = ?", (line,))
                db.execute("DELETE FROM facts WHERE name = ?", (f"commit of {line}",))
        for commit in commits:
            self._index_snapshot(self._snapshot_of(self.objects.commit(commit), commit, line), commit)

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
            body = body_with_checksum(to_json(snapshot))
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

    def _shown(self, body: str) -> Snapshot:
        return from_json(Snapshot, self._index.checked(body))

    def _tree_of(self, snapshot: SnapshotId) -> ObjectId:
        return self.objects.commit(self._row(snapshot)[0]).tree

    def _entry(self, item: TreeItem) -> TreeEntry:
        if item.mode == trees.LARGE_MODE:
            meta = read_meta(self.objects, item.id)
            return TreeEntry(BlobDigest(item.id), meta.size_bytes, meta.mode, is_chunked=True)
        size = self.objects.blob_size(item.id)
        return TreeEntry(BlobDigest(item.id), size, trees.MODE_NAMES.get(item.mode, "file"))

    def _item(self, entry: TreeEntry | None) -> TreeItem | None:
        if entry is None:
            return None
        return TreeItem(trees.LARGE_MODE if entry.is_chunked else trees.MODES[entry.mode], entry.digest)

    def _head_of(self, line: str) -> tuple[ObjectId | None, dict[WorkspacePath, TreeEntry]]:
        """The head's tree and its files: kept in step while publishing, read anew when somebody else moved the line."""
        commit = self.objects.ref(line_ref(line))
        if commit is None:
            return None, {}
        tree = self.objects.commit(commit).tree
        if self._head_files is None or self._head_files[0] != tree:
            self._head_files = tree, {path: self._entry(item) for path, item in trees.walk(self.objects, tree)}
        return self._head_files

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

    def _save_seen(self) -> None:
        with self._folder_busy:
            self._seen.save()


def _time_of(record: Record) -> str | None:
    for name in ("finished_at", "created_at", "started_at"):
        value = getattr(record, name, None)
        if value:
            return str(value)
    return None

"""A workspace's history over any `Objects`: snapshots on lines, records beside them, the index in step with both.

Every write: objects, sync, the records ref, the line, the index. A crash between two of them leaves rubbish or an index to
catch up with, never a lie; `_catch_up` runs at every opening.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Callable, Collection, ContextManager, Iterable, Iterator, Mapping, Sequence

from ..errors import Conflict, DotscienceError, Forgotten, NotFound, StoreDamaged, StoreError
from ..model.change import Change
from ..model.codec import from_json, to_json
from ..model.ids import BlobDigest, ExecutionId, RunId, SnapshotId, check_id, new_snapshot_id
from ..model.instant import Instant, epoch_s
from ..model.paths import WorkspacePath
from ..model.run import PURGE, RUNNING, Run, Tombstone
from ..model.snapshot import FILE, MAIN_LINE, Snapshot, SnapshotDraft, TreeEntry
from ..model.workspace import FORMAT_VERSION, Workspace
from . import trees
from .base import KeepRules, Record, ScanResult
from .checksums import body_with_checksum
from .chunks import SIZES, ChunkSizes
from .forgetting import HOLDS_FORGOTTEN, finish_forgetting, forget_snapshots
from .freed import freed_bytes
from .index import SqliteIndex, dropped
from .index_feed import LINES_AT_ONCE
from .intake import put_file_bytes
from .intents import Intents
from .large_file import read_file, read_meta
from .lent import check_lends_to_nobody
from .lines import Line, line_of, named_blobs
from .messages import clean_message, commit_message, parse_commit, snapshot_id
from .objects import AUTHOR, RECORDS_REF, REMOTES_REF, CommitText, ObjectId, Objects, TreeItem, line_ref
from .purge import PURGING, Purged, PurgePlan, digests_at, finish_purge, plan_purge, purge
from .put_back import PutBacks
from .record_order import records_since
from .records import append_records, commits_since, with_series_blob
from .scan import Scanner
from .seen import SeenFiles, signature
from .series import read_series, series_bytes
from .space import Space, measure_space
from .suspects import Attention, Suspects
from .tree_names import is_marked
from .union import unite_records
from .upkeep import Upkeep
from .watch import FolderWatch

SNAPSHOT_SCHEMA = """
CREATE TABLE IF NOT EXISTS snapshots (id TEXT PRIMARY KEY, line TEXT, ordinal INTEGER, commit_id TEXT, created_at TEXT,
    body TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS snapshots_by_line ON snapshots (line, ordinal);
CREATE TABLE IF NOT EXISTS named_blobs (digest TEXT PRIMARY KEY) WITHOUT ROWID;
"""
log = logging.getLogger(__name__)

Counted = Mapping[SnapshotId, tuple[Snapshot, ObjectId]]
"""id -> (snapshot, its commit) as they were before their line was rewritten"""
MOVE_TRIES = 20
N_PURGES = "purges"
"""A fact of the index: how many times something was purged, so that each process notices."""
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
        protect: Callable[[], None] = lambda: None,
        upkeep: Upkeep | None = None,
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
        self._protect = protect
        self.upkeep = upkeep or Upkeep()
        self._lock: ContextManager[Any] = lock or nullcontext()
        self._busy = threading.RLock()
        """Held for a write of refs; never while the folder is read, so that questions do not wait for a scan."""
        self._folder_busy = threading.RLock()
        self._n_purges: str | None = None
        with index.write() as db:
            for statement in SNAPSHOT_SCHEMA.split(";"):
                db.execute(statement)
        self._attention = Attention(objects, watch)
        self._sizes = sizes
        self._seen = SeenFiles(index, sizes)
        kept_in = index.path.parent if index.path else None
        intents = Intents(index.path.parent) if index.path is not None and lock is not None else None
        self._put_backs = PutBacks(root, objects, self._seen, self._folder_busy, intents)
        self._scanner = Scanner(
            root, objects, self._seen, kept_in=kept_in, enters=self._attention.enters, sizes=sizes,
            half_written=self._put_backs.half_written,
        )
        self._head_files: tuple[ObjectId, dict[WorkspacePath, TreeEntry]] | None = None
        for line in self.lines():
            self._look(line)
        self._heed_purges()
        if index.path is not None and lock is not None:  # else it is only looked at
            finish_forgetting(self)  # a process was killed between a tombstone and the line
            finish_purge(self)
            self._put_backs.finish()  # or in the middle of a restore

    @property
    def workspace(self) -> Workspace:
        return self._workspace

    @property
    def root(self) -> Path:
        return self._root

    @property
    def index(self) -> SqliteIndex:
        return self._index

    @property
    def put_backs(self) -> PutBacks:
        return self._put_backs

    def save_workspace(self, workspace: Workspace) -> None:
        self._save(workspace)
        self._workspace = workspace

    # -- bytes -------------------------------------------------------------------------------------

    def put_bytes(self, data: bytes) -> BlobDigest:
        self._heed_purges()
        return self.objects.put_blob(data)

    def read_blob(self, digest: BlobDigest) -> bytes:
        self._check_kept(digest)
        return self.objects.blob(digest)

    def put_file_bytes(self, data: bytes, mode: str = FILE) -> TreeEntry:
        self._heed_purges()
        with self.objects.batch() as sink:
            return put_file_bytes(sink, data, mode, self._sizes).entry

    def read_file(self, digest: BlobDigest, offset: int = 0) -> Iterator[bytes]:
        self._check_kept(digest)
        return read_file(self.objects, digest, offset)

    def _check_kept(self, digest: BlobDigest) -> None:
        self._heed_purges()
        if self.objects.refusal(digest):
            raise Forgotten(self.objects.refusal(digest), "Its bytes are nowhere in this history any more.")

    def _heed_purges(self) -> None:
        """Purged bytes are refused, also those that another process purged; one look into the index."""
        n_purges = self._index.pragma(N_PURGES)
        if n_purges != self._n_purges:
            self.objects.refuse(self._index.purged())
            self._n_purges = n_purges

    def is_named(self, digest: BlobDigest) -> bool:
        with self._index.read() as db:
            return db.execute("SELECT 1 FROM named_blobs WHERE digest = ?", (digest,)).fetchone() is not None

    # -- snapshots ---------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        return [MAIN_LINE, *self._other_lines()]

    def head(self, line: str = MAIN_LINE) -> Snapshot | None:
        self._look(line)
        if line != MAIN_LINE:
            head = self._head_id(line)
            return self.snapshot(head) if head else None
        return self._known_head(line)

    def _known_head(self, line: str) -> Snapshot | None:
        with self._index.read() as db:
            found = db.execute(
                "SELECT body FROM snapshots WHERE line = ? ORDER BY ordinal DESC LIMIT 1", (line,)
            ).fetchone()
        return self._snapshots_from([found])[0] if found else None

    def snapshot(self, snapshot: SnapshotId) -> Snapshot:
        return self._snapshots_from([self._row(snapshot)[1:]])[0]

    def snapshots(self, line: str = MAIN_LINE, limit: int = 100, before: SnapshotId | None = None) -> list[Snapshot]:
        self._look(line)
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
        return self._snapshots_from(rows)

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

    def forget(
        self, snapshots: Collection[SnapshotId], reason: str, at: Instant, by: str = "", executions: Collection[ExecutionId] = ()
    ) -> None:
        forget_snapshots(self, snapshots, reason, at, by, executions)

    def maintenance_if_due(self, now: float) -> tuple[str, ...] | None:
        return self.upkeep.command_if_due(now)

    def freed_by(self, snapshots: Collection[SnapshotId]) -> int:
        return freed_bytes(self.objects, frozenset(snapshots))

    def digests_at(self, path: WorkspacePath) -> set[BlobDigest]:
        return digests_at(self, path)

    def plan_purge(self, digests: Collection[BlobDigest], executions: Collection[ExecutionId] = ()) -> PurgePlan:
        return plan_purge(self, digests, executions)

    def purge(self, plan: PurgePlan, reason: str, at: Instant, by: str = "") -> Purged:
        return purge(self, plan, reason, at, by)

    def trees_of(self, line: str) -> list[ObjectId]:
        """git's names of the trees of a line, oldest first."""
        commits, _ = commits_since(self.objects, self.objects.ref(line_ref(line)), None)
        return [self.objects.commit(each).tree for each in commits]

    def space(self) -> Space:
        return measure_space(self)

    def lines_were_rewritten(self) -> None:
        """Take all lines in anew, whatever the index says of them: they may share what was rewritten."""
        with self._index.write():
            self._take_in_all(commits_since(self.objects, self.objects.ref(line_ref(MAIN_LINE)), None)[0], self._take_out_lines())

    def commit_of(self, snapshot: SnapshotId) -> ObjectId:
        """git's name of the snapshot's commit; said only inside `store/`."""
        return self._row(snapshot)[0]

    def publish(
        self, draft: SnapshotDraft, records: Iterable[Record] | Callable[[Snapshot], Iterable[Record]] = ()
    ) -> Snapshot:
        chosen_id = new_snapshot_id()
        unkept: list[Any] = [records]
        with self._busy, self._lock:
            self._protect()
            for _ in range(MOVE_TRIES):
                self._catch_up(draft.line)
                finish_forgetting(self)
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
        self._heed_purges()
        edits = {path: self._item(entry) for path, entry in draft.edits.items()}
        if any(map(_is_of_format_2, draft.edits.items())):
            self._claim_format()
        with self.objects.batch() as sink:
            tree = trees.edited_tree(self.objects, start, edits, sink)
        head = self._known_head(draft.line)
        if tree == before and head is not None and self.commit_of(head.id) == parent:
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

    def _claim_format(self) -> None:
        """Before a large file or an escaped name comes in: a reader that knows neither would misread the folder."""
        if self._workspace.format_version < FORMAT_VERSION:
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
        lines = list(map(line_of, kept))
        commit = append_records(self.objects, lines, at)
        with self._behind_at_worst():
            self._index_lines(lines, commit)

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
        changed_since: float | None = None,
    ) -> ScanResult:
        self._heed_purges()
        with self._folder_busy:
            tree, files = self._head_of(line)
            if only is not None:
                asked = Suspects(frozenset(only), are_heard=False)
                return self._scanner.scan(rules, touched, files, self.size_bytes(), asked, reread, changed_since)[0]
            suspects = self._attention.suspects(tree, rules)
            result, again = self._scanner.scan(
                rules, touched, files, self.size_bytes(), suspects, reread, changed_since
            )
            found = self._attention.looked(result, tree, rules, suspects, again)
            if self._scanner.missed_a_folder:
                self._attention.doubt()
            return found

    def is_on_disk(self, path: WorkspacePath, entry: TreeEntry) -> bool:
        with self._folder_busy:
            seen = self._seen.get(path)
        try:
            found = os.lstat(self._root / path)
        except OSError:
            return False
        return seen is not None and seen.entry.digest == entry.digest and seen.holds_for(signature(found))

    def expect(self, paths: Collection[WorkspacePath]) -> None:
        self._scanner.expected = frozenset(paths)

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
            result, again = self._scanner.scan(rules, (), files, self.size_bytes())
            missed = self._attention.not_heard(result.edits, heard) - set(excused)
            self._attention.looked(result, tree, rules, None, again)
            if self._scanner.missed_a_folder:
                self._attention.doubt()
            if missed:
                self._attention.mistrust(missed)

    def stop_watching(self) -> None:
        with self._folder_busy:
            self._attention.close()

    def forget_all(self) -> int:
        check_lends_to_nobody(self)
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

    # -- what came from elsewhere --------------------------------------------------------------------

    def unite_records(self, theirs: ObjectId) -> bool:
        """Take in the records of a commit whose objects are here and were checked; False if they all were known."""
        with self._busy, self._lock:
            is_new = unite_records(self.objects, theirs)
            self._catch_up()
            return is_new

    def place_line(self, line: str, old: ObjectId | None, new: ObjectId) -> bool:
        """Let `line` end at commit `new`, whose objects are here and were checked; False if it does not end at `old` any more.

        The folder is not touched: where the workspace's own line moved, the next scan looks at what differs between its ends.
        The caller holds what keeps scans and snapshots out meanwhile.
        """
        with self._busy, self._lock:
            self.objects.sync()
            self._claim_format()
            is_moved = old == new or self.objects.move_ref(line_ref(line), old, new)
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
            self._catch_up_records(*self._tip_and_known(RECORDS_REF, "records_commit"))
            self._catch_up_line(line, *self._tip_and_known(line_ref(line), f"commit of {line}"))

    def take_in_all(self) -> None:
        """Everything that the refs hold is in the index when this returns."""
        for line in self.lines():
            self._catch_up(line)

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
            self.objects.ref(name) == (self._index.pragma(fact) or None)
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
        if tip == known or tip is None:
            return
        batches, is_rewritten = records_since(self.objects, tip, known)
        if is_rewritten:
            with self._index.write() as db:
                self._index.forget_records()
                db.execute("DELETE FROM named_blobs")
        series: dict[str, str] = {}
        lines = chain.from_iterable(batches)
        while found := list(islice(lines, LINES_AT_ONCE)):
            self._index_lines(found, None)
            series.update((each.id, each.body["series_blob"]) for each in found if each.body.get("series_blob"))
        self._index.pragma("records_commit", tip)
        for run, blob in series.items():
            if not self._index.is_forgotten(run):
                self._index.add_points(RunId(run), read_series(self.objects.blob(BlobDigest(blob))))

    def _catch_up_line(self, line: str, tip: ObjectId | None, known: ObjectId | None) -> None:
        if tip == known:
            return
        if line != MAIN_LINE:
            self._take_in_other_line(line, tip)
            return
        commits, is_rewritten = commits_since(self.objects, tip, known)
        if is_rewritten:
            self._take_in_all(commits, self._take_out_lines())
        else:
            self._take_in_line(line, commits, {})

    def _take_in_all(self, commits: Sequence[ObjectId], counted: Counted) -> None:
        """commits: of the workspace's own line; the other lines after it."""
        self._take_in_line(MAIN_LINE, commits, counted)
        for other in self._other_lines():
            self._take_in_other_line(other, self.objects.ref(line_ref(other)))

    def _take_in_other_line(self, line: str, tip: ObjectId | None) -> None:
        """A snapshot that several lines have is listed under the first of them, and under the workspace's own before all."""
        found: list[tuple[ObjectId, Snapshot]] = []
        own = self.objects.lines()
        commit = tip
        while commit is not None:
            text = self.objects.commit(commit)
            if self._is_in("snapshots", snapshot_id(text.message, commit)):
                break
            found.append((commit, self._snapshot_of(text, commit, line)))
            commit = text.parents[0] if text.parents else None
        for each, snapshot in reversed(found):
            if not self._is_in("forgotten", snapshot.id):
                self._index_snapshot(snapshot, each)
            elif line in own:  # a remote's stays as the remote has it
                self._index.pragma(f"{HOLDS_FORGOTTEN}{line}", "yes")
        self._index.pragma(f"commit of {line}", tip or "")

    def _snapshot_of(self, text: CommitText, commit: ObjectId, line: str) -> Snapshot:
        """From the commit alone: its message and trailers say all but the number of changes."""
        parent = text.parents[0] if text.parents else None
        before = self.objects.commit(parent) if parent else None
        n_changes = trees.count_differences(self.objects, before.tree if before else None, text.tree)
        parents = (snapshot_id(before.message, parent),) if before and parent else ()
        return replace(parse_commit(text, commit, line), parents=parents, n_changes=n_changes)

    def _is_in(self, table: str, snapshot: SnapshotId) -> bool:
        with self._index.read() as db:
            return db.execute(f"SELECT 1 FROM {table} WHERE id = ?", (snapshot,)).fetchone() is not None

    def _other_lines(self) -> list[str]:
        """All but the workspace's own: this folder's by name, then those of remotes as last fetched."""
        own = [line for line in self.objects.lines() if line != MAIN_LINE]
        remote = (name.split("/heads/", 1) for name in self.objects.refs(REMOTES_REF) if "/heads/" in name)
        return [*own, *(f"{name}:{line}" for name, line in remote)]

    def _take_in_line(self, line: str, commits: Sequence[ObjectId], counted: Counted) -> None:
        """commits: oldest first. counted: snapshots whose number of changes is known, as long as nothing of them is new."""
        with self._index.read() as db:
            last = db.execute(
                "SELECT id, commit_id FROM snapshots WHERE line = ? ORDER BY ordinal DESC LIMIT 1", (line,)
            ).fetchone()
        parents: tuple[SnapshotId, ...] = (SnapshotId(last[0]),) if last else ()
        before, was_as_before = self.objects.commit(last[1]).tree if last else None, True
        for each in commits:
            text = self.objects.commit(each)
            said = parse_commit(text, each, line)
            if self._index.tombstone(said.id) is not None:
                self._index.pragma(f"commit of {line}", each)
                self._index.pragma(f"{HOLDS_FORGOTTEN}{line}", "yes")
                continue
            old, old_commit = counted.get(said.id, (None, None))
            is_as_before = old_commit is not None and self._tree_if_there(old_commit) == text.tree
            n_changes = (
                old.n_changes if old is not None and is_as_before and was_as_before and old.parents == parents
                else trees.count_differences(self.objects, before, text.tree)
            )
            was_as_before = is_as_before
            self._index_snapshot(replace(said, parents=parents, n_changes=n_changes), each)
            parents, before = (said.id,), text.tree

    def _tree_if_there(self, commit: ObjectId) -> ObjectId | None:
        try:
            return self.objects.commit(commit).tree
        except DotscienceError:
            return None

    def _take_out_lines(self) -> Counted:
        """The workspace's line was rewritten: what it was is no part of it any more, and the others may have shared it.
        Returns what it was, because counting changes takes time."""
        with self._index.write() as db:
            rows = db.execute("SELECT body, commit_id FROM snapshots").fetchall()
            db.execute("DELETE FROM snapshots")
            db.execute("DELETE FROM facts WHERE name LIKE 'commit of %' OR name LIKE ?", (f"{HOLDS_FORGOTTEN}%",))
        known = self._snapshots_from([(body,) for body, _ in rows])
        return {each.id: (each, commit) for each, (_, commit) in zip(known, rows)}

    def _index_lines(self, lines: Sequence[Line], commit: ObjectId | None) -> None:
        with self._index.write() as db:
            self._index.feed_lines(lines)
            rows = {(digest,) for line in lines for digest in named_blobs(line.body)}
            db.executemany("INSERT OR IGNORE INTO named_blobs VALUES (?)", rows)
            for line in lines:
                if line.kind == "tombstone":
                    self._drop_snapshots(line.record())  # type: ignore[arg-type]
            if commit is not None:
                self._index.pragma("records_commit", commit)

    def _drop_snapshots(self, stone: Tombstone) -> None:
        """Readers see them no more, also before the line is rewritten."""
        with self._index.write() as db:
            dropped_ids = json.dumps(list(stone.ids))
            lines = db.execute(
                "SELECT DISTINCT line FROM snapshots WHERE id IN (SELECT value FROM json_each(?))", (dropped_ids,)
            ).fetchall()
            for (line,) in lines:
                self._index.pragma(f"{HOLDS_FORGOTTEN}{line}", "yes")
            db.execute("DELETE FROM snapshots WHERE id IN (SELECT value FROM json_each(?))", (dropped_ids,))
        if stone.act == PURGE:
            if any(len(each) == 40 and self.objects.has(each) for each in stone.ids):
                self._index.pragma(PURGING, "yes")
            self._index.pragma(N_PURGES, str(int(self._index.pragma(N_PURGES) or 0) + 1))
            self._heed_purges()

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
        if found is not None:
            return found[0], found[1]
        stone = self._index.tombstone(snapshot)
        if stone is not None:
            raise self._forgotten(snapshot, stone)
        raise NotFound(f"There is no snapshot {snapshot} here.", "`ds log` lists them.")

    def _forgotten(self, snapshot: str, stone: Tombstone) -> Forgotten:
        at = stone.snapshot_times[0] if stone.snapshot_times else None
        nearest = self._nearest(at) if at else None
        of = f" of {_minute(at)}" if at else ""
        hint = f"The nearest that is kept is {nearest.id}, of {_minute(nearest.created_at)}." if nearest else ""
        told = {"by": stone.by, "nearest": nearest.id if nearest else None}
        return Forgotten(f"The snapshot {snapshot}{of} {dropped(stone)}", hint, **told)

    def _nearest(self, at: Instant) -> Snapshot | None:
        """The kept snapshot of the main line that is closest in time."""
        with self._index.read() as db:
            rows = db.execute(
                "SELECT body FROM (SELECT body FROM snapshots WHERE line = ? AND created_at <= ? ORDER BY created_at DESC LIMIT 1)"
                " UNION ALL "
                "SELECT body FROM (SELECT body FROM snapshots WHERE line = ? AND created_at > ? ORDER BY created_at LIMIT 1)",
                (MAIN_LINE, at, MAIN_LINE, at),
            ).fetchall()
        found = self._snapshots_from(rows)
        return min(found, key=lambda each: abs(epoch_s(each.created_at) - epoch_s(at)), default=None)

    def _snapshots_from(self, rows: Sequence[tuple[str, ...]]) -> list[Snapshot]:
        """rows: bodies alone. A pin is a later word, so that it is not in them."""
        found = [from_json(Snapshot, self._index.checked(body)) for (body,) in rows]
        pinned = self._index.pinned()
        return [replace(each, is_pinned=True) if each.id in pinned else each for each in found] if pinned else found

    def _tree_of(self, snapshot: SnapshotId) -> ObjectId:
        return self.objects.commit(self._row(snapshot)[0]).tree

    def _entry(self, item: TreeItem) -> TreeEntry:
        if item.mode == trees.LARGE_MODE:
            meta = read_meta(self.objects, item.id)
            return TreeEntry(BlobDigest(item.id), meta.size_bytes, meta.mode, is_chunked=True)
        size = self.objects.blob_size(item.id)
        return TreeEntry(BlobDigest(item.id), size, trees.MODE_NAMES.get(item.mode, "file"))

    def _item(self, entry: TreeEntry | None) -> TreeItem | None:
        if entry is None or self.objects.refusal(entry.digest):
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


def _minute(at: Instant) -> str:
    """'2026-11-21T14:03:27.000000Z' -> '2026-11-21 14:03 UTC'"""
    return f"{at[:10]} {at[11:16]} UTC"


def _is_of_format_2(edit: tuple[WorkspacePath, TreeEntry | None]) -> bool:
    path, entry = edit
    return entry is not None and (entry.is_chunked or any(map(is_marked, os.fsencode(path).split(b"/"))))


def _time_of(record: Record) -> str | None:
    for name in ("finished_at", "created_at", "started_at"):
        value = getattr(record, name, None)
        if value:
            return str(value)
    return None

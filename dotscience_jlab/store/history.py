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
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Collection, ContextManager, Iterable, Iterator, Sequence

from ..errors import Conflict, Forgotten
from ..model.change import Change
from ..model.ids import BlobDigest, ExecutionId, SnapshotId, new_snapshot_id
from ..model.instant import Instant, epoch_s
from ..model.paths import WorkspacePath
from ..model.run import RUNNING, Run
from ..model.snapshot import FILE, MAIN_LINE, Snapshot, SnapshotDraft, TreeEntry
from ..model.workspace import FORMAT_VERSION, Workspace
from . import trees
from .base import KeepRules, Record, ScanResult
from .catching_up import CatchingUp
from .chunks import SIZES, ChunkSizes
from .cleaning import AsItIs, Cleaning
from .forgetting import finish_forgetting, forget_snapshots
from .freed import freed_bytes
from .head_files import HeadFiles, entry_of, item_of
from .index import SqliteIndex
from .intake import put_file_bytes
from .intents import Intents
from .large_file import read_file
from .lent import check_lends_to_nobody
from .lines import line_of
from .messages import clean_message, commit_message, snapshot_id
from .objects import AUTHOR, CommitText, ObjectId, Objects, TreeItem, line_ref
from .purge import Purged, PurgePlan, digests_at, finish_purge, plan_purge, purge
from .put_back import PutBacks
from .records import append_records, commits_since, with_series_blob
from .scan import Scanner
from .seen import SeenFiles, signature
from .series import series_bytes
from .snapshot_rows import SnapshotRows
from .space import Space, measure_space
from .suspects import Attention, Suspects
from .tree_names import is_marked
from .union import unite_records
from .upkeep import Upkeep
from .watch import FolderWatch

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
        protect: Callable[[], None] = lambda: None,
        upkeep: Upkeep | None = None,
        lock: ContextManager[Any] | None = None,
        watch: FolderWatch | None = None,
        sizes: ChunkSizes = SIZES,
        salt: Callable[[], bytes] = partial(os.urandom, 32),
    ) -> None:
        self.salt = salt
        """Of digests of secrets; never sent anywhere."""
        self._cleaning: Cleaning = AsItIs()
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
        self._rows = SnapshotRows(index)
        self._step = CatchingUp(objects, index, self._rows, root)
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
        self._head_files = HeadFiles(objects)
        for line in self.lines():
            self._step.look(line)
        self._step.heed_purges()
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
    def cleaning(self) -> Cleaning:
        return self._cleaning

    def clean_with(self, cleaning: Cleaning) -> None:
        self._cleaning = self._scanner.cleaning = cleaning

    @property
    def put_backs(self) -> PutBacks:
        return self._put_backs

    def save_workspace(self, workspace: Workspace) -> None:
        self._save(workspace)
        self._workspace = workspace

    # -- bytes -------------------------------------------------------------------------------------

    def put_bytes(self, data: bytes) -> BlobDigest:
        self._step.heed_purges()
        return self.objects.put_blob(data)

    def read_blob(self, digest: BlobDigest) -> bytes:
        self._check_kept(digest)
        return self.objects.blob(digest)

    def put_file_bytes(self, data: bytes, mode: str = FILE) -> TreeEntry:
        self._step.heed_purges()
        with self.objects.batch() as sink:
            return put_file_bytes(sink, data, mode, self._sizes).entry

    def read_file(self, digest: BlobDigest, offset: int = 0) -> Iterator[bytes]:
        self._check_kept(digest)
        return read_file(self.objects, digest, offset)

    def _check_kept(self, digest: BlobDigest) -> None:
        self._step.heed_purges()
        if self.objects.refusal(digest):
            raise Forgotten(self.objects.refusal(digest), "Its bytes are nowhere in this history any more.")

    def is_named(self, digest: BlobDigest) -> bool:
        return self._step.is_named(digest)

    # -- snapshots ---------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        return self._step.lines()

    def head(self, line: str = MAIN_LINE) -> Snapshot | None:
        self._step.look(line)
        if line != MAIN_LINE:
            head = self._head_id(line)
            return self.snapshot(head) if head else None
        return self._rows.newest(line)

    def snapshot(self, snapshot: SnapshotId) -> Snapshot:
        return self._rows.get(snapshot)

    def snapshots(self, line: str = MAIN_LINE, limit: int = 100, before: SnapshotId | None = None) -> list[Snapshot]:
        self._step.look(line)
        if line != MAIN_LINE:
            return list(islice(self._back_from(self._head_id(line), before), limit))
        return self._rows.listed(line, limit, before)

    def _back_from(self, head: SnapshotId | None, before: SnapshotId | None) -> Iterator[Snapshot]:
        """Along first parents: a line's past is often another line's, so it is not listed by the line's name."""
        after = self.snapshot(before).parents[:1] if before is not None else (head,) if head else ()
        while after and self._rows.is_listed(after[0]):
            snapshot = self.snapshot(after[0])
            yield snapshot
            after = snapshot.parents[:1]

    def _head_id(self, line: str) -> SnapshotId | None:
        commit = self.objects.ref(line_ref(line))
        return snapshot_id(self.objects.commit(commit).message, commit) if commit else None

    def entry(self, snapshot: SnapshotId, path: WorkspacePath) -> TreeEntry | None:
        item = trees.find(self.objects, self._tree_of(snapshot), path)
        return entry_of(self.objects, item) if item is not None and item.mode != trees.FOLDER_MODE else None

    def tree(self, snapshot: SnapshotId, under: str = "") -> dict[WorkspacePath, TreeEntry]:
        tree = self._tree_of(snapshot)
        if under:
            folder = trees.find(self.objects, tree, under)
            if folder is None:
                return {}
            if folder.mode != trees.FOLDER_MODE:
                return {WorkspacePath(under): entry_of(self.objects, folder)}
            tree = folder.id
        prefix = under + "/" if under else ""
        return {path: entry_of(self.objects, item) for path, item in trees.walk(self.objects, tree, prefix)}

    def changes(self, before: SnapshotId | None, after: SnapshotId) -> list[Change]:
        old = self._tree_of(before) if before is not None else None
        return [
            Change(path, kind, entry_of(self.objects, was) if was else None, entry_of(self.objects, is_now) if is_now else None)
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
        self._step.take_in_again()

    def commit_of(self, snapshot: SnapshotId) -> ObjectId:
        """git's name of the snapshot's commit; said only inside `store/`."""
        return self._rows.commit_of(snapshot)

    def publish(
        self, draft: SnapshotDraft, records: Iterable[Record] | Callable[[Snapshot], Iterable[Record]] = ()
    ) -> Snapshot:
        chosen_id = new_snapshot_id()
        draft = replace(draft, message=self._cleaning.text(draft.message))
        unkept: list[Any] = [records]
        with self._busy, self._lock:
            self._protect()
            for _ in range(MOVE_TRIES):
                self._step.catch_up(draft.line)
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
        self._step.heed_purges()
        edits = {path: self._item(entry) for path, entry in draft.edits.items()}
        if any(map(_is_of_format_2, draft.edits.items())):
            self._claim_format()
        with self.objects.batch() as sink:
            tree = trees.edited_tree(self.objects, start, edits, sink)
        head = self._rows.newest(draft.line)
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
        with self._step.behind_at_worst():
            self._rows.add(snapshot, commit)
        if draft.base is None:
            with self._folder_busy:
                self._head_files.move(draft.line, before, tree, draft.edits)
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
            self._step.catch_up()
            self._keep(records)

    def _keep(self, records: Iterable[Record]) -> None:
        """Durably, then to the index. The points of a run that is over go with it."""
        kept = [self._cleaning.record(self._with_series(record)) for record in records]
        if not kept:
            return
        at = max((epoch_s(str(at)) for at in map(_time_of, kept) if at), default=0.0)
        lines = list(map(line_of, kept))
        commit = append_records(self.objects, lines, at)
        with self._step.behind_at_worst():
            self._step.add_lines(lines, commit)

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
        self._step.heed_purges()
        with self._folder_busy:
            tree, files = self._head_files.at(line)
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
            tree, files = self._head_files.at(MAIN_LINE)
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
            self._step.catch_up()
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
            self._step.catch_up(line)
            return is_moved

    def is_on_own_line(self, snapshot: SnapshotId) -> bool:
        return self._rows.is_listed(snapshot, MAIN_LINE)

    def is_forgotten(self, snapshot: SnapshotId) -> bool:
        return self._index.is_forgotten(snapshot)

    def take_in_all(self) -> None:
        """Everything that the refs hold is in the index when this returns."""
        for line in self.lines():
            self._step.catch_up(line)

    # -- small things ------------------------------------------------------------------------------

    def _tree_of(self, snapshot: SnapshotId) -> ObjectId:
        return self.objects.commit(self._rows.commit_of(snapshot)).tree

    def _item(self, entry: TreeEntry | None) -> TreeItem | None:
        """None: gone, or bytes that were purged meanwhile."""
        return None if entry is None or self.objects.refusal(entry.digest) else item_of(entry)

    def _save_seen(self) -> None:
        with self._folder_busy:
            self._seen.save()


def _is_of_format_2(edit: tuple[WorkspacePath, TreeEntry | None]) -> bool:
    path, entry = edit
    return entry is not None and (entry.is_chunked or any(map(is_marked, os.fsencode(path).split(b"/"))))


def _time_of(record: Record) -> str | None:
    for name in ("finished_at", "created_at", "started_at"):
        value = getattr(record, name, None)
        if value:
            return str(value)
    return None

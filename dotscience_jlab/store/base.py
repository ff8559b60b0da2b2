"""What any store promises. `history.History` keeps it, over git on disk or over memory; `tests/store/contract.py` holds both to it.

Words: a *blob* is some bytes, named by git's digest of them. A large file is kept as *chunks*, its digest is git's name of the
folder of them. A *snapshot* is a tree of files with parents. A *record* is one
of `model/codec.RECORDS`. The *index* answers queries; it is a cache of the records, fed at once, rebuildable at any time.

Order of every write: objects, fsync, refs (compare and swap), then the index. What a reader can see is always whole.
All methods block; callers run them off the event loop. One store object may be used from many threads, and many processes
may have the same store open: a write holds the store's lock only for itself.

Errors: NotFound for an id that is not there, Forgotten if a tombstone names it, StoreFull, StoreReadOnly, StoreDamaged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Collection, Iterable, Iterator, Mapping, Protocol, Sequence

from ..model.change import Change
from ..model.execution import Execution, Session
from ..model.ids import BlobDigest, ExecutionId, RunId, SessionId, SnapshotId
from ..model.instant import Instant
from ..model.paths import WorkspacePath
from ..model.run import Annotation, Run, Series, Tombstone
from ..model.snapshot import FILE, MAIN_LINE, Skipped, Snapshot, SnapshotDraft, TreeEntry
from ..model.workspace import Workspace
from .cleaning import Cleaning

if TYPE_CHECKING:
    from .purge import Purged, PurgePlan
    from .put_back import PutBacks
    from .space import Space

Record = Execution | Session | Run | Annotation | Tombstone


@dataclass(frozen=True)
class KeepRules:
    """What a scan stores. Sizes in bytes; patterns in .gitignore's language, matched against workspace paths."""

    small_file_bytes: int = 1_000_000
    touched_file_bytes: int = 2_147_483_648
    n_files: int = 20_000
    data_bytes: int = 5_000_000_000
    free_bytes: int = 2_000_000_000
    free_share: float = 0.05
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScanResult:
    """How the folder differs from the head of a line. Bytes of every entry in `edits` are in the store (not yet fsynced)."""

    edits: Mapping[WorkspacePath, TreeEntry | None]
    """path -> new entry, or None: gone. Empty: nothing changed."""
    skipped: tuple[Skipped, ...] = ()
    """What is under the root but not kept, with the reason in words; at most 1,000, `n_skipped` is the true number."""
    n_skipped: int = 0
    n_files: int = 0
    n_stats: int = 0
    """Files asked of the file system for this."""
    fingerprints: Mapping[WorkspacePath, tuple[int, BlobDigest | None]] = field(default_factory=dict)
    """Touched files that are not kept: path -> (size_bytes, the digest that the store would give it, or None if unknown)."""


@dataclass(frozen=True)
class Page:
    """One page of an answer: `items` in the order asked for; `total` of all pages; `next` is what to hand in as `after`."""

    items: tuple[Any, ...]
    total: int
    next: str | None = None


class Store(Protocol):
    """One workspace's history."""

    @property
    def workspace(self) -> Workspace: ...

    @property
    def root(self) -> Path:
        """The workspace's folder on disk."""

    @property
    def index(self) -> Index: ...

    @property
    def cleaning(self) -> Cleaning: ...

    def clean_with(self, cleaning: Cleaning) -> None:
        """From now on records, messages and the files that it wants are kept as `cleaning` gives them, and files with a name
        that it refuses are not. Bytes that are put by themselves are their caller's to clean."""

    @property
    def salt(self) -> Callable[[], bytes]:
        """Of this history and its forks, for digests of what may not be guessed; it is no part of what is pushed."""

    def save_workspace(self, workspace: Workspace) -> None:
        """Replace the settings and origin of this workspace, atomically."""

    # bytes

    def put_bytes(self, data: bytes) -> BlobDigest:
        """Keep `data`; equal bytes are kept once. Durable only with the next publish or append."""

    def put_file_bytes(self, data: bytes, mode: str = FILE) -> TreeEntry:
        """Keep what would be a file's bytes; the entry for a draft, its digest the one a scan of such a file would give."""

    def read_blob(self, digest: BlobDigest) -> bytes:
        """What `put_bytes` kept, checked against its name. NotFound for a large file: `read_file` reads any."""

    def read_file(self, digest: BlobDigest, offset: int = 0) -> Iterator[bytes]:
        """The bytes of a file of a snapshot from `offset` on, by its entry's digest, in pieces of at most a few MiB.

        Memory stays flat however large it is. Each piece is checked against its name: NotFound before the first one,
        StoreDamaged before any wrong one.
        """

    def is_named(self, digest: BlobDigest) -> bool:
        """True if a record names these bytes (outputs, environments, artifacts): others are not handed out by digest."""

    # snapshots

    def lines(self) -> list[str]:
        """`main` first, then this workspace's others, then those of remotes as last fetched: `origin:main`."""

    def head(self, line: str = MAIN_LINE) -> Snapshot | None: ...

    def snapshot(self, snapshot: SnapshotId) -> Snapshot: ...

    def snapshots(self, line: str = MAIN_LINE, limit: int = 100, before: SnapshotId | None = None) -> list[Snapshot]:
        """Newest first."""

    def entry(self, snapshot: SnapshotId, path: WorkspacePath) -> TreeEntry | None:
        """Costs one tree object a folder level."""

    def tree(self, snapshot: SnapshotId, under: str = "") -> dict[WorkspacePath, TreeEntry]:
        """Every file below `under` ('' for all), by path, sorted."""

    def changes(self, before: SnapshotId | None, after: SnapshotId) -> list[Change]:
        """By path; equal subtrees are not opened. `before` None: everything is added."""

    def last_change(self, snapshot: SnapshotId, path: WorkspacePath) -> SnapshotId | None:
        """The newest snapshot, from `snapshot` back along first parents, that changed `path`; the first one if it was there
        from the start, None if it never was."""

    def publish(self, draft: SnapshotDraft,
                records: Iterable[Record] | Callable[[Snapshot], Iterable[Record]] = ()) -> Snapshot:
        """Make a snapshot on the draft's line and keep `records` with it: records ref first, then the line.

        records may be a function of the snapshot, for records that name it: called once, with the snapshot that is about
        to be made. If the tree equals the head's, none is made: the head is handed to it, and returned.
        """

    def append(self, records: Iterable[Record]) -> None:
        """Keep records without a snapshot. A record whose id is known replaces it for readers (the newest counts)."""

    # growth

    def forget(
        self, snapshots: Collection[SnapshotId], reason: str, at: Instant, by: str = "",
        executions: Collection[ExecutionId] = (),
    ) -> None:
        """Take these snapshots out of their lines, and these executions out of the records; asking for one then raises
        Forgotten, which says by whom, when and why, and names the nearest snapshot that is kept.

        Ids of all others stay; the parent of a snapshot is the nearest kept one before it. Executions and runs whose snapshot
        is forgotten stay readable, and still name it. Bytes are freed later, by maintenance. InvalidRequest for the newest
        snapshot of a line. Costs one commit read a snapshot of the line, and one commit written for each that comes after
        the first forgotten one; others may publish meanwhile.
        """

    def maintenance_if_due(self, now: float) -> tuple[str, ...] | None:
        """The command line of a process that tidies this history, if there is something to do; it may be killed at any time."""

    def freed_by(self, snapshots: Collection[SnapshotId]) -> int:
        """Bytes on the disk that only these snapshots hold: what forgetting them frees once maintenance has run.

        Costs the names of all objects in a temporary file and the differences between neighbouring snapshots.
        """

    def digests_at(self, path: WorkspacePath) -> set[BlobDigest]:
        """Every content that the file, or any file below the folder, ever had in a snapshot. NotFound if none."""

    def plan_purge(self, digests: Collection[BlobDigest], executions: Collection[ExecutionId] = ()) -> PurgePlan:
        """What purging these bytes, and the records of these executions with their outputs, would take with it."""

    def purge(self, plan: PurgePlan, reason: str, at: Instant, by: str = "") -> Purged:
        """Take the bytes out of every snapshot and record and off the disk, at once; afterwards all objects were looked
        through for them. Ids stay. The bytes are refused from then on, and reading them raises Forgotten.

        The file itself stays in the folder, and is skipped by scans. Forks and remotes keep what they have.
        """

    def space(self) -> Space:
        """What takes the room, by kind and by file, with who holds it. Costs about as much as `freed_by`."""

    # the folder

    def scan(self, rules: KeepRules, touched: Iterable[WorkspacePath] = (), line: str = MAIN_LINE,
             only: Sequence[WorkspacePath] | None = None, reread: Iterable[WorkspacePath] = (),
             changed_since: float | None = None) -> ScanResult:
        """Compare the folder with the head of `line` and store what is new.

        touched: paths a cell read or wrote, kept up to the larger limit. only: look at these paths alone (the caller knows
        that nothing else changed); None: all that may have changed. reread: read these whatever their times say (memory
        mapped for writing: that changes no time and makes no news). changed_since: files that changed on disk from then on
        (epoch seconds) count as touched too: a cell that ran meanwhile may have written them unseen.
        Costs one stat a file that the system told of since the last scan, or of each file where its news cannot be believed
        (`why_all_is_looked_at`), and one read of each that differs (size, mtime_ns, ctime_ns, inode, mode; a file as young as
        its last look is read again). A file of the head that can be kept no longer
        (too large, quota, unreadable) is None in `edits`: a snapshot never shows other bytes than the disk held.
        A file that .gitignore names is kept once it is touched; secrets and environments never are.
        """

    def is_on_disk(self, path: WorkspacePath, entry: TreeEntry) -> bool:
        """True if the folder's own file holds these bytes: it has not changed, as far as its times tell, since it was last read.
        One stat; False where it was never read."""

    def expect(self, paths: Collection[WorkspacePath]) -> None:
        """These files are on their way into the folder: until further notice a scan does not take their absence for a change."""

    def listen(self) -> None:
        """Take in the system's news of changed files, so that its queue does not run over. Never waits, costs microseconds."""

    @property
    def why_all_is_looked_at(self) -> str:
        """Why each scan looks at every file, in words; '' where it looks only at those that the system told of."""

    def check_watch(self, rules: KeepRules, excused: Iterable[WorkspacePath] = ()) -> None:
        """Look at every file, and hold the news against it: after a change that no news told of they are believed no more.

        excused: paths that may change without news. Costs one full scan; edits found by it wait for the next `scan`.
        """

    @property
    def put_backs(self) -> PutBacks:
        """How large files are put back at the cost of what differs, and which of them are not whole at this moment."""

    def stop_watching(self) -> None:
        """Give the file watches back; the next scan takes them again, and looks at everything once."""

    def forget_all(self) -> int:
        """Remove this workspace's whole history from the disk; returns the bytes freed. The user's own files stay."""

    def size_bytes(self) -> int: ...

    def is_there(self) -> bool:
        """False once the history on disk was removed or replaced by somebody else: then open the store anew. One stat."""

    def close(self) -> None: ...


class Index(Protocol):
    """Queries over the records, newest version of each, annotations applied, forgotten ones left out."""

    def feed(self, records: Iterable[Record]) -> None:
        """Show records now that are not durable yet (a live run, a running cell)."""

    def execution(self, execution: ExecutionId) -> Execution: ...

    def has_message(self, msg_id: str) -> bool: ...

    def executions(self, *, notebook: str | None = None, path: str | None = None, session: SessionId | None = None,
                   cell_id: str | None = None, outcome: str | None = None, text: str | None = None,
                   file: str | None = None, after: str | None = None, limit: int = 100) -> Page:
        """Newest first. text: a substring of source, outputs_text or paths, case-insensitive. file: a workspace path read
        or written."""

    def words_about(self, about: str, field: str) -> list[Annotation]:
        """Annotations of that field about a run, an execution, a snapshot or a notebook, oldest first."""

    def still_running(self) -> tuple[list[Execution], list[Run]]:
        """All that is shown as running, oldest first, without annotations; costs nothing in the size of the history."""

    def find_run(self, reference: str) -> Run:
        """By id, an unambiguous prefix of one (4 characters or more), its number, or its exact name. NotFound, or
        InvalidRequest if it is ambiguous."""

    def run(self, run: RunId) -> Run: ...

    def runs(self, *, notebook: str | None = None, path: str | None = None, state: str | None = None, text: str | None = None,
             ids: Sequence[RunId] | None = None, sort: str = "-started_at", offset: int = 0, limit: int = 100) -> Page:
        """sort: a field of Run, or `parameters.NAME`, `metrics.NAME` (its last value), `summary.NAME`, `labels.NAME`; with
        '-' first: descending.

        Runs without the value come last either way. text: substring of name, note, description, labels, parameter names or values.
        """

    def next_run_number(self) -> int: ...

    def session(self, session: SessionId) -> Session: ...

    def sessions(self, *, is_open: bool | None = None, limit: int = 100) -> list[Session]: ...

    def uses_of(self, path: str, *, role: str | None = None, limit: int = 1000) -> list[tuple[ExecutionId, str]]:
        """(execution, role) of every execution that read or wrote this path (workspace-relative, or disk_path if outside),
        oldest first."""

    def executions_of(self, snapshots: Collection[SnapshotId]) -> list[tuple[ExecutionId, bool]]:
        """(execution, does it belong to a run) of those whose snapshot is one of these, oldest first."""

    def add_points(self, run: RunId, points: Iterable[tuple[int, str, int | None, float, float]]) -> None:
        """points: (position, name, step or None, time, value); `position` is the spool's, so feeding one twice keeps one."""

    def series(self, run: RunId, names: Sequence[str] | None = None, max_points: int | None = None,
               since: int = 0) -> list[Series]:
        """In order of name. since: leave out the first `since` points of each. max_points: downsample to at most that many
        a series, each bucket's minimum and maximum kept."""

    def all_points(self, run: RunId) -> Iterator[tuple[str, int | None, float, float]]:
        """(name, step, time, value) in the order logged."""

    def notebook_for(self, path: str) -> str | None:
        """The NotebookId last seen at this path."""

    def notebooks_at(self, path: str) -> list[tuple[str, str]]:
        """Those last seen at this path or below the folder of that name: (what follows `path`, NotebookId), by path.

        'b' -> ('', id) for a notebook `b`, ('/c.ipynb', id) for `b/c.ipynb`.
        """

    def pragma(self, name: str, value: str | None = None) -> str | None:
        """Read or write one small named fact of this cache (schema version, last scan); gone when it is rebuilt."""

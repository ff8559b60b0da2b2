"""Compares a folder, or the part of it that may have changed, with the head of its line: one stat a file, one read of each
that differs.

A file is kept if it is small, or if a cell touched it, or may have, and it is below the larger limit. A file that git ignores
is kept once a cell touched it: data folders are commonly ignored, and a user expects the data of a result to be there. Secrets and
environments never are. A file that can no longer be kept (grown too large, quota used up, unreadable) leaves the snapshot: a
snapshot never shows other bytes than the disk held. Symbolic links are kept as links and never followed; a nested repository
is a folder without its `.git`; a nested workspace is its own and left out by name.
"""

from __future__ import annotations

import bisect
import errno
import math
import os
import stat
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Callable, Iterable, Iterator, Mapping, Sequence

from ..errors import Forgotten, StoreError
from ..model.ids import BlobDigest
from ..model.paths import STORE_FOLDER, WorkspacePath
from ..model.snapshot import LINK, Skipped, TreeEntry
from .base import KeepRules, ScanResult
from .chunks import NOTHING_KNOWN, SIZES, ChunkSizes, KnownChunks
from .cleaning import AsItIs, Cleaning
from .fingerprint import Fingerprints
from .ignore import ENVIRONMENT_MARKS, IGNORE_FILES, LEFT_OUT_REASON, IgnoreRules, forced_reason
from .intake import n_new_bytes, take_file
from .large_file import Kept, keep_whole
from .objects import Objects, Sink
from .room import Room, size_words
from .seen import Seen, SeenFiles, Signature, signature
from .suspects import Again, Suspects

MAX_SKIPPED = 1000
LASTING = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""Refusals that stay until somebody changes the folder, which is heard of; any other may be gone the next moment."""
MAX_IGNORE_BYTES = 1_000_000


@dataclass
class _Look:
    """What one scan is asked, and what it gathers."""

    rules: KeepRules
    sink: Sink
    wanted: frozenset[WorkspacePath]
    """Touched by a cell."""
    head: Mapping[WorkspacePath, TreeEntry]
    room: Room
    seen: SeenFiles
    reread: frozenset[WorkspacePath] = frozenset()
    """To be read whatever their times say."""
    changed_since: float = math.inf
    """Epoch seconds; what changed from then on counts as touched."""
    is_partial: bool = False
    """What is not looked at is as the head has it."""
    is_heard: bool = False
    """`Suspects.are_heard`"""
    half_written: Mapping[int, str] = field(default_factory=dict)
    """Inode -> why it is no file of the user's now."""
    present: dict[WorkspacePath, TreeEntry] = field(default_factory=dict)
    n_new: int = 0
    """Of those present that the head has not."""
    n_gone: int = 0
    """Of the head, once all that was heard of has been looked at."""
    taken: set[WorkspacePath] = field(default_factory=set)
    """Of those present, what was read just now: its bytes are in the store for certain."""
    skipped: list[Skipped] = field(default_factory=list)
    n_skipped: int = 0
    n_stats: int = 0
    fingerprints: dict[WorkspacePath, tuple[int, BlobDigest | None]] = field(default_factory=dict)
    unsettled: set[WorkspacePath] = field(default_factory=set)
    """To be looked at next time too, whatever the news: the disk refused it for the moment, or the file has other names (hard
    links), and a write through one is told of that one alone."""
    for_room: set[WorkspacePath] = field(default_factory=set)
    """Left out because no room was left."""
    least_bytes: int = sys.maxsize
    """Of one of those."""
    missed_a_folder: bool = False
    """The disk refused one for the moment: next time everything is looked at."""
    twins: set[WorkspacePath] = field(default_factory=set)
    """Other names of files that were looked at."""

    @property
    def n_files(self) -> int:
        return len(self.head) + self.n_new - self.n_gone if self.is_partial else len(self.present)

    @cached_property
    def ordered_head(self) -> list[WorkspacePath]:
        return sorted(self.head)

    @cached_property
    def names_of(self) -> dict[int, set[WorkspacePath]]:
        """Inode -> files of the head that were it when they were read."""
        found: dict[int, set[WorkspacePath]] = {}
        for path, seen in self.seen.items():
            if self.is_partial and path in self.head:
                found.setdefault(seen.signature[3], set()).add(path)
        return found

    def found(self, path: WorkspacePath, entry: TreeEntry) -> None:
        self.n_new += path not in self.head and path not in self.present
        self.present[path] = entry

    def cannot_read(self, path: WorkspacePath, error: OSError) -> None:
        self.skip(path, f"It cannot be read: {error.strerror}.")
        if error.errno not in LASTING:
            self.unsettled.add(path)

    def skip(self, path: str, reason: str) -> None:
        self.n_skipped += 1
        if len(self.skipped) < MAX_SKIPPED or path in self.wanted:
            self.skipped.append(Skipped(path, reason))


class Scanner:
    """One workspace's folder. Remembers what it has read, so that an unchanged file costs one stat."""

    def __init__(
        self,
        root: Path,
        objects: Objects,
        seen: SeenFiles,
        clock_ns: Callable[[], int] = time.time_ns,
        *,
        kept_in: Path | None = None,
        enters: Callable[[str], None] = lambda prefix: None,
        sizes: ChunkSizes = SIZES,
        half_written: Callable[[], Mapping[int, str]] = dict,
    ) -> None:
        """kept_in: where the history lies, whose disk must have room; None: in the folder itself. enters: told of every folder
        ('' or 'data/raw/') before it is looked into. half_written: asked at each scan for the inodes of files that are being
        put back, with the sentence that says so."""
        self.root = root
        self._half_written = half_written
        self._kept_in = kept_in or root
        self._enters = enters
        self.expected: frozenset[WorkspacePath] = frozenset()
        """Files that somebody is about to put here: that they are not there says nothing."""
        self.cleaning: Cleaning = AsItIs()
        self.missed_a_folder = False
        """The last scan did: it is no ground for the next one to look at less."""
        self._rules_in: dict[str, IgnoreRules] = {}
        """Of every folder that is part of the workspace, as of the last look into it."""
        self.seen = seen
        self._sizes = sizes
        self._fingerprints = Fingerprints(sizes, clock_ns)
        self._objects = objects
        self._clock_ns = clock_ns
        self._top = os.fspath(root) + os.sep
        self._ignore = IgnoreRules()

    def scan(
        self,
        rules: KeepRules,
        touched: Iterable[WorkspacePath],
        head: Mapping[WorkspacePath, TreeEntry],
        store_bytes: int,
        suspects: Suspects | None = None,
        reread: Iterable[WorkspacePath] = (),
        changed_since: float | None = None,
    ) -> tuple[ScanResult, Again]:
        """(how the folder differs, what to look at next time too).

        head: what the line's newest snapshot holds. suspects: all that may differ from it; None: anything may.
        """
        if self._ignore.excludes != rules.excludes:
            self._ignore = IgnoreRules(rules.excludes)
        with self._objects.batch() as sink:
            look = _Look(
                rules,
                sink,
                wanted=frozenset(touched),
                head=head,
                room=Room(rules, store_bytes, self._kept_in),
                seen=self.seen,
                reread=frozenset(reread),
                changed_since=math.inf if changed_since is None else changed_since,
                is_partial=suspects is not None,
                is_heard=suspects is not None and suspects.are_heard,
                half_written=self._half_written(),
            )
            return self._scan(look, suspects)

    def _scan(self, look: _Look, suspects: Suspects | None) -> tuple[ScanResult, Again]:
        head = look.head
        expected = self.expected  # before anything is looked at: what arrives meanwhile may be missed, and is not gone
        if suspects is None:
            self._rules_in.clear()
            carried: frozenset[str] = frozenset()
            self._folder("", self._ignore, look)
            gone = head.keys() - look.present.keys()
        else:
            gone = self._look_at(suspects, look) - look.present.keys()
            look.n_gone = len(gone)
            carried = self._look_for_room(suspects, look)
        for path in sorted(look.wanted):
            # A touched file below an ignored folder: the walk did not come there.
            if path not in look.present and path not in look.fingerprints and not (look.is_partial and path in head):
                self._single(path, look)
        edits: dict[WorkspacePath, TreeEntry | None] = {
            path: entry if path in look.taken else self._stored(path, entry, look.sink, head.get(path))
            for path, entry in look.present.items() if not _same(head.get(path), entry)
        }
        edits.update((path, None) for path in sorted(gone - look.present.keys() - expected))
        n_files = look.n_files + look.n_gone - sum(entry is None for entry in edits.values() if look.is_partial)
        self.missed_a_folder = look.missed_a_folder
        result = ScanResult(edits, tuple(look.skipped), look.n_skipped, n_files, look.n_stats, look.fingerprints)
        for_room = carried | look.for_room if look.for_room else carried
        return result, Again(frozenset(look.unsettled), for_room, carried, look.least_bytes)  # type: ignore[arg-type]

    def _look_for_room(self, suspects: Suspects, look: _Look) -> frozenset[str]:
        """What is left as the last look found it, because there still is no room. A folder may hold a hundred thousand of them."""
        if look.room.is_left(look.n_files, suspects.least_bytes):
            for path in sorted(suspects.for_room - look.present.keys()):
                self._single(WorkspacePath(path), look)
            return frozenset()
        carried = suspects.waiting()
        if carried:
            look.least_bytes = min(look.least_bytes, suspects.least_bytes)
        return carried

    def _look_at(self, suspects: Suspects, look: _Look) -> set[WorkspacePath]:
        """Those of the head that were looked for."""
        sought = {path for path in (*suspects.files, *look.reread) if path in look.head}
        for folder in suspects.folders:
            for prefix in [each for each in self._rules_in if each.startswith(folder + "/")]:
                del self._rules_in[prefix]
            sought |= set(_below(look.ordered_head, folder + "/"))
        for folder in sorted(suspects.folders):
            self._single_folder(folder, look)
        for path in sorted({*suspects.files, *sought}):
            if path not in look.present:
                self._single(WorkspacePath(path), look)
        while twins := look.twins - look.present.keys() - sought:
            sought |= twins
            for path in sorted(twins):
                self._single(path, look)
        return sought & look.head.keys()

    def _single_folder(self, folder: str, look: _Look) -> None:
        """A folder that was made, moved here or opened up: all below it, under the same rules as the walk."""
        prefix, _, name = folder.rpartition("/")
        ignore = self._rules_in.get(prefix + "/" if prefix else "")
        if ignore is None or folder + "/" in self._rules_in or self._forced_reason(name, True) is not None:
            return  # not in the workspace, or walked already as part of another
        reason = ignore.reason(folder, True)
        if reason is not None:
            look.skip(folder, reason)
        elif _is_folder(self._top + folder):
            self._folder(folder + "/", ignore, look)

    def _folder(self, prefix: str, ignore: IgnoreRules, look: _Look) -> None:
        self._enters(prefix)
        try:
            with os.scandir(self._top + prefix) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                # An empty snapshot would say that everything was deleted.
                raise StoreError(f"{self.root} cannot be read: {error.strerror}.", "Is the disk it lies on still there?") from error
            look.skip(prefix.rstrip("/"), f"The folder cannot be read: {error.strerror}.")
            look.missed_a_folder |= error.errno not in LASTING
            return
        names = {entry.name for entry in entries}
        reason = self._own_reason(prefix, names)
        if reason is not None:
            look.skip(prefix.rstrip("/"), reason)
            return
        ignore = self._rules_in[prefix] = self._below(prefix, names, ignore)
        for entry in entries:
            path = WorkspacePath(prefix + entry.name)
            is_folder = entry.is_dir(follow_symlinks=False)
            reason = self._forced_reason(entry.name, is_folder)
            if reason is not None:
                if entry.name not in (STORE_FOLDER, ".git"):
                    look.skip(path, reason)
                continue
            reason = ignore.reason(path, is_folder)
            if is_folder:
                if reason is None:
                    self._folder(path + "/", ignore, look)
                else:
                    look.skip(path, reason)
                    self._kept_below(path + "/", look)
            elif reason is not None and path not in look.wanted and path not in look.head:
                look.skip(path, reason)
            else:
                self._file(path, entry, look)

    def _kept_below(self, prefix: str, look: _Look) -> None:
        """Files of an ignored folder that the line holds already, because a cell touched them once: looked at one by one."""
        for path in _below(look.ordered_head, prefix):
            self._single(path, look)

    def _single(self, path: WorkspacePath, look: _Look) -> None:
        """One file by its path, under the same rules as the walk, and never through a link."""
        folders = path.split("/")[:-1]
        prefix, ignore = "", self._ignore
        known = self._rules_in.get("/".join([*folders, ""])) if look.is_heard else None
        if known is not None:  # its folder is watched: no file of rules in it or above has changed since
            self._known_single(path, known, look)
            return
        for depth, name in enumerate([*folders, ""]):
            texts_of = {each for each in (*IGNORE_FILES, STORE_FOLDER, *ENVIRONMENT_MARKS)
                        if os.path.lexists(self._top + prefix + each)}
            reason = self._own_reason(prefix, texts_of)
            if reason is None and depth < len(folders):
                try:
                    found = os.lstat(f"{self._top}{prefix}{name}")
                except OSError:
                    return
                if stat.S_ISLNK(found.st_mode):
                    reason = f"It lies behind the link {prefix}{name}, which is not followed."
                else:
                    reason = self._forced_reason(name, True)
            if reason is not None:
                look.skip(path, reason)
                return
            self._enters(prefix)
            ignore = self._below(prefix, texts_of, ignore)
            is_free = path in look.wanted or path in look.head
            if depth < len(folders):
                ignored = ignore.reason(prefix + name, True)
            else:
                forced = self._forced_reason(path[len(prefix) :], False)
                if forced is not None:
                    if os.path.lexists(self._top + path):
                        look.skip(path, forced)
                    return
                ignored = ignore.reason(path, False)
            if ignored is not None and not is_free:
                look.skip(path, ignored)
                return
            prefix += f"{name}/"
        self._file(path, None, look)

    def _known_single(self, path: WorkspacePath, ignore: IgnoreRules, look: _Look) -> None:
        name = path.rpartition("/")[2]
        reason = self._forced_reason(name, False)
        if reason is None and path not in look.wanted and path not in look.head:
            reason = ignore.reason(path, False)
        if reason is None:
            self._file(path, None, look)
        elif os.path.lexists(self._top + path):
            look.skip(path, reason)

    def _forced_reason(self, name: str, is_folder: bool) -> str | None:
        return forced_reason(name, is_folder) or self.cleaning.name_refusal(name) or None

    def _own_reason(self, prefix: str, names: set[str]) -> str | None:
        """Why a folder that holds these names is not part of the workspace."""
        if not prefix:
            return None
        if STORE_FOLDER in names and os.path.isdir(f"{self._top}{prefix}{STORE_FOLDER}/store.git"):
            return "It is a project folder of its own."
        return LEFT_OUT_REASON if names & ENVIRONMENT_MARKS else None

    def _below(self, prefix: str, names: set[str], ignore: IgnoreRules) -> IgnoreRules:
        texts = {name: _read_text(self._top + prefix + name) for name in IGNORE_FILES if name in names}
        return ignore.below(prefix, {name: text for name, text in texts.items() if text})

    def _file(self, path: WorkspacePath, entry: os.DirEntry[str] | None, look: _Look) -> None:
        disk_path = self._top + path
        try:
            found = entry.stat(follow_symlinks=False) if entry is not None else os.lstat(disk_path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            look.cannot_read(path, error)
            return
        look.n_stats += 1
        kind = stat.S_IFMT(found.st_mode)
        if kind == stat.S_IFDIR:
            return
        if kind not in (stat.S_IFREG, stat.S_IFLNK):
            look.skip(path, "It is not a file (a pipe, socket or device).")
            return
        if found.st_ino in look.half_written:
            look.skip(path, look.half_written[found.st_ino])
            look.unsettled.add(path)
            return
        if kind == stat.S_IFREG and found.st_nlink > 1:
            look.unsettled.add(path)
            look.twins |= look.names_of.get(found.st_ino, set())
        seen = self.seen.get(path)
        is_known = seen is not None and path not in look.reread and seen.holds_for(signature(found))
        if seen is not None and is_known and not self._objects.refusal(seen.entry.digest):
            look.found(path, seen.entry)
            return
        is_touched = path in look.wanted or found.st_ctime >= look.changed_since
        too_large = self._too_large(found.st_size, is_touched or path in look.head, look.rules)
        known = self.seen.known_chunks(path) if found.st_size > self._sizes.file_above else NOTHING_KNOWN
        n_bytes = found.st_size
        if known and not look.room.holds(found.st_size):
            n_bytes = self._n_new_bytes(disk_path, found.st_size, known)
        refusal = too_large or look.room.refusal(path, n_bytes, is_new=path not in look.head, n_files=look.n_files)
        if refusal:
            look.skip(path, refusal)
            if not too_large:
                look.for_room.add(path)
                look.least_bytes = min(look.least_bytes, n_bytes)
            if is_touched:
                look.fingerprints[path] = (found.st_size, self._fingerprints.of(disk_path))
            return
        self._read(path, disk_path, found, known, look)

    def _n_new_bytes(self, disk_path: str, size_bytes: int, known: KnownChunks) -> int:
        """Of a large file that is known in part. Costs one read of it; asked only where the whole of it would not fit."""
        try:
            return n_new_bytes(disk_path, known, self._sizes)
        except OSError:
            return size_bytes

    def _too_large(self, size_bytes: int, is_touched: bool, rules: KeepRules) -> str:
        limit = rules.touched_file_bytes if is_touched else rules.small_file_bytes
        if size_bytes <= limit:
            return ""
        return f"It is larger than {size_words(limit)}" + ("." if is_touched else " and no cell has used it.")

    def _read(self, path: WorkspacePath, disk_path: str, found: os.stat_result, known: KnownChunks, look: _Look) -> None:
        began_ns = self._clock_ns()  # before the read: what is written during it counts as younger, and is read again
        try:
            kept, now = self._take(disk_path, found, known, look.sink)
        except OSError as error:
            look.cannot_read(path, error)
            return
        except Forgotten as error:
            look.skip(path, error.message)
            return
        look.room.take(kept.n_new_bytes)
        look.found(path, kept.entry)
        look.taken.add(path)
        self.seen.put(path, Seen(now, 0 if kept.entry.is_torn else began_ns, kept.entry), kept.chunks)

    def _take(self, disk_path: str, found: os.stat_result, known: KnownChunks, sink: Sink) -> tuple[Kept, Signature]:
        if stat.S_ISLNK(found.st_mode):
            data = os.fsencode(os.readlink(disk_path))
            return Kept(TreeEntry(sink.put_blob(data), len(data), LINK), None, len(data)), signature(found)
        path = disk_path[len(self._top) :]
        if self.cleaning.wants(path, found.st_size):
            return take_file(disk_path, sink, known, self._sizes, clean=partial(self.cleaning.file, path))
        return take_file(disk_path, sink, known, self._sizes)

    def _stored(self, path: WorkspacePath, entry: TreeEntry, sink: Sink, head: TreeEntry | None) -> TreeEntry:
        """The entry, its bytes in the store for certain: what a cache remembers may have been lost with the power."""
        before = head.digest if head is not None and head.is_chunked else None
        if keep_whole(self._objects, sink, entry.digest, before) if entry.is_chunked else sink.keep(entry.digest):
            return entry
        disk_path = self._top + path
        try:
            return self._take(disk_path, os.lstat(disk_path), NOTHING_KNOWN, sink)[0].entry
        except OSError as error:
            raise StoreError(f"{path} could not be read again: {error.strerror}.", "Try again.") from error


def _below(ordered: Sequence[WorkspacePath], prefix: str) -> Iterator[WorkspacePath]:
    for n in range(bisect.bisect_left(ordered, prefix), len(ordered)):
        if not ordered[n].startswith(prefix):
            return
        yield ordered[n]


def _is_folder(disk_path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(disk_path).st_mode)
    except OSError:
        return False


def _same(before: TreeEntry | None, now: TreeEntry) -> bool:
    return before is not None and (before.digest, before.mode) == (now.digest, now.mode)


def _read_text(disk_path: str) -> str:
    """'' for what is no readable file. Links are not followed: git does not either."""
    try:
        if not stat.S_ISREG(os.lstat(disk_path).st_mode):
            return ""
        with open(disk_path, encoding="utf-8", errors="replace") as file:
            return file.read(MAX_IGNORE_BYTES)
    except OSError:
        return ""

"""Compares a folder with the head of its line: one stat a file, one read of each that differs.

A file is kept if it is small, or if a cell touched it and it is below the larger limit. A file that git ignores is kept once
a cell touched it: data folders are commonly ignored, and a user expects the data of a result to be there. Secrets and
environments never are. Symbolic links are kept as links and never followed; a nested repository is a folder without its
`.git`; a nested workspace is its own and left out by name.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterable, Mapping, Sequence

from ..model.ids import BlobDigest
from ..model.paths import STORE_FOLDER, WorkspacePath
from ..model.snapshot import EXECUTABLE, FILE, LINK, Skipped, TreeEntry
from .base import KeepRules, ScanResult
from .ignore import IGNORE_FILES, IgnoreRules

RACY_NS = 20_000_000
"""A file changed less than this before it was looked at may change again within the same timestamp tick."""
READ_TRIES = 3
MAX_SKIPPED = 1000
CODE_SUFFIXES = (".ipynb", ".py", ".r", ".jl", ".sql", ".sh", ".md", ".txt", ".toml", ".yaml", ".yml", ".cfg", ".ini")
"""Kept also when the quota of data is used up."""

Signature = tuple[int, int, int, int, int]
"""(size, mtime_ns, ctime_ns, inode, mode)"""


@dataclass(frozen=True)
class Seen:
    """A file as last read: its signature, when it was read (ns), and what it held."""

    signature: Signature
    read_at_ns: int
    entry: TreeEntry

    def holds_for(self, signature: Signature) -> bool:
        return self.signature == signature and max(signature[1], signature[2]) + RACY_NS < self.read_at_ns


@dataclass
class _Look:
    """What one scan gathers."""

    present: dict[WorkspacePath, TreeEntry] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    n_skipped: int = 0
    n_files: int = 0
    n_stats: int = 0
    fingerprints: dict[WorkspacePath, tuple[int, BlobDigest | None]] = field(default_factory=dict)

    def skip(self, path: str, reason: str) -> None:
        self.n_skipped += 1
        if len(self.skipped) < MAX_SKIPPED:
            self.skipped.append(Skipped(path, reason))


class Scanner:
    """One workspace's folder. Remembers what it has read, so that an unchanged file costs one stat."""

    def __init__(
        self,
        root: Path,
        put_bytes: Callable[[bytes], BlobDigest],
        seen: dict[WorkspacePath, Seen],
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.root = root
        self.seen = seen
        self.newly_seen: dict[WorkspacePath, Seen] = {}
        """Read since the owner last took them away, to write them to the cache."""
        self._put_bytes = put_bytes
        self._clock_ns = clock_ns

    def scan(
        self,
        rules: KeepRules,
        touched: Iterable[WorkspacePath],
        head: Mapping[WorkspacePath, TreeEntry],
        store_bytes: int,
        only: Sequence[WorkspacePath] | None = None,
    ) -> ScanResult:
        """head: what the line's newest snapshot holds."""
        look = _Look()
        wanted = frozenset(touched)
        room = _Room(rules, store_bytes, self.root)
        if only is None:
            self._folder("", IgnoreRules(rules.excludes), rules, wanted, head, room, look)
            gone = [path for path in head if path not in look.present]
        else:
            for path in only:
                self._file(path, None, rules, wanted, head, room, look)
            gone = [path for path in only if path in head and path not in look.present]
        for path in sorted(wanted):
            # A touched file below an ignored folder: the walk did not come there.
            if path not in look.present and path not in look.fingerprints and not self._is_forced_out(path):
                self._file(path, None, rules, wanted, head, room, look)
        edits: dict[WorkspacePath, TreeEntry | None] = {
            path: entry for path, entry in look.present.items() if not _same(head.get(path), entry)
        }
        for path in gone:
            if path in look.present:
                continue
            if self._is_really_gone(path):
                edits[path] = None
        return ScanResult(edits, tuple(look.skipped), look.n_skipped, look.n_files, look.n_stats, look.fingerprints)

    def _folder(
        self,
        prefix: str,
        ignore: IgnoreRules,
        rules: KeepRules,
        wanted: frozenset[WorkspacePath],
        head: Mapping[WorkspacePath, TreeEntry],
        room: _Room,
        look: _Look,
    ) -> None:
        try:
            with os.scandir(self.root / prefix if prefix else self.root) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            look.skip(prefix.rstrip("/") or ".", f"The folder cannot be read: {error.strerror}.")
            return
        names = {entry.name for entry in entries}
        if prefix and STORE_FOLDER in names and (self.root / prefix / STORE_FOLDER / "store.git").is_dir():
            look.skip(prefix.rstrip("/"), "It is a project folder of its own.")
            return
        texts = {name: _read_text(self.root / prefix / name) for name in IGNORE_FILES if name in names}
        ignore = ignore.below(prefix, {name: text for name, text in texts.items() if text})
        for entry in entries:
            path = prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            reason = ignore.forced_reason(path, is_folder)
            if reason is not None:
                if path not in (STORE_FOLDER, ".git") and not path.endswith("/.git"):
                    look.skip(path, reason)
                continue
            if is_folder:
                if ignore.reason(path, True) is None:
                    self._folder(path + "/", ignore, rules, wanted, head, room, look)
                else:
                    look.skip(path, ignore.reason(path, True) or "")
                continue
            if path not in wanted and WorkspacePath(path) not in head:
                reason = ignore.reason(path, False)
                if reason is not None:
                    look.skip(path, reason)
                    continue
            self._file(WorkspacePath(path), entry, rules, wanted, head, room, look)

    def _file(
        self,
        path: WorkspacePath,
        entry: os.DirEntry[str] | None,
        rules: KeepRules,
        wanted: frozenset[WorkspacePath],
        head: Mapping[WorkspacePath, TreeEntry],
        room: _Room,
        look: _Look,
    ) -> None:
        disk_path = self.root / path
        try:
            found = entry.stat(follow_symlinks=False) if entry is not None else os.lstat(disk_path)
        except OSError:
            return
        look.n_stats += 1
        if stat.S_ISDIR(found.st_mode):
            return
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISLNK(found.st_mode):
            look.skip(path, "It is not a file (a pipe, socket or device).")
            return
        signature = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode)
        seen = self.seen.get(path)
        if seen is not None and seen.holds_for(signature):
            look.present[path] = seen.entry
            look.n_files += 1
            return
        is_touched = path in wanted or path in head
        limit = rules.touched_file_bytes if is_touched else rules.small_file_bytes
        if found.st_size > limit:
            why = f"It is larger than {_size_words(limit)}"
            why += "." if is_touched else " and no cell has used it."
            look.skip(path, why)
            if path in wanted:
                look.fingerprints[path] = (found.st_size, _digest_of(disk_path))
            return
        refusal = room.refusal(path, found.st_size, is_new=path not in head, n_files=look.n_files)
        if refusal:
            look.skip(path, refusal)
            if path in wanted:
                look.fingerprints[path] = (found.st_size, _digest_of(disk_path))
            return
        self._read(path, disk_path, found, look)

    def _read(self, path: WorkspacePath, disk_path: Path, found: os.stat_result, look: _Look) -> None:
        try:
            if stat.S_ISLNK(found.st_mode):
                data, mode, is_torn, signature = os.fsencode(os.readlink(disk_path)), LINK, False, _signature(found)
            else:
                data, is_torn, signature = _read_whole(disk_path)
                mode = EXECUTABLE if signature[4] & 0o100 else FILE
        except OSError as error:
            look.skip(path, f"It cannot be read: {error.strerror}.")
            return
        made = TreeEntry(self._put_bytes(data), len(data), mode, is_torn)
        look.present[path] = made
        look.n_files += 1
        self.seen[path] = self.newly_seen[path] = Seen(signature, self._clock_ns() if not is_torn else 0, made)

    def _is_forced_out(self, path: str) -> bool:
        parts = path.split("/")
        folders = ["/".join(parts[:n]) for n in range(1, len(parts))]
        ignore = IgnoreRules()
        return any(ignore.forced_reason(each, True) for each in folders) or ignore.forced_reason(path, False) is not None

    def _is_really_gone(self, path: WorkspacePath) -> bool:
        """A file of the head that the walk did not bring: removed, become a folder, or only left out now (then it stays)."""
        try:
            return stat.S_ISDIR(os.lstat(self.root / path).st_mode)
        except OSError:
            return True


@dataclass
class _Room:
    """How much more data may be copied."""

    rules: KeepRules
    store_bytes: int
    root: Path
    _is_disk_low: bool | None = None

    def refusal(self, path: str, size_bytes: int, *, is_new: bool, n_files: int) -> str:
        """'' if there is room for it, else why not. Code always goes in."""
        if path.lower().endswith(CODE_SUFFIXES):
            return ""
        if is_new and n_files >= self.rules.n_files:
            return f"The folder holds more than {self.rules.n_files:,} files."
        if self.store_bytes + size_bytes > self.rules.data_bytes:
            return f"The history holds {_size_words(self.rules.data_bytes)} already; copying of data has stopped."
        if self._is_disk_low is None:
            usage = shutil.disk_usage(self.root)
            self._is_disk_low = usage.free < max(self.rules.free_bytes, self.rules.free_share * usage.total)
        if self._is_disk_low:
            return "The disk is nearly full; copying of data has stopped."
        self.store_bytes += size_bytes
        return ""


def _read_whole(disk_path: Path) -> tuple[bytes, bool, Signature]:
    """(bytes, is_torn, signature): read again if it changed meanwhile, three times at most. Read, not mapped: a truncated
    mapping kills the process. O_NOFOLLOW: it was a file when it was looked at."""
    for _ in range(READ_TRIES):
        fd = os.open(disk_path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(fd, "rb") as file:
            before = _signature(os.fstat(fd))
            data = file.read()
            after = _signature(os.fstat(fd))
        if before == after and len(data) == after[0]:
            return data, False, after
    return data, True, after


def _signature(found: os.stat_result) -> Signature:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode


def _same(before: TreeEntry | None, now: TreeEntry) -> bool:
    return before is not None and (before.digest, before.mode) == (now.digest, now.mode)


def _digest_of(disk_path: Path) -> BlobDigest | None:
    """git's name of the bytes, streamed; None if it cannot be read."""
    try:
        with open(disk_path, "rb") as file:
            digest = hashlib.sha1(b"blob %d\0" % os.fstat(file.fileno()).st_size, usedforsecurity=False)
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return None
    return BlobDigest(digest.hexdigest())


def _read_text(disk_path: Path) -> str:
    try:
        return disk_path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _size_words(size_bytes: int) -> str:
    """1_000_000 -> '1 MB'"""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:g} {name}"
    return f"{size_bytes} bytes"

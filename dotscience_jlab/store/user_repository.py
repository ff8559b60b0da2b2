"""What differs between the user's own repository's last commit and his files. Read only: no index refreshed, no hook or filter run.

The program git would run what that repository's configuration names (filters, fsmonitor); dulwich reads the files and runs nothing.
"""

from __future__ import annotations

import os
import stat
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from dulwich.index import Index, IndexEntry
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob
from dulwich.patch import unified_diff
from dulwich.repo import Repo

from .ignore import forced_reason

MAX_FILES = 50_000
"""More take dulwich seconds."""
MAX_DIFF_BYTES = 256 * 1024
MAX_FILE_BYTES = 200 * 1024
"""Of one file in the diff; a larger one is named."""
MAX_CHANGED = 1000



@dataclass(frozen=True)
class RepositoryState:
    commit: str = ""
    """'' before the first one."""
    ref: str = ""
    """'refs/heads/main'; '' when no branch is checked out."""
    is_dirty: bool = False
    """A file that git tracks differs from the commit. Files that git does not track are no part of it."""
    changed: tuple[str, ...] = ()
    """Paths of these, up to 1,000, in order."""
    diff: str = ""
    """What `git apply` takes, over that commit."""
    left_out: tuple[str, ...] = ()
    """Changed files that are not in the diff: large ones, binary ones, notebooks (their cells are recorded), key files."""
    problem: str = ""
    """Why nothing is known of the files, in a sentence."""


def look_at_repository(root: Path, *, with_diff: bool) -> RepositoryState:
    """Never raises: what cannot be read is `problem`. Costs about 20 µs a file, and a read of those that changed."""
    try:
        with closing(Repo(str(root))) as repo:
            return _look(repo, os.fsencode(root), with_diff)
    except Exception as error:  # somebody else's repository, of whatever format and state
        return RepositoryState(problem=f"The repository in {root} cannot be read: {type(error).__name__}: {error}.")


def _look(repo: Repo, root: bytes, with_diff: bool) -> RepositoryState:
    refs, head = repo.refs.follow(b"HEAD")
    ref = refs[-1].decode("utf-8", "replace") if refs[-1] != b"HEAD" else ""
    commit = head.decode() if head else ""
    index_path = repo.index_path()
    index = Index(index_path) if os.path.exists(index_path) else {}
    if len(index) > MAX_FILES:
        return RepositoryState(commit, ref, problem=f"It has {len(index):,} files; of more than {MAX_FILES:,} no diff is made.")
    written_at = os.stat(index_path).st_mtime if index else 0.0
    committed = dict(_files_of(repo, head)) if head else {}
    changed: dict[bytes, tuple[tuple[int, bytes] | None, tuple[int, bytes] | None]] = {}
    for path in sorted({*committed, *index}):
        was = committed.get(path)
        now = _on_disk(root, path, index[path], written_at) if path in index else None
        if was != now:
            changed[path] = was, now
    named = tuple(os.fsdecode(path) for path in list(changed)[:MAX_CHANGED])
    large = {path for path in changed if path in index and _indexed_size(index[path]) > MAX_FILE_BYTES}
    diff, left_out = _diff(repo, root, changed, large) if with_diff else ("", ())
    return RepositoryState(commit, ref, bool(changed), named, diff, left_out)


def _files_of(repo: Repo, head: bytes):  # type: ignore[no-untyped-def]
    for entry in iter_tree_contents(repo.object_store, repo[head].tree):
        if not stat.S_ISDIR(entry.mode) and entry.mode != 0o160000:
            yield entry.path, (entry.mode, entry.sha)


def _on_disk(root: bytes, path: bytes, entry: object, written_at: float) -> tuple[int, bytes] | None:
    """Of a file whose size and times are those of the index, the index says what it is. Submodules are left alone."""
    if not isinstance(entry, IndexEntry):
        return 0, b"in conflict"
    if entry.mode == 0o160000:
        return None
    try:
        found = os.lstat(os.path.join(root, path))
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return None
    seconds = entry.mtime[0] + entry.mtime[1] / 1e9 if isinstance(entry.mtime, tuple) else float(entry.mtime)
    is_as_indexed = found.st_size == entry.size and abs(found.st_mtime - seconds) < 1e-6
    if is_as_indexed and seconds < written_at - 1:  # else it may have changed since, within one tick of the clock
        return entry.mode, entry.sha
    if forced_reason(os.fsdecode(os.path.basename(path)), False) or found.st_size > 50 * MAX_FILE_BYTES:
        return entry.mode, entry.sha if is_as_indexed else b"not read"
    mode = 0o120000 if stat.S_ISLNK(found.st_mode) else 0o100755 if found.st_mode & 0o100 else 0o100644
    return mode, Blob.from_string(_read(root, path)).id


def _indexed_size(entry: object) -> int:
    """As it was checked out: about the size of what was committed, which could be told else only by reading all of it."""
    return entry.size if isinstance(entry, IndexEntry) else 0


def _diff(
    repo: Repo, root: bytes, changed: dict[bytes, tuple[tuple[int, bytes] | None, tuple[int, bytes] | None]], large: set[bytes]
) -> tuple[str, tuple[str, ...]]:
    text, left_out = BytesIO(), []
    for path, (was, now) in changed.items():
        if path in large:
            left_out.append(os.fsdecode(path))
            continue
        old = repo.object_store[was[1]] if was is not None and was[1] in repo.object_store else None
        sizes = [old.raw_length() if isinstance(old, Blob) else 0, _size(root, path) if now is not None else 0]
        is_fit = now is None or (now[1] not in (b"not read", b"in conflict") and not path.endswith(b".ipynb"))
        if not is_fit or max(sizes) > MAX_FILE_BYTES or forced_reason(os.fsdecode(os.path.basename(path)), False):
            left_out.append(os.fsdecode(path))
            continue
        before = (was[0], old.data) if was is not None and isinstance(old, Blob) else None
        piece = file_patch(path, before, (now[0], _read(root, path)) if now is not None else None)
        if piece is None or text.tell() + len(piece) > MAX_DIFF_BYTES:
            left_out.append(os.fsdecode(path))
        else:
            text.write(piece)
    return text.getvalue().decode("utf-8", "replace"), tuple(left_out[:MAX_CHANGED])


def file_patch(path: bytes, old: tuple[int, bytes] | None, new: tuple[int, bytes] | None) -> bytes | None:
    """One file's part of a patch as git writes it; None if it is binary. old, new: (mode, bytes), None: not there.

    dulwich's own writes `old file mode` where only the mode differs, which `git apply` refuses.
    """
    if any(side is not None and (b"\0" in side[1] or not _is_utf8(side[1])) for side in (old, new)):
        return None
    before, after = _quoted(b"a/" + path), _quoted(b"b/" + path)
    lines = [b"diff --git " + before + b" " + after + b"\n"]
    if old is None and new is not None:
        lines.append(b"new file mode %o\n" % new[0])
    elif new is None and old is not None:
        lines.append(b"deleted file mode %o\n" % old[0])
    elif old is not None and new is not None and old[0] != new[0]:
        lines += [b"old mode %o\n" % old[0], b"new mode %o\n" % new[0]]
    lines += unified_diff(
        old[1].splitlines(True) if old is not None else [], new[1].splitlines(True) if new is not None else [],
        before if old is not None else b"/dev/null", after if new is not None else b"/dev/null",
    )  # fmt: skip
    return b"".join(lines)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _quoted(path: bytes) -> bytes:
    """b'a/x y' as it is, b'a/x"y' -> b'"a/x\\"y"': where git would not find the end of the name else."""
    if not any(byte < 32 or byte in b'"\\' for byte in path):
        return path
    return b'"' + b"".join(b"\\%03o" % byte if byte < 32 or byte in b'"\\' else bytes([byte]) for byte in path) + b'"'


def _size(root: bytes, path: bytes) -> int:
    try:
        return os.lstat(os.path.join(root, path)).st_size
    except OSError:
        return 0


def _read(root: bytes, path: bytes) -> bytes:
    full = os.path.join(root, path)
    if os.path.islink(full):
        return os.readlink(full)
    with open(full, "rb") as file:
        return file.read()

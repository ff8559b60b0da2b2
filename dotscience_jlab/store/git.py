"""Objects and refs in a plain bare git repository: the one file that knows dulwich.

Loose objects are written directly (unique temporary name, rename, fsync before the next ref moves), because dulwich's own
ways re-read what they wrote, take its locks, or run its housekeeping in the middle of a snapshot.
"""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
import weakref
import zlib
from collections import OrderedDict
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

from dulwich.errors import NotGitRepository
from dulwich.file import FileLocked
from dulwich.objects import Blob, Commit, ShaFile, Tree, object_class
from dulwich.repo import Repo

from ..errors import NotFound, StoreDamaged
from ..model.ids import BlobDigest
from .batch import Batch
from .deflate import deflated
from .disk import disk_errors, flush_file, flush_folder
from .objects import Buffer, CommitText, ObjectId, Sink, TreeItem, object_id, tree_bytes
from .pack import DRAFT_PREFIX as PACK_DRAFT_PREFIX
from .pack import KIND_NAMES, MOST_HEADER_BYTES, PackDraft, read_entry, read_header

TREES_KEPT = 4096
MEASURE_EVERY_S = 300.0
DRAFT_PREFIX = "tmp_obj_"
"""git's own `gc` removes leftovers of this name too."""
STALE_LOCK_S = 5.0
"""Our writers hold the store's lock, so a ref's `.lock` is another git's, held for milliseconds, or a killed process's."""
STALE_DRAFT_S = 3600.0
SYNC_ALL_ABOVE = 64
"""More new objects than this are flushed by one sync of the disk rather than one each."""


def create_repository(path: Path) -> None:
    """A bare repository at `path`, with the settings that keep git and dulwich from tidying up by themselves."""
    with disk_errors(path):
        repo = Repo.init_bare(path, mkdir=not path.exists(), default_branch=b"main")
        config = repo.get_config()
        for section, name, value in (
            ((b"gc",), b"auto", b"0"),
            ((b"core",), b"logAllRefUpdates", b"false"),
            ((b"core",), b"bigFileThreshold", b"536870912"),
            ((b"receive",), b"denyNonFastForwards", b"false"),
        ):
            config.set(section, name, value)
        config.write_to_path()
        repo.close()


class GitObjects:
    """The repository at `path`, which must exist."""

    def __init__(self, path: Path) -> None:
        try:
            self._repo = Repo(str(path), bare=True)
        except NotGitRepository as error:
            raise StoreDamaged(f"{path} is not a git repository.", "Restore it from a copy.") from error
        # dulwich complains of packs left open when it is taken down: at the end of a process, into the user's terminal.
        weakref.finalize(self, self._repo.close)
        self.path = path
        self._busy = threading.RLock()
        self._publishing = threading.Lock()
        self._unsynced: list[Path] = []
        self._drafts: list[PackDraft] = []
        """Packs that are whole but have no name yet, since no ref needs them."""
        self._trees: OrderedDict[ObjectId, dict[bytes, TreeItem]] = OrderedDict()
        self._sizes: dict[ObjectId, int] = {}
        self._size: int | None = None
        self._measured_at = 0.0

    # -- writing -----------------------------------------------------------------------------------

    def put_blob(self, data: Buffer, name: BlobDigest | None = None) -> BlobDigest:
        digest = BlobDigest(self._put(b"blob", data, name))
        self._sizes[digest] = len(data)
        return digest

    def put_tree(self, items: dict[bytes, TreeItem]) -> ObjectId:
        made = self._put(b"tree", tree_bytes(items))
        self.remember_tree(made, dict(items))
        return made

    def put_commit(self, commit: CommitText) -> ObjectId:
        made = Commit()
        made.tree = commit.tree.encode("ascii")
        made.parents = [parent.encode("ascii") for parent in commit.parents]
        made.author = made.committer = commit.author.encode("utf-8")
        made.author_time = made.commit_time = int(commit.at)
        made.author_timezone = made.commit_timezone = 0
        made.encoding = b"UTF-8"
        made.message = commit.message.encode("utf-8", "replace")
        return self._put(b"commit", made.as_raw_string())

    @contextmanager
    def batch(self) -> Iterator[Sink]:
        batch = Batch(self)
        try:
            yield batch
            batch.finish()
        except BaseException:
            batch.discard()
            raise

    def adopt(self, draft: PackDraft) -> None:
        with self._busy:
            self._drafts.append(draft)
            if self._size is not None:
                self._size += draft.size_bytes

    def _put(self, kind: bytes, data: Buffer, name: ObjectId | None = None) -> ObjectId:
        name = name or object_id(kind, data)
        if not self.has(name):
            self.put_loose(kind, name, data)
        return name

    def put_loose(self, kind: bytes, name: ObjectId, data: Buffer) -> None:
        path = self.path / "objects" / name[:2] / name[2:]
        with disk_errors(self.path):
            path.parent.mkdir(exist_ok=True)
            draft = path.parent / f"{DRAFT_PREFIX}{uuid.uuid4().hex}"
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
            try:
                with os.fdopen(fd, "wb") as file:
                    file.writelines(deflated(data, kind + b" %d\0" % len(data)))
                    n_written = file.tell()
                os.replace(draft, path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
        with self._busy:
            self._unsynced.append(path)
            if self._size is not None:
                self._size += n_written

    def has(self, name: ObjectId) -> bool:
        with disk_errors(self.path):
            if (self.path / "objects" / name[:2] / name[2:]).exists() or self._draft_of(name) is not None:
                return True
            with self._busy:
                return self._repo.object_store.contains_packed(name.encode("ascii"))

    def _draft_of(self, name: ObjectId) -> PackDraft | None:
        with self._busy:
            return next((draft for draft in self._drafts if name in draft), None)

    def sync(self) -> None:
        self._publish_packs()
        with self._busy:
            waiting, self._unsynced = self._unsynced, []
        try:
            with disk_errors(self.path):
                if len(waiting) > SYNC_ALL_ABOVE:
                    os.sync()
                    return
                for path in waiting:
                    flush_file(path)
                for folder in {path.parent for path in waiting}:
                    flush_folder(folder)
        except BaseException:
            with self._busy:
                self._unsynced = waiting + self._unsynced
            raise

    def _publish_packs(self) -> None:
        """Each stays readable as a draft until it is readable as a pack."""
        with self._publishing, disk_errors(self.path):
            with self._busy:
                drafts = list(self._drafts)
            for draft in drafts:
                draft.publish()
                with self._busy:
                    self._drafts.remove(draft)

    def move_ref(self, name: str, old: ObjectId | None, new: ObjectId) -> bool:
        ref, target = name.encode("utf-8"), new.encode("ascii")
        with self._busy, disk_errors(self.path):
            try:
                if old is None:
                    return bool(self._repo.refs.add_if_new(ref, target))
                return bool(self._repo.refs.set_if_equals(ref, old.encode("ascii"), target))
            except FileLocked:
                self.sweep()
                time.sleep(random.uniform(0.2, 0.5))
                return False

    # -- reading -----------------------------------------------------------------------------------

    def blob(self, digest: ObjectId) -> bytes:
        kind, data = self._read(digest)
        if kind != Blob.type_name:
            raise NotFound(f"{digest} does not name the bytes of a file.")
        return data

    def content(self, name: ObjectId) -> bytes | dict[bytes, TreeItem]:
        kind, data = self._read(name)
        if kind not in (Blob.type_name, Tree.type_name):
            raise NotFound(f"{name} names neither the bytes of a file nor a folder.")
        return data if kind == Blob.type_name else self.tree(name)

    def blob_size(self, digest: ObjectId) -> int:
        if digest not in self._sizes:
            self._sizes[digest] = self._loose_size(digest) or self._packed_size(digest) or len(self.blob(digest))
        return self._sizes[digest]

    def tree(self, tree: ObjectId) -> dict[bytes, TreeItem]:
        with self._busy:
            known = self._trees.get(tree)
            if known is not None:
                self._trees.move_to_end(tree)
                return known
        found = self._object(tree)
        if not isinstance(found, Tree):
            raise StoreDamaged(f"The folder {tree} cannot be read.", "Run `git fsck` in the store.")
        items = {each.path: TreeItem(each.mode, each.sha.decode("ascii")) for each in found.iteritems()}
        self.remember_tree(tree, items)
        return items

    def commit(self, commit: ObjectId) -> CommitText:
        found = self._object(commit)
        if not isinstance(found, Commit):
            raise StoreDamaged(f"The commit {commit} cannot be read.", "Run `git fsck` in the store.")
        parents = tuple(parent.decode("ascii") for parent in found.parents)
        message, author = found.message.decode("utf-8", "replace"), found.author.decode("utf-8", "replace")
        return CommitText(found.tree.decode("ascii"), parents, message, float(found.commit_time), author)

    def ref(self, name: str) -> ObjectId | None:
        with self._busy:
            try:
                return self._repo.refs[name.encode("utf-8")].decode("ascii")
            except KeyError:
                return None

    def lines(self) -> list[str]:
        with self._busy:
            return sorted(name.decode("utf-8", "replace") for name in self._repo.refs.subkeys(b"refs/heads"))

    def sweep(self) -> None:
        for lock in [*self.path.glob("*.lock"), *(self.path / "refs").rglob("*.lock")]:
            _remove_if_old(lock, STALE_LOCK_S)
        for draft in [
            *(self.path / "objects").glob(f"??/{DRAFT_PREFIX}*"), *(self.path / "objects/pack").glob(f"{PACK_DRAFT_PREFIX}*")
        ]:
            _remove_if_old(draft, STALE_DRAFT_S)

    def size_bytes(self) -> int:
        """What the repository takes on disk: listed now and then, counted along in between."""
        with self._busy:
            if self._size is None or time.monotonic() - self._measured_at > MEASURE_EVERY_S:
                self._size, self._measured_at = self._measured(), time.monotonic()
            return self._size

    def _measured(self) -> int:
        total = 0
        for folder, _, files in os.walk(self.path):
            for file in files:
                try:
                    total += os.lstat(os.path.join(folder, file)).st_size
                except OSError:
                    continue
        return total

    def close(self) -> None:
        with self._busy:
            for draft in self._drafts:
                draft.discard()
            self._drafts.clear()
        self._repo.close()

    def _object(self, name: ObjectId) -> ShaFile:
        kind, data = self._read(name)
        made = object_class(kind)
        assert made is not None
        try:
            return made.from_raw_string(made.type_num, data)
        except Exception as error:  # dulwich meets damage with many kinds of error
            raise StoreDamaged(f"The object {name} cannot be read: {error}.", "Restore the store from a copy.") from error

    def _read(self, name: ObjectId) -> tuple[bytes, bytes]:
        """(kind, bytes), checked against the name."""
        kind, data = self._read_unchecked(name)
        if object_id(kind, data) != name:
            raise StoreDamaged(f"The object {name} holds other bytes than its name says.", "Restore the store from a copy.")
        return kind, data

    def _read_unchecked(self, name: ObjectId) -> tuple[bytes, bytes]:
        try:
            draft = self._draft_of(name)
            if draft is not None:
                return draft.read(name)
            for file, offset in self._packed_at(name):
                with suppress(OSError):  # it went with a repack: dulwich looks again
                    found = read_entry(file, offset)
                    if found is not None:
                        return found
            with self._busy:
                number, data = self._repo.object_store.get_raw(name.encode("ascii"))
            return KIND_NAMES[number], data
        except KeyError as error:
            raise NotFound(f"The object {name} is not in this history.") from error
        except Exception as error:  # dulwich meets damage with many kinds of error
            raise StoreDamaged(f"The object {name} is damaged: {error}.", "Restore the store from a copy.") from error

    def _loose_size(self, name: ObjectId) -> int | None:
        """From the header of a loose object: a few bytes of it are read."""
        try:
            with open(self.path / "objects" / name[:2] / name[2:], "rb") as file:
                header = zlib.decompressobj().decompress(file.read(64), 64)
            return int(header[header.index(b" ") + 1 : header.index(b"\0")])
        except (OSError, ValueError, zlib.error):
            return None

    def _packed_size(self, name: ObjectId) -> int | None:
        """From the header of its entry; None if it is in no pack, or a delta, or in one that has just gone."""
        for path, offset in self._packed_at(name):
            try:
                with open(path, "rb", buffering=0) as file:
                    header = read_header(os.pread(file.fileno(), MOST_HEADER_BYTES, offset))
                return header.size_bytes if header is not None else None
            except OSError:
                continue
        return None

    def _packed_at(self, name: ObjectId) -> Iterator[tuple[str, int]]:
        """(pack's path, offset) of each copy in a pack."""
        with self._busy:
            packs = self._repo.object_store.packs
        for pack in packs:
            with suppress(KeyError, OSError), self._busy:
                offset = pack.index.object_offset(name.encode("ascii"))
                yield pack.data.filename, offset

    def remember_tree(self, tree: ObjectId, items: dict[bytes, TreeItem]) -> None:
        with self._busy:
            self._trees[tree] = items
            while len(self._trees) > TREES_KEPT:
                self._trees.popitem(last=False)


def _remove_if_old(path: Path, age_s: float) -> None:
    try:
        if time.time() - path.lstat().st_mtime > age_s:
            path.unlink()
    except OSError:
        return  # gone already, or not ours to remove

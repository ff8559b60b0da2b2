"""Objects and refs in a plain bare git repository: the one file that knows dulwich.

Loose objects are written directly (unique temporary name, rename, fsync before the next ref moves), because dulwich's own
ways re-read what they wrote, take its locks, or run its housekeeping in the middle of a snapshot.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
import uuid
import zlib
from collections import OrderedDict
from pathlib import Path

from dulwich.errors import NotGitRepository
from dulwich.file import FileLocked
from dulwich.objects import Blob, Commit, ShaFile, Tree
from dulwich.repo import Repo

from ..errors import NotFound, StoreDamaged
from ..model.ids import BlobDigest
from .disk import disk_errors
from .objects import FOLDER_MODE, CommitText, ObjectId, TreeItem, line_ref

COMPRESSION_LEVEL = 1
"""The default level is the whole cost of storing data; level 1 is within a few per cent of it in size for text."""
TREES_KEPT = 4096
MEASURE_EVERY_S = 300.0
DRAFT_PREFIX = "tmp_obj_"
"""git's own `gc` removes leftovers of this name too."""
STALE_LOCK_S = 5.0
"""Our writers hold the store's lock, so a ref's `.lock` is another git's, held for milliseconds, or a killed process's."""
STALE_DRAFT_S = 3600.0
SUBMODULE_MODE = 0o160000
"""Names a commit of another repository: it comes with commits that another git made, and there is nothing to read."""
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
        self.path = path
        self._busy = threading.RLock()
        self._unsynced: list[Path] = []
        self._trees: OrderedDict[ObjectId, dict[bytes, TreeItem]] = OrderedDict()
        self._sizes: dict[ObjectId, int] = {}
        self._size: int | None = None
        self._measured_at = 0.0

    # -- writing -----------------------------------------------------------------------------------

    def put_blob(self, data: bytes) -> BlobDigest:
        digest = BlobDigest(self._put(b"blob", data))
        self._sizes[digest] = len(data)
        return digest

    def put_tree(self, items: dict[bytes, TreeItem]) -> ObjectId:
        made = self._put(b"tree", _tree_bytes(items))
        self._keep_tree(made, dict(items))
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

    def _put(self, kind: bytes, data: bytes) -> ObjectId:
        header = kind + b" %d\0" % len(data)
        digest = hashlib.sha1(header, usedforsecurity=False)
        digest.update(data)
        name = digest.hexdigest()
        if self.has(name):
            return name
        path = self.path / "objects" / name[:2] / name[2:]
        with disk_errors(self.path):
            path.parent.mkdir(exist_ok=True)
            draft = path.parent / f"{DRAFT_PREFIX}{uuid.uuid4().hex}"
            packer = zlib.compressobj(COMPRESSION_LEVEL)
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(packer.compress(header))
                    file.write(packer.compress(data))
                    file.write(packer.flush())
                    n_written = file.tell()
                os.replace(draft, path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
        with self._busy:
            self._unsynced.append(path)
            if self._size is not None:
                self._size += n_written
        return name

    def has(self, name: ObjectId) -> bool:
        with disk_errors(self.path):
            if (self.path / "objects" / name[:2] / name[2:]).exists():
                return True
            return bool(self._repo.object_store.packs) and self._is_packed(name)

    def _is_packed(self, name: ObjectId) -> bool:
        with self._busy:
            return any(name.encode("ascii") in pack for pack in self._repo.object_store.packs)

    def sync(self) -> None:
        with self._busy:
            waiting, self._unsynced = self._unsynced, []
        try:
            with disk_errors(self.path):
                if len(waiting) > SYNC_ALL_ABOVE:
                    os.sync()
                    return
                for path in waiting:
                    _fsync(path)
                for folder in {path.parent for path in waiting}:
                    _fsync(folder)
        except BaseException:
            with self._busy:
                self._unsynced = waiting + self._unsynced
            raise

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

    def drop_ref(self, name: str, old: ObjectId) -> bool:
        with self._busy, disk_errors(self.path):
            try:
                return bool(self._repo.refs.remove_if_equals(name.encode("utf-8"), old.encode("ascii")))
            except FileLocked:
                self.sweep()
                return False

    # -- reading -----------------------------------------------------------------------------------

    def blob(self, digest: ObjectId) -> bytes:
        found = self._object(digest)
        if not isinstance(found, Blob):
            raise NotFound(f"{digest} does not name the bytes of a file.")
        return bytes(found.as_raw_string())

    def blob_size(self, digest: ObjectId) -> int:
        if digest not in self._sizes:
            self._sizes[digest] = self._loose_size(digest) or len(self.blob(digest))
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
        entries = (each for each in found.iteritems() if each.mode != SUBMODULE_MODE)
        items = {each.path: TreeItem(each.mode, each.sha.decode("ascii")) for each in entries}
        self._keep_tree(tree, items)
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

    def refs(self, below: str) -> dict[str, ObjectId]:
        prefix = below.encode("utf-8")
        with self._busy:
            found = self._repo.refs.as_dict(prefix.rstrip(b"/"))
        return {os.fsdecode(name): found[name].decode("ascii") for name in sorted(found)}

    def lines(self) -> list[str]:
        return list(self.refs(line_ref("")))

    def sweep(self) -> None:
        for lock in [*self.path.glob("*.lock"), *(self.path / "refs").rglob("*.lock")]:
            _remove_if_old(lock, STALE_LOCK_S)
        for draft in (self.path / "objects").glob(f"??/{DRAFT_PREFIX}*"):
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
        self._repo.close()

    def _object(self, name: ObjectId) -> ShaFile:
        with self._busy:
            try:
                found = self._repo.object_store[name.encode("ascii")]
                data = found.as_raw_string()
            except KeyError as error:
                raise NotFound(f"The object {name} is not in this history.") from error
            except Exception as error:  # dulwich meets damage with many kinds of error
                raise StoreDamaged(f"The object {name} is damaged: {error}.", "Restore the store from a copy.") from error
        expected = hashlib.sha1(found.type_name + b" %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        if expected != name:
            raise StoreDamaged(f"The object {name} holds other bytes than its name says.", "Restore the store from a copy.")
        return found

    def _loose_size(self, name: ObjectId) -> int | None:
        """From the header of a loose object: a few bytes of it are read."""
        try:
            with open(self.path / "objects" / name[:2] / name[2:], "rb") as file:
                header = zlib.decompressobj().decompress(file.read(64), 64)
            return int(header[header.index(b" ") + 1 : header.index(b"\0")])
        except (OSError, ValueError, zlib.error):
            return None

    def _keep_tree(self, tree: ObjectId, items: dict[bytes, TreeItem]) -> None:
        with self._busy:
            self._trees[tree] = items
            while len(self._trees) > TREES_KEPT:
                self._trees.popitem(last=False)


def _tree_bytes(items: dict[bytes, TreeItem]) -> bytes:
    """git's form and order: a folder sorts as if its name ended in a slash. Source: git's `fsck` ("treeNotSorted")."""
    ordered = sorted(items.items(), key=lambda each: each[0] + b"/" if each[1].mode == FOLDER_MODE else each[0])
    return b"".join(b"%o %s\0%s" % (item.mode, name, bytes.fromhex(item.id)) for name, item in ordered)


def _remove_if_old(path: Path, age_s: float) -> None:
    try:
        if time.time() - path.lstat().st_mtime > age_s:
            path.unlink()
    except OSError:
        return  # gone already, or not ours to remove


def _fsync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

"""Objects and refs in a plain bare git repository, by dulwich where it is quick and quiet enough.

What is written is written by us (`loose.py`, `pack.py`, `refs.py`), because dulwich's own ways re-read what they wrote, take its
locks, or run its housekeeping in the middle of a snapshot.
"""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, Mapping, TypeVar

from dulwich.file import FileLocked
from dulwich.objects import Commit, ShaFile, Tag, Tree
from dulwich.pack import Pack, PackFileDisappeared
from dulwich.refs import RefsContainer
from dulwich.repo import Repo

from ..errors import DotscienceError, Forgotten, NotFound, StoreDamaged, StoreError
from ..model.ids import BlobDigest
from .batch import Batch
from .disk import disk_errors
from .graves import exhume
from .loose import LooseFiles, loose_path, read_loose
from .objects import (
    REMOTES_REF,
    Buffer,
    CommitText,
    ObjectId,
    Sink,
    StoredObject,
    TreeItem,
    line_ref,
    object_id,
    tree_bytes,
)
from .pack import PackDraft
from .packs import Packs
from .refs import OBJECT_ID, RefLocked, move_ref, read_ref
from .stored import loose_files, loose_objects, packed_objects
from .sweep import sweep
from .untidy import mark_untidy

TREE_ITEMS_KEPT = 200_000
"""Of folders read last: about 50 MB; a folder of the records has up to 256 items, one of the user's any number."""
MEASURE_EVERY_S = 300.0
COMMITS_KEPT = 64
"""Of those read or written last: a snapshot asks several times for the newest."""
SUBMODULE_MODE = 0o160000
"""Names a commit of another repository: it comes with commits that another git made, and there is nothing to read."""
REMEDY = "`ds check` names what is damaged and what refers to it."


_Kind = TypeVar("_Kind", bound=ShaFile)


def create_repository(path: Path) -> None:
    """A bare repository at `path`, with the settings that keep git and dulwich from tidying up by themselves."""
    with disk_errors(path):
        repo = Repo.init_bare(path, mkdir=not path.exists(), default_branch=b"main")
        config = repo.get_config()
        for section, name, value in (
            ((b"gc",), b"auto", b"0"),
            ((b"core",), b"logAllRefUpdates", b"false"),
            ((b"core",), b"bigFileThreshold", b"536870912"),
            ((b"pack",), b"compression", b"1"),
            ((b"receive",), b"denyNonFastForwards", b"false"),
        ):
            config.set(section, name, value)
        config.write_to_path()
        repo.close()


class GitObjects:
    """The repository at `path`, which must exist."""

    def __init__(self, path: Path) -> None:
        with disk_errors(path):
            try:
                self._repo = Repo(str(path), bare=True)
            except OSError:
                raise
            except Exception as error:  # dulwich meets damage of HEAD or config with many kinds of error
                sentence = f"{path} cannot be opened as a git repository: {error}."
                raise StoreDamaged(sentence, "Restore its HEAD and config from a copy.") from error
        # dulwich complains of packs left open when it is taken down: at the end of a process, into the user's terminal.
        weakref.finalize(self, self._repo.close)
        self.path = path
        self._busy = threading.RLock()
        self._loose = LooseFiles(path)
        self._packs = Packs(path, self._repo.object_store)
        self._trees: OrderedDict[ObjectId, dict[bytes, TreeItem]] = OrderedDict()
        self._n_tree_items = 0
        self._commits: OrderedDict[ObjectId, CommitText] = OrderedDict()
        self._sizes: dict[ObjectId, int] = {}
        self._size: int | None = None
        self._measured_at = 0.0
        self._refused: dict[ObjectId, str] = {}

    # -- writing -----------------------------------------------------------------------------------

    def put_blob(self, data: Buffer, name: BlobDigest | None = None) -> BlobDigest:
        digest = BlobDigest(self._put(b"blob", data, name))
        self._sizes[digest] = len(data)
        return digest

    def put_tree(self, items: dict[bytes, TreeItem]) -> ObjectId:
        made = self._put(b"tree", tree_bytes(items))
        self.remember_tree(made, items)
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
        name = self._put(b"commit", made.as_raw_string())
        self._remember_commit(name, commit._replace(message=made.message.decode("utf-8"), at=float(made.commit_time)))
        return name

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
        self._packs.adopt(draft)
        with self._busy:
            if self._size is not None:
                self._size += draft.size_bytes

    def _put(self, kind: bytes, data: Buffer, name: ObjectId | None = None) -> ObjectId:
        name = name or object_id(kind, data)
        if not self.is_kept(kind, name, data):
            self.put_loose(kind, name, data)
        return name

    def put_loose(self, kind: bytes, name: ObjectId, data: Buffer) -> None:
        with disk_errors(self.path):
            n_written = self._loose.put(kind, name, data)
        with self._busy:
            if self._size is not None:
                self._size += n_written

    def is_kept(self, kind: bytes, name: ObjectId, data: Buffer) -> bool:
        """True if the store holds these bytes."""
        if name in self._refused:
            raise Forgotten(self._refused[name], "Bytes that were purged are not taken in again.")
        with disk_errors(self.path):
            is_loose = self._loose.holds(kind, name, data)
            return self._is_packed_afresh(name) if is_loose is None else is_loose

    def _is_packed_afresh(self, name: ObjectId) -> bool:
        return self._packs.draft_of(name) is not None or self._packs.keep(name)

    def keep(self, name: ObjectId) -> bool:
        if self._packs.is_in_young(name):
            return True
        with disk_errors(self.path):
            return self._loose.freshen(name) or self._is_packed_afresh(name)

    def has(self, name: ObjectId) -> bool:
        with disk_errors(self.path):
            is_here = self._loose.has(name) or self._packs.draft_of(name) is not None or self._packs.of(name) is not None
            return is_here or any(os.path.exists(loose_path(each.path, name)) for each in self._packs.lenders())

    def sync(self) -> None:
        self._packs.publish()
        with disk_errors(self.path):
            self._loose.sync(lambda name: self._packs.of(name) is not None)

    def is_folder(self, name: ObjectId) -> bool:
        return self._read(name)[0] == Tree.type_name

    def refusal(self, name: ObjectId) -> str:
        return self._refused.get(name, "")

    def refuse(self, names: Mapping[ObjectId, str]) -> None:
        self._refused.update(names)

    def move_ref(self, name: str, old: ObjectId | None, new: ObjectId) -> bool:
        with self._busy, disk_errors(self.path):
            try:
                is_moved = move_ref(self.path, name, old, new, lambda: self.ref(name))
                if is_moved and name.startswith(REMOTES_REF):
                    mark_untidy(self.path)  # what a remote held once, and holds no more, is kept no longer
                return is_moved
            except RefLocked:
                self.sweep()
                time.sleep(random.uniform(0.2, 0.5))
                return False

    def drop_ref(self, name: str, old: ObjectId) -> bool:
        with self._busy, disk_errors(self.path):
            try:
                mark_untidy(self.path)
                return bool(self._repo.refs.remove_if_equals(name.encode("utf-8"), old.encode("ascii")))
            except FileLocked:
                self.sweep()
                time.sleep(random.uniform(0.2, 0.5))
                return False

    # -- reading -----------------------------------------------------------------------------------

    def blob(self, digest: ObjectId) -> bytes:
        kind, data = self._read(digest)
        if kind != b"blob":
            raise NotFound(f"{digest} does not name the bytes of a file.")
        return data

    def content(self, name: ObjectId) -> bytes | dict[bytes, TreeItem]:
        kind, data = self._read(name)
        if kind not in (b"blob", b"tree"):
            raise NotFound(f"{name} names neither the bytes of a file nor a folder.")
        return data if kind == b"blob" else self.tree(name)

    def blob_size(self, digest: ObjectId) -> int:
        if digest not in self._sizes:
            self._sizes[digest] = self._loose.size(digest) or self._packs.size(digest) or len(self.blob(digest))
        return self._sizes[digest]

    def tree(self, tree: ObjectId) -> dict[bytes, TreeItem]:
        with self._busy:
            known = self._trees.get(tree)
            if known is not None:
                self._trees.move_to_end(tree)
                return known
        found = self._parsed(Tree, tree)
        entries = (each for each in found.iteritems() if each.mode != SUBMODULE_MODE)
        items = {each.path: TreeItem(each.mode, each.sha.decode("ascii")) for each in entries}
        self.remember_tree(tree, items)
        return items

    def commit(self, commit: ObjectId) -> CommitText:
        with self._busy:
            known = self._commits.get(commit)
        if known is not None:
            return known
        found = self._parsed(Commit, commit)
        parents = tuple(parent.decode("ascii") for parent in found.parents)
        message, author = found.message.decode("utf-8", "replace"), found.author.decode("utf-8", "replace")
        read = CommitText(found.tree.decode("ascii"), parents, message, float(found.commit_time), author)
        self._remember_commit(commit, read)
        return read

    def _remember_commit(self, name: ObjectId, commit: CommitText) -> None:
        with self._busy:
            self._commits[name] = commit
            while len(self._commits) > COMMITS_KEPT:
                self._commits.popitem(last=False)

    def ref(self, name: str) -> ObjectId | None:
        found = read_ref(self.path, name)  # a tenth of what dulwich takes; it is asked where no plain file of that name says it
        if found is not None:
            return found
        with self._refs(name) as refs:
            try:
                found = refs[name.encode("utf-8")].decode("ascii", "replace")
            except KeyError:
                return None
        if not OBJECT_ID.fullmatch(found):
            raise StoreDamaged(f"The ref {name} holds no object's name.", REMEDY)
        return found

    def refs(self, below: str) -> dict[str, ObjectId]:
        with self._refs(below) as refs:
            found = refs.as_dict(below.encode("utf-8").rstrip(b"/"))
        return {os.fsdecode(name): found[name].decode("ascii", "replace") for name in sorted(found)}

    def lines(self) -> list[str]:
        return list(self.refs(line_ref("")))

    @contextmanager
    def _refs(self, asked: str) -> Iterator[RefsContainer]:
        with self._busy, disk_errors(self.path):
            try:
                yield self._repo.refs
            except (OSError, DotscienceError):
                raise
            except Exception as error:  # dulwich meets damage with many kinds of error
                raise StoreDamaged(f"The ref {asked} cannot be read: {error}.", REMEDY) from error

    def ref_ways(self) -> dict[str, tuple[ObjectId, ...]]:
        with self._refs("refs/") as refs:
            names = sorted(name.decode("utf-8", "surrogateescape") for name in refs.subkeys(b"refs/"))
        found = {name: self.ref(name) for name in (f"refs/{each}" for each in names)}  # one that cannot be read is an error
        return {name: self._peeled(target) for name, target in found.items() if target is not None}

    def _peeled(self, name: ObjectId) -> tuple[ObjectId, ...]:
        """The user's own tags may be objects that name a commit."""
        kind, data = self._read(name)
        if kind != Tag.type_name:
            return (name,)
        tag = Tag.from_raw_string(Tag.type_num, data)
        return (name, *self._peeled(tag.object[1].decode("ascii")))  # type: ignore[attr-defined]

    def stored(self) -> Iterator[StoredObject]:
        yield from loose_objects(self.path)
        for pack in self.own_packs():
            yield from packed_objects(pack)

    def own_packs(self) -> list[Pack]:
        """Without those of stores that it borrows from."""
        return self._packs.own()

    def borrow_no_more(self) -> None:
        """What it borrowed lies here now, and the list of lenders is gone."""
        self._packs.borrow_no_more()

    def sweep(self) -> None:
        exhume(self.path)
        sweep(self.path)

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

    def shared_bytes(self) -> int:
        packs = ((path, path.stat()) for path in (self.path / "objects/pack").glob("*.*"))
        return sum(found.st_size for _, found in (*loose_files(self.path), *packs) if found.st_nlink > 1)

    def close(self) -> None:
        self._packs.discard()
        self._repo.close()

    def raw(self, name: ObjectId) -> tuple[bytes, bytes]:
        """(kind, bytes), checked against the name; StoreDamaged also if there is no such object."""
        try:
            return self._read(name)
        except NotFound as error:
            raise StoreDamaged(f"The object {name} is not there any more.", REMEDY) from error

    def _parsed(self, cls: type[_Kind], name: ObjectId) -> _Kind:
        """A folder or commit that something here names: not to be there is damage."""
        try:
            kind, data = self._read(name)
            if kind != cls.type_name:
                raise StoreDamaged(f"The object {name} is no {cls.type_name.decode()}.", REMEDY)
            return cls.from_raw_string(cls.type_num, data)  # type: ignore[return-value]
        except NotFound as error:
            raise StoreDamaged(f"The {cls.type_name.decode()} {name} is not there any more.", REMEDY) from error
        except StoreError:
            raise
        except Exception as error:  # dulwich meets damage with many kinds of error
            raise StoreDamaged(f"The object {name} cannot be read: {error}.", REMEDY) from error

    def _read(self, name: ObjectId) -> tuple[bytes, bytes]:
        """(kind, bytes) of the first whole copy, loose or packed: one damaged file costs only what lies in it alone."""
        damage: Exception | None = None
        for copy in self._copies(name):
            try:
                kind, data = copy()
            except (FileNotFoundError, KeyError, PackFileDisappeared):
                continue
            except OSError as error:
                refusal = f"The disk refused to read {name}: {error.strerror or error}."
                damage = damage or StoreError(refusal, "Try again; if it stays so, copy the folder to another disk.")
                continue
            except Exception as error:
                damage = StoreDamaged(f"The object {name} is damaged: {error}.", REMEDY)
                continue
            if object_id(kind, data) == name:
                return kind, data
            damage = StoreDamaged(f"The object {name} holds other bytes than its name says.", REMEDY)
        raise damage or NotFound(f"The object {name} is not in this history.")

    def _copies(self, name: ObjectId) -> Iterator[Callable[[], tuple[bytes, bytes]]]:
        draft = self._packs.draft_of(name)
        if draft is not None:
            yield lambda: draft.read(name)
        yield lambda: self._loose.read(name)
        for pack in self._packs.all():
            yield lambda pack=pack: self._packs.read(pack, name)  # type: ignore[misc]
        for store in self._packs.lenders():
            yield lambda store=store: read_loose(loose_path(store.path, name))  # type: ignore[misc]

    def remember_tree(self, tree: ObjectId, items: dict[bytes, TreeItem]) -> None:
        with self._busy:
            self._n_tree_items -= len(self._trees.pop(tree, ()))
            self._trees[tree] = items
            self._n_tree_items += len(items)
            while self._n_tree_items > TREE_ITEMS_KEPT and len(self._trees) > 1:
                self._n_tree_items -= len(self._trees.popitem(last=False)[1])

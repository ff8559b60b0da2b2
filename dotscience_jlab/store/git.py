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
from typing import Callable, Iterator, Mapping, TypeVar

from dulwich.file import FileLocked
from dulwich.object_store import DiskObjectStore, PackBasedObjectStore
from dulwich.objects import Commit, ShaFile, Tag, Tree
from dulwich.pack import Pack, PackFileDisappeared
from dulwich.refs import RefsContainer
from dulwich.repo import Repo

from ..errors import DotscienceError, Forgotten, NotFound, StoreDamaged, StoreError
from ..model.ids import BlobDigest
from .batch import Batch
from .deflate import deflated
from .disk import disk_errors
from .durable import sync_files
from .graves import exhume
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
from .pack import KIND_NAMES, MOST_HEADER_BYTES, PackDraft, read_entry, read_header
from .refs import OBJECT_ID, RefLocked, move_ref
from .stored import loose_files, loose_objects, packed_objects
from .sweep import sweep
from .untidy import mark_untidy

TREE_ITEMS_KEPT = 200_000
"""Of folders read last: about 50 MB; a folder of the records has up to 256 items, one of the user's any number."""
MEASURE_EVERY_S = 300.0
DRAFT_PREFIX = "tmp_obj_"
"""git's own `gc` removes leftovers of this name too."""
SUBMODULE_MODE = 0o160000
"""Names a commit of another repository: it comes with commits that another git made, and there is nothing to read."""
YOUNG_S = 3600.0
"""An object that somebody else wrote this lately may not be on the disk yet: whoever names it syncs it too."""
MOST_LENDERS = 100
"""More than anybody has; two that lend to each other do not go on for ever."""
RACY_NS = 20_000_000
"""A folder that changed less than this before it was listed may have changed again within the same tick of its time."""
YOUNG_PACK_S = 60.0
FRESH_S = 300.0
"""What is put again is marked as young again, unless it is younger than this anyway."""
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
        self._publishing = threading.Lock()
        self._folder = f"{path}/objects"
        self._listed: dict[str, tuple[int, list[Pack]]] = {}
        """Folder of objects -> when its packs were listed (ns), and what was there."""
        self._young_pack: tuple[Pack, float] | None = None
        """The last one that was marked as young, and until when that need not be done again."""
        self._unsynced: set[Path] = set()
        self._drafts: list[PackDraft] = []
        """Packs that are whole but have no name yet, since no ref needs them."""
        self._trees: OrderedDict[ObjectId, dict[bytes, TreeItem]] = OrderedDict()
        self._n_tree_items = 0
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
        if not self.is_kept(kind, name, data):
            self.put_loose(kind, name, data)
        return name

    def put_loose(self, kind: bytes, name: ObjectId, data: Buffer) -> None:
        path = self._loose_path(name)
        with disk_errors(self.path):
            n_written = self._write(path, deflated(data, _header(kind, data)))
        with self._busy:
            self._unsynced.add(path)
            if self._size is not None:
                self._size += n_written

    def is_kept(self, kind: bytes, name: ObjectId, data: Buffer) -> bool:
        """True if the store holds these bytes. A loose object is read: after a power cut its name may stand before nothing."""
        if name in self._refused:
            raise Forgotten(self._refused[name], "Bytes that were purged are not taken in again.")
        path, header = self._loose_path(name), _header(kind, data)
        with disk_errors(self.path):
            try:
                written_at = path.stat().st_mtime
                found = zlib.decompress(path.read_bytes())
                if not found.startswith(header) or memoryview(found)[len(header) :] != data:
                    return False
                _freshen(path)
            except (FileNotFoundError, zlib.error):
                return self._draft_of(name) is not None or self._is_packed_afresh(name)
        if abs(time.time() - written_at) < YOUNG_S:
            with self._busy:
                self._unsynced.add(path)
        return True

    def _write(self, path: Path, pieces: list[Buffer]) -> int:
        """Whole or not at all; bytes written."""
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            with self._busy:
                self._unsynced.add(path.parent)
        draft = path.parent / f"{DRAFT_PREFIX}{uuid.uuid4().hex}"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        try:
            with os.fdopen(fd, "wb") as file:
                file.writelines(pieces)
                n_written = file.tell()
            os.replace(draft, path)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise
        return n_written

    def _is_packed_afresh(self, name: ObjectId) -> bool:
        pack = self._pack_of(name)
        while pack is not None:
            with suppress(FileNotFoundError):
                _freshen(Path(f"{pack._basename}.pack"))
                self._young_pack = pack, time.monotonic() + YOUNG_PACK_S
                return True
            pack = self._pack_of(name)  # it was replaced a moment ago
        return False

    def keep(self, name: ObjectId) -> bool:
        if self._is_in_young_pack(name):
            return True
        with disk_errors(self.path):
            try:
                _freshen(self._loose_path(name))
                return True
            except FileNotFoundError:
                return self._draft_of(name) is not None or self._is_packed_afresh(name)

    def _is_in_young_pack(self, name: ObjectId) -> bool:
        """Looking for each chunk of a large file all through the store would cost as much as hashing it."""
        if self._young_pack is None or time.monotonic() > self._young_pack[1]:
            return False
        with self._busy, suppress(Exception):  # dulwich meets a pack that went with many kinds of error
            return name.encode("ascii") in self._young_pack[0]
        return False

    def has(self, name: ObjectId) -> bool:
        with disk_errors(self.path):
            is_here = self._loose_path(name).exists() or self._draft_of(name) is not None or self._pack_of(name) is not None
            return is_here or any(os.path.exists(f"{each.path}/{name[:2]}/{name[2:]}") for each in self._lenders())

    def _draft_of(self, name: ObjectId) -> PackDraft | None:
        with self._busy:
            return next((draft for draft in self._drafts if name in draft), None)

    def _loose_path(self, name: ObjectId) -> Path:
        return Path(f"{self._folder}/{name[:2]}/{name[2:]}")

    def _packs(self) -> Iterator[Pack]:
        """This store's and those of stores that it borrows from, as they lie on the disk now."""
        with self._busy, disk_errors(self.path):
            stores = [self._repo.object_store, *self._lenders()]
            found = [pack for store in stores for pack in self._present_packs(store)]
        yield from found

    def _lenders(self) -> list[DiskObjectStore]:
        """Those that lend to a lender too, as git has it."""
        with self._busy:
            found: list[DiskObjectStore] = []
            waiting = list(self._repo.object_store.alternates)
            while waiting and len(found) < MOST_LENDERS:
                found.append(waiting.pop(0))  # type: ignore[arg-type]
                waiting += found[-1].alternates
            return found

    def _present_packs(self, store: PackBasedObjectStore) -> list[Pack]:
        """Listed again only when the folder has changed: a stat for each new object rather than two listings."""
        try:
            changed_ns = os.stat(store.pack_dir).st_mtime_ns  # type: ignore[attr-defined]
        except FileNotFoundError:
            return []
        listed_ns, packs = self._listed.get(store.path, (0, []))  # type: ignore[attr-defined]
        if changed_ns + RACY_NS > listed_ns:
            listed_ns = time.time_ns()
            packs = list(store.packs) and list(store.packs)  # the first answer still has those that went since the last one
            self._listed[store.path] = listed_ns, packs  # type: ignore[attr-defined]
        return packs

    def _pack_of(self, name: ObjectId) -> Pack | None:
        """A pack whose index cannot be read has nothing: what it held is then written anew."""
        for pack in self._packs():
            with self._busy, suppress(Exception):
                if name.encode("ascii") in pack:
                    return pack
        return None

    def sync(self) -> None:
        self._publish_packs()
        with self._busy:
            waiting, self._unsynced = self._unsynced, set()
        try:
            with disk_errors(self.path):
                sync_files([path for path in waiting if path.exists() or self._pack_of(path.parent.name + path.name) is None])
        except BaseException:
            with self._busy:
                self._unsynced |= waiting
            raise

    def is_folder(self, name: ObjectId) -> bool:
        return self._read(name)[0] == Tree.type_name

    def refusal(self, name: ObjectId) -> str:
        return self._refused.get(name, "")

    def refuse(self, names: Mapping[ObjectId, str]) -> None:
        self._refused.update(names)

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
            self._sizes[digest] = self._loose_size(digest) or self._packed_size(digest) or len(self.blob(digest))
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
        found = self._parsed(Commit, commit)
        parents = tuple(parent.decode("ascii") for parent in found.parents)
        message, author = found.message.decode("utf-8", "replace"), found.author.decode("utf-8", "replace")
        return CommitText(found.tree.decode("ascii"), parents, message, float(found.commit_time), author)

    def ref(self, name: str) -> ObjectId | None:
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
        with self._busy:
            return self._present_packs(self._repo.object_store)

    def borrow_no_more(self) -> None:
        """What it borrowed lies here now, and the list of lenders is gone."""
        with self._busy:
            for store in self._lenders():
                store.close()
            self._repo.object_store._alternates = []

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
        with self._busy:
            for draft in self._drafts:
                draft.discard()
            self._drafts.clear()
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
        draft = self._draft_of(name)
        if draft is not None:
            yield lambda: draft.read(name)
        yield lambda: _read_loose(self._loose_path(name))
        for pack in self._packs():
            yield lambda pack=pack: self._read_packed(pack, name)  # type: ignore[misc]
        for store in self._lenders():
            yield lambda store=store: _read_loose(Path(store.path, name[:2], name[2:]))  # type: ignore[misc]

    def _read_packed(self, pack: Pack, name: ObjectId) -> tuple[bytes, bytes]:
        with self._busy:
            path, offset = _path_of(pack), pack.index.object_offset(name.encode("ascii"))
        found = read_entry(path, offset)
        if found is not None:
            return found
        with self._busy:
            number, data = pack.get_raw(name.encode("ascii"))
        return KIND_NAMES[number], data

    def _loose_size(self, name: ObjectId) -> int | None:
        """From the header of a loose object: a few bytes of it are read."""
        try:
            with open(self.path / "objects" / name[:2] / name[2:], "rb") as file:
                header = zlib.decompressobj().decompress(file.read(64), 64)
            return int(header[header.index(b" ") + 1 : header.index(b"\0")])
        except (OSError, ValueError, zlib.error):
            return None

    def _packed_size(self, name: ObjectId) -> int | None:
        """From the header of its entry; None if it is in no pack, or as a delta, or in one that cannot be read."""
        for pack in self._packs():
            with suppress(Exception):  # dulwich meets damage with many kinds of error
                with self._busy:
                    path, offset = _path_of(pack), pack.index.object_offset(name.encode("ascii"))
                with open(path, "rb", buffering=0) as file:
                    header = read_header(os.pread(file.fileno(), MOST_HEADER_BYTES, offset))
                return header.size_bytes if header is not None else None
        return None

    def remember_tree(self, tree: ObjectId, items: dict[bytes, TreeItem]) -> None:
        with self._busy:
            self._n_tree_items -= len(self._trees.pop(tree, ()))
            self._trees[tree] = items
            self._n_tree_items += len(items)
            while self._n_tree_items > TREE_ITEMS_KEPT and len(self._trees) > 1:
                self._n_tree_items -= len(self._trees.popitem(last=False)[1])


def _header(kind: bytes, data: Buffer) -> bytes:
    return kind + b" %d\0" % len(data)


def _path_of(pack: Pack) -> str:
    """dulwich says its name only."""
    return os.path.join(os.path.dirname(pack.index.path), pack.data.filename)


def _freshen(path: Path) -> None:
    """Whoever removes what nothing refers to leaves alone what is young, as git does. FileNotFoundError: it is gone already."""
    if time.time() - path.stat().st_mtime > FRESH_S:
        with suppress(PermissionError):  # not ours: then we do not remove it either
            os.utime(path)


def _read_loose(path: Path) -> tuple[bytes, bytes]:
    """(kind, bytes); ValueError or zlib.error if the file is damaged."""
    header, _, data = zlib.decompress(path.read_bytes()).partition(b"\0")
    return header.split(b" ")[0], data

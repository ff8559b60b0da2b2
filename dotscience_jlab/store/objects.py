"""Where objects and refs lie: the small thing below a history. On disk it is git (`git.py`), in tests memory (`memory.py`)."""

from __future__ import annotations

import hashlib
from typing import ContextManager, Iterator, Mapping, NamedTuple, Protocol

from ..model.ids import BlobDigest

ObjectId = str
"""40 hex digits; a BlobDigest is one, of a blob."""

FOLDER_MODE = 0o040000

Buffer = bytes | bytearray | memoryview

RECORDS_REF = "refs/ds/records"


REMOTES_REF = "refs/ds/remotes/"
"""`<remote>/heads/<line>` and `<remote>/records`: what was there when last asked; `<remote>/sent`: what a push has under way."""


def line_ref(line: str) -> str:
    """'main' -> 'refs/heads/main'; a remote's, as last fetched: 'origin:main' -> 'refs/ds/remotes/origin/heads/main'

    git allows no ':' in the name of a ref, so the two never meet.
    """
    remote, colon, name = line.partition(":")
    return f"{REMOTES_REF}{remote}/heads/{name}" if colon else f"refs/heads/{line}"


class TreeItem(NamedTuple):
    mode: int
    """git's: 0o100644, 0o100755, 0o120000 (link), 0o040000 (folder)"""
    id: ObjectId


AUTHOR = "dotscience <dotscience@localhost>"


class CommitText(NamedTuple):
    tree: ObjectId
    parents: tuple[ObjectId, ...]
    message: str
    at: float
    """Epoch seconds, UTC."""
    author: str = AUTHOR
    """`Name <address>`"""


LOOSE = "loose"


class StoredObject(NamedTuple):
    name: ObjectId
    place: str
    """`LOOSE`, or the name of the pack it lies in"""
    size_bytes: int
    """As it lies there: compressed, perhaps as a difference to another."""


def object_id(kind: bytes, data: Buffer) -> ObjectId:
    """git's name of an object of this kind: b'blob', b'tree' or b'commit'."""
    digest = hashlib.sha1(kind + b" %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def tree_bytes(items: Mapping[bytes, TreeItem]) -> bytes:
    """git's form and order: a folder sorts as if its name ended in a slash. Source: git's `fsck` ("treeNotSorted")."""
    ordered = sorted(items.items(), key=lambda each: each[0] + b"/" if each[1].mode == FOLDER_MODE else each[0])
    return b"".join(b"%o %s\0%s" % (item.mode, name, bytes.fromhex(item.id)) for name, item in ordered)


class Sink(Protocol):
    """Takes objects in. Named by content, so putting one twice keeps one."""

    def put_blob(self, data: Buffer, name: BlobDigest | None = None) -> BlobDigest:
        """name: git's, where the caller has computed it. `data` must not change any more."""

    def put_tree(self, items: dict[bytes, TreeItem]) -> ObjectId: ...

    def has(self, name: ObjectId) -> bool:
        """One look, nothing is read."""

    def keep(self, name: ObjectId) -> bool:
        """`has`, for who is about to refer to it without putting it again: maintenance then takes it for new."""


class Objects(Sink, Protocol):
    """All names are 40 hex digits."""

    def put_commit(self, commit: CommitText) -> ObjectId: ...

    def blob(self, digest: ObjectId) -> bytes:
        """NotFound, or StoreDamaged if the bytes are not what their name says."""

    def batch(self) -> ContextManager[Sink]:
        """For many objects at once: in one file where that pays. Readable when the block ends; nothing stays if it fails."""

    def content(self, name: ObjectId) -> bytes | dict[bytes, TreeItem]:
        """Of a blob its bytes, of a tree its items; errors as `blob`."""

    def blob_size(self, digest: ObjectId) -> int:
        """Without reading the whole blob where that is possible."""

    def tree(self, tree: ObjectId) -> dict[bytes, TreeItem]:
        """The caller must not change it."""

    def commit(self, commit: ObjectId) -> CommitText: ...

    def ref(self, name: str) -> ObjectId | None: ...

    def refs(self, below: str) -> dict[str, ObjectId]:
        """Every ref whose name begins with `below`, which ends in '/': the rest of its name -> its object; sorted."""

    def lines(self) -> list[str]:
        """Names of all lines of this workspace, sorted; those of remotes are none of them."""

    def ref_ways(self) -> dict[str, tuple[ObjectId, ...]]:
        """Every ref: what it names, and where that is a tag, what the tag names, down to the commit, which comes last."""

    def stored(self) -> Iterator[StoredObject]:
        """Every object here, as it lies on the disk; one that lies there twice comes twice. In no order."""

    def is_folder(self, name: ObjectId) -> bool:
        """False: the bytes of a file."""

    def refusal(self, name: ObjectId) -> str:
        """The sentence that `refuse` was given for it; '' if it is welcome."""

    def refuse(self, names: Mapping[ObjectId, str]) -> None:
        """From now on putting one of these raises Forgotten with that sentence: purged bytes do not come back."""

    def sync(self) -> None:
        """Everything put so far survives a power cut when this returns."""

    def move_ref(self, name: str, old: ObjectId | None, new: ObjectId) -> bool:
        """Compare and swap, durable; False if the ref is not `old` any more."""

    def drop_ref(self, name: str, old: ObjectId) -> bool:
        """Compare and remove; what only it reached may be swept up some day. False if the ref is not `old` any more."""

    def sweep(self) -> None:
        """Remove what a killed writer left behind. Only while nobody else writes: the caller holds the store's lock."""

    def size_bytes(self) -> int: ...

    def shared_bytes(self) -> int:
        """Of files that forks have too."""

    def close(self) -> None: ...

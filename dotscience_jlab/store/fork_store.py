"""A new history that begins where another one stood. Objects are shared by hard links, so that deleting the origin is safe.

    the origin's loose objects into one pack -> links to its packs -> two refs -> its index -> synced -> renamed into place

What is half made has the name of a draft, which is swept. Across file systems no link can be made: then the objects are borrowed
(`lending.py`).
"""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from pathlib import Path

from ..errors import Conflict, StoreError
from ..model.ids import SnapshotId, new_store_id
from ..model.instant import instant
from ..model.workspace import Origin, Workspace
from .arriving import ARRIVING, Arriving, arriving_text
from .disk import disk_errors
from .durable import sync_path, sync_together
from .excused import EXCUSED, excuse
from .fork_index import copy_index
from .gather import gather_loose, own_loose
from .git import GitObjects
from .history import History
from .layout import ATTRIBUTES, GITIGNORE, OWN_GIT, store_folder, workspace_text
from .lending import ALTERNATES, LENDERS, Borrower, Lender, borrow, lend, lenders
from .objects import RECORDS_REF, ObjectId, line_ref
from .open import open_store
from .salt import NAME as SALT
from .salt import share_salt
from .untidy import mark_untidy

NO_LINK = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS)
OF_PACKS = (".pack", ".idx")
LINK_TRIES = 5
FOLDERS = ("refs/heads", "objects/pack", "objects/info", "info")


def copy_history(origin: History, new_root: Path, snapshot: SnapshotId) -> History:
    """The history of `new_root`, opened: the origin's snapshots up to `snapshot`, and its records as of now, under an id of its
    own. See `make_history`."""
    make_history(origin, new_root, snapshot)
    return open_store(new_root)


def make_history(origin: History, new_root: Path, snapshot: SnapshotId, arriving: Arriving | None = None) -> Path:
    """The new `store.git`, on the disk and under its name, not opened. Whole or not at all. The user's files are not touched.

    arriving: files that the caller is going to write; whoever finds the history finds that they are to come.

    Costs one hard link a pack, a few small files, the copy of the index, and 0.1 ms for each object that the origin has written
    since it was last tidied. Conflict if `new_root` has a history.
    """
    folder = store_folder(new_root, None)
    if folder.exists():
        raise Conflict(f"{new_root} has a history already.", "Choose another folder.")
    source, draft = _git_of(origin), folder / f"store.git.{uuid.uuid4().hex}"
    gather_loose(source)
    try:
        with disk_errors(folder):
            refs = make_store(origin, draft, new_root, snapshot)
            if arriving is not None and arriving.paths:
                (draft / ARRIVING).write_text(arriving_text(arriving))
            copy_index(origin.index, draft / "state.db", snapshot, refs[line_ref("main")], refs.get(RECORDS_REF))
            sync_together(files_to_sync(draft))
            draft.rename(folder / "store.git")
            sync_path(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder / "store.git"


def make_store(origin: History, draft: Path, new_root: Path, snapshot: SnapshotId) -> dict[str, ObjectId]:
    """All but the index, at `draft`, which must not exist; nothing is synced. Returns its refs. OSError."""
    source, at = _git_of(origin), instant(time.time())
    came_from = Origin(origin.workspace.id, snapshot, str(origin.root), at)
    workspace = Workspace(new_store_id(), at, root=str(new_root), origin=came_from)
    # Before the objects are listed: what these lead to is there then, and nobody takes it away.
    records = source.ref(RECORDS_REF)
    refs = {line_ref("main"): origin.commit_of(snapshot), **({RECORDS_REF: records} if records else {})}
    is_whole = source.ref(line_ref("main")) == refs[line_ref("main")]
    for each in FOLDERS:
        (draft / each).mkdir(mode=0o700, parents=True, exist_ok=True)
    (draft.parent / ".gitignore").write_text(GITIGNORE)
    draft.parent.chmod(0o700)
    (draft / "HEAD").write_text("ref: refs/heads/main\n")
    (draft / ".git").write_text(OWN_GIT)
    (draft / "info/attributes").write_text(ATTRIBUTES)
    shutil.copyfile(source.path / "config", draft / "config")
    packed = "".join(f"{refs[name]} {name}\n" for name in sorted(refs))
    (draft / "packed-refs").write_text(f"# pack-refs with: sorted \n{packed}")
    (draft / "workspace.json").write_text(workspace_text(workspace))
    share_salt(source.path, draft)
    _share_objects(origin, draft, Borrower(workspace.id, str(new_root), at))
    if not is_whole:
        mark_untidy(draft)  # what came after the forked snapshot came along, and nothing here refers to it
    return refs


def _git_of(history: History) -> GitObjects:
    assert isinstance(history.objects, GitObjects), "only a history on disk is forked"
    return history.objects


def files_to_sync(draft: Path) -> list[Path]:
    """Of a new store, so that it survives a power cut: its own few files, and the folders that name the shared ones."""
    text = ("HEAD", "config", "packed-refs", "workspace.json", SALT, ALTERNATES, LENDERS, EXCUSED, ARRIVING)
    names = (*text, "state.db", "objects/pack")
    return [draft, *(draft / name for name in names if (draft / name).exists())]


def _share_objects(origin: History, draft: Path, borrower: Borrower) -> None:
    """By links; where none can be made, by borrowing; where the origin cannot be told of that, by a copy."""
    source = _git_of(origin)
    chosen = list(lenders(source.path))
    try:
        _link_objects(source.path, draft)
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
        chosen.append(Lender(origin.workspace.id, str(origin.root), os.path.realpath(source.path)))
    try:
        for lender in chosen:
            lend(lender.repository, borrower)  # before anybody can see the fork: from now on what it needs stays
        borrow(draft, chosen)
    except StoreError:
        _copy_objects(chosen, draft)
        excuse(draft, [*own_loose(draft), *(path.stem for path in (draft / "objects/pack").glob("*.pack"))])


def _link_objects(source: Path, draft: Path) -> None:
    """OSError if the first link cannot be made."""
    for attempt in range(LINK_TRIES):
        try:
            packs = [name for name in os.listdir(source / "objects/pack") if name.startswith("pack-") and name.endswith(OF_PACKS)]
            loose = own_loose(source)
            for name in packs:
                _link(source, draft, f"objects/pack/{name}")
            for name in loose:
                (draft / "objects" / name[:2]).mkdir(exist_ok=True)
                _link(source, draft, f"objects/{name[:2]}/{name[2:]}")
            excuse(draft, [*loose, *(name.removesuffix(".pack") for name in packs if name.endswith(".pack"))])
            return
        except FileNotFoundError:  # maintenance put it into a pack meanwhile: look again
            if attempt == LINK_TRIES - 1:
                raise


def _link(source: Path, draft: Path, name: str) -> None:
    """Objects never change once written, so sharing one file between two histories is safe."""
    try:
        os.link(f"{source}/{name}", f"{draft}/{name}")
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        shutil.copy2(f"{source}/{name}", f"{draft}/{name}")  # a file system bounds how many names a file has


def _copy_objects(sources: list[Lender], draft: Path) -> None:
    for lender in sources:
        objects = lender.repository / "objects"
        for path in (*objects.glob("??/*"), *objects.glob("pack/*")):
            target = draft / "objects" / path.relative_to(objects)
            if not path.name.startswith("tmp_") and not target.exists():
                target.parent.mkdir(exist_ok=True)
                shutil.copy2(path, target)



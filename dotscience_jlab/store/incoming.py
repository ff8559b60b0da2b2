"""What is fetched lies apart until it is whole and checked: a repository of its own that borrows the history's objects.

    store.git/incoming/<remote>/        bare; objects/info/alternates names the history's objects
        refs/heads/<line>               the remote's lines          refs/ds/records    its records

A first fetch comes in steps: the newest commits of every end, then ever more of what was before, so that one that breaks off
goes on where it was. Packs, once checked, are moved into the history as they are, then refs name them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from pathlib import Path
from typing import Callable

from filelock import FileLock, Timeout

from ..errors import Conflict, InvalidRequest, RemoteError, StoreDamaged
from ..model.wellformed import flaw_of
from .disk import disk_errors
from .far_side import FarSide
from .git import GitObjects, create_repository
from .git_command import GitCommand, GitFailed, Progress
from .objects import FOLDER_MODE, RECORDS_REF, ObjectId, Objects, TreeItem
from .records import read_segment
from .trees import differences

HEADS = "refs/heads/"
FIRST_DEPTH = 64
QUICK_S = 10.0
"""A step that took less is followed by one twice as deep."""
MAX_LINES = 1000
MAX_SEGMENT_BYTES = 256 * 1024 * 1024
LINE = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]{1,200}")
_SEGMENT = re.compile(r"segments/([0-9a-f]{2})/(\1[0-9a-f]{62})\.jsonl")
_BLOB = re.compile(r"blobs/([0-9a-f]{2})/(\1[0-9a-f]{38})")

GitFor = Callable[[Path], GitCommand]


class Incoming:
    """Held by one process at a time: Conflict if a fetch from there is going on already."""

    def __init__(self, history: GitObjects, remote: str, git_for: GitFor) -> None:
        self._history = history
        self.path = history.path / "incoming" / remote
        with disk_errors(self.path):
            self.path.parent.mkdir(exist_ok=True)
        self._lock = FileLock(str(self.path) + ".lock", timeout=0)
        self._git_for = git_for

    def __enter__(self) -> Incoming:
        try:
            self._lock.acquire()
        except Timeout as error:
            raise Conflict("Something is being fetched from there already.", "Try again when it is done.") from error
        try:
            with disk_errors(self.path):
                self._prepare()
            self.git = self._git_for(self.path)
            self.objects = GitObjects(self.path)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.objects.close()
        self._lock.release()

    def _prepare(self) -> None:
        if not (self.path / "objects" / "info" / "alternates").exists():
            shutil.rmtree(self.path, ignore_errors=True)
            create_repository(self.path)
            alternates = self.path / "objects" / "info" / "alternates"
            alternates.parent.mkdir(exist_ok=True)
            alternates.write_text(f"{os.path.relpath(self._history.path / 'objects', self.path / 'objects')}\n", encoding="utf-8")
        for leftover in [*self.path.rglob("*.lock"), *(self.path / "objects" / "pack").glob("tmp_*")]:
            leftover.unlink(missing_ok=True)  # of a git that was killed: we hold the lock

    # -- fetching ----------------------------------------------------------------------------------

    def fetch(self, url: str, has_records: bool, progress: Progress) -> None:
        """Everything of the remote's lines, and of its records if it has some, that the history has not."""
        far_side = FarSide(self.git, url)
        specs = (f"+{HEADS}*:{HEADS}*", *([f"+{RECORDS_REF}:{RECORDS_REF}"] if has_records else []))
        mark = self.path / "broke-off"
        if not mark.exists() and self._history.ref(RECORDS_REF) is not None:
            with disk_errors(mark):
                mark.touch()
            far_side.fetch(specs, progress)  # mostly little, and all in one is the least in all
        else:
            self._fetch_in_steps(far_side, specs, progress)
        self._check_whole()
        mark.unlink(missing_ok=True)

    def _fetch_in_steps(self, far_side: FarSide, specs: tuple[str, ...], progress: Progress) -> None:
        depth = self._depth_so_far() or FIRST_DEPTH
        while True:
            began = time.monotonic()
            far_side.fetch(specs, progress, depth=depth)
            if not self._lacks_older():
                return
            self._note_depth(depth)
            depth = depth * 2 if time.monotonic() - began < QUICK_S else depth + max(FIRST_DEPTH, depth // 4)

    def _lacks_older(self) -> bool:
        """False once every commit has its parents, here or in the history."""
        cut = self.path / "shallow"
        if not cut.exists():
            return False
        ends = [parent for each in cut.read_text(encoding="ascii").split() for parent in self._parents_as_written(each)]
        try:
            fed = "".join(f"{each}\n" for each in ends)
            git = self._git_for(self._history.path)
            return bool(git.run("rev-list", "--max-count=1", "--stdin", "--not", "--all", fed=fed).strip())
        except GitFailed:
            return True  # some of them are not there at all

    def _parents_as_written(self, commit: ObjectId) -> list[ObjectId]:
        """git itself says that a commit at which a fetch was cut has none."""
        return list(self.objects.commit(commit).parents)

    def _depth_so_far(self) -> int:
        try:
            return int((self.path / "depth").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0

    def _note_depth(self, depth: int) -> None:
        with disk_errors(self.path):
            (self.path / "depth").write_text(str(depth), encoding="ascii")

    def _check_whole(self) -> None:
        """git's own check: every object that the ends reach is here or in the history."""
        (self.path / "shallow").unlink(missing_ok=True)
        ends = "".join(f"{each}\n" for each in self.objects.refs("refs/").values())
        try:
            if ends:
                self.git.run("rev-list", "--objects", "--quiet", "--stdin", "--not", "--alternate-refs", fed=ends)
        except GitFailed as failure:
            self.discard()
            sentence = f"What the remote holds is not whole: {failure.said.splitlines()[-1][:200] if failure.said else ''}"
            raise RemoteError(sentence, "Nothing of it was taken in. Run `git fsck` there.") from failure

    # -- what came ---------------------------------------------------------------------------------

    def lines(self) -> dict[str, ObjectId]:
        """Name -> its end, checked: RemoteError for names that no line of ours may have."""
        found = self.objects.refs(HEADS)
        if len(found) > MAX_LINES:
            raise RemoteError(f"The remote has {len(found):,} lines; that is no history of this program.")
        for name in found:
            parts = name.split("/")
            if not LINE.fullmatch(name) or not name.isprintable() or any(part in ("", ".", "..") for part in parts):
                raise RemoteError(f"The remote has a line named {name!r}, which cannot be kept.", "Rename it there.")
        return found

    def records(self) -> ObjectId | None:
        return self.objects.ref(RECORDS_REF)

    def is_related(self) -> bool:
        """The two histories began as one, or one of them is empty."""
        ours, theirs = self._history.ref(RECORDS_REF), self.records()
        if ours is None or theirs is None:
            return True
        try:
            return bool(self.git.run("merge-base", ours, theirs))
        except GitFailed:
            return False

    def has_something(self) -> bool:
        return bool(self.objects.refs("refs/")) or any((self.path / "objects" / "pack").glob("*.idx"))

    def check_records(self) -> None:
        """RemoteError unless all that the history has not is segments and blobs under their right names, and well-formed."""
        commit = self.records()
        if commit is None:
            return
        ours = self._history.ref(RECORDS_REF)
        before = self._history.commit(ours).tree if ours is not None else None
        for path, _, _, item in differences(self.objects, before, self.objects.commit(commit).tree):
            if item is not None:
                flaw = flaw_of_file(self.objects, path, item)
                if flaw:
                    raise RemoteError(f"The remote's records are not in order: {flaw}.", "Nothing of it was taken in.")

    # -- taking in ---------------------------------------------------------------------------------

    def move_packs(self) -> None:
        """Into the history, whole ones only: a pack before its index, which is what makes it seen."""
        target = self._history.path / "objects" / "pack"
        with disk_errors(target):
            target.mkdir(exist_ok=True)
            for index in sorted((self.path / "objects" / "pack").glob("pack-*.idx")):
                for suffix in (".pack", ".idx"):
                    source = index.with_suffix(suffix)
                    if source.exists():
                        os.replace(source, target / source.name)
            for folder in (target, target.parent):
                _fsync(folder)
        self._history.has("0" * 40)

    def discard(self) -> None:
        """Nothing of it is needed any more, or none of it is wanted."""
        shutil.rmtree(self.path, ignore_errors=True)


def flaw_of_file(objects: Objects, path: str, item: TreeItem) -> str:
    """'' for a segment or blob as it should be, and for what this version does not know; else what is wrong."""
    segment, blob = _SEGMENT.fullmatch(path), _BLOB.fullmatch(path)
    if item.mode not in (0o100644, FOLDER_MODE):
        return f"{path} is no plain file"
    if blob:
        return "" if item.id == blob[2] else f"{path} holds other bytes than its name says"
    if not segment:
        return f"{path} has no name of a segment or blob" if path.startswith(("segments/", "blobs/")) else ""
    if objects.blob_size(item.id) > MAX_SEGMENT_BYTES:
        return f"{path} is too large"
    data = objects.blob(item.id)
    if hashlib.sha256(data).hexdigest() != segment[2]:
        return f"{path} holds other bytes than its name says"
    try:
        return next((f"{path}: {flaw}" for flaw in map(flaw_of, read_segment(path, data)) if flaw), "")
    except (StoreDamaged, InvalidRequest) as error:
        return error.message


def _fsync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

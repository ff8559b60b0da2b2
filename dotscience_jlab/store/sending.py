"""A large push in steps, so that one that breaks off goes on where it was: bytes go first, names move last.

What is to be sent is cut into groups of about STEP_BYTES, oldest first. Each group is pushed under a *carrier*, a commit of ours on
a ref of ours over there, `refs/ds/incoming/<store id>`, whose parents are the carrier before and the commit that was reached. So
git knows at every step, also days later, what is there already. The last push moves the real refs, all or none, and
removes the carrier's ref.

    to send   a --- b --- c          a and b make one step, c alone is too large and goes as two parts of its files
    steps     A(a,b)   A <- P(part of c's files)   P <- C(c)        then refs/heads/main -> c, and the carrier's ref is gone

Nobody reads carriers: a clone, a pull and the lists of snapshots know branches and `refs/ds/records` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Mapping, Sequence

from .far_side import FarSide, Update
from .git import GitObjects
from .git_command import GitCommand, GitFailed, Progress
from .objects import FOLDER_MODE, CommitText, ObjectId, Objects, TreeItem

STEP_BYTES = 32 * 1024 * 1024
"""On the disk. At 1 MB/s a step takes half a minute: that is the most that a break costs."""
PART = "A part of a snapshot on its way\n"
INCOMING_REF = "refs/ds/incoming/"


@dataclass(frozen=True)
class NewCommit:
    """A commit to send, and the files that came with it: path as raw bytes -> (item, bytes on disk)."""

    id: ObjectId
    files: Mapping[bytes, tuple[TreeItem, int]]


class Sending:
    """One push of some refs. kept_as: a ref of this repository that keeps the carriers from being swept up."""

    def __init__(
        self, objects: GitObjects, git: GitCommand, far_side: FarSide, store_id: str, kept_as: str, step_bytes: int = STEP_BYTES
    ) -> None:
        self._objects = objects
        self._git = git
        self._far_side = far_side
        self._incoming = INCOMING_REF + store_id
        self._kept_as = kept_as
        self._step_bytes = step_bytes

    def send(self, updates: Sequence[Update], there: Mapping[str, ObjectId], progress: Progress) -> None:
        """there: the refs of the other side, as just asked. Moved if it changed meanwhile."""
        targets = [each.new for each in updates if each.new is not None]
        carrier = there.get(self._incoming)
        known = [each for each in {*there.values()} if self._objects.has(each)]
        if carrier is not None and carrier not in known:
            carrier = None  # of a push from before our carriers were swept up: the same ones are made again
        if carrier is None and self._weight(targets, known) <= self._step_bytes:
            self._far_side.push(self._with_end(updates, there.get(self._incoming)), progress)
            return
        on_the_way = there.get(self._incoming)
        groups = list(grouped(self._new_commits(targets, known, carrier), self._step_bytes))
        for number, group in enumerate(groups):
            for made in self._carriers(carrier, group):
                carrier = made
                self._keep(carrier)
                forward = Update(self._incoming, on_the_way, carrier, is_replacing=True)
                self._far_side.push([forward], _step(progress, number, groups))
                on_the_way = carrier
        self._far_side.push(self._with_end(updates, on_the_way), _step(progress, len(groups), groups))
        self._keep(None)

    def _with_end(self, updates: Sequence[Update], on_the_way: ObjectId | None) -> list[Update]:
        return [*updates, *([Update(self._incoming, on_the_way, None)] if on_the_way else [])]

    def _keep(self, carrier: ObjectId | None) -> None:
        old = self._objects.ref(self._kept_as)
        self._objects.sync()
        if carrier is not None:
            self._objects.move_ref(self._kept_as, old, carrier)
        elif old is not None:
            self._objects.drop_ref(self._kept_as, old)

    # -- what is to be sent ------------------------------------------------------------------------

    def _weight(self, targets: Sequence[ObjectId], known: Sequence[ObjectId]) -> int:
        """Bytes on disk of what the targets reach and `known` does not."""
        try:
            told = self._git.run("rev-list", "--disk-usage", "--objects", "--stdin", fed=_ends(targets, known))
            return int(told or 0)
        except GitFailed:  # before git 2.31: as if it were much, so the steps are planned
            return self._step_bytes + 1

    def _new_commits(
        self, targets: Sequence[ObjectId], known: Sequence[ObjectId], carrier: ObjectId | None
    ) -> Iterator[NewCommit]:
        """Parents first. Files that the carrier holds at the same place went with it."""
        listed: list[ObjectId] = []
        for number, target in enumerate(targets):  # one after the other, so that the order is the same after a break
            ends = _ends([target], [*known, *targets[:number]])
            listed += self._git.run("rev-list", "--topo-order", "--reverse", "--stdin", fed=ends).split()
        if not listed:
            return
        words = ("diff-tree", "--stdin", "-r", "--root", "--raw", "--no-abbrev", "--no-renames", "-z")
        files = dict(_files_of(self._git.run(*words, fed="\n".join(listed) + "\n")))
        names = sorted({item.id for each in files.values() for item in each.values()})
        sizes = self._sizes(names)
        seen: set[ObjectId] = set()
        carried = self._objects.commit(carrier).tree if carrier is not None else None
        for commit in listed:
            new = {}
            for path, item in files.get(commit, {}).items():
                if item.id in seen or (carried is not None and _found(self._objects, carried, path) == item):
                    continue
                seen.add(item.id)
                new[path] = item, sizes.get(item.id, 0)
            yield NewCommit(commit, new)

    def _sizes(self, names: Sequence[ObjectId]) -> dict[ObjectId, int]:
        if not names:
            return {}
        words = ("cat-file", "--batch-check=%(objectname) %(objectsize:disk)", "--buffer")
        told = self._git.run(*words, fed="\n".join(names) + "\n")
        return {name: int(size) for name, size in (line.split() for line in told.splitlines()) if size.isdecimal()}

    # -- carriers ----------------------------------------------------------------------------------

    def _carriers(self, before: ObjectId | None, group: Sequence[NewCommit]) -> Iterator[ObjectId]:
        """One for a group; for a single commit that is too large one a part of its files, then the one that reaches it."""
        last = group[-1]
        text = self._objects.commit(last.id)
        if len(group) == 1:
            base = text.parents[0] if text.parents else None
            start = before if before is not None and self._objects.commit(before).message == PART else base
            tree = self._objects.commit(start).tree if start is not None else None
            for part in list(parts_of(last.files, self._step_bytes))[:-1]:
                tree = _with_files(self._objects, tree, part)
                parents = tuple(each for each in (before, base) if each is not None)
                before = self._objects.put_commit(CommitText(tree, parents, PART, text.at))
                yield before
        parents = (before, last.id) if before is not None else (last.id,)
        yield self._objects.put_commit(CommitText(text.tree, parents, "Snapshots on their way\n", text.at))


def grouped(commits: Iterator[NewCommit], step_bytes: int) -> Iterator[list[NewCommit]]:
    """Groups whose files together stay below a step; one that is too large alone is a group of its own."""
    group: list[NewCommit] = []
    weight = 0
    for commit in commits:
        own = sum(size for _, size in commit.files.values())
        if group and weight + own > step_bytes:
            yield group
            group, weight = [], 0
        group.append(commit)
        weight += own
    if group:
        yield group


def parts_of(files: Mapping[bytes, tuple[TreeItem, int]], step_bytes: int) -> Iterator[dict[bytes, TreeItem]]:
    """By path; each part but the last weighs a step or a little more."""
    part: dict[bytes, TreeItem] = {}
    weight = 0
    for path in sorted(files):
        item, size = files[path]
        part[path] = item
        weight += size
        if weight >= step_bytes:
            yield part
            part, weight = {}, 0
    if part:
        yield part


def _found(objects: Objects, tree: ObjectId, path: bytes) -> TreeItem | None:
    """By git's own names: of a large file each chunk is one."""
    item = TreeItem(FOLDER_MODE, tree)
    for name in path.split(b"/"):
        below = objects.tree(item.id).get(name) if item.mode == FOLDER_MODE else None
        if below is None:
            return None
        item = below
    return item


def _with_files(objects: Objects, tree: ObjectId | None, files: Mapping[bytes, TreeItem]) -> ObjectId:
    items = dict(objects.tree(tree)) if tree is not None else {}
    below: dict[bytes, dict[bytes, TreeItem]] = {}
    for path, item in files.items():
        name, slash, rest = path.partition(b"/")
        if slash:
            below.setdefault(name, {})[rest] = item
        else:
            items[name] = item
    for name, inner in below.items():
        before = items.get(name)
        folder = before.id if before is not None and before.mode == FOLDER_MODE else None
        items[name] = TreeItem(FOLDER_MODE, _with_files(objects, folder, inner))
    return objects.put_tree(items)


def _files_of(told: str) -> Iterator[tuple[ObjectId, dict[bytes, TreeItem]]]:
    """What `diff-tree --stdin -r -z` says: `<commit>\\0`, then `:<mode> <mode> <id> <id> <letter>\\0<path>\\0` for each file.

    Removed files are left out.
    """
    commit: ObjectId | None = None
    files: dict[bytes, TreeItem] = {}
    words = iter(told.split("\0"))
    for word in words:
        if word.startswith(":"):
            _, mode, _, after, letter = word[1:].split(" ")
            path = next(words).encode("utf-8", "surrogateescape")
            if not letter.startswith("D") and int(mode, 8) & 0o170000 != 0o160000:
                files[path] = TreeItem(int(mode, 8), after)
        elif word:
            if commit is not None:
                yield commit, files
            commit, files = word, {}
    if commit is not None:
        yield commit, files


def _ends(targets: Sequence[ObjectId], known: Sequence[ObjectId]) -> str:
    return "".join(f"{each}\n" for each in targets) + "".join(f"^{each}\n" for each in known)


def _step(progress: Progress, number: int, groups: Sequence[object]) -> Progress:
    """The bar of one step says which of how many it is."""
    n_steps = len(groups) + 1
    return lambda done, total, what: progress(done, total, f"step {number + 1} of {n_steps}, {what}")

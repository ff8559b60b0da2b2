"""Which paths may differ from the head of the line: those heard of since the last look, or, if something was missed, all.

Kept true all the time: whatever is not a suspect is on disk as the tree `_tree` has it, under the rules `_rules`. So if the head
is another tree by now, the paths between the two become suspects; and what differed at the last look stays one until a
snapshot holds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Iterable

from ..errors import DotscienceError
from ..model.paths import STORE_FOLDER, WorkspacePath
from ..model.snapshot import Skipped, TreeEntry
from . import trees
from .base import KeepRules, ScanResult
from .ignore import ENVIRONMENT_MARKS, IGNORE_FILES
from .objects import ObjectId, Objects, TreeItem
from .watch import FolderWatch

RULE_NAMES = frozenset((*IGNORE_FILES, *ENVIRONMENT_MARKS))
"""A file or folder of such a name decides over others."""


@dataclass(frozen=True)
class Suspects:
    files: frozenset[str]
    folders: frozenset[str] = field(default_factory=frozenset)
    """Everything below them."""
    are_heard: bool = True
    """Every folder is listened to: what was learned of one at the last look still holds."""
    for_room: frozenset[str] = field(default_factory=frozenset)
    """Left out for want of room: suspects too as soon as there is some, and as the last look found them until then."""
    least_bytes: int = 0
    """Of one of those."""

    def covers(self, path: str) -> bool:
        if path in self.files:
            return True
        return any(path == folder or path.startswith(folder + "/") for folder in self.folders)

    def waiting(self) -> frozenset[str]:
        """Those of `for_room` that nothing was heard of; all of them as they are, where that is so."""
        if not self.folders:
            return self.for_room - self.files if self.for_room & self.files else self.for_room
        return frozenset(path for path in self.for_room if not self.covers(path))


@dataclass(frozen=True)
class Again:
    """What the next look is to be at, besides what is heard of until then."""

    unsettled: frozenset[WorkspacePath] = frozenset()
    """Whatever the news."""
    for_room: frozenset[WorkspacePath] = frozenset()
    """If there is room again."""
    carried: frozenset[WorkspacePath] = frozenset()
    """Of those, what this look was not at, because there was none."""
    least_bytes: int = 0
    """Of the smallest of those."""


class Attention:
    """Of one workspace. Asked before a scan, told after it; in between nothing is believed, so that a scan that fails costs
    one look at everything."""

    def __init__(self, objects: Objects, watch: FolderWatch | None) -> None:
        self._objects = objects
        self._watch = watch
        self._tree: ObjectId | None = None
        self._rules: KeepRules | None = None
        self._found: dict[WorkspacePath, TreeEntry | None] = {}
        """What differed at the last look, as it was then."""
        self._again = Again()
        self._skipped: dict[str, Skipped] = {}
        self._n_skipped = 0
        self._mistrust = ""
        self._is_true = False

    @property
    def why_all(self) -> str:
        """Why every file is looked at each time, in words; '' if news are believed, or will be from the next look on."""
        if self._watch is None:
            return "This system tells no news of files."
        return self._mistrust or (self._watch.lost if self._watch.is_hopeless else "")

    def enters(self, prefix: str) -> None:
        """Called before a folder is looked into."""
        if self._watch is not None:
            self._watch.add(prefix)

    def listen(self) -> None:
        if self._watch is not None:
            self._watch.listen()

    def suspects(self, tree: ObjectId | None, rules: KeepRules) -> Suspects | None:
        """All that may differ from `tree`; None: anything may, and the look that follows begins to listen anew."""
        found = self._believed(tree, rules)
        self._is_true = False
        if found is None:
            self._start_anew()
        elif self._watch is not None:
            for folder in found.folders:
                self._watch.drop(folder)
        return found

    def looked(
        self,
        result: ScanResult,
        tree: ObjectId | None,
        rules: KeepRules,
        suspects: Suspects | None,
        again: Again,
    ) -> ScanResult:
        """After the look: `result`, what it left out joined with what is left out elsewhere. tree, rules, suspects: as asked."""
        if suspects is None:
            self._skipped, self._n_skipped = {}, 0
        else:
            carried = again.carried
            waited = frozenset() if carried is self._again.for_room else self._again.for_room - carried
            covered = {path for path in self._skipped if suspects.covers(path)}
            for path in {*waited, *covered, *(each.path for each in result.skipped)}:
                if self._skipped.pop(path, None) is not None or path in waited:
                    self._n_skipped -= 1
        self._skipped.update((each.path, each) for each in result.skipped)
        self._n_skipped += result.n_skipped
        self._tree, self._rules = tree, rules
        self._found, self._again = dict(result.edits), again
        self._is_true = True
        return replace(result, skipped=tuple(self._skipped.values()), n_skipped=self._n_skipped)

    def not_heard(self, differing: Iterable[WorkspacePath], heard: Suspects | None) -> set[WorkspacePath]:
        """Of the paths that a look at everything found to differ, those that no news told of, before the look or during it."""
        if heard is None or self._watch is None:
            return set()
        meanwhile = self._watch.peek()
        if meanwhile is None:
            return set()
        during = Suspects(frozenset(meanwhile.files), frozenset(meanwhile.folders))
        known = heard.for_room
        return {path for path in differing if path not in known and not heard.covers(path) and not during.covers(path)}

    def mistrust(self, missed: Iterable[str]) -> None:
        """News were wrong: from now on every file is looked at."""
        self._mistrust = f"A change was not heard of ({', '.join(sorted(missed)[:3])}), so every file is looked at."
        self.close()

    def doubt(self) -> None:
        """The last look was not at everything: the next one is."""
        self._is_true = False

    def close(self) -> None:
        self._is_true = False
        if self._watch is not None:
            self._watch.close()

    def _believed(self, tree: ObjectId | None, rules: KeepRules) -> Suspects | None:
        if not self._is_true or self._watch is None or self._mistrust or rules != self._rules:
            return None
        heard = self._watch.take()
        if heard is None or any(_decides_over_others(path) for path in (*heard.files, *heard.folders)):
            return None
        try:
            since = {path: item for path, _, _, item in trees.differences(self._objects, self._tree, tree)}
        except DotscienceError:  # the tree of the last look was swept away
            return None
        moved = {path for path, item in since.items() if path not in self._found or not _holds(item, self._found[path])}
        unkept = self._found.keys() - since.keys()
        files = frozenset((*self._again.unsettled, *heard.files, *moved, *unkept))
        return Suspects(files, frozenset(heard.folders) - {STORE_FOLDER}, True, self._again.for_room, self._again.least_bytes)

    def _start_anew(self) -> None:
        if self._watch is not None and not self._mistrust and not self._watch.is_hopeless:
            self._watch.begin()


def _holds(item: TreeItem | None, found: TreeEntry | None) -> bool:
    """The tree has the file as it was found."""
    if item is None or found is None:
        return item is found
    is_same_mode = trees.MODE_NAMES.get(item.mode, found.mode) == found.mode
    return item.id == found.digest and is_same_mode and not found.is_torn


def _decides_over_others(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return name in RULE_NAMES or (name == STORE_FOLDER and bool(folder))

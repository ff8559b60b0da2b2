"""The other side of a push or pull: an ordinary git repository that git reaches for us, and its refusals in words."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple, Sequence

from ..errors import Conflict, DotscienceError, RemoteError
from ..model.remote import checked_url, disk_path_of
from .disk import disk_errors
from .git import create_repository
from .git_command import GitCommand, GitFailed, Progress
from .layout import ATTRIBUTES, write_text
from .objects import ObjectId

MAX_REFS = 10_000
UNBORN = re.compile(r"ref: refs/heads/(\S+)\s*")


class Moved(Exception):
    """The other side is not as it was when we looked: look again."""


class Update(NamedTuple):
    """One ref of the other side: None removes it. `old` is what it is there now, None: nothing."""

    ref: str
    old: ObjectId | None
    new: ObjectId | None
    is_replacing: bool = False
    """It may end somewhere that does not follow from `old`."""


class FarSide:
    def __init__(self, git: GitCommand, url: str) -> None:
        self._git = git
        self._url = checked_url(url)

    def refs(self) -> dict[str, ObjectId]:
        """What it has; branches and ours only."""
        told = self._asked("ls-remote", "--", self._url, "refs/heads/*", "refs/ds/*")
        lines = [line.split("\t", 1) for line in told.splitlines() if "\t" in line]
        if len(lines) > MAX_REFS:
            raise RemoteError(f"{self._url} has {len(lines):,} refs; that is no history of this program.")
        return {ref: ObjectId(found) for found, ref in lines if re.fullmatch(r"[0-9a-f]{40}", found)}

    def push(self, updates: Sequence[Update], progress: Progress) -> None:
        """All of them or none. Moved if another writer was first."""
        leases = [f"--force-with-lease={each.ref}:{each.old or ''}" for each in updates if each.is_replacing or each.new is None]
        specs = [f"{each.new or ''}:{each.ref}" for each in updates]
        atomic = ["--atomic"] if len(updates) > 1 else []
        words = ["push", "--progress", "--no-verify", *atomic, *leases, "--", self._url, *specs]
        try:
            self._git.run(*words, progress=progress)
        except GitFailed as failure:
            if "does not support --atomic" in failure.said:
                for each in updates:
                    self.push([each], progress)
                return
            if _HAS_MOVED.search(failure.said):
                raise Moved from failure
            raise self._explained(failure) from failure

    def fetch(self, specs: Sequence[str], progress: Progress, depth: int | None = None) -> None:
        """Into the repository that git runs in. depth: only so many commits back from each end."""
        words = ["fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--force", "--prune"]
        words += [f"--depth={depth}"] if depth else []
        self._asked(*words, "--", self._url, *specs, progress=progress)

    def _asked(self, *words: str, progress: Progress | None = None) -> str:
        try:
            return self._git.run(*words, progress=progress)
        except GitFailed as failure:
            raise self._explained(failure) from failure

    def _explained(self, failure: GitFailed) -> DotscienceError:
        for pattern, sentence, hint in _EXPLANATIONS:
            found = pattern.search(failure.said)
            if found:
                return RemoteError(sentence.format(url=self._url, found=found[0]), hint.format(url=self._url))
        lines = [line for line in failure.said.splitlines() if not line.startswith(("To ", "From ", "hint:"))]
        told = next((line for line in lines if line.startswith(("fatal:", "error:", " !", "!"))), lines[-1] if lines else "")
        return RemoteError(f"git could not do it: {told[:300] or 'it did not say why'}.", "Try the same with git by hand.")


def begin_repository(url: str) -> None:
    """Make an empty bare repository at a path. Conflict if something is there."""
    path = disk_path_of(url)
    if path is None:
        raise Conflict("Only over a path can a repository be made from here.", "Make it on the server: git init --bare NAME.git")
    if os.path.lexists(path):
        raise Conflict(f"{path} is there already.", "Leave out --create, or choose another name.")
    if not os.path.isdir(os.path.dirname(path)):
        raise Conflict(f"There is no folder {os.path.dirname(path)}.", "Is the disk mounted?")
    create_repository(Path(path))


def settle_repository(url: str, branch: str) -> None:
    """After a first push to a bare repository on a path: make it fit to be cloned.

    It may name a first branch that nobody pushes, and then a plain `git clone` gets no files; and git would look for likenesses
    among the chunks of large files at every clone, which takes long and finds none.
    """
    path = disk_path_of(url)
    head = Path(path, "HEAD") if path is not None else None
    if head is None or not head.is_file():
        return
    with disk_errors(head):
        attributes = head.parent / "info" / "attributes"
        if not attributes.exists():
            write_text(attributes, ATTRIBUTES)
        named = UNBORN.fullmatch(head.read_text(encoding="utf-8", errors="replace"))
        heads = {each.name for each in (head.parent / "refs" / "heads").iterdir()} if named else set()
        if named and named[1] not in heads and branch in heads and not (head.parent / "packed-refs").exists():
            write_text(head, f"ref: refs/heads/{branch}\n")


_HAS_MOVED = re.compile(r"\[rejected\]|fetch first|stale info|cannot lock ref|failed to update ref|incorrect old value")

_EXPLANATIONS = tuple((re.compile(pattern), sentence, hint) for pattern, sentence, hint in (
    (r"Host key verification failed",
     "ssh does not know the server of {url} yet, or its key has changed.",
     "Run ssh to that host once in a terminal and confirm its key."),
    (r"Permission denied \(|Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|"
     r"error: 40[13]|HTTP Basic: Access denied",
     "{url} does not let you in.",
     "Nobody is asked for a password here: put it into git's credential helper or ~/.netrc, or the key into the ssh agent."),
    (r"dubious ownership",
     "{url} belongs to another user, and git does not touch such a repository unasked.",
     "git config --global --add safe.directory PATH, if you trust its owner."),
    (r"does not appear to be a git repository|repository '[^']*' not found|Repository not found|error: 404|does not exist",
     "There is no repository at {url}.",
     "Make one there: git init --bare NAME.git (over a path: ds remote add --create)."),
    (r"(?i)no space left on device|disk quota exceeded",
     "The disk is full, here or at {url}.", "Free some space; what was sent or fetched so far is not done again."),
    (r"Could not resolve host[^\n]*|Connection refused|[Cc]onnection timed out|Failed to connect[^\n]*|Network is unreachable|"
     r"No route to host|Couldn't connect[^\n]*|Connection reset[^\n]*",
     "{url} does not answer ({found}).", "Try again when it can be reached; nothing is lost."),
    (r"refusing to update checked out branch",
     "{url} is somebody's working folder, not a bare repository.", "Take one of its own: git init --bare NAME.git"),
    (r"(?m)^!? ?.*\[remote rejected\].*$",
     "{url} refused: {found}.", "Ask who runs that server."),
    (r"(?m)^error: object [0-9a-f]+: [^\n]*|^fatal: fsck error[^\n]*",
     "{url} holds what no snapshot can be ({found}). Nothing of it was taken in.", "Do not trust that repository."),
    (r"dumb http transport does not support|server does not support",
     "{url} cannot be asked the way that is needed.", "The server needs git's smart protocol."),
    (r"(?i)remote end hung up|early EOF|unexpected disconnect|RPC failed[^\n]*|broken pipe",
     "The connection to {url} broke off.", "Try again: what was sent or fetched so far is not done again."),
))
"""What git and ssh say -> what it means, and what to do. The first that fits counts."""

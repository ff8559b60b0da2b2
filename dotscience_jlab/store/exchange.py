"""One remote of one history: look, send, fetch, take in, and say how the lines stand. `recording/exchange.py` decides.

    refs/ds/remotes/<remote>/heads/<line>    the remote's line as last seen: the line `<remote>:<line>` here
    refs/ds/remotes/<remote>/agreed/<line>   where it and ours were last the same
    refs/ds/remotes/<remote>/records         its records as last seen
    refs/ds/remotes/<remote>/sent            the carrier of a push that is not over (sending.py)
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator, Mapping

from ..errors import InvalidRequest
from ..model.remote import (
    AHEAD,
    BEHIND,
    DIVERGED,
    ONLY_HERE,
    ONLY_THERE,
    REWRITTEN,
    SAME,
    LineState,
    Remote,
    checked_remote,
)
from ..model.snapshot import MAIN_LINE
from .far_side import FarSide, Update, settle_repository
from .git import GitObjects
from .git_command import GitCommand, Progress
from .history import History
from .incoming import Incoming
from .messages import snapshot_id
from .objects import RECORDS_REF, REMOTES_REF, ObjectId, line_ref
from .outgoing import Outgoing, outgoing
from .sending import STEP_BYTES, Sending


class Exchange:
    """Made for one act, in one thread. ssh_agent, is_gentle, is_stopped: as GitCommand takes them."""

    def __init__(
        self,
        history: History,
        remote: Remote,
        *,
        ssh_agent: str | None = None,
        is_gentle: bool = False,
        is_stopped: Callable[[], bool] = lambda: False,
        step_bytes: int = STEP_BYTES,
    ) -> None:
        if not isinstance(history.objects, GitObjects):
            raise InvalidRequest("A history in memory cannot be pushed or pulled.")
        self.history = history
        self.is_gentle = is_gentle
        self.remote = checked_remote(remote)
        self._objects = history.objects
        self._options = {"ssh_agent": ssh_agent, "is_gentle": is_gentle, "is_stopped": is_stopped}
        self._git = self._git_for(self._objects.path)
        self._far_side = FarSide(self._git, remote.url)
        self._step_bytes = step_bytes
        self.there: Mapping[str, ObjectId] = {}
        """Refs of the other side, as `look` last found them."""

    def _git_for(self, path: Path) -> GitCommand:
        return GitCommand(path, **self._options)  # type: ignore[arg-type]

    # -- looking -----------------------------------------------------------------------------------

    def look(self) -> None:
        self.there = self._far_side.refs()

    @property
    def is_empty_there(self) -> bool:
        return not any(ref == RECORDS_REF or ref.startswith(line_ref("")) for ref in self.there)

    @property
    def has_records_there(self) -> bool:
        return RECORDS_REF in self.there

    def is_all_known(self) -> bool:
        """Nothing is there that was not here when last asked, or is here anyway, or was until it was purged."""
        lines = [ref for ref in self.there if ref.startswith(line_ref("")) and not self._is_replaceable(ref)]
        if not all(self._objects.has(self.there[ref]) for ref in lines):
            return False
        if not self.has_records_there or self._is_replaceable(RECORDS_REF):
            return True
        records = self.there[RECORDS_REF]
        return self._objects.has(records) and self._reaches(self._objects.ref(RECORDS_REF), records)

    @property
    def leads_to_purged(self) -> bool:
        """The other side still has what was purged here: fetching its lines would bring the bytes back."""
        return any(self._is_replaceable(ref) for ref in self.there)

    def _is_replaceable(self, ref: str) -> bool:
        """It is where it was when all of it was here, and bytes of it have been purged here since."""
        return self.there.get(ref) is not None and self.there[ref] == self.remote.replaces.get(ref)

    # -- fetching ----------------------------------------------------------------------------------

    def incoming(self) -> Incoming:
        return Incoming(self._objects, self.remote.name, self._git_for)

    def fetch(self, incoming: Incoming, progress: Progress) -> None:
        """Brings and checks; nothing of the history changes yet."""
        incoming.fetch(self.remote.url, self.has_records_there, progress)
        incoming.lines()
        incoming.check_records()

    def take_in(self, incoming: Incoming) -> bool:
        """Its objects, then its records, by union, then its lines as this remote's. True if there were new records.

        What a line of the remote held and holds no more stays, under `<remote>:<line>-<commit>`, unless it is here too.
        """
        theirs, lines = incoming.records(), incoming.lines()
        incoming.move_packs()
        is_new = theirs is not None and self.history.unite_records(theirs)
        if theirs is not None:
            self._set_ref("records", theirs)
        for name, commit in lines.items():
            line = f"{self.remote.name}:{name}"
            old = self._objects.ref(line_ref(line))
            if old is not None and old != commit and self._would_lose(old, commit):
                self.history.place_line(f"{line}-{old[:8]}", None, old)
            self.history.place_line(line, old, commit)
        incoming.discard()
        return is_new

    def _would_lose(self, old: ObjectId, new: ObjectId) -> bool:
        only_there = self._commits(old, new, *(self._objects.ref(line_ref(line)) for line in self._objects.lines()))
        return not self._are_known(only_there)

    # -- lines -------------------------------------------------------------------------------------

    def states(self) -> list[LineState]:
        """Of every line here and there, as last seen: `look` after `take_in` makes no difference to them."""
        seen = {**self._purged_lines(), **self._objects.refs(f"{REMOTES_REF}{self.remote.name}/heads/")}
        here = {self.name_there(line): line for line in [*self._objects.lines(), MAIN_LINE]}
        if self._objects.ref(line_ref(MAIN_LINE)) is None and self.remote.main_as not in seen:
            del here[self.remote.main_as]
        return [
            self._state(here.get(name, ""), name, seen.get(name))
            for name in sorted({*seen, *here}, key=lambda each: (each != self.remote.main_as, each))
        ]

    def _purged_lines(self) -> dict[str, ObjectId]:
        start = line_ref("")
        replaces = self.remote.replaces.items()
        return {ref.removeprefix(start): ObjectId(commit) for ref, commit in replaces if ref.startswith(start)}

    def name_there(self, line: str) -> str:
        return self.remote.main_as if line == MAIN_LINE else line

    def state_there(self, line: str) -> LineState:
        """Of one line of this folder against what `look` found: its objects must be here by now."""
        name = self.name_there(line)
        return self._state(line, name, self.there.get(line_ref(name)))

    def _state(self, line: str, name: str, theirs: ObjectId | None) -> LineState:
        full = f"{self.remote.name}:{name}"
        ours = self._objects.ref(line_ref(line)) if line else None
        if ours is None or theirs is None:
            return LineState(line, full, ONLY_HERE if theirs is None else ONLY_THERE)
        if ours == theirs:
            return LineState(line, full, SAME)
        if theirs == self.remote.replaces.get(line_ref(name)):
            return LineState(line, full, REWRITTEN, len(self._commits(ours)))
        told = self._git.run("rev-list", "--left-right", "--count", f"{ours}...{theirs}").split()
        n_ahead, n_behind = int(told[0]), int(told[1])
        state = AHEAD if not n_behind else BEHIND if not n_ahead else DIVERGED
        if state == DIVERGED and line == MAIN_LINE and self._was_rewritten_here(name, ours, theirs):
            state = REWRITTEN
        return LineState(line, full, state, n_ahead, n_behind)

    def _was_rewritten_here(self, name: str, ours: ObjectId, theirs: ObjectId) -> bool:
        """The remote is where we once agreed, so only we changed since; and whatever it has is here too, or was forgotten here."""
        return theirs == self._objects.ref(self._ref(f"agreed/{name}")) and self._are_known(self._commits(theirs, ours))

    def _are_known(self, commits: list[ObjectId]) -> bool:
        """Each holds a snapshot that the workspace's own line has too, or one that was forgotten."""
        ids = [snapshot_id(self._objects.commit(commit).message, commit) for commit in commits]
        return all(self.history.is_on_own_line(each) or self.history.is_forgotten(each) for each in ids)

    def follow(self, line: str) -> None:
        """This folder's line goes on to where the remote's is, which follows from it; or begins there. The files stay.

        For `main` the caller keeps scans and snapshots out meanwhile.
        """
        name = self.name_there(line)
        theirs = self._objects.ref(line_ref(f"{self.remote.name}:{name}"))
        ours = self._objects.ref(line_ref(line))
        if theirs is not None and self.history.place_line(line, ours, theirs):
            self._set_ref(f"agreed/{name}", theirs)

    def repeats_snapshots(self, line: str) -> bool:
        """True if the remote's line claims ids for its new snapshots that snapshots of this folder have already."""
        ours = self._objects.ref(line_ref(line))
        theirs = self._objects.ref(line_ref(f"{self.remote.name}:{self.name_there(line)}"))
        new = self._commits(theirs, ours) if theirs else []
        ids = [snapshot_id(self._objects.commit(commit).message, commit) for commit in new]
        return len(set(ids)) < len(ids) or any(self.history.is_on_own_line(each) for each in ids)

    # -- sending -----------------------------------------------------------------------------------

    def outgoing(self, states: list[LineState]) -> Iterator[Outgoing]:
        """The files that `send` would send, those of the records with them."""
        targets = [each.new for each in self._updates(states) if each.new is not None]
        known = [each for each in {*self.there.values()} if self._objects.has(each)]
        return outgoing(self._git, targets, known)

    def send(self, states: list[LineState], progress: Progress) -> int:
        """These lines, and the records; the number of refs that moved. Moved if the other side changed since `look`.

        The caller has taken in what is there: the records over there are among ours.
        """
        updates = self._updates(states)
        records = self._objects.ref(RECORDS_REF)
        if updates:
            kept_as = self._ref("sent")
            store_id = self.history.workspace.id
            sending = Sending(self._objects, self._git, self._far_side, store_id, kept_as, self._step_bytes)
            is_first = not self.has_records_there
            sending.send(updates, self.there, progress)
            self.there = {**self.there, **{each.ref: each.new for each in updates if each.new}}
            if is_first:
                settle_repository(self.remote.url, self.remote.main_as)
        self._note_agreed(states, records)
        self._note_replaced()
        return len(updates)

    def _updates(self, states: list[LineState]) -> list[Update]:
        updates = [self._update(state) for state in states if state.state in (AHEAD, ONLY_HERE, REWRITTEN)]
        records = self._objects.ref(RECORDS_REF)
        if records is not None and self.there.get(RECORDS_REF) != records:
            is_replacing = self._is_replaceable(RECORDS_REF)
            updates.append(Update(RECORDS_REF, self.there.get(RECORDS_REF), records, is_replacing))
        return updates

    def _update(self, state: LineState) -> Update:
        ref = line_ref(state.remote_line.partition(":")[2])
        return Update(ref, self.there.get(ref), self._objects.ref(line_ref(state.line)), is_replacing=state.state == REWRITTEN)

    def _note_agreed(self, states: list[LineState], records: ObjectId | None) -> None:
        for state in states:
            name = state.remote_line.partition(":")[2]
            commit = self.there.get(line_ref(name))
            if commit is not None and state.state in (SAME, AHEAD, ONLY_HERE, REWRITTEN):
                self.history.place_line(state.remote_line, self._objects.ref(line_ref(state.remote_line)), commit)
                self._set_ref(f"agreed/{name}", commit)
        if records is not None:
            self._set_ref("records", records)

    def _note_replaced(self) -> None:
        """Nothing purged is led to there any more."""
        if self.remote.replaces:
            self.remote = replace(self.remote, replaces={})
            others = self.history.workspace.remotes
            remotes = tuple(self.remote if each.name == self.remote.name else each for each in others)
            self.history.save_workspace(replace(self.history.workspace, remotes=remotes))

    # -- forgetting the remote ---------------------------------------------------------------------

    def only_from_there(self) -> list[str]:
        """Lines of the remote that hold snapshots which are nowhere else here."""
        own = [self._objects.ref(line_ref(line)) for line in self._objects.lines()]
        seen = self._objects.refs(f"{REMOTES_REF}{self.remote.name}/heads/")
        return [f"{self.remote.name}:{name}" for name, commit in seen.items() if not self._are_known(self._commits(commit, *own))]

    # -- small things ------------------------------------------------------------------------------

    def _commits(self, end: ObjectId, *without: ObjectId | None) -> list[ObjectId]:
        fed = "".join([f"{end}\n", *(f"^{each}\n" for each in without if each)])
        return self._git.run("rev-list", "--first-parent", "--stdin", fed=fed).split()

    def _reaches(self, later: ObjectId | None, earlier: ObjectId) -> bool:
        return later is not None and not self._git.run("rev-list", "--max-count=1", earlier, f"^{later}").strip()

    def _ref(self, name: str) -> str:
        return f"{REMOTES_REF}{self.remote.name}/{name}"

    def _set_ref(self, name: str, new: ObjectId) -> None:
        old = self._objects.ref(self._ref(name))
        if old != new:
            self._objects.move_ref(self._ref(name), old, new)


def is_in_step(history: History, remote: Remote) -> bool:
    """Everything was there when last seen: two looks at refs, no git, no network."""
    objects = history.objects
    below = f"{REMOTES_REF}{remote.name}/"
    names = {line: remote.main_as if line == MAIN_LINE else line for line in objects.lines()}
    lines = all(objects.ref(line_ref(line)) == objects.ref(f"{below}heads/{name}") for line, name in names.items())
    return lines and objects.ref(RECORDS_REF) == objects.ref(f"{below}records")


def forget_remote(history: History, name: str) -> None:
    """Its lines as last seen are no lines of this history any more."""
    below = f"{REMOTES_REF}{name}/"
    with history.locked():
        for rest, commit in history.objects.refs(below).items():
            history.objects.drop_ref(below + rest, commit)

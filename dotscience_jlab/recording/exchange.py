"""Push and pull: when a history may go to a remote, what is taken in from one, and what to do where two lines have diverged.

A pull never overwrites or loses anything: records unite at once, the remote's lines are kept as `origin:main`, this folder's line
goes on to it only where it follows from it, and files are not touched. A push never replaces what it has not seen.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any, ContextManager, Iterator

from ..errors import Conflict, NeedsConsent, NotFound
from ..model.codec import to_json
from ..model.remote import AHEAD, BEHIND, DIVERGED, ONLY_HERE, ONLY_THERE, REWRITTEN, SAME, LineState, Remote
from ..model.snapshot import MAIN_LINE
from ..store.exchange import Exchange
from ..store.far_side import Moved
from ..store.git_command import Progress
from .quarantine import check_may_leave

PUSH_TRIES = 5
"""Each begins anew with a look at the other side; another folder's push comes between two of ours once in a while."""

MAKES_WAY_S = 30.0
GENTLE, PERSONAL = "gentle", "personal"

_turn = threading.Condition()
"""Guards both of:"""
_under_way: dict[tuple[str, str], str] = {}
"""(workspace, remote) -> whose act it is"""
_awaited: set[tuple[str, str]] = set()


def push(exchange: Exchange, *, is_unscanned_allowed: bool, progress: Progress) -> dict[str, Any]:
    """{remote, url, n_sent, lines, sentence}. Everything of this history that is not there, or nothing at all.

    NeedsConsent if something of it looks like a secret, or parts of large files were not searched for one and not
    `is_unscanned_allowed`; Conflict where a line there is not a beginning of ours;
    RemoteError if the other side refuses. Safe to break off and to repeat.
    """
    remote = exchange.remote
    with _alone(exchange):
        for _ in range(PUSH_TRIES):
            exchange.look()
            _refuse_strangers(exchange)
            if not exchange.is_empty_there and not exchange.is_all_known():
                _take_in(exchange, join=False, progress=progress)
            states = [exchange.state_there(line) for line in own_lines(exchange)]
            refuse_diverged(states, remote)
            check_may_leave(
                exchange, exchange.outgoing(states), is_unsearched_allowed=is_unscanned_allowed, progress=progress
            )
            try:
                n_sent = exchange.send(states, progress)
            except Moved:
                continue
            return {
                "remote": remote.name, "url": remote.url, "n_sent": n_sent, "lines": to_json(exchange.states()),
                "sentence": _sentence_of_push(n_sent, states, remote),
            }
    raise Conflict(f"Others keep changing {remote.url}.", "Try again in a moment.")


def pull(exchange: Exchange, turn: ContextManager[Any], *, join: bool, progress: Progress) -> dict[str, Any]:
    """{remote, url, n_executions, n_runs, is_forwarded, lines, sentence}. Files of the folder stay as they are.

    turn: keeps scans and snapshots of this workspace out while its line moves. NotFound if nothing is there; NeedsConsent if
    the two histories have nothing in common and not `join`.
    """
    remote, index = exchange.remote, exchange.history.index
    with _alone(exchange):
        exchange.look()
        if exchange.is_empty_there:
            raise NotFound(f"There is no history at {remote.url}.", f"`ds push {remote.name}` puts this one there.")
        _refuse_strangers(exchange)
        before = index.executions(limit=1).total, index.runs(limit=1).total
        if not exchange.leads_to_purged or not exchange.is_all_known():
            _take_in(exchange, join=join, progress=progress)
        with turn:
            state = _main(exchange)
            is_forwarded = state.state in (BEHIND, ONLY_THERE) and not exchange.repeats_snapshots(MAIN_LINE)
            if is_forwarded:
                exchange.follow(MAIN_LINE)
        after = index.executions(limit=1).total, index.runs(limit=1).total
        counts = {"n_executions": after[0] - before[0], "n_runs": after[1] - before[1]}
        sentence = _sentence_of_pull(counts, is_forwarded, state, _main(exchange), remote)
        told = {"remote": remote.name, "url": remote.url, **counts, "is_forwarded": is_forwarded}
        return {**told, "lines": to_json(exchange.states()), "sentence": sentence}


def own_lines(exchange: Exchange) -> list[str]:
    """Those of this folder that have a snapshot."""
    history = exchange.history
    return [line for line in history.lines() if ":" not in line and history.head(line) is not None]


def refuse_diverged(states: list[LineState], remote: Remote) -> None:
    """Conflict if a line over there is not a beginning of ours: a push would take snapshots away from somebody."""
    for state in states:
        if state.state == DIVERGED:
            there = state.remote_line.partition(":")[2]
            raise Conflict(
                f"Nothing was sent: {remote.url} has {_n_of(state.n_behind, 'snapshot')} of `{there}` from which this folder's "
                f"`{state.line}` does not follow. What is there is here now as {state.remote_line}.",
                f"`ds push {remote.name} --as NAME` keeps this folder's line there beside it, under a name of its own.",
                remote_line=state.remote_line,
            )


def _refuse_strangers(exchange: Exchange) -> None:
    """A repository of somebody's code is no place for a history."""
    if not exchange.is_empty_there and not exchange.has_records_there and not exchange.is_all_known():
        raise Conflict(
            f"{exchange.remote.url} holds something that is no history of this program.",
            "Give the history a repository of its own: git init --bare NAME.git",
        )


def _take_in(exchange: Exchange, *, join: bool, progress: Progress) -> None:
    with exchange.incoming() as incoming:
        exchange.fetch(incoming, progress)
        if not join and not incoming.is_related():
            raise NeedsConsent(
                f"The history at {exchange.remote.url} and the one of this folder have nothing in common.",
                f"`ds pull {exchange.remote.name} --join` takes it in beside this one. Is the address right?",
            )
        exchange.take_in(incoming)


def _main(exchange: Exchange) -> LineState:
    main = f"{exchange.remote.name}:{exchange.remote.main_as}"
    found = (state for state in exchange.states() if state.remote_line == main)
    return next(found, LineState(MAIN_LINE, main, SAME))


def is_under_way(workspace: str, remote: str) -> bool:
    return (workspace, remote) in _under_way


def is_awaited(workspace: str, remote: str) -> bool:
    """Somebody waits for the copy that is being kept there to make way."""
    return (workspace, remote) in _awaited


@contextmanager
def _alone(exchange: Exchange) -> Iterator[None]:
    """One at a time between these two. The recorder's own push makes way for a person's act; two persons' acts are a Conflict."""
    key = exchange.history.workspace.id, exchange.remote.name
    with _turn:
        if _under_way.get(key) is GENTLE and not exchange.is_gentle:
            _awaited.add(key)
            _turn.wait_for(lambda: key not in _under_way, timeout=MAKES_WAY_S)
            _awaited.discard(key)
        if key in _under_way:
            raise Conflict(f"A push or pull with {exchange.remote.name} is going on.", "Wait until it is done.")
        _under_way[key] = GENTLE if exchange.is_gentle else PERSONAL
    try:
        yield
    finally:
        with _turn:
            del _under_way[key]
            _turn.notify_all()


def _sentence_of_push(n_sent: int, states: list[LineState], remote: Remote) -> str:
    behind = [state.remote_line for state in states if state.state == BEHIND]
    if behind:
        return f"{remote.url} has newer snapshots ({', '.join(behind)}): `ds pull {remote.name}` takes them in."
    if not n_sent:
        return f"{remote.url} has everything already."
    n_ahead = sum(state.n_ahead for state in states if state.state in (AHEAD, REWRITTEN))
    is_first = any(state.state == ONLY_HERE for state in states)
    records = "what is new of the records"
    what = "The history" if is_first else f"{_n_of(n_ahead, 'snapshot')} and {records}" if n_ahead else records.capitalize()
    return f"{what} went to {remote.url}."


def _sentence_of_pull(counts: dict[str, int], is_forwarded: bool, before: LineState, after: LineState, remote: Remote) -> str:
    came = f"{_n_of(counts['n_executions'], 'execution')} and {_n_of(counts['n_runs'], 'run')} came from {remote.url}."
    if is_forwarded:
        return f"{came} Your files are as they were; `ds restore @` brings those of the newest snapshot."
    if after.state == DIVERGED or before.state in (BEHIND, ONLY_THERE):
        return (f"{came} Both sides have snapshots of their own: theirs are kept as {after.remote_line}, yours go on. "
                f"`ds diff @ {after.remote_line}` shows the difference, `ds restore` and `ds fork` take it too.")
    return came


def _n_of(n: int, noun: str) -> str:
    """1, 'run' -> '1 run'; 2000, 'run' -> '2,000 runs'"""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"

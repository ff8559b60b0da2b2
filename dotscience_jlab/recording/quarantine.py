"""What must not leave the computer: data that holds what looks like a secret is kept here as it is, and no push sends it.

    a push: what would be sent -> what was not looked through yet is -> something found, and nobody allowed it? then nothing is sent

Code, outputs and records hold none, they were cleaned before they were kept; but what an earlier program kept may, so everything is
looked through. Nothing found is ever written down but its kind and place.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, Callable, Iterable

from ..errors import NeedsConsent, NotFound
from ..model.ids import BlobDigest
from ..store.exchange import Exchange
from ..store.history import History
from ..store.outgoing import Outgoing
from ..store.searched import Searched, SearchedBlobs
from .notebook_texts import with_texts
from .secrets import Found, find_secrets

PATTERNS_VERSION = 1
"""Grows with each change of what is found: then all is looked through again, bit by bit."""
MOST_PARTS = 128
"""Of a large file so many chunks are looked through, about 64 MB; what is behind is said to be unsearched."""
MOST_BYTES = 64_000_000
"""Of one blob: earlier programs kept files up to 50 MB as one."""
PIECE_BYTES, OVERLAP_BYTES = 1 << 20, 15_000
LISTED = 3
ALLOWED = "allowed_to_leave"
"""A setting of the folder: digests of bytes that the user lets go as they are."""
_ONLY_IN_TEXT = frozenset(("assigned", "password", "bearer-token", "signature", "url-password", "twilio-key", "artifactory-token"))
"""In a picture or an archive any letters stand."""

Progress = Callable[[int, int, str], None]


def check_may_leave(exchange: Exchange, outgoing: Iterable[Outgoing], *, is_unsearched_allowed: bool, progress: Progress) -> None:
    """NeedsConsent, which names the files and the remedy, if one of these holds what looks like a secret and nobody allowed it; or
    if some of it is beyond what is searched, and not `is_unsearched_allowed`.

    Costs a look through what nobody looked through before: about 0.1 s a MB of text.
    """
    history = exchange.history
    going = list(outgoing)
    unsearched = sorted({each.path for each in going if _is_beyond(each)})
    held_back = look_through(history, (each for each in going if not _is_beyond(each)), len(going), progress)
    if held_back:
        raise NeedsConsent(
            f"Nothing was sent to {exchange.remote.url}: {_sentence(held_back)}.",
            "`ds secrets` lists all. `ds purge PATH` takes a file out of the history, `ds secrets allow PATH` lets it go as it is.",
            quarantined=[_row(each) for each in held_back[:1000]],
        )
    if unsearched and not is_unsearched_allowed:
        more = f" and {len(unsearched) - LISTED} more" if len(unsearched) > LISTED else ""
        raise NeedsConsent(
            f"Nothing was sent to {exchange.remote.url}: only the beginning of {', '.join(unsearched[:LISTED])}{more} was searched "
            f"for secrets, the first {MOST_BYTES // 1_000_000} MB.",
            "Repeat with --unscanned if all of it may go there.",
        )


def look_through(
    history: History, blobs: Iterable[Outgoing], n_blobs: int, progress: Progress, is_stopped: Callable[[], bool] = lambda: False
) -> list[Searched]:
    """Those among them that hold something and may not leave. What was looked at stays known, also if it is stopped half-way."""
    searched = SearchedBlobs(history.index, PATTERNS_VERSION)
    wanted = {each.digest: each for each in blobs}
    known = searched.of(wanted)
    found, fresh = [each for each in known.values() if each.kinds], []
    try:
        for n_done, each in enumerate(wanted.values()):
            if each.digest in known:
                continue
            if is_stopped():
                break
            looked = look_at(each.digest, each.path, history.objects.blob(each.digest))
            fresh.append(looked)
            found += [looked] if looked.kinds else []
            progress(n_done + 1, n_blobs, "files searched")
    finally:
        if fresh:
            searched.note(fresh)
    allowed = allowed_digests(history)
    return sorted((each for each in found if each.digest not in allowed), key=lambda each: (each.path, each.digest))


def look_at(digest: BlobDigest, path: str, data: bytes) -> Searched:
    """Where is the first one, and how many of which kind."""
    kinds: Counter[str] = Counter()
    line = 0

    def note(text: str, found: Iterable[Found], line_before: int = 0) -> None:
        nonlocal line
        for each in found:
            kinds[each.kind] += 1
            line = line or line_before + text.count("\n", 0, each.start) + 1

    if path.endswith(".ipynb") and _is_notebook(data, lambda text: note(text, find_secrets(text))):
        return Searched(digest, path, line, dict(kinds))
    is_text, n_lines = b"\0" not in data[:8192], 0
    for at in range(0, max(len(data), 1), PIECE_BYTES - OVERLAP_BYTES):
        text = data[at : at + PIECE_BYTES].decode("utf-8" if is_text else "latin-1", "replace")
        begin = OVERLAP_BYTES // 2 if at else 0  # what lies before was seen with the piece before
        found = (each for each in find_secrets(text, is_text=is_text) if is_text or each.kind not in _ONLY_IN_TEXT)
        note(text, (each for each in found if each.start >= begin or each.end > OVERLAP_BYTES), n_lines)
        n_lines += text.count("\n", 0, PIECE_BYTES - OVERLAP_BYTES)
    return Searched(digest, path, line, dict(kinds))


def _is_notebook(data: bytes, look: Callable[[str], None]) -> bool:
    def looked(text: str) -> str:
        look(text)
        return text

    try:
        with_texts(data, looked)
    except (ValueError, RecursionError):
        return False
    return True


def quarantined(history: History) -> list[dict[str, Any]]:
    """[{path, digest, line, kinds: {kind: n}, is_allowed}], by path."""
    allowed = allowed_digests(history)
    held = SearchedBlobs(history.index, PATTERNS_VERSION).with_finds()
    return [{**_row(each), "is_allowed": each.digest in allowed} for each in held if history.objects.has(each.digest)]


def allow(history: History, what: str) -> list[str]:
    """Let these bytes leave as they are: of the file at that path, or of that digest. The digests; NotFound if there is none."""
    held = [each for each in quarantined(history) if what in (each["path"], each["digest"])]
    if not held:
        raise NotFound(f"No push holds back {what}.", "`ds secrets` lists what one would.")
    digests = sorted({*allowed_digests(history), *(each["digest"] for each in held)})
    settings = {**history.workspace.settings, ALLOWED: digests}
    history.save_workspace(replace(history.workspace, settings=settings))
    return [each["digest"] for each in held]


def allowed_digests(history: History) -> frozenset[str]:
    found = history.workspace.settings.get(ALLOWED)
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()


def _is_beyond(each: Outgoing) -> bool:
    return each.part >= MOST_PARTS or each.size_bytes > MOST_BYTES


def _row(each: Searched) -> dict[str, Any]:
    return {"path": each.path, "digest": each.digest, "line": each.line, "kinds": dict(each.kinds or {})}


def _sentence(held_back: list[Searched]) -> str:
    """'data.csv holds what looks like a secret (aws-key, line 7)'"""
    words = [f"{each.path} ({', '.join(sorted(each.kinds or {}))}, line {each.line})" for each in held_back[:LISTED]]
    paths = {each.path for each in held_back}
    more = f" and {len(paths) - LISTED} more" if len(paths) > LISTED else ""
    return f"{', '.join(words)}{more} {'holds' if len(paths) == 1 else 'hold'} what looks like a secret"

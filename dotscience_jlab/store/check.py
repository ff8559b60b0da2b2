"""Is every byte of a history what it was? Reads all of it, names what is not and everything that refers to it.

    objects, loose and packed  ->  refs and workspace.json  ->  commits, folders, chunks, records  ->  state.db  ->  rubbish

Nothing is written, unless asked: then only what can lose nothing. Memory stays flat but for the names of commits.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator

from ..errors import DotscienceError
from ..model.workspace import Workspace
from .check_history import Walk, Walked
from .check_index import REMEDY as REBUILD_INDEX
from .check_index import check_index, known_refs
from .check_objects import StoredObjects, check_objects, damage_of, index_pack, stored_commits
from .check_refs import check_workspace, lost_refs, misled_refs, read_refs
from .findings import INDEX, OBJECT, RUBBISH, WORKSPACE, Checked, Finding, Referrers
from .git import GitObjects
from .index import remove_index
from .intents import Intents
from .lending import LENDERS, lenders, store_id_at
from .lock import StoreLock
from .objects import ObjectId
from .sweep import stale, sweep

Progress = Callable[[int, int, str], None]
"""(done, total, of what); total 0: not known."""

FROM_A_COPY = "A fork, a copy or a remote of this history may still have it; everything else can be read and restored."
REPAIR = "`ds check --repair` tidies it up."


def check_history(folder: Path, root: Path, *, is_repairing: bool = False, progress: Progress = lambda *_: None) -> Checked:
    """folder: the `.dotscience` of `root`; it need not open as a history.

    is_repairing: also sweep what killed writers left, index whole packs anew, and remove a wrong `state.db` (it is built anew
    at the next opening) if the history itself is whole; each such finding says so.
    """
    first, indexable = _look(folder, root, progress)
    if not is_repairing or not first.findings:
        return first
    repository = folder / "store.git"
    with StoreLock(repository):
        sweep(repository)
        for pack in indexable:
            index_pack(pack)
    second, _ = _look(folder, root, progress)
    left = list(second.findings)
    if second.is_whole and (indexable or any(each.kind == INDEX for each in left)):
        with StoreLock(repository):
            remove_index(repository / "state.db")  # who has the history open notices, and opens it anew
        left = [each for each in left if each.kind != INDEX]
    still = {(each.kind, each.what) for each in left}
    repaired = [replace(each, is_repaired=True) for each in first.findings if (each.kind, each.what) not in still]
    return replace(second, findings=(*left, *repaired))


def _look(folder: Path, root: Path, progress: Progress) -> tuple[Checked, list[Path]]:
    """What it is like, and whole packs that lack an index."""
    repository = folder / "store.git"
    folders = _object_folders(repository)
    n_total = sum(path.stat().st_size for each in folders for path in each.rglob("*") if path.is_file())
    stored = check_objects(folders, lambda n_bytes: progress(min(n_bytes, n_total), n_total, "bytes"))
    refs, findings = read_refs(repository)
    findings += _missing_lenders(repository)
    findings += check_workspace(repository)
    findings += stored.findings
    walked = Walked()
    try:
        objects = GitObjects(repository)
    except DotscienceError as error:
        findings.append(Finding(WORKSPACE, "repository", error.message, error.hint))
    else:
        try:
            walked = _walk(objects, refs, stored, progress)
            known = known_refs(repository / "state.db")
            findings += misled_refs(repository, refs, known, walked.broken.keys())
            findings += lost_refs(repository, refs | known, lambda: stored_commits(folders))
            findings += _broken(walked)
            findings += walked.findings
            progress(0, 0, "index")
            findings += _index(repository, objects, root, walked)
        finally:
            objects.close()
    findings += _unreferenced(stored, walked)
    findings += _rubbish(repository)
    findings += _unfinished(repository)
    told = Checked(tuple(_once(findings)), stored.n_objects, stored.n_bytes, walked.n_snapshots, walked.n_records)
    return told, stored.indexable


def _object_folders(repository: Path) -> list[Path]:
    """Its own, and those it borrows from."""
    own = repository / "objects"
    try:
        lines = (own / "info" / "alternates").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    borrowed = [own / line for line in lines if line and not line.startswith("#")]
    return [own, *(folder for folder in borrowed if folder.is_dir())]


def _missing_lenders(repository: Path) -> Iterator[Finding]:
    """What they lent is missed by snapshots one by one; the reason is this one."""
    try:
        gone = [each for each in lenders(repository) if store_id_at(each.repository) != each.store]
    except DotscienceError as error:
        yield Finding(WORKSPACE, LENDERS, error.message, error.hint)
        return
    for each in gone:
        told = f"This fork reads its older versions in the history of {each.root}, which is gone or moved."
        yield Finding(WORKSPACE, LENDERS, told, f"Put {each.root} back, or open it where it is now, then open this folder.")


def _walk(objects: GitObjects, refs: dict[str, ObjectId], stored: StoredObjects, progress: Progress) -> Walked:
    n_commits = 0

    def step() -> None:
        nonlocal n_commits
        n_commits += 1
        progress(n_commits, 0, "snapshots")

    damaged = {name: damage_of(name, where, wrong) for name, (where, wrong) in stored.damaged.items()}
    return Walk(objects, damaged, step).follow(refs)


def _broken(walked: Walked) -> Iterator[Finding]:
    for name, referrers in walked.broken.items():
        sentence = f"{_lost_with_it(referrers)}. {walked.reasons[name]}"
        yield Finding(OBJECT, name, sentence, FROM_A_COPY, **referrers.fields())  # type: ignore[arg-type]


def _lost_with_it(referrers: Referrers) -> str:
    """'data.csv cannot be restored as it was in 12 snapshots'"""
    first = next(iter(referrers.paths), None)
    if referrers.n_snapshots and first is not None:
        what = (first or "The whole folder") + (f" and {referrers.n_paths - 1} more" if referrers.n_paths > 1 else "")
        n = referrers.n_snapshots
        return f"{what} cannot be restored as it was in {n:,} snapshot{'s' if n != 1 else ''}"
    return f"{first} cannot be read" if first else "Bytes that records name cannot be read"


def _index(repository: Path, objects: GitObjects, root: Path, walked: Walked) -> list[Finding]:
    try:
        return check_index(repository / "state.db", objects, Workspace("w-0000000000000000", ""), root, set(walked.broken))  # type: ignore[arg-type]
    except DotscienceError as error:
        return [Finding(INDEX, "state.db", f"The index could not be compared: {error.message}", REBUILD_INDEX, is_damage=False)]


def _unreferenced(stored: StoredObjects, walked: Walked) -> Iterator[Finding]:
    for name, (where, wrong) in stored.damaged.items():
        if name not in walked.broken:
            sentence = f"{damage_of(name, where, wrong)} Nothing needs this copy of it."
            yield Finding(OBJECT, name, sentence, is_damage=False)


def _rubbish(repository: Path) -> Iterator[Finding]:
    for path in stale(repository):
        yield Finding(RUBBISH, path.name, f"{path.name} was left behind by a process that was killed.", REPAIR, is_damage=False)


def _unfinished(repository: Path) -> Iterator[Finding]:
    intents = Intents(repository)
    for name, intent in intents.all():
        sentence = f"{intent.path} is being put back from {intent.target}, or was when a process was killed."
        yield Finding(RUBBISH, name, sentence, "The next start of the recorder brings it to its end.", is_damage=False)
    for name in intents.damaged():
        sentence = f"The note {name} of a restore that was cut short cannot be read."
        remedy = "Restore the large file that was being put back, then delete the note."
        yield Finding(RUBBISH, name, sentence, remedy, is_damage=False)


def _once(findings: list[Finding]) -> Iterator[Finding]:
    seen = set()
    for each in findings:
        if each.sentence not in seen:
            seen.add(each.sentence)
            yield each

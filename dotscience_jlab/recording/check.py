"""Checks a folder's history and this user's spools; what a check may repair, it repairs through the history's own door."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from ..errors import DotscienceError, NotFound
from ..model.codec import to_json
from ..model.frames import TornFrame, next_frame, read_frame
from ..store.check import check_history
from ..store.findings import SPOOL, Checked, Finding
from ..store.layout import store_folder
from .workspaces import Workspaces

Progress = Callable[[int, int, str], None]


def check_folder(workspaces: Workspaces, root: Path, progress: Progress, *, is_repairing: bool = False) -> dict[str, Any]:
    """{root, n_objects, n_bytes, n_snapshots, n_records, n_sessions, is_whole, sentence, findings}.

    The history need not open. NotFound if there is none. Costs a read of all of it.
    """
    settings = workspaces.settings
    folder = store_folder(root, settings.data_dir / "stores")
    if not (folder / "store.git").is_dir():
        raise NotFound(f"There is no history in {root}.", "Run a cell there, or `ds init`.")
    found = check_history(folder, root, is_repairing=is_repairing, progress=progress)
    sessions, spoiled = check_spools(settings.spool_dir)
    if is_repairing and found.is_whole:
        try:
            workspaces.at_root(root, create=False)  # what was removed is built anew
        except DotscienceError as error:
            spoiled.append(Finding("workspace", str(root), error.message, error.hint))
    findings = (*found.findings, *spoiled)
    whole = Checked(findings)
    return {
        "root": str(root),
        "n_objects": found.n_objects,
        "n_bytes": found.n_bytes,
        "n_snapshots": found.n_snapshots,
        "n_records": found.n_records,
        "n_sessions": sessions,
        "is_whole": whole.is_whole,
        "sentence": sentence(whole, found),
        "findings": to_json(findings),
    }


def sentence(whole: Checked, found: Checked) -> str:
    """'All 72 objects, 6 snapshots and 16 records are what they were.'"""
    counts = f"{found.n_objects:,} objects, {found.n_snapshots:,} snapshots and {found.n_records:,} records"
    n_damaged = sum(each.is_damage and not each.is_repaired for each in whole.findings)
    if n_damaged:
        return f"{n_damaged} thing{'s are' if n_damaged != 1 else ' is'} damaged; looked at: {counts}."
    n_left = sum(not each.is_damage and not each.is_repaired for each in whole.findings)
    tidy = f" {n_left} thing{'s' if n_left != 1 else ''} can be tidied up, of no harm to the history." if n_left else ""
    return f"All {counts} are what they were.{tidy}"


def check_spools(spool_dir: Path) -> tuple[int, list[Finding]]:
    """(sessions looked at, what is damaged): a torn end is none, a killed kernel leaves one."""
    if not spool_dir.is_dir():
        return 0, []
    sessions = sorted(path for path in spool_dir.iterdir() if path.is_dir())
    return len(sessions), [finding for session in sessions for finding in _check_session(session)]


def _check_session(folder: Path) -> list[Finding]:
    files = sorted(path for path in folder.glob("*.spool") if path.stem.isdigit())
    findings, open_cells = [], {}
    expected = int(files[0].stem) if files else 0
    for path in files:
        start = int(path.stem)
        if start != expected:
            findings.append(_spoiled(folder, f"{start - expected} bytes before position {start} are gone", open_cells))
        try:
            data = path.read_bytes()
        except OSError:
            continue  # its session has just been stored
        for begin, end in _damaged_parts(data, open_cells, is_last=path == files[-1]):
            findings.append(_spoiled(folder, f"{end - begin} bytes at position {start + begin} hold no report", open_cells))
        expected = start + len(data)
    return findings


def _damaged_parts(data: bytes, open_cells: dict[str, None], *, is_last: bool) -> list[tuple[int, int]]:
    """(begin, end) of what is no frame; open_cells is brought up to date with what is."""
    parts, offset = [], 0
    while offset < len(data):
        try:
            frame, offset = read_frame(data, offset)
        except TornFrame as torn:
            following = next_frame(data, offset + 1)
            if following is None and is_last and not torn.is_damaged:
                break
            parts.append((offset, following or len(data)))
            offset = following or len(data)
            continue
        if isinstance(frame, dict) and frame.get("event") == "execution_started":
            open_cells[str(frame.get("execution"))] = None
        elif isinstance(frame, dict) and frame.get("event") == "execution_finished":
            open_cells.pop(str(frame.get("execution")), None)
    return parts


def _spoiled(folder: Path, what: str, open_cells: dict[str, None]) -> Finding:
    told = f"The reports of session {folder.name} that are not in a history yet are damaged: {what}."
    remedy = "What is whole in them is recorded all the same; the cells it belongs to say what they miss."
    named = (folder.name, *open_cells)
    return Finding(SPOOL, folder.name, told, remedy, records=named, n_records=len(named))

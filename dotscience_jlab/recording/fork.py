"""Forks a moment into a new folder: its own files, its own history that begins with the origin's, one shared past."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Callable
from urllib.parse import unquote

from ..errors import DotscienceError
from ..model.codec import to_json
from ..model.ids import SnapshotId
from ..model.snapshot import LINK, Skipped
from ..store.base import Store
from ..store.fork_store import make_history
from .fork_files import all_of, is_first, write_first
from .new_folder import check_place, new_folder
from .notebook import cell_source, read_document
from .unkept import skipped, unkept_files

MAX_WARNINGS = 50
CODE_SUFFIXES = (".py", ".ipynb", ".r", ".jl", ".sh", ".sql", ".yaml", ".yml", ".toml", ".cfg")
MAX_CODE_BYTES = 5_000_000
"""Of one file that is searched for paths."""
ENVIRONMENT_WITHIN = 50
"""Newest executions among which the environment is looked for: a kernel's first quick cells ended before it was listed."""


def plan_fork(store: Store, snapshot: SnapshotId, new_root: Path) -> dict[str, Any]:
    """{n_files, bytes, n_later, later_bytes, missing, warnings, tied}; errors as `apply_fork` would raise them. Reads only.

    later: what is written behind, unless the file system can share it without a copy. tied: paths of the files among the
    warnings whose code names the origin.
    """
    check_place(store, new_root)
    target = store.snapshot(snapshot)
    tree = store.tree(target.id)
    warnings, tied = _ties_to_origin(store, target.id, new_root)
    missing: tuple[Skipped, ...] = skipped(unkept_files(store, target, tree))
    later = [entry.size_bytes for path, entry in tree.items() if not is_first(path, entry)]
    return {
        "n_files": len(tree),
        "bytes": sum(entry.size_bytes for entry in tree.values()),
        "n_later": len(later),
        "later_bytes": sum(later),
        "missing": to_json(missing),
        "warnings": [*warnings, *tied.values(), *_editable_installs(store, str(store.root))],
        "tied": sorted(tied),
    }


def apply_fork(
    store: Store, snapshot: SnapshotId, new_root: Path, *, progress: Callable[[int, int, str], None]
) -> dict[str, Any]:
    """Make the folder with its history and the files that come first: {n_files, bytes, n_later, later_bytes}.

    later: still to come; whoever opens the fork next writes them (`arrivals.py`). What fails before leaves nothing behind.
    """
    check_place(store, new_root)
    tree = store.tree(store.snapshot(snapshot).id)
    with new_folder(new_root):
        # The history first: then no snapshot of an origin around it takes the files in.
        make_history(store, new_root, snapshot, all_of(snapshot, tree))
        left = write_first(store, snapshot, tree, new_root, progress)
    n_bytes = sum(entry.size_bytes for entry in tree.values())
    return {"n_files": len(tree), "bytes": n_bytes, "n_later": len(left.paths), "later_bytes": left.n_bytes}


def _ties_to_origin(store: Store, snapshot: SnapshotId, new_root: Path) -> tuple[list[str], dict[str, str]]:
    """What in the fork still points at the origin, in sentences: its place and links; absolute paths in code, by file."""
    origin, name = str(store.root), store.root.name
    found: list[str] = []
    tied: dict[str, str] = {}
    if Path(os.path.realpath(origin)) in Path(os.path.realpath(new_root)).parents:
        found.append(f"The fork lies inside {name}/: deleting that folder deletes the fork too.")
    for path, entry in store.tree(snapshot).items():
        if len(found) + len(tied) >= MAX_WARNINGS:
            break
        if entry.mode == LINK:
            target = os.fsdecode(store.read_blob(entry.digest))
            if _names(origin, target):
                found.append(f"{path} is a link into {name}/: {target}")
        elif path.lower().endswith(CODE_SUFFIXES) and entry.size_bytes <= MAX_CODE_BYTES:
            text = _code_text(path, b"".join(store.read_file(entry.digest)))
            line = next((each.strip() for each in text.splitlines() if _names(origin, each)), None) if origin in text else None
            if line is not None:
                tied[path] = f"{path} names {name}/ by its absolute path, and would read or write there: {line[:120]}"
    return found, tied


def _names(folder: str, text: str) -> bool:
    """'/p/churn', "open('/p/churn/x.csv')" -> True; '/p/churn2/x' -> False"""
    return re.search(re.escape(folder) + r"(?![\w.-])", text) is not None


def _editable_installs(store: Store, origin: str) -> list[str]:
    newest = store.index.executions(limit=ENVIRONMENT_WITHIN).items
    environment = next((each.environment for each in newest if each.environment is not None), None)
    if environment is None:
        return []
    try:
        packages = json.loads(store.read_blob(environment)).get("packages") or []
    except (DotscienceError, ValueError, AttributeError):
        return []
    return [
        f"The package {package.get('name')} is installed from {url}, so the fork imports that code and not its own."
        for package in packages
        if isinstance(package, dict) and _names(origin, url := unquote(str(package.get("url") or "")))
    ]


def _code_text(path: str, data: bytes) -> str:
    if path.endswith(".ipynb"):
        document = read_document(data)
        if document is not None:
            return "\n".join(cell_source(cell) for cell in document["cells"] if cell.get("cell_type") == "code")
    return data.decode("utf-8", "replace")

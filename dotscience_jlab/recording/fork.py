"""Forks a moment into a new folder: its own files, its own history that begins with the origin's, one shared past."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Callable

from ..errors import Conflict, DotscienceError, InvalidRequest, UnsafePath
from ..model.codec import to_json
from ..model.ids import SnapshotId
from ..model.paths import STORE_FOLDER
from ..model.snapshot import EXECUTABLE, LINK, Skipped, TreeEntry
from ..store.base import Store
from ..store.fork_store import copy_history
from .notebook import cell_source, read_document
from .unkept import skipped, unkept_files

MAX_WARNINGS = 50
CODE_SUFFIXES = (".py", ".ipynb", ".r", ".jl", ".sh", ".sql", ".yaml", ".yml", ".toml", ".cfg")


def plan_fork(store: Store, snapshot: SnapshotId, new_root: Path) -> dict[str, Any]:
    """{n_files, bytes, missing, warnings}; errors as `apply_fork` would raise them. Reads only."""
    check_place(store, new_root)
    target = store.snapshot(snapshot)
    tree = store.tree(target.id)
    missing: tuple[Skipped, ...] = skipped(unkept_files(store, target, tree))
    return {
        "n_files": len(tree),
        "bytes": sum(entry.size_bytes for entry in tree.values()),
        "missing": to_json(missing),
        "warnings": _ties_to_origin(store, snapshot),
    }


def apply_fork(
    store: Store, snapshot: SnapshotId, new_root: Path, *, progress: Callable[[int, int, str], None]
) -> dict[str, Any]:
    """Make the folder with the snapshot's files and its history; {n_files, bytes}. What fails half-way leaves nothing behind."""
    check_place(store, new_root)
    tree = store.tree(store.snapshot(snapshot).id)
    was_there = new_root.exists()
    new_root.mkdir(parents=True, exist_ok=True)
    try:
        for n_done, (path, entry) in enumerate(tree.items()):
            _write_new(new_root / path, entry, store.read_blob(entry.digest))
            progress(n_done + 1, len(tree), "files")
        copy_history(store, new_root, snapshot).close()
    except BaseException:
        for each in new_root.iterdir():
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
        if not was_there:
            new_root.rmdir()
        raise
    return {"n_files": len(tree), "bytes": sum(entry.size_bytes for entry in tree.values())}


def _write_new(target: Path, entry: TreeEntry, data: bytes) -> None:
    """Into a folder that only we know: nothing is there to be overwritten, and no link on the way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.mode == LINK:
        os.symlink(os.fsdecode(data), target)
        return
    target.write_bytes(data)
    if entry.mode == EXECUTABLE:
        target.chmod(target.stat().st_mode | 0o111)


def check_place(store: Store, new_root: Path) -> None:
    """A fork lies in a new or empty folder, beside its origin or anywhere else.

    Not in the origin's own folder: there it would be a project folder inside a project folder, and a restore or `rm -r` of
    the origin would reach it. Conflict, UnsafePath or InvalidRequest say so.
    """
    if not new_root.is_absolute():
        raise InvalidRequest(f"{str(new_root)!r} is not an absolute path.")
    if STORE_FOLDER in new_root.parts:
        raise UnsafePath("A fork cannot lie inside a history.", "Choose another folder.")
    origin = Path(os.path.realpath(store.root))
    if new_root == origin or origin in new_root.parents:
        raise UnsafePath(
            f"{new_root.name} would lie inside {origin.name}/ itself.", f"Choose a folder beside it, such as {origin.name}-fork."
        )
    if new_root.is_symlink() or (new_root.exists() and (not new_root.is_dir() or any(new_root.iterdir()))):
        raise Conflict(f"{new_root.name} is there already and not empty.", "Choose another name.")


def _ties_to_origin(store: Store, snapshot: SnapshotId) -> list[str]:
    """What in the fork still points at the origin: absolute paths in code, editable installs."""
    origin = str(store.root)
    found = []
    for path, entry in store.tree(snapshot).items():
        if len(found) >= MAX_WARNINGS or not path.lower().endswith(CODE_SUFFIXES) or entry.size_bytes > 5_000_000:
            continue
        data = store.read_blob(entry.digest)
        text = _code_text(path, data)
        if origin in text:
            line = next(line.strip() for line in text.splitlines() if origin in line)
            found.append(f"{path} names the origin by its absolute path: {line[:120]}")
    return found + _editable_installs(store, origin)


def _editable_installs(store: Store, origin: str) -> list[str]:
    newest = store.index.executions(limit=1).items
    if not newest or newest[0].environment is None:
        return []
    try:
        packages = json.loads(store.read_blob(newest[0].environment)).get("packages") or []
    except (DotscienceError, ValueError, AttributeError):
        return []
    return [
        f"The package {package.get('name')} is installed from the origin ({package.get('url')}); the fork imports that one."
        for package in packages
        if isinstance(package, dict) and origin in str(package.get("url") or package.get("direct_url") or "")
    ]


def _code_text(path: str, data: bytes) -> str:
    if path.endswith(".ipynb"):
        document = read_document(data)
        if document is not None:
            return "\n".join(cell_source(cell) for cell in document["cells"] if cell.get("cell_type") == "code")
    return data.decode("utf-8", "replace")

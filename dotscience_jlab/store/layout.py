"""The folder `.dotscience/` of a workspace: made so that it survives housekeeping, and found again.

    .dotscience/.gitignore            `*`: invisible to the user's own repository
    .dotscience/store.git/            the history, a plain bare repository
    .dotscience/store.git/.git        `gitdir: .`: with it `git clean -fdx` and `git stash -a` leave the history alone
    .dotscience/store.git/workspace.json, state.db, lock
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import uuid
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import NotFound, StoreDamaged, StoreError, StoreTooNew
from ..model.codec import from_json, to_json
from ..model.ids import StoreId, new_store_id
from ..model.instant import Instant
from ..model.paths import STORE_FOLDER
from ..model.workspace import FORMAT_VERSION, Origin, Workspace
from .disk import disk_errors
from .durable import sync_path
from .git import create_repository

ATTRIBUTES = "*.ds/** -delta\n"
"""Chunks of large files never gain from deltas, and looking for them is slow."""
GITIGNORE = "*\n"
OWN_GIT = "gitdir: .\n"


def store_folder(root: Path, fallback_dir: Path | None) -> Path:
    """Where the history of `root` lies: inside it, or, if it can hold none, below `fallback_dir` by a digest of the root."""
    inside = root / STORE_FOLDER
    if fallback_dir is None or (inside / "store.git").is_dir():
        return inside
    outside = fallback_dir / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return outside if outside.is_dir() or not os.access(root, os.W_OK | os.X_OK) else inside


def create_layout(
    folder: Path, root: Path, created_at: Instant, origin: Origin | None = None, store_id: StoreId | None = None
) -> None:
    """Make an empty history, whole or not at all; if another process makes one at the same time, the first one stays.

    store_id: the one it had before it was lost here; else it gets a new one.

    StoreFull or StoreReadOnly if the disk refuses.
    """
    repository = folder / "store.git"
    draft = folder / f"store.git.{uuid.uuid4().hex}"
    workspace = Workspace(store_id or new_store_id(), created_at, root=str(root), origin=origin)
    with disk_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_text(folder / ".gitignore", GITIGNORE)
        if (repository / "HEAD").exists():
            if not (repository / "workspace.json").exists():  # that file alone is gone: the history itself is kept
                write_workspace(folder, workspace)
            return
        try:
            create_repository(draft)
            write_text(draft / ".git", OWN_GIT)
            write_text(draft / "info" / "attributes", ATTRIBUTES)
            write_text(draft / "workspace.json", workspace_text(workspace))
            for name in ("HEAD", "config", "."):
                sync_path(draft / name)
            draft.rename(repository)
            sync_path(folder)
        except BaseException as error:
            shutil.rmtree(draft, ignore_errors=True)
            if not isinstance(error, OSError) or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def protect(folder: Path) -> None:
    """Put back what keeps the history invisible and safe from git's housekeeping; two stats, at every opening and snapshot."""
    try:
        for path, text in ((folder / ".gitignore", GITIGNORE), (folder / "store.git" / ".git", OWN_GIT)):
            if not path.exists():
                write_text(path, text)
    except OSError:
        return  # read-only: the history can still be read


def read_workspace(folder: Path, root: Path) -> Workspace:
    """Its workspace.json; NotFound if there is no history, StoreTooNew if a later version wrote it.

    A history copied to another folder while its first home still has it gets an id of its own.
    """
    path = folder / "store.git" / "workspace.json"
    try:
        text = path.read_text(encoding="utf-8")
        fault = workspace_fault(text)
        workspace: Workspace = from_json(Workspace, json.loads(text))
        if fault and workspace.format_version <= FORMAT_VERSION:
            raise ValueError(fault)
    except FileNotFoundError as error:
        raise NotFound(f"There is no history in {root}.", "Run a cell there, or `ds init`.") from error
    except (OSError, ValueError, TypeError) as error:
        remedy = f"Put {path} back from a copy, or remove it: it is made anew, and only the folder's id and settings are lost."
        raise StoreDamaged(f"{path.name} of the history in {root} cannot be read: {error}.", remedy) from error
    if workspace.format_version > FORMAT_VERSION:
        raise StoreTooNew(
            f"The history in {root} has format {workspace.format_version}; this program knows {FORMAT_VERSION}.",
            "Install a newer dotscience-jlab.",
        )
    if workspace.root != str(root):
        is_copy = _holds(Path(workspace.root), workspace, path)
        workspace = replace(workspace, root=str(root), id=new_store_id() if is_copy else workspace.id)
        try:
            write_workspace(folder, workspace)
        except StoreError:
            pass  # read-only: it keeps its old home in writing, and works
    return workspace


def write_workspace(folder: Path, workspace: Workspace) -> None:
    """Whole or not at all."""
    with disk_errors(folder):
        write_text(folder / "store.git" / "workspace.json", workspace_text(workspace))


def workspace_text(workspace: Workspace) -> str:
    """Its JSON, and a checksum of it: a digit that fell over in an id or a limit would read as well as the right one."""
    body = to_json(workspace)
    return json.dumps({**body, "checksum": _checksum(body)}, indent=2) + "\n"


def workspace_fault(text: str) -> str:
    """'' if the text is as it was written, else what is wrong with it; ValueError if it is no JSON.

    One without a checksum was written before there was one, or by hand, and is taken as it is.
    """
    body = json.loads(text)
    if not isinstance(body, dict):
        return "it holds no object"
    told = body.pop("checksum", None)
    return "" if told is None or told == _checksum(body) else "it holds other words than its checksum says"


def _checksum(body: dict[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(body, sort_keys=True, separators=(',', ':')).encode('utf-8')):08x}"


def _holds(root: Path, workspace: Workspace, path: Path) -> bool:
    """True if `root` still has this history: then the one at `path` is a copy, unless both are one folder by two names."""
    other = root / STORE_FOLDER / "store.git" / "workspace.json"
    try:
        body = json.loads(other.read_text(encoding="utf-8"))
        return isinstance(body, dict) and body.get("id") == workspace.id and not other.samefile(path)
    except (OSError, ValueError):
        return False


def write_text(path: Path, text: str) -> None:
    """Whole or not at all, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        draft.write_text(text, encoding="utf-8")
        sync_path(draft)
        draft.replace(path)
        sync_path(path.parent)
    finally:
        draft.unlink(missing_ok=True)

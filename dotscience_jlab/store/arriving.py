"""Which files of a fork are still on their way into its folder: written before anybody is told of it, gone when all are there.

    store.git/arriving.json    {"snapshot": "s-…", "paths": ["data/big.csv", …], "n_bytes": 31000000000}

A path of it that exists is there whole: each file is written elsewhere (`.dotscience/arriving/`) and then put into its place.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import StoreDamaged
from ..model.ids import SnapshotId
from ..model.paths import WorkspacePath
from .disk import disk_errors
from .layout import store_folder, write_text

ARRIVING = "arriving.json"


@dataclass(frozen=True)
class Arriving:
    snapshot: SnapshotId
    paths: tuple[WorkspacePath, ...]
    n_bytes: int
    """Of these files."""


def read_arriving(root: Path) -> Arriving | None:
    """None: everything is there. StoreDamaged if the list cannot be read."""
    path = _place(root)
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        paths = tuple(WorkspacePath(each) for each in body["paths"])
        return Arriving(SnapshotId(body["snapshot"]), paths, int(body["n_bytes"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = f"Remove it, then `ds restore` puts back the files that are missing in {root}."
        raise StoreDamaged(f"{path} cannot be read: {error}.", remedy) from error


def write_arriving(root: Path, arriving: Arriving | None) -> None:
    """On the disk when it returns. None: nothing is on its way any more."""
    path = _place(root)
    with disk_errors(path.parent):
        if arriving is None or not arriving.paths:
            with suppress(FileNotFoundError):
                path.unlink()
        else:
            write_text(path, arriving_text(arriving))


def arriving_text(arriving: Arriving) -> str:
    """As it stands in the file: in ASCII, so that a name that is not UTF-8 travels as an escape."""
    return json.dumps(asdict(arriving))


def arriving_root(folder: Path) -> Path | None:
    """The fork that `folder` lies in, if files of it are on their way. A few stats."""
    root = next((each for each in (folder, *folder.parents) if (store_folder(each, None) / "store.git").is_dir()), None)
    return root if root is not None and _place(root).exists() else None


def _place(root: Path) -> Path:
    return store_folder(root, None) / "store.git" / ARRIVING

"""The part of this package that stands alone on the standard library, as a folder that kernels of other environments import.

    <data_dir>/lent/<version>-<digest>/dotscience_jlab/{__init__,errors,settings}.py, model/, tracking/, link/

Copies, not our own folder: it would bring our whole `site-packages` into their import path.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from .. import __version__
from ..settings import Settings

PACKAGE = Path(__file__).resolve().parent.parent
LENT_FILES = ("__init__.py", "_version.py", "errors.py", "settings.py")
LENT_FOLDERS = ("model", "tracking", "link")


def lend_folder(settings: Settings, package: Path = PACKAGE) -> Path:
    """The folder to append to `sys.path` over there, made if it is not there yet; whole or not at all. OSError.

    Named by its content, so an upgrade lends a new one and running kernels keep theirs. About 5 ms when it exists.
    """
    contents = {path: (package / path).read_bytes() for path in _lent_paths(package)}
    digest = hashlib.sha256()
    for path, data in contents.items():
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    folder = settings.data_dir / "lent" / f"{__version__}-{digest.hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        for path, data in contents.items():
            target = draft / "dotscience_jlab" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        os.rename(draft, folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.is_dir():  # else another server was quicker, with the same content
            raise
    return folder


def _lent_paths(package: Path) -> list[str]:
    found = [name for name in LENT_FILES if (package / name).is_file()]
    for folder in LENT_FOLDERS:
        found += [each.relative_to(package).as_posix() for each in (package / folder).rglob("*.py")]
    return sorted(found)

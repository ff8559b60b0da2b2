"""What a recorder sees of an environment and its kernel does not: the machine's GPUs and limits, and repositories on its disk."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any, Sequence
from urllib.parse import unquote, urlsplit

from ..store.user_repository import look_at_repository
from .resources.gpus import Gpus
from .resources.limits import limits_of

GPUS_WAIT_S = 5.0
"""A driver that was asleep takes seconds to answer."""
CONDA_TOKEN = re.compile(r"/t/[^/]+/")
"""`https://host/t/<token>/channel/…`: the token is left out."""


def look_at_machine(
    pid: int | None, repository: str | None, editable: Sequence[str], prefix: str | None, gpus: Gpus
) -> dict[str, Any]:
    """{git, editable: {url: {commit, is_dirty}}, gpus: […], nvidia_driver, cuda_driver, limits, conda: [text]}; empty if not there.

    repository: its root. editable: URLs of folders that packages are installed from. prefix: of the Python, where a conda
    environment keeps its list. Takes a second or two at worst.
    """
    reading = gpus.look(GPUS_WAIT_S)
    cards = reading.gpus if reading is not None else ()
    return {
        "git": _git(repository),
        "editable": {url: state for url in editable if (state := _state_of(url)) is not None},
        "gpus": [{"name": each.name, "model": each.model, "uuid": each.uuid, "memory_bytes": each.total_bytes} for each in cards],
        "nvidia_driver": reading.driver if reading is not None else "",
        "cuda_driver": reading.cuda if reading is not None else "",
        "gpus_problem": reading.problem if reading is not None else "",
        "limits": limits_of(pid) if pid is not None else {},
        "conda": conda_list(Path(prefix)) if prefix else [],
    }


def _git(root: str | None) -> dict[str, Any]:
    """commit and ref are the kernel's to say, who read them first; an empty field is left out."""
    if root is None:
        return {}
    found = asdict(look_at_repository(Path(root), with_diff=True))
    lists = {name: list(found.pop(name)) for name in ("changed", "left_out")}
    said = {name: value for name, value in {**found, **lists}.items() if value and name not in ("commit", "ref")}
    return said if found["problem"] else {"is_dirty": False, **said}


def _state_of(url: str) -> dict[str, Any] | None:
    """Of the repository that holds the folder; None: it lies in none, or cannot be read."""
    if urlsplit(url).scheme != "file":
        return None
    folder = Path(unquote(urlsplit(url).path))
    root = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
    if root is None:
        return None
    found = look_at_repository(root, with_diff=False)
    return None if found.problem else {"commit": found.commit, "is_dirty": found.is_dirty}


def conda_list(prefix: Path) -> list[str]:
    """['https://host/channel/linux-64/zlib-1.3-h4.conda#<md5>', …] in order of name: what `conda list --explicit --md5` says.

    [] outside a conda environment. What was not installed from a channel has no line.
    """
    found = []
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        try:
            body = json.loads(path.read_bytes())
            url, digest = str(body.get("url") or ""), str(body.get("md5") or "")
        except (OSError, ValueError, AttributeError):
            continue
        if url:
            clean = CONDA_TOKEN.sub("/", re.sub(r"//[^/@]*@", "//", url))
            found.append(f"{clean}#{digest}" if digest else clean)
    return found

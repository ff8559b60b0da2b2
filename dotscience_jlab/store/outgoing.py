"""The files that a push would send: everything that is here and not there, blob by blob, under the user's names."""

from __future__ import annotations

import os
import re
from typing import Iterator, NamedTuple, Sequence

from ..model.ids import BlobDigest
from .git_command import GitCommand
from .objects import ObjectId
from .tree_names import users_name

CHUNK = re.compile(rb"(?P<file>.+\.ds)/\d{5,}/(?P<number>\d{6,})")


class Outgoing(NamedTuple):
    digest: BlobDigest
    path: str
    """Of the file in the folder; of records `segments/…` and `blobs/…`."""
    part: int
    """Of a large file the number of the chunk, else 0."""
    size_bytes: int


def outgoing(git: GitCommand, targets: Sequence[ObjectId], known: Sequence[ObjectId]) -> Iterator[Outgoing]:
    """known: commits that the other side has. Costs a walk over what is new, and a look at the size of each."""
    fed = "".join(f"{each}\n" for each in targets) + "".join(f"^{each}\n" for each in known)
    named = dict(_named(line) for line in git.run("rev-list", "--objects", "--stdin", fed=fed).splitlines() if " " in line)
    if not named:
        return
    words = ("cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", "--buffer")
    for line in git.run(*words, fed="".join(f"{each}\n" for each in named)).splitlines():
        name, kind, size = line.split()
        if kind == "blob":
            path, part = users_path(named[name])
            yield Outgoing(BlobDigest(name), path, part, int(size))


def users_path(path: bytes) -> tuple[str, int]:
    """b'data/big.csv.ds/00000/000003' -> ('data/big.csv', 3); b'a.csv' -> ('a.csv', 0)"""
    chunk = CHUNK.fullmatch(path)
    folders = (chunk["file"] if chunk else path).split(b"/")
    names = [*map(users_name, folders[:-1]), users_name(folders[-1], is_large=chunk is not None)]
    return os.fsdecode(b"/".join(names)), int(chunk["number"]) if chunk else 0


def _named(line: str) -> tuple[str, bytes]:
    name, _, path = line.partition(" ")
    return name, path.encode("utf-8", "surrogateescape")

"""Reads every stored object, loose and packed, and says which is not what its name says. Memory stays flat.

git's layout: a loose object is one zlib stream of `kind size\\0bytes`; a pack ends with the sha1 of all before, its index with the
sha1 of itself behind that of the pack. Source: git's gitformat-pack.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.pack import Pack, PackData, PackIndex, load_pack_index

from .durable import sync_path
from .findings import PACK, Finding
from .objects import ObjectId

READ_BYTES = 1 << 20
LOOSE_NAME = re.compile(r"[0-9a-f]{38}")
KINDS = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
PROGRESS_EVERY = 64
"""objects"""

Progress = Callable[[int], None]
"""Takes the bytes read so far."""


@dataclass
class StoredObjects:
    """What was found on the way."""

    n_objects: int = 0
    n_bytes: int = 0
    damaged: dict[ObjectId, tuple[Path, str]] = field(default_factory=dict)
    """name -> (file, what is wrong with it), of copies: another one may be whole."""
    findings: list[Finding] = field(default_factory=list)
    """About packs and indexes."""
    indexable: list[Path] = field(default_factory=list)
    """Whole packs whose index is gone or damaged: it can be made anew."""


def check_objects(folders: list[Path], progress: Progress) -> StoredObjects:
    """folders: `objects` of this store and of those that it borrows from."""
    found = StoredObjects()
    for folder in folders:
        for path in _loose_files(folder):
            _check_loose(path, found)
            progress(found.n_bytes)
        for path in sorted(folder.glob("pack/*.pack")):
            _check_pack(path, found, progress)
        for index in sorted(folder.glob("pack/*.idx")):
            if not index.with_suffix(".pack").exists():
                found.findings.append(Finding(PACK, index.name, f"The pack of {index.name} is gone.", is_damage=False))
    return found


def _loose_files(folder: Path) -> Iterator[Path]:
    for below in sorted(folder.glob("[0-9a-f][0-9a-f]")):
        yield from sorted(path for path in below.iterdir() if LOOSE_NAME.fullmatch(path.name))


def _check_loose(path: Path, found: StoredObjects) -> None:
    name = path.parent.name + path.name
    found.n_objects += 1
    try:
        wrong = _loose_fault(path, name, found)
    except FileNotFoundError:
        return  # maintenance packed it meanwhile
    except (OSError, zlib.error, ValueError) as error:
        wrong = str(error)
    if wrong:
        found.damaged[name] = path, wrong


def _loose_fault(path: Path, name: ObjectId, found: StoredObjects) -> str:
    """'' if the file holds what its name says. Streamed: a file of any size takes a few MiB."""
    stream, digest, n_inflated = zlib.decompressobj(), hashlib.sha1(usedforsecurity=False), 0
    with open(path, "rb") as file:
        while block := file.read(READ_BYTES):
            found.n_bytes += len(block)
            while block:
                data = stream.decompress(block, READ_BYTES)
                digest.update(data)
                n_inflated += len(data)
                if stream.unused_data:
                    return "more bytes follow than belong to it"
                block = stream.unconsumed_tail
    if not stream.eof:
        return "it ends early" if n_inflated or path.stat().st_size else "it is empty"
    return "" if digest.hexdigest() == name else "it holds other bytes"


def _check_pack(path: Path, found: StoredObjects, progress: Progress) -> None:
    try:
        fault = _trailer_fault(path, found, progress)
    except FileNotFoundError:
        return  # maintenance replaced it meanwhile
    except OSError as error:
        fault = f"it cannot be read: {error.strerror}"
    if fault:
        found.findings.append(Finding(PACK, path.name, f"The pack {path.name} is damaged: {fault}.", "Put it back from a copy."))
    index_path = path.with_suffix(".idx")
    index = _checked_index(index_path, path, found, is_pack_whole=not fault)
    if index is None:
        return
    try:
        _check_packed(path, index, found, progress)
    finally:
        index.close()


def _trailer_fault(path: Path, found: StoredObjects, progress: Progress) -> str:
    size, digest = path.stat().st_size, hashlib.sha1(usedforsecurity=False)
    if size < 32:
        return "it ends early"
    with open(path, "rb") as file:
        if file.read(4) != b"PACK":
            return "it does not begin as a pack does"
        file.seek(0)
        left = size - 20
        while left and (block := file.read(min(READ_BYTES, left))):
            digest.update(block)
            left -= len(block)
            found.n_bytes += len(block)
            progress(found.n_bytes)
        return "" if file.read() == digest.digest() else "it holds other bytes than its end says"


def _checked_index(index_path: Path, path: Path, found: StoredObjects, *, is_pack_whole: bool) -> PackIndex | None:
    """None if no object can be looked up in it."""
    index = None
    if not index_path.exists():
        fault = "it is gone"
    else:
        try:
            index = load_pack_index(str(index_path), DEFAULT_OBJECT_FORMAT)
            index.check()
            is_its = index.get_pack_checksum() == _end_of(path)
            fault = "" if is_its or not is_pack_whole else "it belongs to another pack"
        except Exception as error:  # dulwich meets damage with many kinds of error
            fault = f"it holds other bytes than its end says ({type(error).__name__})"
    if fault:
        if is_pack_whole:
            found.indexable.append(path)
        remedy = "`ds check --repair` makes it anew from the pack." if is_pack_whole else "Put both back from a copy."
        found.findings.append(Finding(PACK, index_path.name, f"The index {index_path.name} of a pack is damaged: {fault}.", remedy))
    return index


def _end_of(path: Path) -> bytes:
    with open(path, "rb") as file:
        file.seek(-20, 2)
        return file.read()


def _check_packed(path: Path, index: PackIndex, found: StoredObjects, progress: Progress) -> None:
    """In the order of the pack, so that the disk is read from front to back and bases of deltas are at hand."""
    pack = Pack(str(path.with_suffix("")), object_format=DEFAULT_OBJECT_FORMAT)
    try:
        try:
            entries = sorted(index.iterentries(), key=lambda entry: entry[1])
        except Exception:  # said of the index already
            return
        try:
            pack.data  # noqa: B018  opened here: its first look compares the two ends, and what differs was said above
        except Exception:
            pass
        for number, (raw_name, _, _) in enumerate(entries):
            found.n_objects += 1
            name = raw_name.hex()
            wrong = _packed_fault(pack, raw_name, name)
            if wrong:
                found.damaged[name] = path, wrong
            if number % PROGRESS_EVERY == 0:
                progress(found.n_bytes)
    finally:
        pack.close()


def _packed_fault(pack: Pack, raw_name: bytes, name: ObjectId) -> str:
    try:
        number, data = pack.get_raw(raw_name)  # type: ignore[arg-type]
        digest = hashlib.sha1(KINDS[number] + b" %d\0" % len(data), usedforsecurity=False)
    except Exception as error:  # dulwich meets damage with many kinds of error
        return str(error) or type(error).__name__
    digest.update(data)
    return "" if digest.hexdigest() == name else "it holds other bytes"


def stored_commits(folders: list[Path]) -> Iterator[tuple[ObjectId, bytes]]:
    """(name, bytes) of every commit that can be read, whether anything names it or not. Costs a look at every object."""
    for folder in folders:
        for path in _loose_files(folder):
            try:
                with open(path, "rb") as file:
                    is_commit = zlib.decompressobj().decompress(file.read(64), 7) == b"commit "
                if is_commit:
                    yield path.parent.name + path.name, zlib.decompress(path.read_bytes()).partition(b"\0")[2]
            except (OSError, zlib.error):
                continue
        for path in sorted(folder.glob("pack/*.pack")):
            with closing(Pack(str(path.with_suffix("")), object_format=DEFAULT_OBJECT_FORMAT)) as pack, suppress(Exception):
                for entry in pack.index.iterentries():
                    number, data = pack.get_raw(entry[0])
                    if KINDS[number] == b"commit":
                        yield entry[0].hex(), data


def index_pack(path: Path) -> None:
    """Make the index of a whole pack anew, beside it, then in its place."""
    draft = path.with_name(f"tmp_idx_{path.stem}")
    with PackData(str(path), object_format=DEFAULT_OBJECT_FORMAT) as data:
        data.create_index_v2(str(draft))
    draft.replace(path.with_suffix(".idx"))
    sync_path(path.parent)


def damage_of(name: ObjectId, where: Path, wrong: str) -> str:
    return f"The object {name} in {where.name} is damaged: {wrong}."

"""Reads the names that a history hangs on: HEAD, refs as files and in `packed-refs`, `workspace.json`."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Callable, Collection, Iterator

from ..model.workspace import Workspace
from .findings import REF, WORKSPACE, Finding
from .layout import workspace_fault
from .objects import RECORDS_REF, ObjectId, line_ref

LOOSE = re.compile(rb"([0-9a-f]{40})\n")
HEAD = b"ref: refs/heads/main\n"
PACKED = re.compile(rb"([0-9a-f]{40}) (refs/[^\0\n ]+)")
PEELED = re.compile(rb"\^[0-9a-f]{40}")
PACKED_HEADER = re.compile(rb"# pack-refs with:(?: (?:peeled|fully-peeled|sorted))* ?")
PARENT = re.compile(rb"^parent ([0-9a-f]{40})$", re.MULTILINE)
IS_SNAPSHOT = re.compile(rb"^Ds-Snapshot: ", re.MULTILINE)
IS_RECORDS = re.compile(rb"\n\n\d+ records?\n")
FROM_A_COPY = "Put it back from a copy of the folder."


def read_refs(repository: Path) -> tuple[dict[str, ObjectId], list[Finding]]:
    """name -> commit, and what cannot be read. Loose ones count before packed ones, as git has it."""
    refs: dict[str, ObjectId] = {}
    findings = [*_head(repository)]
    for name, commit, wrong in (*_packed(repository), *_loose(repository)):
        if commit:
            refs[name] = commit
        else:
            refs.pop(name, None)
            findings.append(Finding(REF, name, f"The ref {name} is damaged: {wrong}.", FROM_A_COPY))
    return refs, findings


def misled_refs(
    repository: Path, refs: dict[str, ObjectId], known: dict[str, ObjectId], broken: Collection[ObjectId]
) -> Iterator[Finding]:
    """Refs that name nothing that can be read, or are gone. known: what the index has taken in; a ref can be put back to it."""
    for name in sorted(refs.keys() | known.keys()):
        commit, seen = refs.get(name), known.get(name)
        if commit is not None and commit not in broken:
            continue
        told = f"The ref {name} names {commit}, which cannot be read" if commit else f"The ref {name} is gone"
        if seen is not None and seen not in broken:
            put_back = f"`git -C {repository} update-ref {name} {seen}` puts it back to where it was last seen."
            yield Finding(REF, name, f"{told}; it was last seen at {seen}.", put_back)
        else:
            yield Finding(REF, name, f"{told}.", FROM_A_COPY)


def lost_refs(
    repository: Path, refs: dict[str, ObjectId], commits: Callable[[], Iterator[tuple[ObjectId, bytes]]]
) -> Iterator[Finding]:
    """Refs that even the index does not know: commits are left that only a ref can have been at the end of.

    commits: every one that is stored; asked only if a ref is missing. One alone was never named: its writer was killed.
    """
    for name, is_its in ((line_ref("main"), IS_SNAPSHOT), (RECORDS_REF, IS_RECORDS)):
        if name in refs:
            continue
        parents = {commit: PARENT.findall(data.partition(b"\n\n")[0]) for commit, data in commits() if is_its.search(data)}
        named = {parent.decode() for found in parents.values() for parent in found}
        ends = sorted(commit for commit in parents if commit not in named and parents[commit])
        if ends:
            told = ", ".join(ends[:3])
            remedy = f"`git -C {repository} update-ref {name} {ends[0]}` puts it back; `git log {ends[0]}` shows what it holds."
            yield Finding(REF, name, f"The ref {name} is gone, and with it what ends in {told}.", remedy)


def check_workspace(repository: Path) -> Iterator[Finding]:
    path = repository / "workspace.json"
    remedy = "Put it back from a copy, or remove it: it is made anew, and only the folder's id and settings are lost."
    try:
        text = path.read_text(encoding="utf-8")
        fault = workspace_fault(text) or _form_fault(text)
    except FileNotFoundError:
        fault = "it is gone"
    except (OSError, ValueError) as error:
        fault = str(error)
    if fault:
        yield Finding(WORKSPACE, path.name, f"The file workspace.json is damaged: {fault}.", remedy)


def _form_fault(text: str) -> str:
    """What the checksum does not cover: itself, its own name, the spaces."""
    body = json.loads(text)
    if "checksum" in body:
        return "" if text == json.dumps(body, indent=2) + "\n" else "it is not laid out as it was written"
    strange = body.keys() - {each.name for each in fields(Workspace)}
    return f"it has a field {strange.pop()!r}" if strange else ""


def _head(repository: Path) -> Iterator[Finding]:
    try:
        told = (repository / "HEAD").read_bytes()
    except OSError:
        told = b""
    if told != HEAD:
        remedy = f"Write the line `{HEAD.decode().strip()}` into it: without it git takes the folder for no repository."
        yield Finding(REF, "HEAD", "The file HEAD of the history is damaged or gone.", remedy)


def _loose(repository: Path) -> Iterator[tuple[str, ObjectId, str]]:
    """(name, commit or '', what is wrong)"""
    for path in sorted((repository / "refs").rglob("*")):
        name = path.relative_to(repository).as_posix()
        if path.is_dir() or path.name.endswith(".lock"):
            continue
        try:
            told = LOOSE.fullmatch(path.read_bytes())
        except OSError as error:
            yield name, "", f"it cannot be read ({error.strerror})"
            continue
        yield name, told.group(1).decode() if told else "", "it holds no object's name"


def _packed(repository: Path) -> Iterator[tuple[str, ObjectId, str]]:
    try:
        lines = (repository / "packed-refs").read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        yield "packed-refs", "", f"it cannot be read ({error.strerror})"
        return
    if lines.pop() != b"":
        yield "packed-refs", "", "it ends early"
    for number, line in enumerate(lines):
        told = PACKED.fullmatch(line)
        if told:
            yield told.group(2).decode("utf-8", "replace"), told.group(1).decode(), ""
        elif not PEELED.fullmatch(line) and not (number == 0 and PACKED_HEADER.fullmatch(line)):
            yield "packed-refs", "", f"line {number + 1} of packed-refs names no ref"



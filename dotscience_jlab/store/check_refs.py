"""Reads the names that a history hangs on: HEAD, refs as files and in `packed-refs`, `workspace.json`."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Iterator

from ..model.workspace import Workspace
from .findings import REF, WORKSPACE, Finding
from .layout import workspace_fault
from .objects import RECORDS_REF, ObjectId, line_ref

LOOSE = re.compile(rb"([0-9a-f]{40})\n")
HEAD = re.compile(rb"ref: refs/heads/[^\0\n]+\n|[0-9a-f]{40}\n")
PACKED = re.compile(rb"([0-9a-f]{40}) (refs/[^\0\n ]+)")
PEELED = re.compile(rb"\^[0-9a-f]{40}")
PACKED_HEADER = re.compile(rb"# pack-refs with:(?: (?:peeled|fully-peeled|sorted))* ?")
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


def missing_refs(
    repository: Path, refs: dict[str, ObjectId], known: dict[str, ObjectId], reported: set[str]
) -> Iterator[Finding]:
    """known: what the index has taken in. A ref that it knows and that is gone can be put back by hand."""
    for name, commit in sorted(known.items()):
        if name not in refs:
            put_back = f"`git -C {repository} update-ref {name} {commit}` puts it back to where it was last seen."
            if name in reported:
                yield Finding(REF, name, f"The ref {name} was last seen at {commit}.", put_back)
            else:
                yield Finding(REF, name, f"The ref {name} is gone; it was last seen at {commit}.", put_back)


def lost_refs(refs: dict[str, ObjectId], *, names_snapshots: bool, names_executions: bool) -> Iterator[Finding]:
    """Where even the index does not know it: the two halves of a history name each other."""
    main = line_ref("main")
    if main not in refs and names_snapshots:
        sentence = f"The ref {main} is gone: records name snapshots, and no line holds them."
        yield Finding(REF, main, sentence, "`git fsck --lost-found` in the store names the newest commit that is left.")
    if RECORDS_REF not in refs and names_executions:
        sentence = f"The ref {RECORDS_REF} is gone: snapshots name executions that nothing tells of."
        yield Finding(REF, RECORDS_REF, sentence, "`git fsck --lost-found` in the store names the newest commit that is left.")


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
    if not HEAD.fullmatch(told):
        remedy = "Write the line `ref: refs/heads/main` into it."
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



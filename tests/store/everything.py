"""A history with something of everything in it, what it holds in plain words, and a reader that compares the two."""

from __future__ import annotations

import math
import random
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from dotscience_jlab.errors import DotscienceError
from dotscience_jlab.model.codec import to_json
from dotscience_jlab.model.execution import FileUse, Session
from dotscience_jlab.model.run import Annotation, Artifact, Tombstone
from dotscience_jlab.model.snapshot import TreeEntry
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store

from .conftest import SMALL_CHUNKS
from .contract import AT, NOTEBOOK, SESSION, draft, execution, run

N_SNAPSHOTS = 8


def build(root: Path, *, is_packed: bool) -> None:
    """is_packed: as another git's housekeeping leaves it, with two snapshots on top whose objects are loose again."""
    bytes_of = random.Random(7).randbytes
    store = open_store(root, create=True, sizes=SMALL_CHUNKS)
    for n in range(N_SNAPSHOTS):
        if is_packed and n == N_SNAPSHOTS - 2:
            store.close()
            git(root, "gc", "-q", "--prune=now")
            store = open_store(root, sizes=SMALL_CHUNKS)
        edits: dict[str, Any] = {
            "train.ipynb": b'{"cells": [%d]}' % n,
            "data/raw.csv": b"a,b\n" + b"1,2\n" * (100 * (n // 2)),
            f"data/part{n % 3}/x.bin": bytes_of(3000),
            "bin/tool": TreeEntry(store.put_bytes(b"#!/bin/sh\n"), 10, "executable"),
            "data/large.npy": store.put_file_bytes(bytes_of(9000) if n % 3 else noise(n, 20_000)),
            "latest": TreeEntry(store.put_bytes(b"data/raw.csv"), 12, "link"),
        }
        if n == 3:
            edits["data/part0/x.bin"] = None
        outputs = store.put_bytes(b'[{"output_type": "stream", "text": "%d"}]' % n)
        environment = store.put_bytes(b'{"python": "3.11", "packages": []}')
        used = FileUse(str(root / "data/raw.csv"), "input", "data/raw.csv")  # type: ignore[arg-type]
        store.publish(
            draft(store, edits, f"cell {n}", execution=execution(n).id, notebook=NOTEBOOK, created_at=AT % n),
            lambda shot, n=n, outputs=outputs, environment=environment, used=used: [
                execution(n, snapshot=shot.id, outputs_blob=outputs, environment=environment, files=(used,),
                          path="train.ipynb", notebook=NOTEBOOK, finished_at=AT % n)],
        )
    made = [run(n, id=f"00000000-0000-4000-8000-00000000000{n}", parameters={"lr": 1 / (n + 1)}) for n in range(4)]
    for each, n_points in zip(made, (3, 40, 1200, 0)):
        store.index.add_points(each.id, [(7 * n, "loss", n, 1.0 * n, math.exp(-n / 100)) for n in range(n_points)])
    figure = Artifact("figure", "image", blob=store.put_bytes(bytes_of(5000)))
    store.append([replace(made[0], artifacts=(figure,)), *made[1:]])
    store.append([Annotation("w1", made[0].id, "note", "a word", AT % 9), Annotation("w2", made[1].id, "star", True, AT % 9)])  # type: ignore[arg-type]
    store.append([Tombstone("t1", (made[3].id,), "asked for", AT % 10), Session(SESSION, "kernel", AT % 0, finished_at=AT % 11)])  # type: ignore[arg-type]
    store.close()
    if is_packed:
        git(root, "pack-refs", "--all")


def noise(seed: int, n_bytes: int) -> bytes:
    """The same beginning for every seed: chunks that versions share."""
    return random.Random(0).randbytes(n_bytes // 2) + random.Random(seed).randbytes(n_bytes // 2)


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(root / ".dotscience/store.git"), *words], check=True)


def questions(store: History) -> dict[str, Callable[[History], Any]]:
    """Everything that can be asked of this history, each question by a name that says it."""
    asked: dict[str, Callable[[History], Any]] = {
        "head": lambda each: each.head(),
        "runs": lambda each: to_json(each.index.runs(sort="number").items),
        "executions": lambda each: to_json(each.index.executions().items),
        "session": lambda each: to_json(each.index.session(SESSION)),  # type: ignore[arg-type]
        "snapshots": lambda each: each.snapshots(),
    }
    for shot in store.snapshots():
        asked[f"snapshot {shot.id}"] = lambda each, shot=shot: each.snapshot(shot.id)
        asked[f"changes {shot.id}"] = lambda each, shot=shot: [
            (change.path, change.kind) for change in each.changes(next(iter(shot.parents), None), shot.id)]
        for path in store.tree(shot.id):
            asked[f"file {shot.id} {path}"] = lambda each, shot=shot, path=path: file_of(each, shot.id, path)
    for each in store.index.executions().items:
        asked[f"execution {each.id}"] = lambda store, one=each: to_json(store.index.execution(one.id))
        for digest in filter(None, (each.outputs_blob, each.environment)):
            asked[f"blob {digest}"] = lambda store, digest=digest: store.read_blob(digest)
    for each in store.index.runs().items:
        asked[f"run {each.id}"] = lambda store, one=each: to_json(store.index.run(one.id))
        asked[f"series {each.id}"] = lambda store, one=each: to_json(store.index.series(one.id))
        for artifact in each.artifacts:
            asked[f"blob {artifact.blob}"] = lambda store, digest=artifact.blob: store.read_blob(digest)
    return asked


def file_of(store: History, snapshot: str, path: str) -> tuple[str, bytes]:
    entry = store.entry(snapshot, path)  # type: ignore[arg-type]
    if entry is None:
        raise AssertionError(f"{path} is missing from {snapshot}, and nobody says that it is damaged")
    return entry.mode, b"".join(store.read_file(entry.digest))


LISTS = ("runs", "executions", "snapshots")


def wrong_answers(store: History, asked: dict[str, Callable[[History], Any]], right: dict[str, Any]) -> tuple[list[str], list[str]]:
    """(questions answered otherwise than `right`, questions refused by name). A list may lack what is damaged, never hold it."""
    wrong, refused = [], []
    for question, ask in asked.items():
        try:
            told = ask(store)
        except DotscienceError:
            refused.append(question)
            continue
        if question in LISTS:
            if any(each not in right[question] for each in told):
                wrong.append(question)
            elif len(told) != len(right[question]):
                refused.append(question)
        elif told != right[question]:
            wrong.append(question)
    return wrong, refused


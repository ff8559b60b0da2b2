"""Random work on a notebook against a model: the recorded source of every execution is the one that was executed.

A sequence is a handful of moves (edit, run, delete, move, undo, save, restart of the kernel), seeded; what is not saved is not on
disk. Many sequences share a kernel. The model is three lists: the cells as the editor has them, its undo stack, what was executed.
"""

from __future__ import annotations

import base64
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.link.launch import connect_or_launch
from dotscience_jlab.settings import load_settings
from tests.tracking.kernel_driver import Kernel

from .history import History

SEED = 20261128
N_MOVES = (4, 12)
N_BATCHES, N_SEQUENCES = 20, 50
"""Together 1,000."""
SNAPSHOT_EVERY = 10
"""Of each so many executions the notebook in its snapshot is looked at, too."""
RESTARTS = 0.012
"""Of the moves: each takes a second."""

SOURCES = (
    "x{n} = {n}", "print({n})", "x = [{n}]\nx.append({n})", "y = '{n} ünïcødé 🙂'", "{n} / 0", "def broken{n}(:", "%time z = {n}",
    "# only a comment {n}", "x = 'same in many cells'", "%%capture out\nprint({n})", "import os; os.getpid()", "!true {n}",
    "for i in range(3):\n\tprint(i, {n})  \n", "open('f{n}.txt', 'w').write('{n}'); None", "\n\nz = {n}\n\n", "_ = {n};",
    "'\\u2028{n}'", "raise KeyboardInterrupt",
)


@dataclass
class Cell:
    id: str
    source: str


@dataclass
class Model:
    """The editor, and what ran."""

    chance: random.Random
    cells: list[Cell] = field(default_factory=list)
    undo: list[list[Cell]] = field(default_factory=list)
    executed: list[tuple[int, str, str]] = field(default_factory=list)
    """(life of the kernel, cell, source)"""
    life: int = 0
    n_cells: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        self.cells, self.undo = [self.new_cell() for _ in range(3)], []

    def new_cell(self) -> Cell:
        self.n_cells += 1
        return Cell(f"cell-{self.n_cells}", self.source())

    def source(self) -> str:
        return self.chance.choice(SOURCES).replace("{n}", str(self.chance.randrange(1000)))

    def change(self) -> None:
        self.undo.append([Cell(each.id, each.source) for each in self.cells])

    def move(self) -> str:
        """The next move, done to the editor; `run`, `save` and `restart` are the caller's."""
        acts = ["edit", "run", "run", "run", "delete", "move", "undo", "save", "insert"]
        act = "restart" if self.chance.random() < RESTARTS else self.chance.choice(acts)
        place = self.chance.randrange(len(self.cells))
        if act == "edit":
            self.change()
            self.cells[place] = Cell(self.cells[place].id, self.source())
        elif act == "insert":
            self.change()
            self.cells.insert(place, self.new_cell())
        elif act == "delete" and len(self.cells) > 1:
            self.change()
            del self.cells[place]
        elif act == "move":
            self.change()
            self.cells.insert(self.chance.randrange(len(self.cells)), self.cells.pop(place))
        elif act == "undo" and self.undo:
            self.cells = self.undo.pop()
        self.counts[act] = self.counts.get(act, 0) + 1
        return act

    def document(self) -> dict[str, Any]:
        cells = [{"cell_type": "code", "id": each.id, "metadata": {}, "source": each.source, "outputs": [], "execution_count": None}
                 for each in self.cells]
        return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def work(model: Model, n_sequences: int, project: Path, home: Path) -> None:
    """Drive a real kernel through the sequences."""
    path = project / "work.ipynb"

    def start() -> Kernel:
        return Kernel(home, project, env={"JPY_SESSION_NAME": str(path)})

    kernel = start()
    try:
        for _ in range(n_sequences):
            model.begin()
            if model.chance.random() < 0.7:
                path.write_text(json.dumps(model.document()), encoding="utf-8")
            for _ in range(model.chance.randint(*N_MOVES)):
                act = model.move()
                if act == "save":
                    path.write_text(json.dumps(model.document()), encoding="utf-8")
                elif act == "restart":
                    kernel.close()
                    kernel = start()
                    model.life += 1
                elif act == "run":
                    cell = model.chance.choice(model.cells)
                    model.executed.append((model.life, cell.id, cell.source))
                    kernel.run(cell.source, cell_id=cell.id, stop_on_error=False)
    finally:
        kernel.close()


def recorded(project: Path, n_expected: int) -> list[dict[str, Any]]:
    """All executions in order of start, once that many are over. What `%%capture` runs inside a cell has an entry of its own."""
    history = History(project)

    def ended() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = None
        while True:
            page = history.ask("executions.list", limit=1000, **({"after": after} if after else {}))
            found += page["items"]
            after = page["next"]
            if not after or not page["items"]:
                return [each for each in found if each["outcome"] != "running" and each["kind"] != "nested"][::-1]

    n_before, found = -1, history.until(lambda each: len(each) >= n_expected, ended)
    while n_before < len(found) < n_expected:  # a busy machine's recorder is behind, and goes on
        n_before, found = len(found), history.until(lambda each: len(each) >= n_expected, ended)
    return found


def check(model: Model, project: Path) -> None:
    found = recorded(project, len(model.executed))
    assert [(each["cell_id"], each["source"]) for each in found] == [(cell, source) for _, cell, source in model.executed]
    lives: dict[str, set[int]] = {}
    for each, (life, *_) in zip(found, model.executed):
        lives.setdefault(each["session"], set()).add(life)
    assert all(len(each) == 1 for each in lives.values()) and len(lives) == len({life for life, *_ in model.executed})
    for session in lives:
        orders = [each["order"] for each in found if each["session"] == session]
        assert orders == sorted(set(orders))
    assert {each["path"] for each in found} == {"work.ipynb"}
    with connect_or_launch(load_settings(), "cli") as link:
        workspace = link.request("workspaces.find", {"disk_path": str(project)})["id"]
        for each in found[::SNAPSHOT_EVERY]:
            asked = {"workspace": workspace, "snapshot": each["snapshot"], "path": "work.ipynb"}
            document = json.loads(base64.b64decode(link.request("snapshots.file", asked)["content_base64"]))
            cells = {cell["id"]: "".join(cell["source"]) for cell in document["cells"]}
            assert cells[each["cell_id"]] == each["source"], "the notebook of its snapshot has what was executed"


def test_some_sequences(project: Path, own_home: Path) -> None:
    model = Model(random.Random(SEED))
    work(model, 4, project, own_home)
    check(model, project)


@pytest.mark.slow(share=0)
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("batch", range(N_BATCHES))
def test_a_thousand_sequences(batch: int, project: Path, own_home: Path) -> None:
    model = Model(random.Random(f"{SEED} {batch}"))
    work(model, N_SEQUENCES, project, own_home)
    n_executed, n_kernels = len(model.executed), model.life + 1
    print(f"batch {batch}: {N_SEQUENCES} sequences, {n_executed} executions, {n_kernels} kernels, moves {model.counts}")
    check(model, project)

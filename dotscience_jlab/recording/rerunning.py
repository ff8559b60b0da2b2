"""Runs a recipe again, in a child process and a folder of its own, and says whether it gave the same.

    the folder as it was before the first cell, its inputs as they were read  ->  a fresh kernel runs the cells  ->  compare

The project folder is not touched: code that names it by its absolute path is not run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import DotscienceError, NotFound
from ..model import events as ev
from ..model.execution import OK, Execution, FileUse
from ..model.frames import Points, read_frames
from ..model.instant import Instant
from ..model.paths import WorkspacePath
from ..model.recipe import CONFIRMED, DIFFERS, FAILED, Confirmation
from ..model.run import Run
from ..model.snapshot import EXECUTABLE, LINK, TreeEntry
from ..store.base import Store
from .drafts import check_inside, write_sparsely
from .recipe import Recipe
from .same_content import MAX_FOUND, differences, is_same_number, is_same_text

RUNNER = "dotscience_jlab.cli.rerun"
"""Run by name in the child, which has the right to speak to kernels."""
TIMEOUT_S = 3600.0
POLL_S = 0.2
LARGE_BYTES = 50_000_000
"""A larger file is laid only if a cell of the recipe reads it."""

Watch = Callable[[], bool]


def rerun(
    store: Store, recipe: Recipe, notebook: dict[str, Any], at: Instant, *, expected: Any = None,
    executable: str = "", is_gone: Watch = lambda: False, timeout_s: float = TIMEOUT_S,
) -> Confirmation:
    """expected: what the variable holds in the kernel that made it (tracking/content.py); None: outputs are compared instead.

    executable: the Python of that kernel; '' or one that is gone: the kernel of this environment. is_gone: nobody waits any
    more, so it is stopped.
    """
    tied = next((each.execution for each in recipe.cells if str(store.root) in each.execution.source), None)
    if tied is not None:
        sentence = f"A cell names {store.root.name}/ by its absolute path and would read or write there, so it was not run."
        return Confirmation(FAILED, at, (sentence,))
    home = Path(os.path.realpath(tempfile.mkdtemp(prefix="ds-recipe-")))
    try:
        folder = home / store.root.name
        notes = lay_folder(store, recipe, folder)
        answer = _run(home, folder, recipe, notebook, executable, is_gone, timeout_s, _then(store, recipe, home))
        state, details = _judge(store, recipe, notebook, answer, home, folder, expected)
        return Confirmation(state, at, tuple([*details, *notes]))
    except DotscienceError as error:
        return Confirmation(FAILED, at, (str(error),))
    finally:
        shutil.rmtree(home, ignore_errors=True)


# -- the folder ------------------------------------------------------------------------------------------------


def lay_folder(store: Store, recipe: Recipe, folder: Path) -> list[str]:
    """Write the files as they were before its first cell, and its inputs as they were read; what could not be, in sentences."""
    notes: list[str] = []
    inputs = {use.path: use for use in recipe.inputs if use.path is not None}
    folder.mkdir(mode=0o700)
    for path, entry in _tree_before(store, recipe).items():
        if path not in inputs and entry.size_bytes <= LARGE_BYTES:
            _write(store, folder, path, entry)
    for path, use in inputs.items():
        entry = _entry_of(store, use)
        if entry is None:
            notes.append(f"{path} could not be laid out as it was read: {use.kept_reason or 'its bytes are not kept'}.")
        else:
            _write(store, folder, path, entry)
    for each in recipe.cells:
        if each.execution.path is not None:
            (folder / each.execution.path).parent.mkdir(parents=True, exist_ok=True)
    return notes


def _tree_before(store: Store, recipe: Recipe) -> dict[WorkspacePath, TreeEntry]:
    """The snapshot of the earliest cell, with what that cell wrote taken back."""
    known = [each.execution for each in recipe.cells if each.execution.snapshot is not None]
    if not known:
        return {}
    first = min(known, key=lambda each: each.started_at)
    assert first.snapshot is not None
    try:
        snapshot = store.snapshot(first.snapshot)
    except NotFound:
        return {}
    tree = dict(store.tree(snapshot.id))
    if snapshot.execution != first.id:
        return tree
    for use in first.files:
        if use.role == "output" and use.path is not None:
            before = store.entry(snapshot.parents[0], use.path) if snapshot.parents else None
            if before is not None:
                tree[use.path] = before
            else:
                tree.pop(use.path, None)
    return tree


def _entry_of(store: Store, use: FileUse) -> TreeEntry | None:
    """The version that was read: of the snapshot that last changed it, else whichever snapshot has these bytes."""
    assert use.path is not None
    candidates = [use.version] if use.version is not None else []
    users = (store.index.execution(found) for found, _ in store.index.uses_of(use.path))
    candidates += [each.snapshot for each in users if each.snapshot is not None]
    for snapshot in dict.fromkeys(candidates):
        try:
            entry = store.entry(snapshot, use.path)
        except NotFound:
            continue
        if entry is not None and (use.digest is None or entry.digest == use.digest):
            return entry
    return None


def _write(store: Store, folder: Path, path: str, entry: TreeEntry) -> None:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    check_inside(folder, path)  # type: ignore[arg-type]
    if entry.mode == LINK:
        return  # it may lead back into the project
    with open(place, "wb") as file:
        write_sparsely(file, store.read_file(entry.digest))
    if entry.mode == EXECUTABLE:
        place.chmod(place.stat().st_mode | 0o111)


def _then(store: Store, recipe: Recipe, home: Path) -> dict[str, Path]:
    """The recorded version of the file it is of, beside the folder: to be read in the child, by the same reader."""
    use = recipe.output
    if use is None or use.path is None or use.digest is None:
        return {}
    place = home / "then" / Path(use.path).name
    place.parent.mkdir()
    try:
        with open(place, "wb") as file:
            write_sparsely(file, store.read_file(use.digest))
    except DotscienceError:
        return {}
    return {use.path: place}


# -- the child -------------------------------------------------------------------------------------------------


def _run(
    home: Path, folder: Path, recipe: Recipe, notebook: dict[str, Any], executable: str, is_gone: Watch, timeout_s: float,
    then: dict[str, Path],
) -> dict[str, Any]:
    last = recipe.cells[-1].execution.path
    path = folder / (os.path.dirname(last) if last else "") / "recipe.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    files = {f"then {name}": str(place) for name, place in then.items()}
    files.update({f"now {name}": str(folder / name) for name in then})
    order = {
        "home": str(home / "kernel"), "cwd": str(path.parent), "notebook": str(path), "executable": executable,
        "cells": [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"], "variable": recipe.variable,
        "files": files, "timeout_s": timeout_s, "answer": str(home / "answer.json"),
    }
    (home / "kernel").mkdir(mode=0o700)
    order_path = home / "order.json"
    order_path.write_text(json.dumps(order), encoding="utf-8")
    with open(home / "log", "wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", RUNNER, str(order_path)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, env=_environment(),
        )
        while True:
            try:
                child.wait(POLL_S)
                break
            except subprocess.TimeoutExpired:
                if is_gone():
                    child.terminate()
    try:
        return dict(json.loads((home / "answer.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        said = (home / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return {"cells": [], "variable": None, "files": {}, "problem": said[-1] if said else f"it ended with {child.returncode}"}


def _environment() -> dict[str, str]:
    """Ours; a checkout is found there as it is here."""
    environment = os.environ.copy()
    home = str(Path(__file__).resolve().parents[2])
    if not home.endswith(("site-packages", "dist-packages")):
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [home, environment.get("PYTHONPATH", "")]))
    return environment


# -- the judgement -----------------------------------------------------------------------------------------------


def _judge(
    store: Store, recipe: Recipe, notebook: dict[str, Any], answer: dict[str, Any], home: Path, folder: Path, expected: Any
) -> tuple[str, list[str]]:
    if answer["problem"]:
        return FAILED, [f"It did not run to its end: {answer['problem']}."]
    by_execution = _by_execution(notebook, answer["cells"])
    raised = [
        f"Cell [{each.execution.execution_count}] ended well then and raised {by_execution[each.execution.id]['error']} now."
        for each in recipe.cells if each.execution.outcome == OK and by_execution[each.execution.id]["error"]
    ]
    if raised:
        return FAILED, raised[:MAX_FOUND]
    if recipe.run is not None:
        return _of_run(recipe.run, home)
    if recipe.output is not None:
        return _of_file(store, recipe.output, answer, folder)
    if recipe.variable and expected is not None:
        found = differences(expected, answer["variable"], recipe.variable)
        return (DIFFERS, found) if found else (CONFIRMED, [f"{recipe.variable} holds the same."])
    return _of_outputs(store, recipe, by_execution)


def _by_execution(notebook: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return {cell["metadata"]["dotscience"]["execution"]: ran for cell, ran in zip(code, cells) if "dotscience" in cell["metadata"]}


def _of_run(run: Run, home: Path) -> tuple[str, list[str]]:
    """Its metrics, parameters and summary, against what the kernel reported this time."""
    now = reported_values(home / "kernel" / "data" / "dotscience" / "spool")
    then: dict[str, Any] = {**{name: each.last for name, each in run.metrics.items()}, **run.summary, **run.parameters}
    found, n_same = [], 0
    for name, value in then.items():
        if name in run.carried_over and name not in now:
            continue
        if name not in now:
            found.append(f"{name} was {value} and was not recorded this time.")
        elif not _is_same_value(value, now[name]):
            found.append(f"{name} was {value} and is {now[name]}.")
        else:
            n_same += 1
    if found:
        return DIFFERS, found[:MAX_FOUND]
    if not n_same:
        return CONFIRMED, ["It ran to its end; it has no values to compare."]
    return CONFIRMED, [f"All {n_same} of its values came out the same."]


def _is_same_value(then: Any, now: Any) -> bool:
    if isinstance(then, (int, float)) and isinstance(now, (int, float)):
        return is_same_number(then, now)
    return bool(then == now)


def reported_values(spools: Path) -> dict[str, Any]:
    """name -> last value of every metric, parameter and summary that lies in these spools."""
    found: dict[str, Any] = {}
    for folder in sorted(spools.glob("k-*")):
        data = b"".join(path.read_bytes() for path in sorted(folder.glob("*.spool")))
        names: dict[int, list[str]] = {}
        for frame, _ in read_frames(data):
            if isinstance(frame, Points):
                found.update(zip(names.get(frame.name_set, ()), frame.values))
                continue
            event = ev.event_from_json(frame)
            if isinstance(event, ev.NamesDeclared):
                names[event.name_set] = event.names
            elif isinstance(event, ev.RunRecorded) and event.what in ("parameter", "summary"):
                found.update(event.items)
    return found


def _of_file(store: Store, use: FileUse, answer: dict[str, Any], folder: Path) -> tuple[str, list[str]]:
    assert use.path is not None
    place = folder / use.path
    if not place.is_file():
        return DIFFERS, [f"{use.path} was not written this time."]
    try:
        kept = b"".join(store.read_file(use.digest)) if use.digest is not None else None
    except DotscienceError:
        kept = None
    if kept is None:
        return DIFFERS, [f"{use.path} was written, but what it was then is not kept, so nothing can be compared."]
    if place.read_bytes() == kept:
        return CONFIRMED, [f"{use.path} came out the same, byte for byte."]
    then, now = answer["files"].get(f"then {use.path}"), answer["files"].get(f"now {use.path}")
    if not then or not now:
        return DIFFERS, [f"{use.path} has other bytes than it had."]
    found = differences(then, now, use.path)
    if found:
        return DIFFERS, found
    if then.get("kind") == "figure":
        return CONFIRMED, [f"{use.path} was written again; pictures are not compared."]
    return CONFIRMED, [f"{use.path} holds the same, in other bytes."]


def _of_outputs(store: Store, recipe: Recipe, by_execution: dict[str, dict[str, Any]]) -> tuple[str, list[str]]:
    """What its cells printed, for want of the value itself."""
    found, n_shown = [], 0
    for each in recipe.cells:
        then, now = shown_text(outputs_of(store, each.execution)), shown_text(by_execution[each.execution.id]["outputs"])
        n_shown += bool(then)
        if not is_same_text(then, now):
            found.append(f"Cell [{each.execution.execution_count}] showed {then[:80]!r} then and {now[:80]!r} now.")
    if found:
        return DIFFERS, found[:MAX_FOUND]
    if n_shown:
        n_cells = len(recipe.cells)
        return CONFIRMED, [f"All cells showed the same ({n_shown} of {n_cells} show something); the value itself is not kept."]
    return CONFIRMED, ["All cells ran to their end; none shows anything, and the value itself is not kept to be compared with."]


def outputs_of(store: Store, execution: Execution) -> list[dict[str, Any]]:
    if execution.outputs_blob is None:
        return list(execution.outputs)
    return list(json.loads(store.read_blob(execution.outputs_blob).decode("utf-8", "surrogatepass")))


def shown_text(outputs: list[dict[str, Any]]) -> str:
    """Printed text and the plain form of values; warnings and figures left out."""
    parts = []
    for each in outputs:
        if each["output_type"] == "stream" and each.get("name") == "stdout":
            parts.append(_joined(each.get("text", "")))
        elif each["output_type"] in ("execute_result", "display_data"):
            data = each.get("data") or {}
            if not any(mime.startswith(("image/", "application/")) for mime in data):
                parts.append(_joined(data.get("text/plain", "")))
    return "\n".join(parts).strip()


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)

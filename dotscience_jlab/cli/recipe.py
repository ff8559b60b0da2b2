"""`ds recipe`: how a run, a file or a variable was made, as a notebook that runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from ..errors import DotscienceError, InvalidRequest, NotFound
from .asking import Desk, desk_command
from .printing import local_time, print_json

LINES_SHOWN = 3
"""Of each cell."""
KINDS = ("run:", "file:", "variable:", "execution:")


@click.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the recipe to this file, a notebook (.ipynb).")
@click.option("--confirm", is_flag=True, help="Run it again, in a fresh kernel and a temporary folder, and compare.")
@click.argument("result")
@desk_command
def recipe(desk: Desk, result: str, output: str | None, confirm: bool) -> None:
    """The smallest list of executed cells that made RESULT: a run, a file, a variable or an execution.

    RESULT is looked for in this order; `run:7`, `file:out.csv`, `variable:acc` and `execution:ID` say it outright.
    """
    found = _asked(desk, result, "recipes.get")
    if confirm:
        found = desk.ask_here("recipes.confirm", of=found["of"], doing="Running it again")
    _give(desk, found, output)


def _asked(desk: Desk, result: str, method: str, **more: Any) -> dict[str, Any]:
    """The answer for the first thing that `result` names."""
    if result.startswith(KINDS):
        kind, _, name = result.partition(":")
        return desk.ask_here(method, of=f"file:{_path(desk, name)}" if kind == "file" else result, **more)
    tries = ["execution:" + result] if result.startswith("k-") and ":" in result else ["run:" + result]
    path = _path(desk, result)
    tries += [f"file:{path}"] if path is not None else []
    tries += [f"variable:{result}"] if result.isidentifier() else []
    for of in tries:
        try:
            return desk.ask_here(method, of=of, **more)
        except NotFound as error:
            last: DotscienceError = error
    if len(tries) == 1:
        raise last
    raise NotFound(f"Nothing recorded is called {result}.", "Give a run, a file that a cell wrote, or a variable: ds recipe acc")


def _path(desk: Desk, name: str) -> str | None:
    try:
        return desk.inside(name)
    except InvalidRequest:  # outside the folder: no file of it
        return None


def _give(desk: Desk, found: dict[str, Any], output: str | None) -> None:
    if output is not None:
        target = Path(os.path.abspath(output))
        target.write_text(json.dumps(found["notebook"], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if desk.as_json:
        print_json(found)
        return
    if output is None:
        for cell in found["cells"]:
            lines = cell["source"].splitlines() or [""]
            click.echo(f"# {', '.join(cell['because'])}")
            click.echo("\n".join(lines[:LINES_SHOWN]) + ("\n…" if len(lines) > LINES_SHOWN else "") + "\n")
    n_cells = len(found["cells"])
    where = f" in {output}" if output is not None else ""
    click.echo(f"{n_cells} cell{'s' if n_cells != 1 else ''}{where}; {found['n_left_out']} others have no part in it.", err=True)
    for reason in found["reasons"]:
        click.echo(f"Mind: {reason}", err=True)
    click.echo(said_of(found["confirmation"]), err=True)


def said_of(confirmation: dict[str, Any] | None) -> str:
    """One line, and a line for each thing that differs."""
    if confirmation is None:
        return "Not run again so far: --confirm does it."
    words = {"confirmed": "Confirmed", "differs": "A re-run differed", "failed": "A re-run failed"}
    first = f"{words.get(confirmation['state'], confirmation['state'])} on {local_time(confirmation['at'])}."
    return "\n".join([first, *(f"  {each}" for each in confirmation["details"])])

"""`ds check`: is every byte of the history what it was, and if not, what is damaged and what refers to it."""

from __future__ import annotations

from typing import Any

import click

from .asking import Desk, desk_command
from .errors import FAILED
from .printing import n_of, one_line, print_json

SIGNS = {"damaged": ("✗", "red"), "left": ("!", "yellow"), "repaired": ("✓", "green")}
SHOWN = 5
"""Of the snapshots, files and records that refer to one thing; `--json` has more."""


@click.command()
@click.option("--repair", is_flag=True, help="Tidy up what can lose nothing: left-over files, lost pack indexes, state.db.")
@desk_command
def check(desk: Desk, repair: bool) -> None:
    """Read all of the history, and name what is damaged and everything that refers to it.

    Writes nothing without --repair. Exit code 1 if something is damaged.
    """
    found = desk.ask("check", doing="Checking", disk_path=str(desk.folder), repair=repair or None)
    if desk.as_json:
        print_json(found)
    else:
        for each in found["findings"]:
            _print_finding(each)
        click.echo(found["sentence"])
    if not found["is_whole"]:
        click.get_current_context().exit(FAILED)


def _print_finding(each: dict[str, Any]) -> None:
    sign, colour = SIGNS["repaired" if each["is_repaired"] else "damaged" if each["is_damage"] else "left"]
    click.echo(f"{click.style(sign, fg=colour)} {one_line(each['sentence'], 1000)}")
    for names, total, word in (
        (each["snapshots"], each["n_snapshots"], "snapshot"),
        (each["paths"], each["n_paths"], "file"),
        (each["records"], each["n_records"], "record"),
    ):
        if total:
            shown = ", ".join(one_line(name) or "the folder itself" for name in names[:SHOWN])
            click.echo(f"    {n_of(total, word)}: {shown}{', …' if total > SHOWN else ''}")
    if each["remedy"] and not each["is_repaired"]:
        click.echo(f"    {each['remedy']}")

"""Going back: files of a snapshot are put where they were, or into a new folder."""

from __future__ import annotations

import os
from typing import Any

import click

from .asking import Desk, desk_command
from .consent import consent
from .printing import n_of, one_line, print_json, print_table, size

ACTS = {"write": "write", "remove": "remove", "cannot": "cannot restore"}


@click.command()
@click.argument("ref")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--even-open", is_flag=True, help="Also files that a process has open for writing.")
@click.option("--into", metavar="DIR", type=click.Path(), help="Write them into this new folder; nothing else is touched.")
@desk_command
def restore(
    desk: Desk, ref: str, paths: tuple[str, ...], dry_run: bool, yes: bool, even_open: bool, into: str | None
) -> None:
    """Put files back as they were at REF: those named, or all. A snapshot is taken first, so it can be undone."""
    wanted = [desk.inside(path) for path in paths] or None
    if into is not None:
        return _restore_into(desk, ref, wanted, into)
    plan = desk.ask_here("restore.plan", doing="Comparing", snapshot=ref, paths=wanted)
    carry_out(desk, plan, ref, wanted, dry_run=dry_run, yes=yes, even_open=even_open)
    return None


def carry_out(
    desk: Desk, plan: dict[str, Any], ref: str, paths: list[str] | None, *, dry_run: bool, yes: bool, even_open: bool
) -> None:
    """Say what the plan would do, ask, do it, and say what was done. `ref` and `paths` are those the plan was made from."""
    changes = [step for step in plan["steps"] if step["act"] != "keep"]
    if dry_run and desk.as_json:
        return print_json(plan)
    if not desk.as_json:
        print_table(["", "file", "size", ""],
                    [[ACTS[step["act"]], step["path"], size(step["size_bytes"]) if step["act"] == "write" else "", _why(step)]
                     for step in changes])
        click.echo(f"{n_of(plan['n_writes'], 'file')} to write ({size(plan['write_bytes'])}), {plan['n_removes']} to remove, "
                   f"{plan['n_cannot']} that cannot be restored.")
    if dry_run:
        return None
    if not plan["n_writes"] and not plan["n_removes"]:
        if desk.as_json:
            return print_json({"snapshot_before": None, "snapshot_after": None, "written": [], "removed": [], "sentence": ""})
        click.echo("Nothing to do: the files are as they were then.")
        return None
    consent(desk, yes, "Restore?")
    done = desk.ask_here("restore.apply", doing="Restoring", snapshot=ref, paths=paths, plan_digest=plan["plan_digest"],
                         even_open=even_open or None)
    if desk.as_json:
        return print_json(done)
    click.echo(done["sentence"])
    click.echo(f"Undo: ds restore {done['snapshot_before']}")
    return None


def _restore_into(desk: Desk, ref: str, paths: list[str] | None, folder: str) -> None:
    made = desk.ask_here("restore.into", doing="Writing", snapshot=ref, paths=paths, disk_path=os.path.realpath(folder))
    if desk.as_json:
        return print_json(made)
    for each in made["missing"]:
        click.echo(f"  not in it: {one_line(each['path'])} ({each['reason']})")
    click.echo(f"{made['disk_path']}: {n_of(made['n_files'], 'file')}, {size(made['bytes'])}.")
    return None


def _why(step: dict[str, Any]) -> str:
    return f"is being written by {step['writer']}" if step["writer"] else step["reason"]

"""Other places that keep this history: name them, send to them, take in from them, get a lost history back."""

from __future__ import annotations

import os

import click

from .asking import Desk, desk_command
from .printing import local_time, print_json, print_table

LINE_WORDS = {
    "same": "the same", "ahead": "{n_ahead} to push", "behind": "{n_behind} to pull", "only_here": "only here",
    "only_there": "only there", "diverged": "diverged: {n_ahead} here, {n_behind} there", "rewritten": "rewritten here, to push",
}


@click.group()
def remote() -> None:
    """Other places that keep this folder's history: ordinary git repositories over a path, SSH or HTTP."""


@remote.command("add")
@click.argument("name")
@click.argument("address")
@click.option("--create", is_flag=True, help="Make an empty repository at that path first.")
@click.option("--keep-copy", is_flag=True, help="Push there by itself whenever the folder is idle.")
@click.option("--unscanned", is_flag=True, help="Also what is not searched for secrets, behind the first 64 MB of a file.")
@desk_command
def add(desk: Desk, name: str, address: str, create: bool, keep_copy: bool, unscanned: bool) -> None:
    """Remember ADDRESS as NAME; nothing is sent yet. ADDRESS: a path, user@host:path, ssh://… or https://….

    Passwords do not belong into it: git's credential helper, ~/.netrc or the ssh agent has them.
    """
    made = desk.ask_here(
        "remotes.add", name=name, url=full_address(address), is_new_repository=create, keeps_copy=keep_copy,
        is_unscanned_allowed=unscanned,
    )
    if desk.as_json:
        return print_json(made)
    click.echo(f"{made['name']} is {made['url']}.")
    click.echo("A copy is kept there, brought up to date when the folder is idle." if keep_copy else f"Send to it: ds push {name}")


@remote.command("list")
@desk_command
def list_remotes(desk: Desk) -> None:
    """Each remote, and how its lines stood to this folder's when last asked."""
    rows = desk.ask_here("remotes.list")["items"]
    if desk.as_json:
        return print_json(rows)
    if not rows:
        return click.echo("This folder has no remote. `ds remote add NAME ADDRESS` adds one.")
    return print_table(
        ["name", "address", "copy", "last pushed", "line", "stands", "problem"],
        [
            [each["name"], each["url"], "kept" if each["keeps_copy"] else "", local_time(each["copied_at"]),
             line.get("remote_line", ""), LINE_WORDS.get(line.get("state", ""), "").format(**line), each["problem"]]
            for each in rows
            for line in each["lines"] or [{}]
        ],
    )


@remote.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Also if some of its snapshots are nowhere else here.")
@desk_command
def remove(desk: Desk, name: str, yes: bool) -> None:
    """Forget the address NAME. Nothing is deleted over there."""
    desk.ask_here("remotes.remove", name=name, is_agreed=yes)
    if desk.as_json:
        return print_json({})
    click.echo(f"{name} is forgotten here; what it keeps, it keeps.")


@click.command()
@click.argument("name", required=False)
@click.option("--unscanned", is_flag=True, help="Also what is behind the first 64 MB of a file, which is not searched for secrets.")
@click.option("--as", "main_as", metavar="LINE", help="What this folder's line is called there, from now on.")
@desk_command
def push(desk: Desk, name: str | None, unscanned: bool, main_as: str | None) -> None:
    """Send this folder's history to remote NAME: snapshots, executions, runs. Broken off, it goes on where it was."""
    told = desk.ask_here(
        "push", doing="Pushing", name=name, is_unscanned_allowed=unscanned or None, main_as=main_as,
        ssh_agent=desk.settings.ssh_agent,
    )
    if desk.as_json:
        return print_json(told)
    click.echo(told["sentence"])


@click.command()
@click.argument("name", required=False)
@click.option("--from", "address", metavar="ADDRESS", help="Get the history back from here, into a folder that has none.")
@click.option("--join", is_flag=True, help="Also if the two histories have nothing in common.")
@desk_command
def pull(desk: Desk, name: str | None, address: str | None, join: bool) -> None:
    """Take in what remote NAME has: its runs and executions at once, its snapshots as a line of its own.

    Files are not touched: `ds restore @` brings those of the newest snapshot. In a folder whose history is gone it is got back.
    """
    asked = {"join": join or None, "ssh_agent": desk.settings.ssh_agent}
    if address is not None or (name is None and _is_to_get_back(desk)):
        url = full_address(address) if address is not None else None
        told = desk.ask("history.get_back", doing="Getting the history back", disk_path=str(desk.folder), url=url, **asked)
    else:
        told = desk.ask_here("pull", doing="Pulling", name=name, **asked)
    if desk.as_json:
        return print_json(told)
    click.echo(told["sentence"])


def full_address(text: str) -> str:
    """A path as typed becomes absolute; what reads like an address stays. 'x.git' -> '/here/x.git'; 'host:x.git' -> itself"""
    if text.startswith(("-", "/")) or "://" in text or (":" in text.split("/", 1)[0]):
        return text
    return os.path.abspath(os.path.expanduser(text))


def _is_to_get_back(desk: Desk) -> bool:
    """Nothing is recorded here, or something that began after an earlier history, of which a copy is known, was lost."""
    found = desk.ask("status", disk_path=str(desk.folder))
    return found["workspace"] is None or found["can_get_back"]

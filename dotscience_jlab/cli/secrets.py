"""What was taken for a secret: where it was replaced, which files no push sends, and letting one go."""

from __future__ import annotations

import os
from typing import Any

import click

from .asking import Desk, desk_command
from .printing import local_time, n_of, print_json, print_table

SHOWN = 20


@click.group(invoke_without_command=True)
@click.pass_context
def secrets(ctx: click.Context) -> None:
    """What was taken for a secret, without showing it. Alone: as `ds secrets list`."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_secrets)


@secrets.command("list")
@desk_command
def list_secrets(desk: Desk) -> None:
    """Where something was replaced, and which files a push holds back."""
    found = desk.ask_here("secrets.list")
    if desk.as_json:
        return print_json(found)
    redacted, held = found["redacted"], found["quarantined"]
    if not redacted and not held:
        return click.echo("Nothing was taken for a secret here.")
    if redacted:
        click.echo(f"Replaced in {n_of(len(redacted), 'execution')}:")
        print_table(["when", "notebook", "what", "execution"], [
            [local_time(each["started_at"]), each["path"], ", ".join(each["names"]), each["execution"]] for each in redacted[:SHOWN]
        ])
        if len(redacted) > SHOWN:
            click.echo(f"  and {len(redacted) - SHOWN} more; --json lists all")
    if held:
        click.echo("Kept here as they are, with what looks like a secret in them:")
        print_table(["file", "line", "what", "push"], [
            [each["path"], str(each["line"]), _kinds(each["kinds"]), "allowed" if each["is_allowed"] else "held back"]
            for each in held
        ])
        click.echo("`ds purge PATH` takes one out of the history, `ds secrets allow PATH` lets it go as it is.")


@secrets.command()
@click.argument("what")
@desk_command
def allow(desk: Desk, what: str) -> None:
    """WHAT is harmless: a file that a push holds back, or a placeholder («secret:KIND·DIGEST», its 8 digits will do)."""
    is_path = os.path.exists(what)
    told = desk.ask_here("secrets.allow", what=desk.inside(what) if is_path else what)
    if desk.as_json:
        return print_json(told)
    click.echo(told["sentence"])


def _kinds(kinds: dict[str, Any]) -> str:
    """{'jwt': 1, 'password': 3} -> 'jwt, 3 password'"""
    return ", ".join(name if n == 1 else f"{n} {name}" for name, n in sorted(kinds.items()))

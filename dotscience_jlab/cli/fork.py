"""Forks: a new folder from a moment, its last files awaited; standing alone; and whom an origin need not wait for any more."""

from __future__ import annotations

import os
import time
from typing import Any

import click

from ..errors import InvalidRequest
from .asking import Desk, desk_command
from .consent import consent
from .printing import n_of, one_line, print_json, size
from .progress import shown_progress

LOOK_EVERY_S = 0.2


@click.command()
@click.argument("ref", required=False)
@click.argument("path", type=click.Path(), required=False)
@click.option("--no-wait", is_flag=True, help="Do not wait for the large files; they are copied behind.")
@click.option("--detach", is_flag=True, help="In a fork: copy what it reads in its origin's history, so that it stands alone.")
@click.option("--copy-shared", is_flag=True, help="With --detach: also copy files that histories on one disk share by hard links.")
@click.option("--forget", metavar="PATH", type=click.Path(), help="In an origin: the fork at PATH is gone for good.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask (--forget).")
@desk_command
def fork(
    desk: Desk, ref: str | None, path: str | None, no_wait: bool, detach: bool, copy_shared: bool, forget: str | None,
    dry_run: bool, yes: bool,
) -> None:
    """Make a new project folder at PATH from the state at REF; it stands on its own and knows where it came from.

    On one disk both histories share files, and either may be deleted. On another disk the fork reads older versions in
    its origin's history, which keeps them for it, until `ds fork --detach`.
    """
    chosen = (ref is not None, detach, forget is not None)
    if sum(chosen) != 1 or (ref is not None) != (path is not None) or (copy_shared and not detach):
        usage = "`ds fork REF PATH`, `ds fork --detach`, or `ds fork --forget PATH`"
        raise InvalidRequest(f"Say what to fork and where to, or what else to do: {usage}.", "`ds log` lists the states.")
    if detach:
        _detach(desk, copy_shared, dry_run)
    elif forget is not None:
        _forget(desk, forget, dry_run, yes)
    else:
        _fork(desk, str(ref), os.path.realpath(str(path)), dry_run, no_wait)


def _fork(desk: Desk, ref: str, target: str, dry_run: bool, no_wait: bool) -> None:
    plan = desk.ask_here("fork.plan", snapshot=ref, disk_path=target)
    if dry_run and desk.as_json:
        return print_json(plan)
    if not desk.as_json:
        for warning in plan["warnings"]:
            click.echo(warning)
        for each in plan["missing"]:
            click.echo(f"  not in it: {one_line(each['path'])} ({each['reason']})")
    if dry_run:
        click.echo(f"{n_of(plan['n_files'], 'file')}, {size(plan['bytes'])}{_later(plan)}, would be written to {target}.")
        return None
    made = desk.ask_here("fork", doing="Forking", snapshot=ref, disk_path=target)
    if not no_wait:
        _await_files(desk, target)
    if desk.as_json:
        return print_json(made)
    copied = f" {n_of(made['n_later'], 'large file')} follow; `ds status -C {target}` says how far." if made["n_later"] else ""
    root = made["workspace"]["root"]
    click.echo(f"{root}: {n_of(made['n_files'], 'file')}, {size(made['bytes'])}.{copied if no_wait else ''}")
    return None


def _later(plan: dict[str, Any]) -> str:
    n, n_bytes = plan["n_later"], plan["later_bytes"]
    return f" ({n_of(n, 'large one')} of {size(n_bytes)} last)" if n else ""


def _await_files(desk: Desk, target: str) -> None:
    """Ctrl-C ends the waiting, not the copying."""
    with shown_progress("Copying", is_wanted=not desk.as_json) as progress:
        while (told := desk.ask("fork.arriving", disk_path=target))["n_files"]:
            if told["problem"]:
                click.echo(one_line(told["sentence"], 300), err=True)
                return
            if progress is not None:
                progress(told["done_bytes"], told["bytes"], n_of(told["n_files"], "large file"))
            time.sleep(LOOK_EVERY_S)


def _detach(desk: Desk, copy_shared: bool, dry_run: bool) -> None:
    plan = desk.ask_here("fork.detach_plan")
    if dry_run:
        return print_json(plan) if desk.as_json else click.echo(plan["sentence"])
    done = desk.ask_here("fork.detach", doing="Copying", is_unsharing=copy_shared)
    return print_json(done) if desk.as_json else click.echo(done["sentence"])


def _forget(desk: Desk, path: str, dry_run: bool, yes: bool) -> None:
    target = os.path.realpath(path)
    if dry_run:
        told = f"What only the fork in {target} needs of this history would be kept no longer."
        return print_json({"sentence": told}) if desk.as_json else click.echo(told)
    consent(desk, yes, f"Is the fork in {target} gone for good? Its older versions cannot be restored afterwards.")
    done = desk.ask_here("fork.forget", disk_path=target)
    return print_json(done) if desk.as_json else click.echo(done["sentence"])

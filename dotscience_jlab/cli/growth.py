"""What a history keeps and what it lets go: pins, what takes the room, forgetting by a policy or all of it, purging."""

from __future__ import annotations

import re
from typing import Any

import click

from ..errors import InvalidRequest
from .asking import Desk, desk_command
from .consent import consent
from .printing import local_time, n_of, one_line, print_json, print_table, size

DAYS_IN = {"d": 1, "w": 7, "y": 365}


class Days(click.ParamType):
    """'30', '30d', '8w', '2y' -> days"""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(\d{1,6})([dwy]?)", str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} is no number of days; write 30d, 8w or 1y.", param, ctx)
        return int(found[1]) * DAYS_IN[found[2] or "d"]


@click.command()
@click.argument("ref")
@desk_command
def pin(desk: Desk, ref: str) -> None:
    """Keep the snapshot at REF whatever a policy says: of a snapshot, an execution, a run, or a time."""
    _set_pinned(desk, ref, True)


@click.command()
@click.argument("ref")
@desk_command
def unpin(desk: Desk, ref: str) -> None:
    """Take a pin away."""
    _set_pinned(desk, ref, False)


def _set_pinned(desk: Desk, ref: str, is_pinned: bool) -> None:
    found = desk.ask_here("snapshots.change", snapshot=ref, is_pinned=is_pinned)
    if desk.as_json:
        return print_json(found)
    what = "pinned: no policy forgets it" if is_pinned else "no longer pinned"
    click.echo(f"{found['id']}  {local_time(found['created_at'])}  {one_line(found['message'])}  is {what}.")


@click.command()
@click.option("--keep-all", "everything_days", type=Days(), help="Keep every snapshot so long (default 30d).")
@click.option("--daily", "daily_days", type=Days(), help="Then the last one of each day, so long (default 1y).")
@click.option("--weekly", "weekly_days", type=Days(), help="Then the last one of each week, so long (default 0).")
@click.option("--also-executions", is_flag=True, help="Forget their cells too, but for those of runs.")
@click.option("--apply", "is_applied", is_flag=True, help="Do it; without this only say what would go.")
@click.option("--all", "everything", is_flag=True, help="The whole history of this folder.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@desk_command
def forget(desk: Desk, is_applied: bool, everything: bool, yes: bool, dry_run: bool, **policy: Any) -> None:
    """Forget old snapshots by a policy, which says itself as a sentence. Your files stay as they are.

    Pinned snapshots, and those of published and starred runs, always stay. With --all: the whole history, for good.
    """
    if everything:
        return _forget_all(desk, yes, dry_run)
    plan = desk.ask_here("retention.plan", doing="Weighing", **policy)
    if dry_run or not is_applied or not plan["n_snapshots"]:
        if desk.as_json:
            return print_json(plan)
        click.echo(plan["sentence"])
        if plan["n_snapshots"] and not dry_run:
            click.echo("Nothing was changed. Add --apply to forget them.")
        return None
    if not desk.as_json:
        click.echo(plan["sentence"])
    consent(desk, yes, "Forget them? This cannot be undone.")
    done = desk.ask_here("retention.apply", doing="Forgetting", plan_digest=plan["plan_digest"], **policy)
    if desk.as_json:
        return print_json({**plan, **done})
    click.echo(f"{done['sentence']} {size(plan['freed_bytes'])} are given back to the disk within the hour.")
    return None


def _forget_all(desk: Desk, yes: bool, dry_run: bool) -> None:
    plan: dict[str, Any] = desk.ask_here("workspaces.forget_plan")
    if dry_run or not yes:
        if desk.as_json and dry_run:
            return print_json(plan)
        if not desk.as_json:
            click.echo(plan["sentence"])
        if dry_run:
            return None
    consent(desk, yes, "Forget it all? This cannot be undone.")
    done = desk.ask_here("workspaces.forget", doing="Forgetting", confirm=desk.workspace["id"])
    if desk.as_json:
        return print_json({**plan, **done})
    click.echo(f"Forgotten: {size(done['freed_bytes'])} freed.")
    return None


@click.command()
@desk_command
def space(desk: Desk) -> None:
    """What takes the room in this history, which files pin most of it, and what forgetting would free."""
    found = desk.ask_here("space", doing="Measuring")
    if desk.as_json:
        return print_json(found)
    click.echo(found["sentence"])
    print_table(["kind", "room"], [[name, size(n)] for name, n in found["kinds"].items() if n])
    rows = [
        [each["path"], size(each["stored_bytes"]), str(each["n_versions"]), str(each["n_snapshots"]), str(each["n_runs"])]
        for each in found["largest"]
    ]
    if rows:
        click.echo()
        print_table(["file", "room", "versions", "snapshots", "runs"], rows)
    plan = found["forgettable"]
    if plan["n_snapshots"]:
        click.echo(f"\n`ds forget` would let go {n_of(plan['n_snapshots'], 'snapshot')} and free {size(plan['freed_bytes'])}.")
    return None


@click.command()
@click.argument("what", required=False)
@click.option("--execution", metavar="REF", help="The record of this execution, with its outputs.")
@click.option("--reason", help="Why, for those who look for it later; asked if not given.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@desk_command
def purge(desk: Desk, what: str | None, execution: str | None, reason: str | None, yes: bool, dry_run: bool) -> None:
    """Remove bytes from every snapshot and record, and off the disk at once. WHAT: a path, as of any time, or a blob's digest.

    The file in the folder stays, and snapshots leave it out from then on. Says who may still hold the bytes.
    """
    if (what is None) == (execution is None):
        raise InvalidRequest("Say what to purge: a path or a blob, or --execution REF.")
    if execution is not None:
        chosen = {"execution": execution}
    elif what is not None and re.fullmatch(r"[0-9a-f]{40}", what):
        chosen = {"blob": what}
    else:
        chosen = {"path": desk.inside(str(what))}
    plan = desk.ask_here("purge.plan", doing="Looking", **chosen)
    if dry_run and desk.as_json:
        return print_json(plan)
    if not desk.as_json:
        _print_purge(plan)
    if dry_run:
        return None
    consent(desk, yes, "Purge it? This cannot be undone.")
    if reason is None:
        reason = "purged by hand" if yes or desk.as_json else click.prompt("Why (for those who look for it later)")
    done = desk.ask_here("purge.apply", doing="Purging", plan_digest=plan["plan_digest"], reason=reason, **chosen)
    if desk.as_json:
        return print_json({**plan, **done})
    click.echo(f"{done['sentence']} {size(done['freed_bytes'])} freed.")
    return None


def _print_purge(plan: dict[str, Any]) -> None:
    click.echo(plan["sentence"])
    if plan["paths"]:
        print_table(["file", "snapshots"], [[each["path"], str(each["n_snapshots"])] for each in plan["paths"]])
    if plan["n_paths"] > len(plan["paths"]):
        click.echo(f"  and {n_of(plan['n_paths'] - len(plan['paths']), 'more path')}")
    for warning in plan["warnings"]:
        click.echo(f"  ! {one_line(warning, 300)}")

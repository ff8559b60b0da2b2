"""What concerns a whole project folder: begin, look, pause, widen, switch off."""

from __future__ import annotations

import click

from ..errors import NotRecorded
from ..settings import save_user_setting
from .asking import Desk, desk_command
from .consent import consent
from .ended import resume_run
from .printing import local_time, n_of, print_json, print_table, size

DOTS = {"recording": "●", "behind": "◐", "paused": "⏸", "not_recorded": "▲"}
WORDS = {"recording": "recording", "behind": "behind", "paused": "paused", "not_recorded": "not recorded"}


@click.command()
@click.argument("path", default=".", type=click.Path(file_okay=False))
@desk_command
def init(desk: Desk, path: str) -> None:
    """Make PATH (default: here) a project folder of its own, with its own history.

    Not needed before running a cell: then the folder is found by itself. Use it where that would choose another one.
    """
    from pathlib import Path

    target = (desk.folder / path).resolve()
    Path(target).mkdir(parents=True, exist_ok=True)
    row = desk.ask("workspaces.init", disk_path=str(target))
    if desk.as_json:
        return print_json(row)
    click.echo(f"The history of {row['root']} is kept in its folder .dotscience; nothing leaves this computer.")


@click.command()
@desk_command
def status(desk: Desk) -> None:
    """Is this folder recorded, how much is kept, what is left out, and why."""
    found = desk.ask("status", disk_path=str(desk.folder))
    if desk.as_json:
        return print_json(found)
    state = found["state"]
    click.echo(f"{DOTS.get(state, '?')} {WORDS.get(state, state)}  {found['root']}".rstrip())
    for line in (found["reason"], found["remedy"]):
        if line:
            click.echo(f"  {line}")
    if found["recorded_at"]:
        click.echo(f"  last recorded {local_time(found['recorded_at'])}, {size(found['store_bytes'])} kept")
    if found["copy_place"]:
        copied = "not yet brought up to date from here"
        if found["copied_at"]:
            copied = f"last brought up to date {local_time(found['copied_at'])}"
        click.echo(f"  copy at {found['copy_place']}: {copied}")
    if found["copy_problem"]:
        click.echo(f"  {found['copy_problem']}")
    if found["had_history_until"] and found["workspace"]:
        until = local_time(found["had_history_until"])
        how = "`ds pull`" if found["can_get_back"] else "`ds pull --from ADDRESS --join`"
        click.echo(f"  an earlier history of this folder, until {until}, is not here: {how} gets it back")
    for reason in found["capture_reasons"]:
        click.echo(f"  partial: {reason}")
    if found["scan_reason"]:
        click.echo(f"  every file is looked at after each cell: {found['scan_reason']}")
    if found["n_left_out"]:
        click.echo(f"  {n_of(found['n_left_out'], 'file')} left out:")
        print_table(["file", "why"], [[each["path"], each["reason"]] for each in found["left_out"]])


@click.command()
@desk_command
def pause(desk: Desk) -> None:
    """Stop recording this folder until `ds resume`; what is recorded stays."""
    _set_paused(desk, True)


@click.command()
@click.argument("run", required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--even-open", is_flag=True, help="Also files that a process has open for writing.")
@desk_command
def resume(desk: Desk, run: str | None, dry_run: bool, yes: bool, even_open: bool) -> None:
    """Record this folder again. With RUN: put back what that run, cut off by the end of its kernel, had kept last."""
    if run is None:
        _set_paused(desk, False)
    else:
        resume_run(desk, run, dry_run=dry_run, yes=yes, even_open=even_open)


def _set_paused(desk: Desk, is_paused: bool) -> None:
    row = desk.ask_here("workspaces.change", is_paused=is_paused)
    if desk.as_json:
        return print_json(row)
    click.echo(f"{row['root']} is {'paused: nothing of it is recorded' if is_paused else 'recorded again'}.")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@desk_command
def widen(desk: Desk, yes: bool) -> None:
    """Let the parent folder be the project folder; the history moves there."""
    root = desk.workspace["root"]
    consent(desk, yes, f"Move the history of {root} to its parent folder?")
    row = desk.ask_here("workspaces.widen", doing="Moving the history")
    if desk.as_json:
        return print_json(row)
    click.echo(f"The project folder is now {row['root']}.")


@click.command()
@desk_command
def off(desk: Desk) -> None:
    """Record nothing for you on this computer, in any folder, until `ds on`. Kernels see it at their next start."""
    _set_mode(desk, "off", "Recording is off for you, in every folder. `ds on` switches it on.")


@click.command()
@desk_command
def on(desk: Desk) -> None:
    """Record again after `ds off`. Kernels see it at their next start."""
    _set_mode(desk, "on", "Recording is on.")


def _set_mode(desk: Desk, mode: str, sentence: str) -> None:
    if desk.settings.is_mode_locked and desk.settings.mode != mode:
        raise NotRecorded("An administrator has fixed this setting.", "Ask who runs this machine.", mode=desk.settings.mode)
    save_user_setting(desk.settings, "mode", mode)
    if desk.as_json:
        return print_json({"mode": mode})
    click.echo(sentence)
    if mode == "on" and desk.settings.disabled_by.startswith("DOTSCIENCE_DISABLE"):
        click.echo("DOTSCIENCE_DISABLE is set here all the same: unset it.")

"""A kernel or script that did not end by itself: why, what was running, and going on from there."""

from __future__ import annotations

from typing import Any

import click

from ..errors import NotFound
from .asking import Desk
from .printing import local_time, number, one_line, print_json, size
from .restore import carry_out


def print_end(desk: Desk, session: str | None, executions: list[str], runs: list[Any]) -> None:
    """What is known of its end, if one of these executions was cut off by it. runs: by which to go on from there."""
    certificate = _certificate(desk, session)
    if certificate is None or certificate["execution"] not in executions:
        return
    click.echo(f"ended {local_time(certificate['at'])}: {one_line(certificate['sentence'], 300)}")
    known = []
    if certificate["peak_memory_bytes"]:
        known.append(f"at most {size(certificate['peak_memory_bytes'])} of memory")
    metric = certificate["last_metric"]
    if metric is not None:
        step = f" at step {metric['step']}" if metric["step"] is not None else ""
        known.append(f"last {one_line(metric['name'])} = {number(metric['value'])}{step}")
    if known:
        click.echo(f"  {', '.join(known)}")
    if certificate["resume_from"] and runs:
        click.echo(f"  go on from its last snapshot: ds resume {runs[-1]}")


def _certificate(desk: Desk, session: str | None) -> dict[str, Any] | None:
    if session is None:
        return None
    try:
        return desk.ask_here("sessions.get", session=session)["certificate"]
    except NotFound:  # it lives, or its record is not kept here
        return None


def resume_run(desk: Desk, run: str, *, dry_run: bool, yes: bool, even_open: bool) -> None:
    found = desk.ask_here("sessions.resume", doing="Comparing", run=run)
    if dry_run and desk.as_json:
        return print_json(found)
    if not desk.as_json:
        click.echo(one_line(found["sentence"], 400))
    carry_out(desk, found["plan"], found["snapshot"], found["paths"], dry_run=dry_run, yes=yes, even_open=even_open)
    return None

"""The runs of a folder, as a table or as a file for a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .asking import Desk, desk_command
from .history import ROWS_SHOWN
from .printing import duration, local_time, number, print_json, print_table

COLUMNS_SHOWN = 6
"""Of parameters and of metrics each: those most runs have come first."""


@click.command()
@click.option("-n", "--limit", type=click.IntRange(1), help="At most so many, newest first (a table shows 20).")
@click.option("--path", help="Of this notebook or script only.", type=click.Path())
@click.option("--state", help="running, finished, failed, interrupted, killed or incomplete.")
@click.option("--search", "text", help="With this text in names, labels or notes.")
@click.option("--sort", help="metrics.NAME, parameters.NAME or a column such as duration_s; '-' in front: from the largest.")
@desk_command
def runs(desk: Desk, limit: int | None, path: str | None, state: str | None, text: str | None, sort: str | None) -> None:
    """What was compared: each run with its parameters, metrics and how it ended."""
    at_most = limit if desk.as_json else limit or ROWS_SHOWN
    where = desk.inside(path) if path else None
    found = list(desk.all_of("runs.list", at_most, path=where, state=state, text=text, sort=sort))
    if desk.as_json:
        return print_json(found)
    if not found:
        click.echo("No run yet: ds.metric(\"acc\", acc) in a cell makes one.")
        return None
    parameters, metrics = common_names(found, "parameters"), common_names(found, "metrics")
    rows = [
        [str(run["number"]), run["name"], "★" if run["is_starred"] else "", run["state"], local_time(run["started_at"]),
         duration(run["duration_s"]),
         *(number(run["parameters"].get(name, "")) for name in parameters),
         *(number(run["metrics"].get(name, {}).get("last", "")) for name in metrics)]
        for run in found
    ]
    return print_table(["#", "run", "", "state", "started", "took", *parameters, *metrics], rows)


def common_names(found: list[dict[str, Any]], field: str) -> list[str]:
    """Names under `field`, at most COLUMNS_SHOWN: those that most runs have, then by first appearance."""
    counts: dict[str, int] = {}
    for run in found:
        for name in run[field]:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])[:COLUMNS_SHOWN]


@click.command()
@click.argument("refs", nargs=-1)
@click.option("-f", "--format", "form", type=click.Choice(["csv", "tsv", "json", "markdown"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="A file instead of standard output.")
@click.option("--path", help="Runs of this notebook or script only.", type=click.Path())
@desk_command
def export(desk: Desk, refs: tuple[str, ...], form: str, output: str | None, path: str | None) -> None:
    """Runs as a table for other programs: headers are parameter and metric names, numbers are bare."""
    ids = [desk.ask_here("runs.get", run=ref)["id"] for ref in refs] or None
    where = desk.inside(path) if path else None
    form = "json" if desk.as_json else form
    text = desk.ask_here("runs.export", doing="Exporting", format=form, ids=ids, path=where)["text"]
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        Path(output).write_text(text, encoding="utf-8")

"""The history of a folder: list it, look at one moment, compare two."""

from __future__ import annotations

from typing import Any

import click

from ..errors import Forgotten, NotFound
from .asking import Desk, desk_command
from .ended import print_end
from .printing import duration, local_time, n_of, one_line, pairs, print_json, print_table, resource_rows, size

ROWS_SHOWN = 20
SIGNS = {"added": "+", "updated": "~", "removed": "-"}


@click.command()
@click.option("-m", "--message", required=True, help="What is special about this moment.")
@desk_command
def snapshot(desk: Desk, message: str) -> None:
    """Keep the folder as it is now, with a message; no cell needed."""
    made = desk.ask_here("snapshots.make", doing="Taking a snapshot", message=message)
    if desk.as_json:
        return print_json(made)
    click.echo(f"{made['id']}  {one_line(made['message'])}  ({n_of(made['n_changes'], 'file')} changed)")


@click.command()
@click.option("-n", "--limit", type=click.IntRange(1), help="At most so many, newest first (a table shows 20).")
@click.option("--path", help="Of this notebook or script only.", type=click.Path())
@click.option("--cell", "cell_id", help="Of the cell with this id only.")
@click.option("--search", "text", help="With this text in code or output.")
@click.option("--outcome", help="ok, error, interrupted, …")
@desk_command
def log(desk: Desk, limit: int | None, path: str | None, cell_id: str | None, text: str | None, outcome: str | None) -> None:
    """Every executed cell, newest first: when, how it ended, and the snapshot to go back to."""
    at_most = limit if desk.as_json else limit or ROWS_SHOWN
    where = desk.inside(path) if path else None
    found = list(desk.all_of("executions.list", at_most, path=where, cell_id=cell_id, text=text, outcome=outcome))
    if desk.as_json:
        return print_json(found)
    if not found:
        click.echo("No cell has been recorded here yet.")
        return None
    rows = [
        [local_time(each["started_at"]), each["snapshot"] or "", each["path"] or "", _prompt(each), each["outcome"],
         duration(each["duration_s"]), one_line(each["source"], 60)]
        for each in found
    ]
    return print_table(["time", "snapshot", "notebook", "cell", "ended", "took", "code"], rows)


def _prompt(execution: dict[str, Any]) -> str:
    count = execution["execution_count"]
    return f"In [{count}]" if count else execution["kind"]


@click.command()
@click.argument("ref")
@desk_command
def show(desk: Desk, ref: str) -> None:
    """One execution, run or snapshot. REF: an id or its start, a run's number or name, @{1}, or a time like 14:03."""
    what, record = find(desk, ref)
    if desk.as_json:
        return print_json({"record": what, **record})
    {"execution": _show_execution, "run": _show_run, "snapshot": _show_snapshot}[what](desk, record)


def find(desk: Desk, ref: str) -> tuple[str, dict[str, Any]]:
    """('execution' | 'run' | 'snapshot', its record): the first of these that the recorder knows by that name."""
    if ref.startswith("k-") and ":" in ref:
        return "execution", desk.ask_here("executions.get", execution=ref)
    if not ref.startswith(("s-", "@")):
        try:
            return "run", desk.ask_here("runs.get", run=ref)
        except NotFound:
            pass
    return "snapshot", desk.ask_here("snapshots.get", snapshot=ref)


def _shown_snapshot(desk: Desk, record: dict[str, Any]) -> str:
    """'s-3fa9c1d2e4b5a697', with '(forgotten)' behind it if it can be restored no more; 'none'"""
    try:
        return desk.ask_here("snapshots.get", snapshot=record["snapshot"])["id"] if record["snapshot"] else "none"
    except Forgotten:
        return f"{record['snapshot']} (forgotten)"


def _show_execution(desk: Desk, execution: dict[str, Any]) -> None:
    where = " ".join(filter(None, [execution["path"], _prompt(execution)]))
    click.echo(f"{where}  {local_time(execution['started_at'])}  {execution['outcome']}  {duration(execution['duration_s'])}")
    click.echo(f"execution {execution['id']}  snapshot {_shown_snapshot(desk, execution)}")
    click.echo(f"\n{execution['source']}\n")
    for output in execution["outputs"]:
        text = output_text(output)
        if text:
            click.echo(text.rstrip())
    if execution["n_cut_bytes"]:
        click.echo(f"({size(execution['n_cut_bytes'])} of output left out)")
    if execution["files"]:
        rows = [[each["role"], each["path"] or each["disk_path"], each["evidence"], each["kept"]] for each in execution["files"]]
        print_table(["role", "file", "evidence", "kept"], rows)
        reasons = (each["kept_reason"] for each in execution["files"])
        for reason in dict.fromkeys(each for each in reasons if "outside the fork" in each):
            click.echo(one_line(reason, 300))
    if execution["redactions"]:
        click.echo(f"replaced: {', '.join(execution['redactions'])}")
    for reason in execution["capture_reasons"]:
        click.echo(f"partial: {reason}")
    print_end(desk, execution["session"], [execution["id"]], execution["runs"])


def _show_run(desk: Desk, run: dict[str, Any]) -> None:
    click.echo(f"{one_line(run['name'])}  {local_time(run['started_at'])}  {run['state']}  {duration(run['duration_s'])}")
    click.echo(f"run {run['id']}  number {run['number']}  snapshot {_shown_snapshot(desk, run)}")
    for word in ("description", "note", "state_reason"):
        if run[word]:
            click.echo(f"{word.replace('_', ' ')}: {one_line(run[word])}")
    print_end(desk, run["session"], run["executions"], [run["number"]])
    for word in ("parameters", "summary", "labels"):
        if run[word]:
            click.echo(f"{word}: {pairs(run[word])}")
    rows = [[name, _plain(each["last"]), _plain(each["min"]), _plain(each["max"]), str(each["n_points"])]
            for name, each in run["metrics"].items()]
    rows += [[name, text, "", "", ""] for name, text in run["metric_texts"].items()]
    if rows:
        print_table(["metric", "last", "min", "max", "points"], rows)
    if run["resources"]:
        print_table(["resource", "mean", "most"], resource_rows(run["resources"]))
    if run["resources_note"]:
        click.echo(f"resources: {one_line(run['resources_note'])}")
    files = [[each["role"], each["path"] or each["disk_path"], each["evidence"]] for each in (*run["inputs"], *run["outputs"])]
    if files:
        print_table(["role", "file", "evidence"], files)


def _show_snapshot(desk: Desk, record: dict[str, Any]) -> None:
    click.echo(f"{record['id']}  {local_time(record['created_at'])}  {one_line(record['message'])}")
    changes = desk.ask_here("snapshots.changes", snapshot=record["id"])["items"]
    print_changes(changes)


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, (int, float)) else str(value)


def print_changes(changes: list[dict[str, Any]]) -> None:
    for change in changes:
        after = change.get("after") or change.get("before") or {}
        click.echo(f"  {SIGNS.get(change['kind'], '?')} {one_line(change['path'])}  {size(after.get('size_bytes'))}".rstrip())
    if not changes:
        click.echo("  no file differs")


@click.command()
@click.argument("before")
@click.argument("after")
@desk_command
def diff(desk: Desk, before: str, after: str) -> None:
    """What differs between two runs, or between two moments of the folder.

    Two runs (number, name or id): parameters, metrics, code and files, what differs first. Else two snapshots.
    """
    kinds = {find(desk, ref)[0] for ref in (before, after)}
    if kinds == {"run"}:
        found = desk.ask_here("runs.compare", doing="Comparing", runs=[before, after])
        return print_json(found) if desk.as_json else _print_compared_runs(found)
    found = desk.ask_here("snapshots.diff", doing="Comparing", before=before, after=after)
    return print_json(found) if desk.as_json else _print_compared_snapshots(found["items"])


def _print_compared_runs(found: dict[str, Any]) -> None:
    names = [run["name"] for run in found["runs"]]
    different = [row for row in found["rows"] if row["is_different"]]
    print_table(["", "", *names], [[row["group"], row["name"], *(_value(each) for each in row["values"])] for row in different])
    files = [row for row in found["files"] if row["is_different"]]
    if files:
        sizes = [[row["role"], row["path"], *(size(each) or "not used" for each in row["sizes"])] for row in files]
        print_table(["", "file", *names], sizes)
    if not different and not files and not found["code"]:
        click.echo("Nothing differs.")
    for part in found["code"]:
        click.echo(f"\n{one_line(part['title'])}")
        print_unified(part["unified"])


def _print_compared_snapshots(changes: list[dict[str, Any]]) -> None:
    print_changes(changes)
    for change in changes:
        if change["unified"]:
            click.echo()
            print_unified(change["unified"])


def _value(value: Any) -> str:
    return "" if value is None else _plain(value)


def print_unified(text: str) -> None:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines():
        click.secho("".join(char if char.isprintable() or char == "\t" else "?" for char in line), fg=colours.get(line[:1]))


def output_text(output: dict[str, Any]) -> str:
    """What a terminal can show of one nbformat output: a stream's text, a result's plain text, a traceback."""
    kind = output.get("output_type")
    if kind == "error":
        return "\n".join(output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"])
    text = output.get("text") if kind == "stream" else (output.get("data") or {}).get("text/plain", "")
    return "".join(text) if isinstance(text, list) else str(text or "")



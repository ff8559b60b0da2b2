"""`ds environment RUN`: what a run took place in, and lock files to build it again."""

from __future__ import annotations

from typing import Any

import click

from .asking import Desk, desk_command
from .printing import n_of, one_line, pairs, print_json, print_table, size

FORMATS = ("requirements", "pylock", "conda")


@click.command()
@click.argument("run")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Print a lock file of this kind instead.")
@click.option("--index", metavar="URL", help="For pylock: the package index that is asked for files and their hashes.")
@click.option("--diff", "with_diff", is_flag=True, help="Print what differed from the last commit of your own repository.")
@desk_command
def environment(desk: Desk, run: str, kind: str | None, index: str | None, with_diff: bool) -> None:
    """What a run took place in: Python, machine, packages, your own commit and what differed from it. RUN: number, name or id.

    With --format a lock file: requirements.txt, pylock.toml (PEP 751), or conda's explicit list.
    """
    if kind is not None:
        found = desk.ask_here("environments.lock", doing="Looking up packages" if index else "", run=run, format=kind, index=index)
        if found["sentence"]:
            click.echo(found["sentence"], err=True)
        return print_json(found) if desk.as_json else click.echo(found["text"], nl=False)
    found = desk.ask_here("environments.of_run", run=run)
    if desk.as_json:
        return print_json(found)
    if with_diff:
        return click.echo((found["environment"].get("git") or {}).get("diff", ""), nl=False)
    _show(found["environment"], found["loaded"], found["seeds"])


def _show(environment: dict[str, Any], loaded: dict[str, Any], seeds: dict[str, str]) -> None:
    def say(word: str, text: Any) -> None:
        if text:
            click.echo(f"{word}: {one_line(text, 300)}")

    say("Python", f"{environment.get('python')} ({environment.get('executable')})")
    say("system", ", ".join(filter(None, (environment.get("os") or environment.get("platform"), environment.get("libc")))))
    cores = n_of(environment.get("n_cpus") or 0, "core")
    say("machine", ", ".join(filter(None, (environment.get("cpu"), cores, size(environment.get("memory_bytes"))))))
    limits = environment.get("limits") or {}
    if limits.get("memory_limit_bytes"):
        say("memory limit", size(round(limits["memory_limit_bytes"])))
    if limits.get("cpu_limit"):
        say("processor limit", n_of(limits["cpu_limit"], "core"))
    for gpu in environment.get("gpus") or []:
        say(gpu["name"], f"{gpu['model']}, {size(gpu['memory_bytes'])}")
    say("NVIDIA driver", " with CUDA ".join(filter(None, (environment.get("nvidia_driver"), environment.get("cuda_driver")))))
    say("commit", _commit(environment.get("git")))
    say("numeric libraries", ", ".join(loaded.get("libraries") or []))
    say("threads", pairs(loaded.get("threads") or {}))
    say("random state", pairs(seeds))
    packages = {each["name"]: each for each in environment.get("packages") or []}
    in_memory = loaded.get("packages") or {}
    say("packages", f"{len(packages)} installed, {len(in_memory)} loaded by the run")
    shown = [[name, version, _from(packages.get(name, {}))] for name, version in in_memory.items()]
    if shown:
        print_table(["loaded", "version", "from"], shown)


def _commit(git: dict[str, Any] | None) -> str:
    if not git or not git.get("commit"):
        return ""
    changed = git.get("changed") or []
    differs = f", and {n_of(len(changed), 'file')} that differed" if changed else ""
    return f"{git['commit'][:12]} in {git.get('root')}{differs}"


def _from(package: dict[str, Any]) -> str:
    """'' of an index; else the folder or repository, and whether its files differed from the commit."""
    at = f" at {package['commit'][:12]}" if package.get("commit") else ""
    return f"{package.get('url', '')}{at}{', with changes' if package.get('is_dirty') else ''}"

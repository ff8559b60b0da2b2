"""Completion for the user's shell; click writes the script, this says where it goes."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from ..errors import InvalidRequest

PLACES = {"bash": "~/.bashrc", "zsh": "~/.zshrc", "fish": "~/.config/fish/completions/ds.fish"}


@click.command()
@click.argument("shell", required=False, type=click.Choice(sorted(PLACES)))
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> None:
    """Print the completion script of your shell: `ds completion bash >> ~/.bashrc`, then open a new shell."""
    shell = shell or Path(os.environ.get("SHELL", "")).name
    if shell not in PLACES:
        raise InvalidRequest("Which shell?", f"ds completion {'|'.join(sorted(PLACES))}")
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(ctx.find_root().command, {}, "ds", "_DS_COMPLETE").source())

"""`ds …`: the command line. It translates words into requests to the recorder and records into text; it decides nothing.

    exit code   0  done
                1  failed (a cell, a script, the store, or a fault of ours)
                2  not understood: wrong usage, or a request that makes no sense
                3  what was named is not there
                4  somebody else moved first, or it goes on only with your consent (`--yes`)
                5  the recorder does not answer

With `--json` every command prints one JSON value on standard output and, if it fails, `{kind, message, hint, details}` on
standard error. Tables, progress bars and questions are for people at a terminal.
"""

from __future__ import annotations

import sys

import click

from .. import __version__
from .check import check
from .doctor import doctor
from .environment import environment
from .errors import CommandGroup
from .exchange import pull, push, remote
from .folder import init, off, on, pause, resume, status, widen
from .fork import fork
from .growth import forget, pin, purge, space, unpin
from .history import diff, log, show, snapshot
from .recipe import recipe
from .restore import restore
from .run import run
from .runs import export, runs
from .secrets import secrets
from .shell import completion


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="ds")
def main() -> None:
    """Run tracking and history for the notebooks and scripts of a folder.

    Recording starts by itself when a cell runs; these commands look at it, go back to it, and switch it off and on.
    """


for _command in (
    init, status, snapshot, runs, log, show, diff, restore, fork, run, environment, export, remote, push, pull, recipe,
    off, on, pause, resume, widen, pin, unpin, forget, space, purge, secrets, check, doctor, completion,
):
    main.add_command(_command)


if __name__ == "__main__":
    sys.exit(main())

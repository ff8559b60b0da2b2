"""The command line's edge: every error becomes one sentence, a remedy, and an exit code; only ours leave a trace in the log."""

from __future__ import annotations

import json
import logging
import logging.handlers
from typing import Any

import click

from ..errors import Conflict, DotscienceError, InvalidRequest, NotFound, RecorderUnavailable
from ..settings import load_settings

FAILED, MISUSED, NOT_FOUND, NEEDS_YOU, NO_RECORDER = 1, 2, 3, 4, 5

_EXIT_CODES = (
    (InvalidRequest, MISUSED),
    (NotFound, NOT_FOUND),
    (Conflict, NEEDS_YOU),
    (RecorderUnavailable, NO_RECORDER),
)


def exit_code(error: DotscienceError) -> int:
    """NotFound -> 3, NeedsConsent -> 4, StoreFull -> 1, …: the table in `cli/__init__.py`."""
    return next((code for family, code in _EXIT_CODES if isinstance(error, family)), FAILED)


class CommandGroup(click.Group):
    """A group whose commands may raise any DotscienceError; unknown commands are answered with the nearest names."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DotscienceError as error:
            complain(error, as_json=bool(ctx.meta.get("dotscience.json")))
            ctx.exit(exit_code(error))
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # the process edge: said in one sentence, kept whole in the log
            log_path = _note(error)
            wrong = DotscienceError(f"ds failed: {type(error).__name__}: {error}.", f"The whole trace is in {log_path}.")
            complain(wrong, as_json=bool(ctx.meta.get("dotscience.json")))
            ctx.exit(FAILED)


def complain(error: DotscienceError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(error.to_json(), default=str), err=True)
        return
    click.echo(click.style(error.message, fg="red"), err=True)
    if error.hint:
        click.echo(error.hint, err=True)


def _note(error: BaseException) -> str:
    """Append the trace to `cli.log` in the data folder, rotated; where that cannot be written, to standard error."""
    log = logging.getLogger("dotscience_jlab.cli")
    path = load_settings().data_dir / "cli.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        log.addHandler(logging.handlers.RotatingFileHandler(path, maxBytes=1_000_000, backupCount=2))
    except OSError:
        log.addHandler(logging.StreamHandler())
    log.error("ds", exc_info=error)
    return str(path)

"""`ds doctor`: what is in place here, what the recorder says of itself, and a bundle to send to someone who can help."""

from __future__ import annotations

import json
import os
import platform
import sys
import zipfile
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from ..errors import RecorderUnavailable
from ..recording.doctor import examine_environment
from ..settings import Settings
from .asking import Desk, desk_command
from .errors import FAILED
from .hiding import Hider
from .printing import print_json

SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}
LOG_BYTES = 500_000
PACKAGES = ("jupyterlab", "jupyter_server", "ipykernel", "ipython", "nbclient", "dulwich", "tornado", "pyarrow", "dotscience-jlab")


@click.command()
@click.option("--bundle", type=click.Path(dir_okay=False), help="Also write the findings and the log to this zip file.")
@desk_command
def doctor(desk: Desk, bundle: str | None) -> None:
    """Is recording set up here, which folder and store is it, and what to do about what is wrong."""
    here = [asdict(each) for each in examine_environment(desk.settings)]
    try:
        answered = desk.ask("doctor", disk_path=str(desk.folder))["checks"]
    except RecorderUnavailable as error:
        answered = [check("recorder", "problem", error.message, error.hint)]
    names = {each["name"] for each in here}
    checks = here + [each for each in answered if each["name"] not in names]  # this environment's word counts, not the recorder's
    if bundle is not None:
        write_bundle(Path(bundle), checks, desk.settings, Hider.of_environment(os.environ.copy(), desk.settings.home))
    if desk.as_json:
        print_json({"checks": checks, "bundle": bundle})
    else:
        for each in checks:
            sign, colour = SIGNS.get(each["state"], ("?", "white"))
            click.echo(f"{click.style(sign, fg=colour)} {each['name']}: {each['sentence']}")
            if each["remedy"]:
                click.echo(f"    {each['remedy']}")
        if bundle is not None:
            click.echo(f"{bundle} holds this and the log, without values that look secret. Read it before you send it.")
    if any(each["state"] == "problem" for each in checks):
        click.get_current_context().exit(FAILED)


def check(name: str, state: str, sentence: str, remedy: str = "") -> dict[str, str]:
    return {"name": name, "state": state, "sentence": sentence, "remedy": remedy}


def write_bundle(target: Path, checks: list[dict[str, Any]], settings: Settings, hider: Hider) -> None:
    """A zip of `checks.json`, `versions.json` and the newest end of each log; every text goes through `hider` first."""
    versions = {"python": sys.version, "platform": platform.platform(), "packages": {name: _version(name) for name in PACKAGES}}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("checks.json", hider.hide(json.dumps(checks, indent=2, ensure_ascii=False)))
        archive.writestr("versions.json", hider.hide(json.dumps(versions, indent=2)))
        for log in sorted(settings.data_dir.glob("*.log*")):
            with log.open("rb") as file:
                file.seek(max(0, log.stat().st_size - LOG_BYTES))
                archive.writestr(log.name, hider.hide(file.read().decode("utf-8", "replace")))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None

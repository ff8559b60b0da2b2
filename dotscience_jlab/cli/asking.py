"""How a command asks: the options all share, the folder they are about, and one question to the recorder at a time."""

from __future__ import annotations

import os
from functools import wraps
from pathlib import Path
from typing import Any, Callable, Iterator

import click

from ..errors import InvalidRequest
from ..link.client import Link
from ..link.launch import connect_or_launch
from ..settings import Settings, load_settings
from .progress import shown_progress

LONG_S = 3600.0
"""A restore or a fork of many gigabytes may be silent this long between two signs of life."""
PAGE = 1000


class Desk:
    """One command's way to the recorder. The connection is made by the first question, and closed with the command."""

    def __init__(self, folder: str, as_json: bool) -> None:
        self.folder = Path(os.path.abspath(os.path.expanduser(folder)))
        self.as_json = as_json
        self.settings: Settings = load_settings()
        self._link: Link | None = None
        self._workspace: dict[str, Any] | None = None

    def ask(self, method: str, *, doing: str = "", **params: Any) -> Any:
        """The answer; params that are None are left out. doing: words for the progress bar of a long one."""
        if self._link is None:
            self._link = connect_or_launch(self.settings, "cli")
        asked = {name: value for name, value in params.items() if value is not None}
        with shown_progress(doing, is_wanted=bool(doing) and not self.as_json) as progress:
            return self._link.request(method, asked, timeout_s=LONG_S if doing else 60.0, progress=progress)

    @property
    def workspace(self) -> dict[str, Any]:
        """The WorkspaceRow of the folder; NotFound if nothing is recorded there."""
        if self._workspace is None:
            self._workspace = self.ask("workspaces.find", disk_path=str(self.folder))
        return self._workspace

    def ask_here(self, method: str, *, doing: str = "", **params: Any) -> Any:
        return self.ask(method, doing=doing, workspace=self.workspace["id"], **params)

    def all_of(self, method: str, at_most: int | None, **params: Any) -> Iterator[dict[str, Any]]:
        """Items of `executions.list` or `runs.list`, page by page, in the recorder's order."""
        n_given, after, offset = 0, None, 0
        while at_most is None or n_given < at_most:
            limit = PAGE if at_most is None else min(PAGE, at_most - n_given)
            paging = {"offset": offset} if method == "runs.list" else {"after": after}
            page = self.ask_here(method, limit=limit, **paging, **params)
            yield from page["items"]
            n_given += len(page["items"])
            offset, after = n_given, page.get("next")
            if len(page["items"]) < limit or (method != "runs.list" and after is None):
                return

    def inside(self, path: str) -> str:
        """A path as typed, from the current folder, -> its name in the workspace. InvalidRequest if it lies outside."""
        full = os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(path))), os.path.basename(os.path.abspath(path)))
        relative = os.path.relpath(full, os.path.realpath(self.workspace["root"]))
        if relative == os.pardir or relative.startswith(os.pardir + os.sep):
            raise InvalidRequest(f"{path} lies outside {self.workspace['root']}.", "Name files of that folder.")
        return Path(relative).as_posix()

    def close(self) -> None:
        if self._link is not None:
            self._link.close()


def desk_command(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--folder` and `--json`, hands the command a Desk first, and closes it whatever happens."""

    @click.option("-C", "--folder", default=".", metavar="PATH", help="A folder or file of the project (default: here).",
                  type=click.Path())
    @click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
    @click.pass_context
    @wraps(command)
    def with_desk(ctx: click.Context, /, folder: str, as_json: bool, **arguments: Any) -> Any:
        ctx.meta["dotscience.json"] = as_json
        desk = Desk(folder, as_json)
        try:
            return command(desk, **arguments)
        finally:
            desk.close()

    return with_desk

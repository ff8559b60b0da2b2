"""The server extension: here everything is put together, and `c.Dotscience.*` is read.

    requests of browsers -> routes -> handlers -> the connection -> recorder
    recorder -> the connection -> push -> Jupyter's event stream -> browsers
    kernels, sessions, contents -> watches -> the connection -> recorder
"""

from __future__ import annotations

import json
import os
from functools import partial
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Dict, Enum, Float

from ..settings import SERVER_SETTINGS, load_settings
from .fork_files import await_fork_files
from .kernels import KernelWatch
from .lend import lend_folder
from .notebooks import NotebookWatch
from .paths import ContentsPaths
from .push import Push, event_emitter
from .recorder_connection import RecorderConnection
from .routes import build_routes


class Dotscience(ExtensionApp):
    """History, runs, lineage, restore and fork of the cells that ran."""

    name = "dotscience_jlab"

    enabled = Bool(True, config=True, help="False: no kernel that this server starts is recorded; the history stays readable.")
    mode = Enum(
        ["on", "ask", "off"], None, allow_none=True, config=True,
        help="Record everything, ask for each folder first, or nothing. Not set: as the user's own settings say.",
    )
    lock_mode = Bool(False, config=True, help="Users cannot change the mode.")
    limits = Dict(
        config=True,
        help="What is kept, by name of settings.Limits, in bytes: {'data_bytes': 20_000_000_000}. A recorder that another "
        "server of the same user started keeps that one's.",
    )
    recorder_idle_s = Float(None, allow_none=True, config=True, help="The recorder leaves this long after its last client.")
    load_in_kernels = Bool(True, config=True, help="Load recording into Python kernels of other environments too.")

    def initialize_handlers(self) -> None:
        """Before the event loop runs: build all, start nothing. Our choices reach recorder and kernels as environment."""
        self._export_settings()
        settings = load_settings()
        server = self.serverapp
        contents = server.contents_manager
        paths = ContentsPaths(
            lambda: getattr(contents, "root_dir", None), lambda: bool(getattr(contents, "allow_hidden", False))
        )
        self.push = Push(event_emitter(server.event_logger))
        self.connection = RecorderConnection(settings, self.push.take, self._recorder_connected, self.log)
        self.kernels = KernelWatch(
            self.connection.report, partial(lend_folder, settings), self.log,
            is_loading=self.load_in_kernels and not settings.is_disabled,
            await_files=partial(await_fork_files, ask=self.connection.request, log=self.log),
        )
        self.notebooks = NotebookWatch(self.kernels, self.connection.report, paths, self.log)
        self._is_recording = not settings.is_disabled
        if self._is_recording:
            self.kernels.attach(server.kernel_manager)
            self.notebooks.attach(server.session_manager, contents)
        self.handlers.extend(build_routes(self.connection, paths))

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """The recorder is there before the first kernel asks; off, it starts with the first look at the history."""
        if self._is_recording:
            self.connection.open()

    async def stop_extension(self) -> None:
        if self._is_recording:
            self.notebooks.detach()
        self.kernels.server_stops()
        self.kernels.close()
        await self.connection.close()
        self.push.flush()
        self._withdraw_settings()

    def _recorder_connected(self, is_another: bool) -> None:
        if is_another:
            self.kernels.tell_all_again()
        self.push.take({"topic": "status", "workspace": None, "ids": [], "path": None})

    # -- settings ------------------------------------------------------------------------------------

    def _export_settings(self) -> None:
        chosen: dict[str, Any] = {}
        if not self.enabled:
            chosen["mode"] = "off"
        elif self.mode is not None:
            chosen["mode"] = self.mode
        if self.limits:
            chosen["limits"] = dict(self.limits)
        if self.recorder_idle_s is not None:
            chosen["recorder_idle_s"] = self.recorder_idle_s
        if self.lock_mode or not self.enabled:
            chosen["locked"] = ["mode"]
        self._environment_before = os.environ.get(SERVER_SETTINGS)
        if chosen:
            os.environ[SERVER_SETTINGS] = json.dumps(chosen)

    def _withdraw_settings(self) -> None:
        if self._environment_before is None:
            os.environ.pop(SERVER_SETTINGS, None)
        else:
            os.environ[SERVER_SETTINGS] = self._environment_before

"""Which notebook a kernel serves, and where notebooks are moved to, as Jupyter's sessions and contents know it.

The name a kernel got at its start goes stale at the first rename; Jupyter's sessions do not.
"""

from __future__ import annotations

import functools
import logging
from typing import Any

from jupyter_core.utils import ensure_async

from ..errors import DotscienceError
from .kernels import KernelWatch, Report
from .paths import ContentsPaths

CONTENTS_SCHEMA = "https://events.jupyter.org/jupyter_server/contents_service/v1"


class NotebookWatch:
    def __init__(
        self, kernels: KernelWatch, report: Report, paths: ContentsPaths, log: logging.Logger | logging.LoggerAdapter[Any]
    ) -> None:
        self._kernels = kernels
        self._report = report
        self._paths = paths
        self._log = log

    def attach(self, session_manager: Any, contents_manager: Any) -> None:
        for name in ("save_session", "update_session"):
            self._wrap(session_manager, name)
        contents_manager.event_logger.add_listener(schema_id=CONTENTS_SCHEMA, listener=self._contents_changed)
        self._event_logger = contents_manager.event_logger

    def detach(self) -> None:
        self._event_logger.remove_listener(listener=self._contents_changed)

    def _wrap(self, session_manager: Any, name: str) -> None:
        wrapped = getattr(session_manager, name)

        @functools.wraps(wrapped)
        async def around(session_id: str, *args: Any, **kwargs: Any) -> Any:
            result = await ensure_async(wrapped(session_id, *args, **kwargs))
            try:
                self._session_saved(await ensure_async(session_manager.get_session(session_id=session_id)))
            except Exception:  # ours must never cost anybody a session
                self._log.exception("dotscience: a session could not be read")
            return result

        setattr(session_manager, name, around)

    def _session_saved(self, session: dict[str, Any] | None) -> None:
        if not session or session.get("type") != "notebook" or not session.get("kernel"):
            return
        disk_path = self._disk_path(session.get("path"))
        if disk_path is not None:
            self._kernels.serve_notebook(str(session["kernel"]["id"]), disk_path)

    async def _contents_changed(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        if data.get("action") == "get":
            return
        for path in (data.get("source_path"), data.get("path")):
            disk_path = self._disk_path(path)
            if disk_path is not None:  # what a browser did to a file is no cell's doing
                self._report("files.saved", {"disk_path": disk_path})
        if data.get("action") != "rename":
            return
        old, new = self._disk_path(data.get("source_path")), self._disk_path(data.get("path"))
        if old is not None and new is not None:
            self._report("documents.renamed", {"old_disk_path": old, "new_disk_path": new})

    def _disk_path(self, path: Any) -> str | None:
        try:
            return self._paths.disk_path(path) if isinstance(path, str) and path else None
        except DotscienceError as error:
            self._log.debug("dotscience: %s", error)
            return None

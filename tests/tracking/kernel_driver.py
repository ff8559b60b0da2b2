"""A real ipykernel with the extension loaded as the start-up file loads it, driven over its own channels."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

from dotscience_jlab.settings import load_settings

from .spool_reading import events_of

STARTUP = Path(__file__).resolve().parents[2] / "jupyter-config" / "ipython-startup" / "50-dotscience.py"
TIMEOUT_S = 60


class Kernel:
    def __init__(self, home: Path, cwd: Path, *, env: dict[str, str] | None = None) -> None:
        import os

        startup = home / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True, exist_ok=True)
        shutil.copy(STARTUP, startup)
        self.manager = KernelManager(kernel_name="python3")
        root = str(STARTUP.parents[2])
        self.manager.start_kernel(cwd=str(cwd), env={**os.environ, "PYTHONPATH": root, **(env or {})})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT_S)

    def run(
        self,
        code: str,
        *,
        cell_id: str | None = "cell",
        metadata: dict[str, Any] | None = None,
        interrupt_after_s: float | None = None,
        **content: Any,
    ) -> "Ran":
        msg_id = self.send(code, cell_id=cell_id, metadata=metadata, **content)
        if interrupt_after_s is not None:
            time.sleep(interrupt_after_s)
            self.manager.interrupt_kernel()
        return self.wait(msg_id)

    def send(
        self, code: str, *, cell_id: str | None = "cell", metadata: dict[str, Any] | None = None, **content: Any
    ) -> str:
        body = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
            **content,
        }
        message = self.client.session.msg("execute_request", body)
        message["metadata"] = {**({"cellId": cell_id} if cell_id else {}), **(metadata or {})}
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def wait(self, msg_id: str) -> "Ran":
        """Everything the kernel published for this request, up to its idle."""
        messages = []
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT_S)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=TIMEOUT_S)
            if reply["parent_header"].get("msg_id") == msg_id:
                return Ran(msg_id, messages, reply)

    @property
    def session(self) -> Path:
        (folder,) = load_settings().spool_dir.iterdir()
        return folder

    def events(self, *names: str, execution: "Ran | None" = None) -> list[dict[str, Any]]:
        """Waits until the kernel has closed what it was asked to run: the browser may hear of `idle` a moment earlier."""
        if execution is not None:
            deadline = time.monotonic() + TIMEOUT_S
            while time.monotonic() < deadline:
                finished = events_of(self.session, "execution_finished")
                if any(event["execution"].endswith(execution.tail) for event in finished):
                    break
                time.sleep(0.01)
        found = events_of(self.session, *names)
        if execution is None:
            return found
        return [event for event in found if (event.get("execution") or "").endswith(execution.tail)]

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)


class Ran:
    def __init__(self, msg_id: str, messages: list[dict[str, Any]], reply: dict[str, Any]) -> None:
        self.msg_id = msg_id
        self.tail = f":{msg_id}"
        self.messages = messages
        self.reply = reply

    def text(self, name: str = "stdout") -> str:
        return "".join(
            m["content"]["text"] for m in self.messages if m["msg_type"] == "stream" and m["content"]["name"] == name
        )

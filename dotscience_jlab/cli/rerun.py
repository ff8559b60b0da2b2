"""Runs a recipe's notebook in a fresh kernel: a process of its own, started by the recorder, which runs nothing itself.

    python -m dotscience_jlab.cli.rerun order.json      answers in order.json's `answer`, a file beside it

The kernel has Jupyter folders of its own below the order's, so what it reports stays there; no recorder is started for it.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

START_S = 120
MARK = "<<recipe-content>>"
READER = Path(__file__).resolve().parents[1] / "tracking" / "content.py"
"""Handed to the kernel as text: its environment may not have this package."""


def main(order_path: str) -> int:
    order = json.loads(Path(order_path).read_text(encoding="utf-8"))
    home = Path(order["home"])
    starting = _without_recorder(home)
    answer: dict[str, Any] = {"cells": [], "variable": None, "files": {}, "problem": ""}
    try:
        _run(order, home, answer)
    except Exception as error:  # the process edge: the recorder says it in a sentence
        answer["problem"] = f"{type(error).__name__}: {error}"
    finally:
        os.close(starting)
    Path(order["answer"]).write_text(json.dumps(answer), encoding="utf-8")
    return 0


def _without_recorder(home: Path) -> int:
    """Hold the starters' lock of the kernel's own data folder: whoever wants to start a recorder there waits in vain."""
    folder = home / "data" / "dotscience"
    folder.mkdir(parents=True, mode=0o700)
    (home / "runtime").mkdir(mode=0o700)
    lock = os.open(folder / "recorder.starting", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _run(order: dict[str, Any], home: Path, answer: dict[str, Any]) -> None:
    from jupyter_client.manager import KernelManager  # late: an order that cannot be read needs none

    manager = KernelManager(kernel_name="python3")
    if order["executable"] and os.access(order["executable"], os.X_OK):
        assert manager.kernel_spec is not None
        manager.kernel_spec.argv = [order["executable"], *manager.kernel_spec.argv[1:]]
    is_of_another = os.path.realpath(order["executable"] or sys.executable) != os.path.realpath(sys.executable)
    left_out = ("DOTSCIENCE_", "JPY_", "JUPYTER_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    if is_of_another:
        environment.pop("PYTHONPATH", None)  # ours is of this Python's packages
    environment.update(
        JUPYTER_DATA_DIR=str(home / "data"), JUPYTER_RUNTIME_DIR=str(home / "runtime"), MPLBACKEND="agg",
        DOTSCIENCE_NOTEBOOK=order["notebook"],
    )
    manager.start_kernel(cwd=order["cwd"], env=environment)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=START_S)
        deadline = time.monotonic() + float(order["timeout_s"])
        for source in order["cells"]:
            answer["cells"].append(_execute(client, source, deadline))
        if order["variable"]:
            answer["variable"] = _content(client, f"content(__ns[{order['variable']!r}])", deadline)
        for name, path in order["files"].items():
            answer["files"][name] = _content(client, f"content_of_file({path!r})", deadline)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=False)


def _execute(client: Any, source: str, deadline: float, *, silent: bool = False) -> dict[str, Any]:
    """{outputs: nbformat's, error: 'Name: value' or ''}. TimeoutError at the deadline, RuntimeError if the kernel died."""
    msg_id = client.execute(source, silent=False, store_history=not silent, allow_stdin=False, stop_on_error=False)
    found: dict[str, Any] = {"outputs": [], "error": ""}
    while True:
        try:
            message = client.get_iopub_msg(timeout=1)
        except Exception:  # queue.Empty
            if not client.is_alive():
                raise RuntimeError("the kernel died") from None
            if time.monotonic() > deadline:
                raise TimeoutError("the time for it was over") from None
            continue
        if message["parent_header"].get("msg_id") != msg_id:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return found
        if kind in ("stream", "execute_result", "display_data"):
            shown = {key: content[key] for key in ("name", "text", "data") if key in content}
            found["outputs"].append({"output_type": kind, **shown})
        elif kind == "error":
            found["error"] = f"{content['ename']}: {content['evalue']}"
            found["outputs"].append({"output_type": "error", "ename": content["ename"], "evalue": content["evalue"]})


def _content(client: Any, expression: str, deadline: float) -> Any:
    """What a value or a file holds, read inside the kernel with our own reader, whose names never meet the notebook's."""
    reader = READER.read_text(encoding="utf-8") + _ASK
    code = (
        f"exec(compile({reader!r}, 'content', 'exec'), "
        f"{{'__ns': get_ipython().user_ns, '__name__': 'content', '__ask': {expression!r}, '__mark': {MARK!r}}})"
    )
    shown = _execute(client, code, deadline, silent=True)
    text = "".join(str(each.get("text", "")) for each in shown["outputs"])
    if MARK not in text:
        return {"kind": "unseen", "type": shown["error"] or "nothing"}
    return json.loads(text.split(MARK)[1])


_ASK = "\nprint(__mark + json.dumps(eval(__ask)) + __mark)\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

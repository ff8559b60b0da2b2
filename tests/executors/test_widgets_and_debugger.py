"""What reaches a kernel beside cells: a widget's callback, a debugger's question, a completion."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.tracking.kernel_driver import TIMEOUT_S, Kernel

from .history import History

BUTTON = """
import ipywidgets, dotscience_jlab as ds
button = ipywidgets.Button(description="Go")
out = ipywidgets.Output()
def go(_):
    ds.metric("clicks", 1.0)
    print("clicked")
button.on_click(go)
quiet = ipywidgets.Button(description="Quiet")
quiet.on_click(lambda _: None)
print(button.comm.comm_id, quiet.comm.comm_id)
"""


def ask(kernel: Kernel, msg_type: str, content: dict[str, Any], channel: str = "shell") -> str:
    message = kernel.client.session.msg(msg_type, content)
    getattr(kernel.client, f"{channel}_channel").send(message)
    return str(message["header"]["msg_id"])


def idle_after(kernel: Kernel, msg_id: str) -> list[dict[str, Any]]:
    found = []
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        message = kernel.client.get_iopub_msg(timeout=TIMEOUT_S)
        if message["parent_header"].get("msg_id") == msg_id:
            found.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return found
    raise AssertionError("the kernel did not come to rest")


def click(kernel: Kernel, comm_id: str) -> list[dict[str, Any]]:
    data = {"method": "custom", "content": {"event": "click"}}
    return idle_after(kernel, ask(kernel, "comm_msg", {"comm_id": comm_id, "data": data}))


def test_a_click_that_records_or_shows_something_is_an_execution_and_a_quiet_one_is_not(
    project: Path, own_home: Path
) -> None:
    kernel = Kernel(own_home, project, env={"JPY_SESSION_NAME": str(project / "w.ipynb")})
    loud, quiet = kernel.run(BUTTON, cell_id="button").text().split()
    click(kernel, quiet)
    messages = click(kernel, loud)
    assert "clicked\n" in [m["content"].get("text") for m in messages]
    kernel.run("'after'", cell_id="after")
    kernel.close()

    history = History(project)
    found = history.executions(3)
    assert [(each["kind"], each["cell_id"]) for each in found] == [("cell", "button"), ("widget", None), ("cell", "after")]
    widget = found[1]
    assert (widget["source"], widget["outcome"], widget["outputs_text"]) == ("", "ok", "clicked")
    (run,) = history.runs()
    assert run["metrics"]["clicks"]["n_points"] == 1 and run["executions"] == [widget["id"]]


def test_debugger_completion_and_inspection_are_no_executions(project: Path, own_home: Path) -> None:
    config = own_home / "ipython/profile_default/ipython_config.py"
    config.parent.mkdir(parents=True)
    config.write_text("get_config().IPCompleter.use_jedi = False")  # in a new home it reads grammars for seconds
    kernel = Kernel(own_home, project, env={"JPY_SESSION_NAME": str(project / "d.ipynb")})
    kernel.run("value = 41", cell_id="one")
    for number, command in enumerate(("debugInfo", "inspectVariables"), 1):
        request = {"type": "request", "seq": number, "command": command, "arguments": {}}
        idle_after(kernel, ask(kernel, "debug_request", request, "control"))
    idle_after(kernel, ask(kernel, "complete_request", {"code": "val", "cursor_pos": 3}))
    idle_after(kernel, ask(kernel, "inspect_request", {"code": "value", "cursor_pos": 5, "detail_level": 0}))
    kernel.run("value + 1", cell_id="two")
    kernel.close()

    found = History(project).executions(2)
    assert [(each["source"], each["outputs_text"]) for each in found] == [("value = 41", ""), ("value + 1", "42")]

"""Story 13: a day with nothing asked. Its events one after the other; then its hours, with restarts and many cells."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import psutil
import pytest
from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from lab_server import LabServer
from notebooks import write_notebook
from witness import Witness

BUTTON = """import ipywidgets
from IPython.display import display
button, shown = ipywidgets.Button(description="Press me"), ipywidgets.Output()
def press(_):
    with shown:
        print("pressed by hand")
button.on_click(press)
display(button, shown)"""
SHELL = "echo made by a shell > made.txt; cat made.txt"
LAB_OFFLINE = "A connection to the Jupyter server could not be established."
"""JupyterLab's own dialog, if one of its polls fell into the moment without a network."""
SLOW = "import time; [time.sleep(0.1) for _ in range({tenths})]; '{text}'"


def test_its_events_cost_one_notification_and_no_dialog_and_nothing_is_missed(server: LabServer, lab: LabPage) -> None:
    root = server.root
    write_notebook(root, "morning.ipynb", "0", "1", "2")
    write_notebook(root, "shell.ipynb", SHELL, kernel=bash_kernel(server.home))
    lab.open_lab("morning.ipynb")
    witness = Witness(lab.page)
    ran: list[str] = []

    def run(number: int, source: str) -> None:
        lab.type_into(number, source)
        lab.run_cell(number)
        ran.append(source)

    def start(number: int, source: str) -> None:
        lab.type_into(number, source)
        lab.start_cell(number)
        ran.append(source)

    run(0, "'the first of the day'")
    lab.page.get_by_text("Your cells are now recorded in quickstart/.").wait_for()
    lab.shot("story-13-first-cell")
    run(1, "print('before a restart')")
    restart(lab)
    run(1, "'after it'")
    rename(lab, "morning.ipynb", "noon.ipynb")
    run(2, "'under another name'")

    start(0, SLOW.format(tenths=10, text="the lid closes"))
    with lid_closed(server):
        lab.page.wait_for_timeout(2000)
    expect(lab.cell(0).locator(".jp-Cell-outputArea")).to_contain_text("the lid closes", timeout=WAIT_MS)

    start(1, SLOW.format(tenths=5, text="the network is lost"))
    of_lab = lab.page.get_by_role("dialog").filter(has_text=LAB_OFFLINE)
    lab.page.add_locator_handler(of_lab, lambda dialog: dialog.get_by_role("button", name="Close").click())
    lab.page.context.set_offline(True)
    lab.page.wait_for_timeout(1500)
    lab.page.context.set_offline(False)
    expect(lab.cell(1).locator(".jp-Cell-outputArea")).to_contain_text("the network is lost", timeout=WAIT_MS)
    lab.wait_for_kernel()

    run(2, BUTTON)
    lab.cell(2).get_by_role("button", name="Press me").click()
    ran.append("")  # a callback: the kernel names no code of it
    expect(lab.cell(2).get_by_text("pressed by hand", exact=True)).to_be_visible(timeout=WAIT_MS)

    lab.open_file("shell.ipynb")
    lab.run_cell(0)
    ran.append(SHELL)
    assert "made by a shell" in lab.output(0)
    lab.page.get_by_role("main").get_by_role("tab", name="noon.ipynb").click()
    lab.command("notebook:clear-all-cell-outputs")
    expect(lab.notebook.locator(".jp-OutputArea-output")).to_have_count(0)
    run(0, "'the last of the day'")

    assert recorded(lab, len(ran)) == [(source, "ok") for source in ran]
    assert len(witness.notifications) == 1, witness.notifications
    assert [each for each in witness.dialogs if LAB_OFFLINE not in each] == []
    assert all(len(each) > len("not recorded: ") for each in witness.states if each.startswith("not recorded"))
    assert sorted(witness.additions()) == ["ds-StatusItem", "ds-panel"], "the tab on the right, the item in the status bar"

    lab.show_panel()
    lab.wait_for_entry("'the last of the day'")
    shown = [row.inner_text() for row in lab.entries.all()]
    for source in ("'the first of the day'", "'after it'", "'under another name'", "the lid closes", "the network is lost"):
        assert any(source in row for row in shown), f"{source} among {shown}"
    lab.wait_for_entry("widget")
    lab.shot("story-13-evening")
    lab.open_entry("before a restart")
    assert "before a restart" in lab.entry_tab("Output"), "cleared in the notebook, kept in the history"
    lab.page.get_by_role("main").get_by_role("tab", name="shell.ipynb").click()
    lab.open_entry("echo made by a shell")
    expect(lab.panel.get_by_text("The kernel (bash) does not report itself")).to_be_visible()
    assert "made by a shell" in lab.entry_tab("Output")
    lab.shot("story-13-bash")
    (of_shell,) = server.executions(path="shell.ipynb")
    assert (of_shell["capture"], of_shell["execution_count"]) == ("partial", 1)
    assert not lab.page_errors


@pytest.mark.slow
@pytest.mark.parametrize("hour", range(7))
def test_an_hour_of_six_restarts_and_sixty_cells_is_in_the_history_in_order(
    hour: int, server: LabServer, lab: LabPage
) -> None:
    name = f"hour-{hour}.ipynb"
    sources = [f"'{hour}:{number}'" for number in range(10)]
    write_notebook(server.root, name, *sources)
    lab.open_lab(name)
    witness = Witness(lab.page)
    for _ in range(6):
        lab.command("notebook:run-all-cells")
        expect(lab.cell(9).locator(".jp-InputPrompt")).to_have_text("[10]:", timeout=WAIT_MS)
        restart(lab)
        lab.command("notebook:clear-all-cell-outputs")
        expect(lab.cell(9).locator(".jp-InputPrompt")).to_have_text("[ ]:", timeout=WAIT_MS)
    assert recorded(lab, 60, path=name) == [(source, "ok") for source in sources * 6]
    assert (witness.dialogs, witness.notifications[1:]) == ([], [])
    assert not [state for state in witness.states if state.startswith("not recorded")]
    assert not lab.page_errors


def test_off_here_stops_it_at_once_and_forgetting_removes_it_all(server: LabServer, lab: LabPage) -> None:
    write_notebook(server.root, "private.ipynb", "'wanted'", "open('mine.txt', 'w').write('mine')")
    lab.open_lab("private.ipynb")
    lab.run_cell(0)
    lab.run_cell(1)
    lab.show_panel()
    lab.wait_for_entry("mine.txt")

    folder_menu(lab, "Off Here")
    lab.say_in_panel("paused")
    expect(lab.page.locator(".ds-StatusItem")).to_contain_text("paused")
    lab.type_into(0, "'not wanted'")
    lab.run_cell(0)
    lab.shot("story-13-off")
    folder_menu(lab, "Resume Recording")
    lab.say_in_panel("recorded")
    lab.type_into(0, "'wanted again'")
    lab.run_cell(0)
    lab.wait_for_entry("'wanted again'")
    assert "'not wanted'" not in [each["source"] for each in server.executions()]
    lab.command("docmanager:save")
    lab.wait_until("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")

    before = user_files(server.root)
    folder_menu(lab, "Forget This Folder’s History…")
    expect(lab.page.get_by_role("dialog")).to_contain_text("Your own files stay as they are.")
    lab.shot("story-13-forget")
    lab.dialog_button("Forget")
    lab.page.get_by_text(re.compile("Forgotten; .* are free again.")).wait_for()
    expect(lab.entries).to_have_count(0, timeout=WAIT_MS)
    lab.shot("story-13-forgotten")
    assert not (server.root / ".dotscience").exists()
    assert user_files(server.root) == before

    n_sessions = len(spools(server))
    lab.command("kernelmenu:shutdown")
    lab.wait_until("() => !window.jupyterapp.shell.currentWidget.sessionContext.session")
    deadline = time.monotonic() + WAIT_MS / 1000
    while len(spools(server)) >= n_sessions and time.monotonic() < deadline:
        lab.page.wait_for_timeout(100)
    assert len(spools(server)) < n_sessions, "the recorder is done with the kernel that ended"
    assert not (server.root / ".dotscience").exists(), "the end of its kernel brings nothing back"
    assert not lab.page_errors


def folder_menu(lab: LabPage, item: str) -> None:
    lab.panel.get_by_title("Recorded in ").click()
    lab.page.get_by_role("menuitem", name=item).click()


def spools(server: LabServer) -> list[Path]:
    """One a kernel session whose end is not stored yet."""
    return list((server.home / "data" / "dotscience" / "spool").iterdir())


def user_files(root: Path) -> dict[str, bytes]:
    """path -> bytes of everything but the history."""
    files = (path for path in root.rglob("*") if path.is_file() and ".dotscience" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def recorded(lab: LabPage, n_executions: int, **query: str) -> list[tuple[str, str]]:
    """Source and outcome of all, in order; waits until there are so many and none runs."""
    deadline = time.monotonic() + WAIT_MS / 1000
    while True:
        found = [(each["source"], each["outcome"]) for each in lab.server.executions(limit="1000", **query)]
        if time.monotonic() > deadline or (len(found) >= n_executions and "running" not in {outcome for _, outcome in found}):
            return found
        lab.page.wait_for_timeout(100)


def restart(lab: LabPage) -> None:
    lab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    lab.wait_for_kernel()


def rename(lab: LabPage, old: str, new: str) -> None:
    lab.page.evaluate("names => window.jupyterapp.serviceManager.contents.rename(...names)", [old, new])
    lab.page.get_by_role("main").get_by_role("tab", name=new).wait_for()


@contextmanager
def lid_closed(server: LabServer) -> Iterator[None]:
    """Server, kernels and recorder stand still."""
    asleep = processes_of(server)
    for each in asleep:
        each.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for each in asleep:
            each.send_signal(signal.SIGCONT)


def processes_of(server: LabServer) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("JUPYTER_DATA_DIR") == str(server.home / "data"):
                found.append(process)
        except psutil.Error:
            continue
    return found


def bash_kernel(home: Path) -> dict[str, str]:
    """A kernel that is not Python, for this server only."""
    folder = home / "data" / "kernels" / "bash"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Bash", "language": "bash"}))
    return {"name": "bash", "display_name": "Bash", "language": "bash"}

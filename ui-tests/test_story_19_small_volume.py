"""Story 19: a home with little room, and two servers of two computers on the same folder of it, each with a browser tab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Callable, Iterator

import pytest
from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from lab_server import LabServer, can_be_another_computer, start_lab_server
from notebooks import write_notebook

NO_ROOM = json.dumps({"limits": {"free_bytes": 10**18}})
WRITE = "open('{name}.bin', 'wb').write(bytes(2_000_000)); '{name}'"
N_CELLS = 3
ANOTHER_WATCHES = "import inotify_simple as i, sys; w = i.INotify(); w.add_watch(sys.argv[1], i.flags.CREATE)"


@pytest.fixture
def pair(lab_server_with: Callable[..., LabServer]) -> Iterator[tuple[LabServer, LabServer]]:
    here = lab_server_with(DOTSCIENCE_SERVER_SETTINGS=NO_ROOM)
    there = start_lab_server(here.root, host="pod-b", home=here.home, DOTSCIENCE_SERVER_SETTINGS=NO_ROOM)
    yield here, there
    there.stop()


@pytest.mark.slow(share=0)  # two servers, two pages, and a third server: half a minute
@pytest.mark.skipif(not can_be_another_computer(), reason="takes the right to run under another host name")
def test_both_windows_say_who_records_and_nothing_is_doubled_or_lost(
    pair: tuple[LabServer, LabServer], open_page: Callable[[LabServer], LabPage]
) -> None:
    here, there = pair
    cells = {name: [*(f"'{name}{n}'" for n in range(N_CELLS)), WRITE.format(name=name)] for name in "ab"}
    pages = {name: open_page(server) for name, server in zip("ab", pair)}
    for name, lab in pages.items():
        write_notebook(here.root, f"{name}.ipynb", *cells[name])
        lab.open_lab(f"{name}.ipynb")
        lab.show_panel()
    for lab in pages.values():
        lab.command("notebook:run-all-cells")
    for name, lab in pages.items():
        lab.wait_until_run(N_CELLS)
        lab.wait_for_entry(f"{name}.bin")
    lab = pages["a"]
    lab.run_cell(0)
    expect(lab.entries).to_have_count(N_CELLS + 2, timeout=WAIT_MS)
    for (name, lab), other in zip(pages.items(), ("pod-b", os.uname().nodename)):
        expect(lab.panel.get_by_text("running")).to_have_count(0, timeout=WAIT_MS)
        lab.say_in_panel(f"This computer and {other} record here.")
        lab.say_in_panel("The disk is nearly full; copying of data has stopped.")
        assert lab.panel.locator(".ds-Now-text").evaluate("it => it.scrollWidth <= it.clientWidth"), "no sentence is cut off"
        lab.shot(f"story-19-window-{name}")
        lab.open_entry(f"{name}.bin")
        assert "fingerprint only" in lab.entry_tab("Files") and lab.entry_tab("Output").strip() == f"'{name}'"
    pages["b"].theme("JupyterLab Dark")
    pages["b"].shot("story-19-window-b-dark")
    cells["a"].append(cells["a"][0])
    assert recorded(here) == recorded(there) == cells
    subprocess.run([sys.executable, "-c", ANOTHER_WATCHES, str(here.root)], check=True)
    for lab in pages.values():
        assert not lab.page_errors

    there.end()
    here.end()
    tomorrow = start_lab_server(here.root, home=here.home, DOTSCIENCE_SERVER_SETTINGS=NO_ROOM)
    try:
        assert recorded(tomorrow) == cells
        told = tomorrow.ask("status", path="a.ipynb")
        assert (told["state"], told["also_recorded_by"]) == ("recording", [])
    finally:
        tomorrow.stop()


def recorded(server: LabServer) -> dict[str, list[str]]:
    """What was run in each notebook, in order."""
    return {name: [each["source"] for each in server.executions(path=f"{name}.ipynb")] for name in "ab"}

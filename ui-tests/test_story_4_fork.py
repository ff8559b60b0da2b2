"""Story 4: fork from an old execution; the new folder opens and runs."""

from __future__ import annotations

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage


def test_a_fork_of_an_old_state_opens_and_runs(lab: LabPage) -> None:
    lab.open_lab("1-clean.ipynb")
    lab.wait_for_cells(4)
    lab.show_panel()
    lab.type_into(0, "open('state.txt', 'w').write('old')")
    lab.run_cell(0)
    lab.server.wait_until_stored("'old'")
    lab.type_into(0, "open('state.txt', 'w').write('new')")
    lab.run_cell(0)
    lab.wait_for_entry("'new'")

    lab.open_entry("'old'")
    lab.verb("Fork…")
    dialog = lab.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("tries/second")
    expect(dialog.get_by_text("file")).not_to_have_count(0, timeout=WAIT_MS)
    lab.dialog_button("Fork")
    forked = lab.server.root / "tries" / "second"
    lab.page.get_by_role("main").get_by_role("tab", name="1-clean.ipynb").nth(1).wait_for()
    lab.wait_for_kernel()
    assert (forked / "state.txt").read_text() == "old"
    assert (lab.server.root / "state.txt").read_text() == "new"

    lab.type_into(0, "open('state.txt').read()")
    lab.start_cell(0)  # its number may be the same as before: the fork brought the old one along, its kernel is new
    expect(lab.cell(0).locator(".jp-Cell-outputArea")).to_contain_text("old", timeout=WAIT_MS)
    found = lab.server.workspace("tries/second")
    assert found["name"] == "second"
    assert found["origin"]["store"] == lab.server.workspace()["id"]
    assert not lab.page_errors

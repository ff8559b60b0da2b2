"""Story 6: an error state is shown with its reason where the user looks, and goes away when its cause does."""

from __future__ import annotations

import shutil

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage


def test_a_history_that_cannot_be_read_is_said_and_then_recovers(lab: LabPage) -> None:
    """The store's own description is unreadable for a while, as after a fault of the disk."""
    lab.open_lab("1-clean.ipynb")
    lab.wait_for_cells(4)
    lab.show_panel()
    lab.type_into(0, "'before the fault'")
    lab.run_cell(0)
    lab.wait_for_entry("before the fault")

    store = lab.server.root / ".dotscience" / "store.git"
    aside = lab.server.root / ".dotscience" / "aside"
    objects = store / "objects"
    shutil.move(objects, aside)
    objects.write_text("not a folder")
    lab.type_into(0, "'during the fault'")
    lab.run_cell(0)
    assert "during the fault" in lab.output(0), "the cell itself never feels it"
    expect(lab.panel.get_by_text("not recorded")).to_be_visible(timeout=WAIT_MS)
    lab.shot("story-6-not-recorded")

    objects.unlink()
    shutil.move(aside, objects)
    lab.type_into(0, "'after the fault'")
    lab.run_cell(0)
    lab.wait_for_entry("after the fault")
    expect(lab.panel.get_by_text("not recorded")).to_have_count(0, timeout=WAIT_MS)
    lab.wait_for_entry("during the fault")
    assert not lab.page_errors


def test_paused_is_shown_while_it_lasts(lab: LabPage) -> None:
    lab.open_lab("1-clean.ipynb")
    lab.wait_for_cells(4)
    lab.show_panel()
    lab.type_into(0, "'seen'")
    lab.run_cell(0)
    lab.wait_for_entry("'seen'")
    lab.panel.get_by_role("button", name="Pause recording in this folder").click()
    lab.say_in_panel("paused")
    lab.type_into(0, "'unseen'")
    lab.run_cell(0)
    lab.panel.get_by_role("button", name="Resume recording in this folder").click()
    lab.say_in_panel("recorded")
    lab.type_into(0, "'seen again'")
    lab.run_cell(0)
    lab.wait_for_entry("'seen again'")
    sources = [each["source"] for each in lab.server.executions()]
    assert "'unseen'" not in sources
    assert not lab.page_errors

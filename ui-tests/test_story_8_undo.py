"""Story 8: undo one cell, not my afternoon; and what is not saved is kept all the same."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from notebooks import sources_of, write_notebook

PASSWORD = "login(password='correct-horse-battery-staple')"


def test_going_back_touches_one_notebook_and_undo_brings_it_back_byte_for_byte(lab: LabPage) -> None:
    root = lab.server.root
    train = write_notebook(root, "train.ipynb", "version = 'of the morning'", "def login(password): pass")
    report = write_notebook(root, "report.ipynb", "'report of the morning'")
    lab.open_lab("report.ipynb")
    lab.run_cell(0)
    lab.open_file("train.ipynb")
    lab.run_cell(0)
    lab.run_cell(1)
    save(lab)

    lab.type_into(0, "version = 'of the afternoon'")
    lab.run_cell(0)
    lab.type_into(1, PASSWORD)
    save(lab)
    afternoon = train.read_bytes()
    assert PASSWORD.encode() in afternoon
    lab.page.get_by_role("main").get_by_role("tab", name="report.ipynb").click()
    lab.type_into(0, "'report of the afternoon'")
    save(lab)
    report_of_afternoon = report.read_bytes()
    lab.page.get_by_role("main").get_by_role("tab", name="train.ipynb").click()

    lab.show_panel()
    lab.open_entry("version = 'of the morning'")
    lab.verb("Restore…")
    dialog = lab.page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name="train.ipynb")).to_be_checked(timeout=WAIT_MS)
    expect(dialog.get_by_role("checkbox", name="report.ipynb")).not_to_be_checked()
    lab.shot("story-8-restore")
    lab.dialog_button("Restore the ticked files")
    said = lab.page.get_by_text(re.compile(r"Files are from \d\d:\d\d, variables from \d\d:\d\d\."))
    expect(said).to_be_visible(timeout=WAIT_MS)
    expect(lab.cell(0).locator(".cm-content")).to_contain_text("of the morning", timeout=WAIT_MS)
    expect(lab.page.get_by_role("button", name="Restart kernel")).to_be_visible()
    lab.shot("story-8-restored")
    assert report.read_bytes() == report_of_afternoon

    lab.page.get_by_role("button", name="Undo").click()
    expect(lab.page.get_by_text("1 file is as it was before.")).to_be_visible(timeout=WAIT_MS)
    assert train.read_bytes() == afternoon
    assert report.read_bytes() == report_of_afternoon
    expect(lab.cell(1).locator(".cm-content")).to_contain_text("correct-horse", timeout=WAIT_MS)

    lab.verb("Restore…")
    lab.dialog_button("Restore the ticked files")
    lab.page.get_by_role("button", name="Restart kernel").click()
    lab.dialog_button("Confirm Kernel Restart")
    lab.wait_for_kernel()
    lab.command("notebook:clear-all-cell-outputs")  # else its number is [1] before and after
    lab.type_into(0, "'version' in globals()")
    lab.run_cell(0)
    assert lab.cell(0).locator(".jp-OutputArea-output").inner_text().strip() == "False"
    assert not lab.page_errors


def test_a_snapshot_holds_edits_that_were_never_saved(lab: LabPage) -> None:
    file = write_notebook(lab.server.root, "draft.ipynb", "'saved'", "'another'")
    lab.open_lab("draft.ipynb")
    lab.run_cell(1)
    lab.type_into(0, "'typed, not saved'")
    lab.show_panel()
    lab.wait_for_entry("another")
    lab.command("dotscience:take-snapshot")
    lab.page.get_by_role("dialog").get_by_role("textbox").fill("before lunch")
    lab.dialog_button("Keep")
    expect(lab.page.get_by_text("Snapshot kept: before lunch")).to_be_visible(timeout=WAIT_MS)
    snapshots = f"workspaces/{lab.server.workspace()['id']}/snapshots"
    newest = lab.server.ask(snapshots)["items"][0]
    assert newest["message"] == "before lunch"
    kept = lab.server.ask(f"{snapshots}/{newest['id']}/file", path="draft.ipynb")
    assert sources_of(kept) == ["'typed, not saved'", "'another'"]
    assert sources_of(json.loads(file.read_bytes())) == ["'saved'", "'another'"]
    assert not lab.page_errors


def save(lab: LabPage) -> None:
    """And wait until it is on disk."""
    lab.command("docmanager:save")
    lab.wait_until("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")

"""Story 9: the spreadsheet test: rows copied are numbers under their names, and a printed number becomes a run unexecuted."""

from __future__ import annotations

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from notebooks import write_notebook

RUN = """import dotscience_jlab as ds
for lr in (0.1, 0.01, 1e-05):
    ds.start()
    ds.parameter('lr', lr)
    ds.parameter('solver', '=SUM(A1)' if lr == 0.1 else 'adam')
    ds.metric('acc', 1 - lr)
ds.publish('three')"""


def test_ticked_rows_are_copied_as_numbers_under_their_names(lab: LabPage) -> None:
    write_notebook(lab.server.root, "thirty.ipynb", RUN)
    lab.open_lab("thirty.ipynb")
    lab.run_cell(0)
    lab.show_panel()
    expect(lab.panel.get_by_role("checkbox")).to_have_count(3, timeout=WAIT_MS)
    for number in (1, 2, 3):
        lab.panel.get_by_role("checkbox", name=f"Select thirty · {number}").check()
    expect(lab.panel.get_by_text("3 selected")).to_be_visible()
    lab.panel.get_by_role("button", name="Copy rows").click()
    expect(lab.page.get_by_text("3 rows copied.")).to_be_visible(timeout=WAIT_MS)
    lab.shot("story-9-selection")
    lines = [line.split("\t") for line in lab.page.evaluate("navigator.clipboard.readText()").splitlines()]
    heads, rows = lines[0], [dict(zip(lines[0], line)) for line in lines[1:]]
    assert "lr" in heads and "acc" in heads
    assert sorted(float(row["lr"]) for row in rows) == [1e-05, 0.01, 0.1]
    assert all(abs(float(row["acc"]) + float(row["lr"]) - 1) < 1e-12 for row in rows)
    assert not any(row["solver"].startswith("=") for row in rows), "a spreadsheet would compute it"
    assert not lab.page_errors


def test_a_number_printed_before_becomes_a_run_without_executing(lab: LabPage) -> None:
    write_notebook(lab.server.root, "old.ipynb", "open('ran.txt', 'a').write('x')\nprint('acc: 0.93')")
    lab.open_lab("old.ipynb")
    lab.run_cell(0)
    lab.show_panel()
    lab.wait_for_entry("ran.txt")
    prompt = lab.prompt(0)
    lab.cell(0).locator(".jp-OutputArea-output").click(button="right")
    lab.page.get_by_role("menuitem", name="Keep This Number…").click()
    dialog = lab.page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name="Keep acc")).to_be_checked(timeout=WAIT_MS)
    lab.shot("story-9-keep")
    lab.dialog_button("Keep")
    expect(lab.panel.get_by_role("rowheader", name="acc")).to_be_visible(timeout=WAIT_MS)
    lab.page.keyboard.press("Escape")
    lab.wait_for_entry("acc 0.93")
    kept = [run for run in lab.server.runs() if run["path"] == "old.ipynb"]
    assert [(run["metrics"]["acc"]["last"], run["state"]) for run in kept] == [(0.93, "finished")]
    assert lab.prompt(0) == prompt
    assert (lab.server.root / "ran.txt").read_text() == "x"
    assert not lab.page_errors

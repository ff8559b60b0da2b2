"""Story 1: run the two quickstart notebooks cell by cell; see each execution appear, the chart move, the way back to raw data."""

from __future__ import annotations

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage

FIRST_LINES = ("from pathlib", "import pandas", "clean = table", "clean.groupby")
"""Of the cells of the first notebook, as the history shows them."""


def test_each_executed_cell_appears_and_the_model_leads_back_to_raw_data(lab: LabPage) -> None:
    lab.open_lab("1-clean.ipynb")
    lab.wait_for_cells(4)
    assert not lab.panel.is_visible(), "nothing opens by itself"

    lab.run_cell(0)
    said_once = lab.page.get_by_text("Your cells are now recorded in quickstart/. Nothing leaves this computer.")
    expect(said_once).to_be_visible(timeout=WAIT_MS)
    lab.page.get_by_role("button", name="Hide notification").or_(lab.page.locator(".Toastify__close-button")).first.click()
    expect(said_once).to_have_count(0, timeout=WAIT_MS)
    lab.show_panel()
    for number, line in enumerate(FIRST_LINES):
        if number:
            lab.run_cell(number)
        lab.wait_for_entry(line)
        expect(lab.entries).to_have_count(number + 1, timeout=WAIT_MS)
    lab.shot("story-1-history-light")

    lab.open_file("2-train.ipynb")
    lab.run_cell(0)
    expect(lab.entries).to_have_count(1, timeout=WAIT_MS)

    lab.show_panel("Charts")
    lab.start_cell(1)
    lab.say_in_panel("In [")
    lines = lab.panel.locator(".ds-Plot canvas")
    expect(lines.first).to_be_visible(timeout=WAIT_MS)
    early = drawn(lab)
    assert lab.prompt(1).strip() == "[*]:", "the chart is drawn while the loop runs"
    lab.wait_until_run(1)
    expect(lab.panel.get_by_text("loss").first).to_be_visible(timeout=WAIT_MS)
    assert drawn(lab) != early, "the chart has moved"
    lab.shot("story-1-charts-light")

    lab.run_cell(2)
    lab.show_panel()
    lab.wait_for_entry("2-train · 1")
    runs = lab.server.runs()
    assert [(run["state"], run["metrics"]["loss"]["n_points"]) for run in runs] == [("finished", 60)]
    assert runs[0]["parameters"] == {"learning_rate": 0.0005, "n_epochs": 60}

    lab.show_panel("Lineage")
    for name in ("clean.csv", "model.joblib"):
        expect(lab.panel.get_by_role("button", name=name).first).to_be_visible(timeout=WAIT_MS)
    workspace = lab.server.workspace()["id"]
    lab.command("dotscience:open-lineage", workspace=workspace, of="file:models/model.joblib")
    graph = lab.page.get_by_role("main")
    for name in ("model.joblib", "clean.csv", "raw.csv"):
        expect(graph.get_by_role("button", name=name).first).to_be_visible(timeout=WAIT_MS)
    lab.shot("story-1-lineage-light")
    lab.theme("JupyterLab Dark")
    lab.shot("story-1-lineage-dark")
    lab.show_panel("Charts")
    lab.shot("story-1-charts-dark")
    assert not lab.page_errors


def drawn(lab: LabPage) -> str:
    """The first chart's pixels, read in one step: the chart may be drawn anew at any moment."""
    return str(lab.page.evaluate("() => document.querySelector('.ds-Plot canvas').toDataURL()"))

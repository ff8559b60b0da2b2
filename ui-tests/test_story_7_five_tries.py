"""Story 7: five tries of one cell are five rows; a hidden panel asks for nothing; marks on cells live without it."""

from __future__ import annotations

from typing import Callable

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from lab_server import LabServer
from notebooks import write_notebook

TRY = "lr = {lr}\nacc = round(1 - lr, 2)\nds.metric('acc', acc)"
RATES = (0.1, 0.25, 0.03, 0.4, 0.07)
ACCURACIES = ["0.9", "0.75", "0.97", "0.6", "0.93"]


def test_five_tries_are_five_rows_in_order(lab: LabPage) -> None:
    write_notebook(lab.server.root, "tries.ipynb", "import dotscience_jlab as ds", TRY.format(lr=0))
    asked: list[str] = []
    lab.page.on("request", lambda request: asked.append(request.url) if "/executions" in request.url else None)
    lab.open_lab("tries.ipynb")
    lab.run_cell(0)
    for lr in RATES:
        lab.type_into(1, TRY.format(lr=lr))
        lab.run_cell(1)
    while len(lab.server.runs()) < len(RATES):
        lab.page.wait_for_timeout(100)
    assert [url for url in asked if "/workspaces/" in url] == [], "nobody looks, so nobody asks"

    lab.show_panel()
    rows = lab.panel.get_by_role("treeitem", name="tries · ")
    expect(rows).to_have_count(5, timeout=WAIT_MS)
    for row, accuracy in zip(rows.all(), reversed(ACCURACIES)):
        expect(row).to_contain_text(f"acc {accuracy}", timeout=WAIT_MS)
    expect(lab.panel.get_by_text("running")).to_have_count(0, timeout=WAIT_MS)

    lab.panel.get_by_role("button", name="All runs").click()
    table = lab.page.get_by_role("table", name="Runs")
    body = table.locator("tbody tr[data-run]")
    expect(body).to_have_count(5, timeout=WAIT_MS)
    said = [row.inner_text().split() for row in body.all()][::-1]
    assert [next(word for word in row if word in ACCURACIES) for row in said] == ACCURACIES
    assert all("finished" in row and "running" not in row for row in said)
    lab.shot("story-7-five-tries")

    rows.first.click()
    lab.verb("Make the recipe")
    expect(lab.page.get_by_text("It takes 2 cells, as they were executed; 4 left out.")).to_be_visible(timeout=WAIT_MS)
    lab.page.get_by_role("main").get_by_role("tab", name="Untitled.ipynb").wait_for()
    recipe = lab.notebook.locator(".jp-CodeCell .cm-content")
    expect(recipe).to_have_count(2, timeout=WAIT_MS)
    expect(recipe.last).to_contain_text(f"lr = {RATES[-1]}")
    assert not lab.page_errors


def test_marks_on_cells_need_no_panel(
    lab_server_with: Callable[..., LabServer], open_page: Callable[[LabServer], LabPage]
) -> None:
    server = lab_server_with(settings={"dotscience-jlab:plugin": {"showRunMarks": True, "isIntroduced": True}})
    write_notebook(server.root, "marks.ipynb", "'first'", "'second'")
    lab = open_page(server)
    lab.open_lab("marks.ipynb")
    lab.run_cell(0)
    lab.run_cell(1)
    edited, earlier = lab.page.locator(".jp-Cell.ds-mod-edited"), lab.page.locator(".jp-Cell.ds-mod-earlier")
    lab.type_into(0, "'first, edited'")
    expect(edited).to_have_count(1, timeout=WAIT_MS)
    expect(edited.locator(".jp-InputPrompt")).to_have_attribute("title", "Edited since it ran")
    lab.run_cell(0)
    expect(edited).to_have_count(0, timeout=WAIT_MS)
    lab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    expect(earlier).to_have_count(2, timeout=WAIT_MS)
    lab.wait_for_kernel()
    lab.run_cell(1)
    expect(earlier).to_have_count(1, timeout=WAIT_MS)
    assert not lab.panel.is_visible()
    assert not lab.page_errors

"""Story 20: the tab is closed while cells run; what they showed meanwhile is put back into them, once, and can be undone."""

from __future__ import annotations

from typing import Any, Callable

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from lab_server import LabServer
from notebooks import write_notebook

LONG = """# long
import pathlib, time
import matplotlib.pyplot as plt
from IPython.display import clear_output, display
print("begun")
shown = display({"text/plain": "half", "text/html": "<b>half</b>"}, raw=True, display_id=True)
while not pathlib.Path("go").exists():
    time.sleep(0.05)
shown.update({"text/plain": "whole", "text/html": "<b>whole</b>"}, raw=True)
print("50 %\\rdone", end="\\n")
plt.plot([1, 3, 2])
plt.show()"""
LOOP = """# loop
for step in range(5):
    clear_output(wait=True)
    print("step", step)
    display({"text/plain": f"picture {step}"}, raw=True)"""
WIDGET = """# widget
import ipywidgets
ipywidgets.IntSlider(description="left alone")"""
EDITED = "# last\nprint('of the old source')"
OUTPUTS = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.toJSON().cells;
  return cells.map(({ outputs, execution_count }) => ({ outputs, execution_count }));
}"""


def outputs_of(lab: LabPage) -> list[dict[str, Any]]:
    """Of the notebook in front, as it would be saved: one a cell."""
    return lab.page.evaluate(OUTPUTS)


def shown_of(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """Without the numbers, which count on."""
    return [{key: value for key, value in output.items() if key != "execution_count"} for output in cell["outputs"]]


def test_what_cells_showed_while_the_tab_was_closed_is_put_back(
    server: LabServer, open_page: Callable[[LabServer], LabPage]
) -> None:
    path = write_notebook(server.root, "closed.ipynb", LONG, LOOP, WIDGET, EDITED)
    first = open_page(server)
    first.open_lab("closed.ipynb")
    first.command("notebook:run-all-cells")
    expect(first.cell(0).locator(".jp-Cell-outputArea")).to_contain_text("half", timeout=WAIT_MS)
    first.command("docmanager:save")
    first.wait_until("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert "half" in path.read_text()
    saved = path.stat()
    first.page.goto("about:blank")
    (server.root / "go").touch()
    server.wait_until_stored("# last")

    lab = open_page(server)
    lab.open_lab("closed.ipynb")
    lab.show_panel()
    notice = lab.panel.get_by_role("note", name="Outputs that arrived while the notebook was closed")
    expect(notice).to_contain_text("4 cells have outputs that arrived while the notebook was closed.", timeout=WAIT_MS)
    lab.shot("story-20-offered")
    before = outputs_of(lab)
    assert [len(each["outputs"]) for each in before] == [2, 0, 0, 0]
    lab.type_into(3, "print('of the new source')")
    notice.get_by_role("button", name="Put them back").click()
    expect(notice).to_contain_text("2 cells have their outputs back.", timeout=WAIT_MS)
    expect(notice).to_contain_text("1 cell shows widgets and was left as it is.")
    expect(notice).to_contain_text("1 cell was edited since; what it printed is in the history:")
    expect(lab.cell(0).locator(".jp-Cell-outputArea img")).to_have_count(1)
    expect(lab.cell(0).locator(".jp-Cell-outputArea")).to_contain_text("whole")
    back = outputs_of(lab)
    assert [each["execution_count"] for each in back] == [1, 2, None, None] and not back[2]["outputs"] and not back[3]["outputs"]
    assert [lab.prompt(0), lab.prompt(1)] == ["[1]:", "[2]:"]
    lab.shot("story-20-put-back")

    lab.command("notebook:undo-cell-action")
    expect(lab.cell(0).locator(".jp-Cell-outputArea")).to_contain_text("half", timeout=WAIT_MS)
    assert outputs_of(lab)[:3] == before[:3]
    lab.command("notebook:redo-cell-action")
    expect(lab.cell(0).locator(".jp-Cell-outputArea")).to_contain_text("whole", timeout=WAIT_MS)
    assert outputs_of(lab) == back
    notice.get_by_role("button", name="Undo").click()
    expect(notice).to_contain_text("2 cells have outputs that arrived", timeout=WAIT_MS)
    assert outputs_of(lab)[:3] == before[:3]
    notice.get_by_role("button", name="Put them back").click()
    expect(notice).to_contain_text("2 cells have their outputs back.", timeout=WAIT_MS)
    notice.get_by_role("button", name="Close").click()
    assert outputs_of(lab) == back
    assert path.stat() == saved, "the file is the notebook's to save"

    lab.run_cell(0)
    lab.run_cell(1)
    undisturbed = outputs_of(lab)
    assert [shown_of(each) for each in back[:2]] == [shown_of(each) for each in undisturbed[:2]]
    expect(lab.panel.get_by_text("have outputs that arrived")).to_have_count(0)
    assert not lab.page_errors

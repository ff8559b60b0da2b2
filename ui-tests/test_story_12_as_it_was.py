"""Story 12: see the notebook as it was, and take one cell of it back without running anything."""

from __future__ import annotations

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from notebooks import write_notebook


def test_one_cell_is_put_back_from_the_notebook_as_it_was(lab: LabPage) -> None:
    write_notebook(lab.server.root, "past.ipynb", "answer = 41", "'untouched'")
    lab.open_lab("past.ipynb")
    lab.run_cell(0)
    lab.run_cell(1)
    lab.type_into(0, "answer = 42")
    lab.run_cell(0)
    prompt = lab.prompt(0)
    lab.show_panel()
    lab.open_entry("answer = 41")
    lab.verb("Show as it was")
    differing = lab.page.locator(".ds-AsCell.ds-mod-source")
    expect(differing).to_have_count(1, timeout=WAIT_MS)
    expect(differing).to_contain_text("answer = 41")
    expect(differing).to_contain_text("Differs from now")
    lab.shot("story-12-as-it-was")
    differing.get_by_role("button", name="Put this cell back").click()
    expect(lab.cell(0).locator(".cm-content")).to_have_text("answer = 41", timeout=WAIT_MS)
    assert lab.prompt(0) == prompt, "nothing ran"

    slider = lab.page.get_by_role("slider", name="Moment in the history of this notebook")
    slider.press("End")
    expect(lab.page.locator(".ds-AsCell").first).to_contain_text("answer = 42", timeout=WAIT_MS)
    assert not lab.page_errors

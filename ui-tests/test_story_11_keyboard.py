"""Story 11: without a mouse: open the panel, move in the history, open an entry, ask to restore, and back out step by step."""

from __future__ import annotations

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from notebooks import write_notebook


def test_the_history_is_walked_with_keys_alone(lab: LabPage) -> None:
    write_notebook(lab.server.root, "keys.ipynb", "'first'", "'second'", "'third'")
    lab.open_lab("keys.ipynb")
    for number in range(3):
        lab.run_cell(number)
    keys = lab.page.keyboard
    keys.press("Escape")
    keys.press("ControlOrMeta+Shift+c")
    lab.page.locator(".lm-CommandPalette-input").wait_for()
    keys.type("Show History, Charts")
    chosen = lab.page.locator(".lm-CommandPalette-item.lm-mod-active")
    expect(chosen, "the palette has found it").to_contain_text("Show History, Charts", timeout=WAIT_MS)
    keys.press("Enter")
    lab.panel.wait_for()
    lab.wait_for_entry("'third'")
    focused = lab.panel.locator(":focus")
    expect(focused, "the panel opened with keys takes the focus").to_have_count(1, timeout=WAIT_MS)
    for _ in range(8):
        if focused.get_attribute("role") == "treeitem":
            break
        keys.press("Tab")
    expect(focused).to_contain_text("'third'", timeout=WAIT_MS)
    keys.press("ArrowDown")
    expect(focused).to_contain_text("'second'", timeout=WAIT_MS)
    keys.press("End")
    expect(focused).to_contain_text("'first'", timeout=WAIT_MS)
    keys.press("Enter")
    expect(focused).to_contain_text("Back", timeout=WAIT_MS)
    expect(lab.panel.get_by_role("button", name="Restore…")).to_be_visible(timeout=WAIT_MS)
    expect(lab.panel.get_by_role("tablist", name="Parts of this entry")).to_be_visible(timeout=WAIT_MS)
    for _ in range(8):
        keys.press("Tab")
        if "Restore" in focused.inner_text():
            break
    keys.press("Enter")
    dialog = lab.page.get_by_role("dialog")
    expect(dialog.get_by_text("Restore files from")).to_be_visible(timeout=WAIT_MS)
    assert dialog.evaluate("dialog => dialog.contains(document.activeElement)")
    lab.shot("story-11-restore")
    keys.press("Escape")
    expect(dialog).to_have_count(0, timeout=WAIT_MS)
    assert lab.panel.evaluate("panel => panel.contains(document.activeElement)"), "the focus is back where it was"
    keys.press("Escape")
    expect(focused).to_contain_text("'first'", timeout=WAIT_MS)
    assert not lab.page_errors

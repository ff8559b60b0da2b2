"""Story 3: overwrite a data file, restore the earlier snapshot, bytes equal; then undo that."""

from __future__ import annotations

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage

FIRST, SECOND = b"\x00first\xff" * 2000, b"second"


def test_an_overwritten_file_comes_back_byte_for_byte(lab: LabPage) -> None:
    lab.open_lab("1-clean.ipynb")
    lab.wait_for_cells(4)
    lab.show_panel()
    lab.type_into(0, "open('data.bin', 'wb').write(b'\\x00first\\xff' * 2000)")
    lab.run_cell(0)
    lab.wait_for_entry("x00first")
    lab.type_into(1, "open('data.bin', 'wb').write(b'second')")
    lab.run_cell(1)
    lab.wait_for_entry("b'second'")
    file = lab.server.root / "data.bin"
    assert file.read_bytes() == SECOND

    lab.open_entry("x00first")
    lab.verb("Restore…")
    dialog = lab.page.get_by_role("dialog")
    box = dialog.get_by_role("checkbox", name="data.bin")
    expect(box).to_be_visible(timeout=WAIT_MS)
    expect(box).not_to_be_checked()
    box.check()
    notebook = dialog.get_by_role("checkbox", name="1-clean.ipynb")
    if notebook.count():
        notebook.uncheck()
    lab.shot("story-3-restore")
    lab.dialog_button("Restore the ticked files")
    undo = lab.page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible(timeout=WAIT_MS)
    assert file.read_bytes() == FIRST

    undo.click()
    expect(lab.page.get_by_text("as it was before")).to_be_visible(timeout=WAIT_MS)
    assert file.read_bytes() == SECOND
    assert not lab.page_errors

"""Story 3: overwrite a data file, restore the earlier snapshot, bytes equal; then undo that."""

from __future__ import annotations

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from notebooks import write_notebook

FIRST, SECOND = b"\x00first\xff" * 2000, b"second"


def test_a_restore_can_be_undone_after_the_page_was_loaded_anew(lab: LabPage) -> None:
    notebook = write_notebook(lab.server.root, "later.ipynb", "open('later.txt', 'w').write('first')",
                              "open('later.txt', 'w').write('second')")
    lab.open_lab(notebook.name)
    lab.run_cell(0)
    lab.server.wait_until_stored("'first'")
    lab.run_cell(1)
    lab.show_panel()
    lab.wait_for_entry("'second'")
    lab.open_entry("'first'")
    lab.verb("Restore…")
    lab.page.get_by_role("dialog").get_by_role("checkbox", name="later.txt").check()
    lab.dialog_button("Restore the ticked files")
    expect(lab.page.get_by_role("button", name="Undo")).to_be_visible(timeout=WAIT_MS)
    file = lab.server.root / "later.txt"
    assert file.read_text() == "first"

    lab.open_lab(notebook.name)
    lab.show_panel()
    lab.panel.get_by_title("Recorded in ").click()
    lab.page.get_by_role("menuitem", name="Undo the Last Restore").click()
    expect(lab.page.get_by_role("dialog")).to_contain_text("later.txt")
    lab.shot("story-3-undo-later")
    lab.dialog_button("Undo")
    said = lab.page.get_by_text("as it was before").or_(lab.page.get_by_text("as they were before"))
    expect(said).to_be_visible(timeout=WAIT_MS)
    assert file.read_text() == "second"
    assert not lab.page_errors


def test_an_overwritten_file_comes_back_byte_for_byte(lab: LabPage) -> None:
    lab.open_lab("1-clean.ipynb")
    lab.wait_for_cells(4)
    lab.show_panel()
    lab.type_into(0, "open('data.bin', 'wb').write(b'\\x00first\\xff' * 2000)")
    lab.run_cell(0)
    lab.server.wait_until_stored("x00first")
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

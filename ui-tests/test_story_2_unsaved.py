"""Story 2: edit a cell, run it without saving, find exactly the executed source in the history."""

from __future__ import annotations

from lab_page import LabPage

EDITED = "answer = 6 * 7  # only in the browser: größe <b>\nanswer"


def test_the_executed_source_is_in_the_history_though_never_saved(lab: LabPage) -> None:
    lab.open_lab("1-clean.ipynb")
    lab.wait_for_cells(4)
    before = (lab.server.root / "1-clean.ipynb").read_bytes()
    lab.show_panel()
    lab.type_into(0, EDITED)
    lab.run_cell(0)
    assert "42" in lab.output(0)
    lab.open_entry("answer = 6 * 7")
    assert lab.entry_tab("Code").strip() == EDITED
    assert "42" in lab.entry_tab("Output")
    assert lab.server.executions()[-1]["source"] == EDITED
    assert (lab.server.root / "1-clean.ipynb").read_bytes() == before
    assert not lab.page_errors

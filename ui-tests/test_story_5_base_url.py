"""Story 5: the same under `/user/x/`, as on a hub: history, chart and restore go through the base URL."""

from __future__ import annotations

from typing import Callable

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from lab_server import LabServer

TRAIN = "import dotscience_jlab as ds\nfor step in range(5):\n    ds.metric('loss', 1 / (step + 1), step=step)"


def test_history_chart_and_restore_work_under_a_base_url(
    lab_server_with: Callable[..., LabServer], open_page: Callable[[LabServer], LabPage]
) -> None:
    lab = open_page(lab_server_with("/user/x/"))
    lab.open_lab("1-clean.ipynb")
    lab.wait_for_cells(4)
    lab.show_panel()
    lab.run_cell(0)
    lab.wait_for_entry("from pathlib")
    lab.type_into(1, TRAIN)
    lab.run_cell(1)
    lab.wait_for_entry("1-clean · 1")
    lab.show_panel("Charts")
    expect(lab.panel.locator(".ds-Plot canvas").first).to_be_visible(timeout=WAIT_MS)

    raw = lab.server.root / "data" / "raw.csv"
    before = raw.read_bytes()
    raw.write_bytes(b"lost")
    lab.show_panel()
    lab.open_entry("from pathlib")
    lab.verb("Restore…")
    box = lab.page.get_by_role("dialog").get_by_role("checkbox", name="data/raw.csv")
    box.check()
    lab.dialog_button("Restore the ticked files")
    expect(lab.page.get_by_role("button", name="Undo")).to_be_visible(timeout=WAIT_MS)
    assert raw.read_bytes() == before
    assert not lab.page_errors

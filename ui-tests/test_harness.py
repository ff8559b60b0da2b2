"""The ground the stories stand on: the real JupyterLab opens, a cell runs, and the page has thrown nothing."""

from __future__ import annotations

from lab_page import LabPage


def test_the_quickstart_opens_and_a_cell_runs(lab: LabPage) -> None:
    lab.open_lab("1-clean.ipynb")
    lab.wait_for_cells(4)
    lab.run_cell(0)
    assert "(569, 31)" in lab.output(0)
    lab.run_cell(1)
    assert (lab.server.root / "data" / "raw.csv").is_file()
    lab.shot("quickstart")

"""Story 16: lunch on a big folder, small: a Parquet file that each cell rewrites, under a cap that holds two versions of it.

What it costs in full size is `bench/lunch.py`'s to say; here it is what a person reads of it.
"""

from __future__ import annotations

import json
import re
from typing import Callable

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from lab_server import LabServer
from notebooks import write_notebook

CAP_BYTES = 5_000_000
MAKE = """# made
import numpy, pandas
pandas.DataFrame({"value": numpy.random.default_rng(0).random(250_000)}).to_parquet("big.parquet", compression=None)"""
CHANGE = """# version {n}
frame = pandas.read_parquet("big.parquet")
(frame * 1.25 + {n}).to_parquet("big.parquet", compression=None)"""


def test_the_entry_says_which_versions_are_kept(
    lab_server_with: Callable[..., LabServer], open_page: Callable[[LabServer], LabPage]
) -> None:
    server = lab_server_with(DOTSCIENCE_SERVER_SETTINGS=json.dumps({"limits": {"data_bytes": CAP_BYTES}}))
    with open(server.root / "archive.bin", "wb") as file:
        file.truncate(10_000_000_000)
    write_notebook(server.root, "lunch.ipynb", MAKE, *(CHANGE.format(n=n) for n in range(1, 5)))
    lab = open_page(server)
    lab.open_lab("lunch.ipynb")
    for number in range(5):
        lab.run_cell(number)
    lab.show_panel()
    lab.wait_for_entry("version 4")

    lab.open_entry("version 1")
    kept = lab.entry_tab("Files")
    assert kept.count("big.parquet") == 2 and "fingerprint only" not in kept, kept
    lab.page.keyboard.press("Escape")
    lab.open_entry("version 4")
    left_out = lab.entry_tab("Files")
    assert left_out.count("fingerprint only") == 1, left_out
    assert "It was changed by this cell, and what was there before had not been kept." in left_out
    assert "The history holds 5 MB already; copying of data has stopped. Only its fingerprint is kept." in left_out
    lab.shot("story-16-versions-kept")
    lab.page.keyboard.press("Escape")
    expect(lab.panel.locator(".ds-Header")).to_have_text(re.compile(r"\d(\.\d)? MB"), timeout=WAIT_MS)
    lab.shot("story-16-header")

    written = [
        [(use["kept"], use["evidence"]) for use in each["files"] if (use["path"], use["role"]) == ("big.parquet", "output")]
        for each in server.executions(path="lunch.ipynb")
    ]
    assert written == [[("stored", "observed")]] * 2 + [[("fingerprint", "observed")]] * 3
    held = sum(each.stat().st_size for each in (server.root / ".dotscience").rglob("*") if each.is_file())
    assert held < CAP_BYTES + 1_500_000
    assert not lab.page_errors

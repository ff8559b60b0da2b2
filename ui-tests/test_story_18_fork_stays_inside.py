"""Story 18: a notebook with an absolute path into its own project, and an editable install of that, is forked and stays inside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Callable

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from lab_server import LabServer
from notebooks import write_notebook

ROWS = "1\n2\n"
ADD = "import churn; open({path!r}, 'a').write(churn.ROW)"
READ = "open({path!r}).read()"


def test_the_origin_is_named_first_and_keeps_its_bytes_unless_one_agrees(
    lab_server_with: Callable[..., LabServer], open_page: Callable[[LabServer], LabPage], tmp_path: Path
) -> None:
    server = lab_server_with(PYTHONPATH=str(tmp_path))
    origin, fork = server.root / "churn", server.root / "churn-fork"
    data = origin / "data" / "x.csv"
    make_project(origin, installed_in=tmp_path)
    write_notebook(origin, "train.ipynb", READ.format(path=str(data)), ADD.format(path=str(data)))
    lab = open_page(server)
    lab.open_lab("churn/train.ipynb")
    lab.run_cell(0)
    lab.server.wait_until_stored(".read()", "churn")
    while not lab.server.executions("churn")[-1]["environment"]:  # it is listed while the first cells run
        lab.run_cell(0)
        lab.server.wait_until_stored(".read()", "churn")
    lab.run_cell(1)
    before = files_of(origin)
    assert before["data/x.csv"].decode() == ROWS + "3\n"
    lab.show_panel()
    lab.open_entry(".read()")
    lab.verb("Fork…")
    dialog = lab.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("churn-fork")
    for said in ("train.ipynb names churn/ by its absolute path, and would", "The package churn is installed from"):
        expect(dialog.get_by_text(said)).to_be_visible(timeout=WAIT_MS)
    stays_inside = dialog.get_by_role("checkbox", name="Let train.ipynb use the fork’s own files instead")
    expect(stays_inside).to_be_checked()
    lab.shot("story-18-dialog-light")
    lab.theme("JupyterLab Dark")
    lab.shot("story-18-dialog-dark")
    lab.theme("JupyterLab Light")
    lab.dialog_button("Fork")

    lab.page.get_by_role("main").get_by_role("tab", name="train.ipynb").nth(1).wait_for()
    lab.wait_for_kernel()
    expect(lab.cell(1).locator(".cm-content")).to_contain_text(str(fork / "data" / "x.csv"), timeout=WAIT_MS)
    lab.command("notebook:run-all-cells")
    expect(lab.cell(1).locator(".jp-InputPrompt")).to_have_text("[2]:", timeout=WAIT_MS)
    lab.wait_for_entry("churn.ROW")
    assert (fork / "data" / "x.csv").read_text() == ROWS + "3\n"
    assert files_of(origin) == before

    notice = lab.panel.get_by_role("note", name="Outside the fork")
    expect(notice).to_have_count(0, timeout=WAIT_MS)
    lab.type_into(1, ADD.format(path=str(data)))
    said = f"Cell 2 writes outside the fork: {data} (belongs to churn/)"
    expect(notice).to_contain_text(said, timeout=WAIT_MS)
    assert files_of(origin) == before, "it is read before anything is written"
    lab.shot("story-18-notice-light")
    lab.theme("JupyterLab Dark")
    lab.shot("story-18-notice-dark")
    notice.get_by_role("button", name="Use the fork’s own files").click()
    expect(notice).to_have_count(0, timeout=WAIT_MS)
    expect(lab.cell(1).locator(".cm-content")).to_contain_text(str(fork / "data" / "x.csv"), timeout=WAIT_MS)

    shutil.rmtree(origin)
    lab.type_into(0, READ.format(path="data/x.csv"))
    lab.run_cell(0)
    assert "3" in lab.output(0)
    workspace = server.workspace("churn-fork")["id"]
    first = server.executions("churn-fork")[0]
    kept = server.ask(f"workspaces/{workspace}/snapshots/{first['snapshot']}/file", path="train.ipynb")
    assert str(data) in json.dumps(kept)
    lab.entries.last.click()
    assert str(data) in lab.entry_tab("Code"), "what was recorded before the fork is the fork's too"
    assert "1" in lab.entry_tab("Output")
    assert not lab.page_errors


def make_project(root: Path, *, installed_in: Path) -> None:
    """Its package is importable and listed as `pip install --editable` leaves it."""
    (root / "data").mkdir(parents=True)
    (root / "data" / "x.csv").write_text(ROWS)
    (root / "pyproject.toml").write_text('[project]\nname = "churn"\nversion = "0.1"\n')
    (root / "churn").mkdir()
    (root / "churn" / "__init__.py").write_text("ROW = '3\\n'\n")
    (installed_in / "churn").symlink_to(root / "churn")
    listed = installed_in / "churn-0.1.dist-info"
    listed.mkdir()
    (listed / "METADATA").write_text("Metadata-Version: 2.1\nName: churn\nVersion: 0.1\n")
    (listed / "direct_url.json").write_text(json.dumps({"dir_info": {"editable": True}, "url": f"file://{root}"}))


def files_of(root: Path) -> dict[str, bytes]:
    """path -> bytes of what the user has there."""
    found = (path for path in root.rglob("*") if path.is_file() and not {".dotscience", "__pycache__"} & set(path.parts))
    return {str(path.relative_to(root)): path.read_bytes() for path in found}

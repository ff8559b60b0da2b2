"""Story 17: the project folder is deleted and cloned again. The panel says what was lost, and gets it back from a copy."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from lab_server import LabServer
from notebooks import write_notebook

GIT = ("git", "-c", "user.name=A User", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
SAYS_WHEN = re.compile(r"This folder had history until \d\d:\d\d")


def test_the_panel_says_until_when_there_was_history_and_gets_it_back(lab: LabPage) -> None:
    root = lab.server.root
    with_copy, without = project(root, "churn"), project(root, "scratch")
    lab.open_lab("scratch/work.ipynb")
    lab.run_cell(0)
    lab.server.wait_until_stored("'the first'", "scratch")
    lab.open_file("churn/work.ipynb")
    lab.run_cell(0)
    lab.run_cell(1)
    lab.server.wait_until_stored("'the second'", "churn")
    ds(lab.server, with_copy, "remote", "add", "usb", str(root.parent / "copy.git"), "--create")
    ds(lab.server, with_copy, "push", "usb", "--unscanned")
    before = lab.server.workspace("churn"), shown(lab.server, "churn")

    for folder in (with_copy, without):
        shutil.rmtree(folder)
        git(root, "clone", "-q", str(root.parent / f"{folder.name}.git"), str(folder))

    lab.open_lab("scratch/work.ipynb")
    lab.show_panel()
    lab.say_in_panel("This folder had history until ")
    expect(lab.panel.get_by_role("status")).to_contain_text(SAYS_WHEN, timeout=WAIT_MS)
    expect(lab.panel.get_by_role("button", name="Get it back")).to_have_count(0, timeout=WAIT_MS)
    expect(lab.panel.get_by_text("`ds pull --from ADDRESS` gets it back from a copy")).to_be_visible(timeout=WAIT_MS)
    lab.shot("story-17-no-copy")

    lab.open_file("churn/work.ipynb")
    expect(lab.panel.get_by_role("button", name="Get it back")).to_be_visible(timeout=WAIT_MS)
    expect(lab.panel.get_by_role("status")).to_contain_text(SAYS_WHEN, timeout=WAIT_MS)
    assert not (with_copy / ".dotscience").exists(), "nothing is made before a yes"
    lab.shot("story-17-lost-light")
    lab.theme("JupyterLab Dark")
    lab.shot("story-17-lost-dark")

    lab.panel.get_by_role("button", name="Get it back").click()
    expect(lab.page.get_by_text("The history is back, with 2 cells. Your files stay as they are.")).to_be_visible(timeout=WAIT_MS)
    lab.wait_for_entry("'the second'")
    lab.wait_for_entry("'the first'")
    expect(lab.panel.get_by_role("button", name="Get it back")).to_have_count(0, timeout=WAIT_MS)
    lab.shot("story-17-back")
    assert (lab.server.workspace("churn")["id"], shown(lab.server, "churn")) == (before[0]["id"], before[1])
    assert git(with_copy, "status", "--porcelain") == ""
    lab.run_cell(0)
    expect(lab.entries.filter(has_text="'the first'")).to_have_count(2, timeout=WAIT_MS)
    assert not lab.page_errors


def project(root: Path, name: str) -> Path:
    """A clone of a repository that holds one notebook, as somebody works in it."""
    folder = root / name
    folder.mkdir()
    write_notebook(folder, "work.ipynb", "'the first'", "'the second'")
    (folder / ".gitignore").write_text(".ipynb_checkpoints/\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "first")
    git(root, "clone", "-q", "--bare", str(folder), str(root.parent / f"{name}.git"))
    return folder


def shown(server: LabServer, folder: str) -> list[tuple[str, str, str]]:
    return [(each["id"], each["source"], each["snapshot"]) for each in server.executions(folder)]


def git(folder: Path, *words: str) -> str:
    return subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def ds(server: LabServer, folder: Path, *words: str) -> str:
    """As typed into a terminal beside that server."""
    done = subprocess.run(["ds", *words], cwd=folder, env=server.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout

"""Story 15: housekeeping day. The user's own git cleans up around a living server; the history is still there and goes on."""

from __future__ import annotations

import subprocess

from lab_page import LabPage
from notebooks import write_notebook

GIT = ("git", "-c", "user.name=A User", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


def test_git_clean_and_a_dropped_stash_leave_the_history_and_git_sees_nothing_of_it(lab: LabPage) -> None:
    root = lab.server.root

    def git(*words: str) -> str:
        return subprocess.run([*GIT, *words], cwd=root, check=True, capture_output=True, text=True).stdout

    write_notebook(root, "work.ipynb", "'before the clean'", "'after it'", "'after the stash'")
    (root / ".gitignore").write_text(".ipynb_checkpoints/\n")
    git("init", "-q", "-b", "main")
    git("add", "--all")
    git("commit", "-q", "-m", "first")
    lab.open_lab("work.ipynb")
    lab.show_panel()
    lab.run_cell(0)
    lab.wait_for_entry("before the clean")

    git("clean", "-q", "-fdx")
    lab.run_cell(1)
    lab.wait_for_entry("'after it'")
    lab.server.wait_until_stored("'after it'")
    assert git("status", "--porcelain") == ""
    (root / "scratch.txt").write_text("to be stashed")
    git("stash", "push", "-q", "--all")
    git("stash", "drop", "-q")
    lab.run_cell(2)
    lab.wait_for_entry("'after the stash'")

    lab.wait_for_entry("before the clean")
    lab.server.wait_until_stored("'after the stash'")
    assert [each["source"] for each in lab.server.executions()] == ["'before the clean'", "'after it'", "'after the stash'"]
    assert git("status", "--porcelain") == ""
    assert not lab.page_errors

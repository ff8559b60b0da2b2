"""The user's own git repository: whatever is recorded beside it, git says the same about it as before."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.executors.history import History
from tests.tracking.kernel_driver import Kernel

GIT = ("-c", "user.name=A User", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


def git(project: Path, *words: str) -> bytes:
    return subprocess.run(["git", *GIT, *words], cwd=project, check=True, capture_output=True).stdout


def state(project: Path) -> dict[str, object]:
    """Every byte below .git, and what git says; asked without letting git refresh its index."""
    files = {str(path.relative_to(project)): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in sorted((project / ".git").rglob("*")) if path.is_file()}
    os.environ["GIT_OPTIONAL_LOCKS"] = "0"
    said = [git(project, *words) for words in (
        ("status", "--porcelain=v2", "--branch", "--untracked-files=all"), ("for-each-ref",), ("stash", "list"),
        ("ls-files", "--stage"), ("worktree", "list"), ("config", "--list", "--local"),
    )]
    return {"files": files, "said": said}


@pytest.mark.parametrize("n_cells", [50, *(pytest.param(n, marks=pytest.mark.slow(share=0)) for n in (1000, 100))])
def test_recording_leaves_it_byte_for_byte_as_it_is(n_cells: int, project: Path, own_home: Path) -> None:
    git(project, "init", "-q", "-b", "main")
    (project / "kept.txt").write_text("kept")
    (project / "work.txt").write_text("first")
    (project / "counter.txt").write_text("-1")
    git(project, "add", "kept.txt", "work.txt", "pyproject.toml", "counter.txt")
    git(project, "commit", "-q", "-m", "first")
    git(project, "branch", "other")
    (project / ".git" / "hooks" / "post-commit").write_text("#!/bin/sh\ntouch hook-ran\n")
    (project / ".git" / "hooks" / "post-commit").chmod(0o755)
    (project / "work.txt").write_text("staged")
    git(project, "add", "work.txt")
    (project / "work.txt").write_text("staged, and then edited")
    (project / "counter.txt").write_text("0")
    git(project, "stash", "push", "-q", "counter.txt")
    (project / "counter.txt").write_text("cells write here")
    (project / "untracked.txt").write_text("new")
    before = state(project)

    kernel = Kernel(own_home, project, env={"JPY_SESSION_NAME": str(project / "train.ipynb")})
    for number in range(n_cells):
        kernel.run(f"open('counter.txt', 'w').write('{number}')", cell_id=f"c{number % 7}")
    kernel.run("open('counter.txt', 'w').write('cells write here')", cell_id="last")
    kernel.close()
    found = History(project)
    total = found.until(lambda n: n >= n_cells + 1, lambda: found.ask("executions.list", limit=1, outcome="ok")["total"])
    assert total == n_cells + 1
    assert len(found.ask("snapshots.list", limit=n_cells)["items"]) >= min(n_cells, 50)

    assert state(project) == before
    assert not (project / "hook-ran").exists() and (project / ".dotscience" / "store.git").is_dir()

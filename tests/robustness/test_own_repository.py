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
    shared = project / os.fsdecode(git(project, "rev-parse", "--git-common-dir").strip())
    files = {str(path.relative_to(shared)): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in sorted(shared.rglob("*")) if path.is_file()}
    return {"files": files, "said": said(project)}


def said(project: Path) -> list[bytes]:
    os.environ["GIT_OPTIONAL_LOCKS"] = "0"
    return [git(project, *words) for words in (
        ("status", "--porcelain=v2", "--branch", "--untracked-files=all"), ("for-each-ref",), ("stash", "list"),
        ("ls-files", "--stage"), ("worktree", "list"), ("config", "--list", "--local"), ("submodule", "status"),
    )]


CELLS = (
    "open('weights.bin', 'w').write('{number}')",  # through the filter, if git were asked
    "open('lib/inside.txt', 'w').write('{number}')",  # in the submodule
    "open('counter.txt', 'w').write('{number}')",
    "import os; os.makedirs('new', exist_ok=True); open('new/file.txt', 'w').write('{number}')",
)
LEFT = {"weights.bin": "w", "lib/inside.txt": "i", "counter.txt": "c", "new/file.txt": "n"}
"""What the last cell writes, and what lay there before."""


def test_worktrees_submodules_hooks_and_filters_see_nothing(project: Path, own_home: Path, tmp_path: Path) -> None:
    """A filter as git-lfs has them runs only if somebody asks git for a blob of that file, a hook only if somebody commits."""
    library, other, ran = tmp_path / "library", tmp_path / "other", tmp_path / "ran"
    ran.mkdir()
    library.mkdir()
    git(library, "init", "-q", "-b", "main")
    (library / "inside.txt").write_text("library")
    git(library, "add", ".")
    git(library, "commit", "-q", "-m", "library")
    git(project, "init", "-q", "-b", "main")
    for act in ("clean", "smudge"):
        git(project, "config", f"filter.large.{act}", f"sh -c 'echo {act} >> {ran}/filter; tr a-z A-Z'")
    git(project, "config", "filter.large.required", "true")
    (project / ".gitattributes").write_text("*.bin filter=large -text\n")
    for name in ("weights.bin", "counter.txt"):
        (project / name).write_text("first")
    git(project, "add", ".gitattributes", "weights.bin", "counter.txt", "pyproject.toml")
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    git(project, "commit", "-q", "-m", "first")
    git(project, "worktree", "add", "-q", "-b", "beside", str(other))
    git(other, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    hooks = "pre-commit", "post-commit", "post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"
    for folder in (project / ".git" / "hooks", project / ".git" / "modules" / "lib" / "hooks"):
        for hook in hooks:
            (folder / hook).write_text(f"#!/bin/sh\necho {hook} >> {ran}/hook\n")
            (folder / hook).chmod(0o755)
    for root in (project, other):
        (root / "new").mkdir()
        for name, text in LEFT.items():
            (root / name).write_text(text)
    before = [state(root) for root in (project, other)] + [said(root / "lib") for root in (project, other)]
    for each in ran.iterdir():
        each.unlink()

    for root in (project, other):
        kernel = Kernel(own_home, root, env={"JPY_SESSION_NAME": str(root / "train.ipynb")})
        for number in range(8):
            kernel.run(CELLS[number % len(CELLS)].format(number=number), cell_id=f"c{number % 7}")
        kernel.run(f"for name, text in {LEFT!r}.items(): open(name, 'w').write(text)", cell_id="last")
        kernel.close()
        found = History(root)
        assert len(found.executions(9)) == 9
        assert (root / ".dotscience" / "store.git").is_dir()
        assert {"lib/inside.txt", "weights.bin"} <= {each["path"] for each in found.ask("snapshots.tree", snapshot="@")["items"]}

    assert list(ran.iterdir()) == [], "neither a filter nor a hook ran"
    assert [state(root) for root in (project, other)] + [said(root / "lib") for root in (project, other)] == before


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
    for _ in range(1 + n_cells // 100):  # each waits a minute at most
        total = found.until(lambda n: n >= n_cells + 1, lambda: found.ask("executions.list", limit=1, outcome="ok")["total"])
    assert total == n_cells + 1
    assert len(found.ask("snapshots.list", limit=n_cells)["items"]) >= min(n_cells, 50)

    assert state(project) == before
    assert not (project / "hook-ran").exists() and (project / ".dotscience" / "store.git").is_dir()

"""Workers that outlive a cell, with a real kernel and a real recorder: a file belongs to the cell that it was opened for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.executors.history import History
from tests.tracking.kernel_driver import Kernel

from .child_python import make_python

WORK = "def copy(source, target):\n    with open(source) as a, open(target, 'w') as b: b.write(a.read())\n"
POOLS = {
    "Pool": (
        "import multiprocessing\npool = multiprocessing.get_context('fork').Pool(1)",
        "pool.apply(copy, ('{0}.txt', '{0}-out.txt'))",
    ),
    "joblib": (
        "import joblib",
        "joblib.Parallel(n_jobs=2)(joblib.delayed(copy)('{0}.txt', f'{0}-out{{n or str()}}.txt') for n in (0, 1))",
    ),
}
"""Made in the first cell, fed by the others: joblib keeps its workers by itself."""


class Recorded:
    def __init__(self, project: Path, home: Path, **environ: str) -> None:
        self.kernel = Kernel(home, project, env={"JPY_SESSION_NAME": str(project / "work.ipynb"), **environ})
        self.history = History(project)

    def run(self, code: str, cell_id: str) -> None:
        ran = self.kernel.run(code, cell_id=cell_id)
        assert ran.reply["content"]["status"] == "ok", ran.reply["content"]

    def uses(self, cell_id: str) -> dict[str, set[str]]:
        """path -> roles, of the cell once it is over."""

        def look() -> list[dict[str, Any]]:
            items = self.history.ask("executions.list", limit=100)["items"]
            return [each for each in items if each["cell_id"] == cell_id and each["outcome"] != "running"]

        (found,) = self.history.until(bool, look)
        roles: dict[str, set[str]] = {}
        for use in self.history.ask("executions.get", execution=found["id"])["files"]:
            roles.setdefault(use["path"] or use["disk_path"], set()).add(use["role"])
        return roles


@pytest.mark.slow(share=0.5)
@pytest.mark.parametrize("make, feed", POOLS.values(), ids=POOLS)
def test_a_worker_works_for_the_cell_that_feeds_it(make: str, feed: str, project: Path, own_home: Path) -> None:
    for name in ("one", "two"):
        (project / f"{name}.txt").write_text(name)
    recorded = Recorded(project, own_home)
    try:
        recorded.run(WORK + make, "make")
        recorded.run(feed.format("one"), "one")
        recorded.run(feed.format("two"), "two")
        recorded.run(feed.format("one"), "again")
        assert recorded.uses("make") == {}
        for cell, name in (("one", "one"), ("two", "two"), ("again", "one")):
            found = recorded.uses(cell)
            assert found[f"{name}.txt"] == {"input"} and found[f"{name}-out.txt"] == {"output"}
            assert all(each.startswith(name) for each in found), found
    finally:
        recorded.kernel.close()


def test_what_a_program_writes_after_its_cell_is_no_cells_work(project: Path, own_home: Path) -> None:
    """The program waits for the second cell to be running, and that one for what the program writes."""
    (project / "late.py").write_text(
        "import os, time\nwhile not os.path.exists('../go'): time.sleep(0.01)\n"
        "open('a.txt', 'w').write('x')\nopen('../done', 'w')\n"
    )
    recorded = Recorded(project, own_home, PYTHON=str(make_python(project.parent / "environment")))
    try:
        recorded.run("import os, subprocess\nprogram = subprocess.Popen([os.environ['PYTHON'], 'late.py'])", "start")
        recorded.run("import time\ntime.sleep(1)  # whatever begins so long after a program is not what started it", "between")
        recorded.run("open('../go', 'w')\nwhile not os.path.exists('../done'): time.sleep(0.01)\nprogram.wait()", "wait")
        assert set(recorded.uses("start")) == {"late.py"}
        assert "a.txt" not in recorded.uses("wait")
    finally:
        recorded.kernel.close()

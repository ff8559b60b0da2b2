"""Recipes of what a real kernel did: found from its own report, shown by the command and the magic, run again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner

from dotscience_jlab.cli import main
from dotscience_jlab.errors import NotFound
from tests.tracking.kernel_driver import Kernel

from .history import History


@pytest.fixture
def kernel(own_home: Path, project: Path) -> Iterator[Kernel]:
    running = Kernel(own_home, project, env={"JPY_SESSION_NAME": str(project / "train.ipynb")})
    yield running
    running.close()


def run_all(kernel: Kernel, cells: list[str]) -> None:
    for number, source in enumerate(cells):
        kernel.run(source, cell_id=f"c{number}")


def sources(recipe: dict[str, Any]) -> set[str]:
    return {each["source"] for each in recipe["cells"]}


def test_a_recipe_holds_what_was_needed_and_the_command_and_the_magic_show_it(kernel: Kernel, project: Path) -> None:
    cells = [
        "import dotscience_jlab as ds, json, random",
        "random.seed(1)",
        "rows = [3, 1, 2]",
        "aside = 'nobody needs this'",
        "same = rows",
        "same.append(random.randint(0, 9))",
        "print(rows, len(rows))",
        "open('rows.txt', 'w').write(json.dumps(rows)); None",
        "read = json.loads(open('rows.txt').read())",
        "ds.metric('total', float(sum(read)))",
    ]
    run_all(kernel, cells)
    history = History(project)
    history.executions(len(cells))

    found = history.ask("recipes.get", of="variable:rows")
    # A look at names that had no time left, as in a collection of garbage, makes a recipe longer: never shorter.
    assert {cells[each] for each in (0, 1, 2, 4, 5)} <= sources(found) <= {*cells[:7]} - {cells[3]}
    assert found["confirmation"] is None
    of_file = history.ask("recipes.get", of="file:rows.txt")
    assert {cells[each] for each in (0, 1, 2, 4, 5, 7)} <= sources(of_file) <= {*cells[:8]} - {cells[3]}

    (run,) = history.runs()
    written = project / "recipe.ipynb"
    done = CliRunner().invoke(main, ["recipe", str(run["number"]), "-o", str(written), "-C", str(project)])
    assert done.exit_code == 0, done.output
    notebook = nbformat.read(written, as_version=4)
    nbformat.validate(notebook)
    assert cells[3] not in [cell.source for cell in notebook.cells] and notebook.cells[-1].source == cells[9]
    missing = CliRunner().invoke(main, ["recipe", "nothing", "-C", str(project)])
    assert missing.exit_code == 3 and "Nothing recorded is called nothing" in missing.stderr

    shown = kernel.run("%ds_recipe rows", cell_id="ask")
    (result,) = [m["content"]["data"] for m in shown.messages if m["msg_type"] == "execute_result"]
    assert cells[5] in result["text/plain"] and cells[3] not in result["text/plain"] and "<table>" in result["text/html"]
    confirmed = kernel.run("%ds_recipe rows --confirm", cell_id="confirm")
    (result,) = [m["content"]["data"] for m in confirmed.messages if m["msg_type"] == "execute_result"]
    assert "A re-run confirmed it" in result["text/plain"] and "rows holds the same" in result["text/plain"]
    done = history.ask("recipes.confirm", of="run:1")
    assert done["confirmation"]["state"] == "confirmed"
    assert "All 1 of its values came out the same" in done["confirmation"]["details"][0]
    assert history.ask("recipes.get", of=f"run:{run['id']}")["confirmation"] == done["confirmation"]
    assert len(history.executions(12)) == 12, "what ran again is recorded nowhere"
    as_json = CliRunner().invoke(main, ["recipe", "aside", "--json", "-C", str(project)])
    assert [each["source"] for each in json.loads(as_json.stdout)["cells"]][-1] == cells[3]


@pytest.mark.slow(share=0)
def test_a_re_run_that_differs_or_cannot_be_is_said_in_words(kernel: Kernel, project: Path) -> None:
    cells = [
        "import os\nprint('made by', 'ab' + os.urandom(5).hex())\nclock = 1",
        f"where = {str(project)!r}",
        "n = 4\nasked = 'no' if n else input()\n",
        "open('rows.txt', 'w').write(str(n)); None",
    ]
    run_all(kernel, cells)
    history = History(project)
    history.executions(len(cells))
    differs = history.ask("recipes.confirm", of="variable:clock")["confirmation"]
    assert differs["state"] == "differs" and "showed 'made by" in differs["details"][0]
    tied = history.ask("recipes.confirm", of="variable:where")["confirmation"]
    assert tied["state"] == "failed" and "by its absolute path" in tied["details"][0]
    assert "asks for input" in " ".join(history.ask("recipes.get", of="variable:asked")["reasons"])
    same = history.ask("recipes.confirm", of="file:rows.txt")["confirmation"]
    assert same["state"] == "confirmed" and "byte for byte" in same["details"][0]
    with pytest.raises(NotFound):
        history.ask("recipes.confirm", of="variable:nothing")

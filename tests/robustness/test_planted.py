"""Two hundred planted credentials of 46 kinds, through every door of kernel and folder: what is kept holds none of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import quote

from tests.executors.history import History
from tests.robustness.test_secrets import kept_bytes
from tests.secrets.planted import Maker, plant, shapes
from tests.tracking.kernel_driver import Kernel

SEED = 4
N_CODE, N_SAVED, N_MODULE = 46, 20, 20
"""Of these every kind, those that only a name tells too; the others have a form of their own."""
SHAPED = {"calls": 36, "outputs": 36, "tracebacks": 12, "environment": 10, "names": 10, "data": 10}

CELLS = (
    "import json, os, sys, time, dotscience_jlab as ds\nfrom IPython.display import HTML, display\n"
    "values = json.load(open({outside!r}))",
    "ds.start(values['calls'][0])\nfor n, value in enumerate(values['calls']):\n"
    "    ds.parameter(f'p{{n}}', value); ds.label(value, value); ds.summary(f's{{n}}', f'<{{value}}>')\n"
    "ds.text('note', '\\n'.join(values['calls'])); ds.publish(values['calls'][1])",
    "for n, value in enumerate(values['outputs']):\n    print(n, value); print('and', value, file=sys.stderr)\n"
    "    display(HTML(f'<b>{{value}}</b>'))\nvalues['outputs']",
    "for letter in values['outputs'][0] + '\\n' + values['outputs'][9]:\n"
    "    sys.stdout.write(letter); sys.stdout.flush(); time.sleep(0.001)",
    "raise ValueError(f'no access with {{values[\"tracebacks\"]}}')",
    "def deep(value):\n    raise RuntimeError(value)\ndeep(' '.join(values['tracebacks']))",
    "print(dict(os.environ)); os.environ['XLA_FLAGS']",
    "for value in values['names']:\n    open(value + '.txt', 'w').write('x'); open(value + '.txt').read()",
    "open('data.csv', 'w').write('n,token\\n' + '\\n'.join(values['data']))",
    "import helper",
)


def test_two_hundred_planted_credentials_are_nowhere_in_what_is_kept(project: Path, own_home: Path, tmp_path: Path) -> None:
    make, doors, number = Maker(SEED), {}, 0
    for door, n_values in SHAPED.items():
        kinds = [kind for kind in shapes(make) if door != "names" or kind not in ("slack-hook", "rsa", "openssh", "telegram")]
        doors[door] = [shapes(make)[kinds[(number + n) % len(kinds)]]() for n in range(n_values)]
        number += n_values
    code, saved, module = list(plant(N_CODE, 1)), list(plant(N_SAVED, 2)), list(plant(N_MODULE, 3, begin=N_SAVED))
    planted = [value for values in doors.values() for value in values]
    planted += [value for _, _, value in (*code, *saved, *module)]
    assert len(set(planted)) == len(planted) == 200
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(doors))
    (project / "helper.py").write_text("if False:\n    pass\n" + "\n".join(f"# {line}" for _, line, _ in module) + "\n")
    notebook = project / "planted.ipynb"
    notebook.write_text(json.dumps(saved_notebook([line for _, line, _ in saved])))
    before = notebook.read_bytes()

    environ = {"XLA_FLAGS": " ".join(doors["environment"]), "JPY_SESSION_NAME": str(notebook)}
    kernel = Kernel(own_home, project, env=environ)
    for number, source in enumerate(CELLS):
        kernel.run(source.format(outside=str(outside)), cell_id=f"c{number}", stop_on_error=False)
    kernel.run("if False:\n    " + "\n    ".join(line for _, line, _ in code), cell_id="code")
    History(project).executions(len(CELLS) + 1)
    kernel.close()
    History(project).at_rest()
    found = History(project).executions(len(CELLS) + 1)

    kept = list(kept_bytes(project, own_home))
    leaks = {(value, where) for where, data in kept for value in planted for spelt in spellings(value) if spelt in data}
    assert {value for value, _ in leaks} == set(doors["data"]), [each for each in leaks if each[0] not in doors["data"]]
    assert {where for _, where in leaks} == {"objects"}, "data is kept as it is in the local snapshot, and nowhere else"
    assert notebook.read_bytes() == before, "the user's notebook is untouched"
    assert "aws-key" in found[2]["redactions"] and "«secret:" in found[2]["outputs_text"]
    assert all(each["redactions"] for each in (found[1 + n] for n in (0, 1, 3, 4, 5)))


def test_a_value_known_to_the_kernel_is_not_kept_of_a_saved_notebook_either(project: Path, own_home: Path) -> None:
    """Nothing about its form tells: the recorder has it from the kernel, over the socket, and nowhere in writing."""
    word, notebook = "quite an ordinary sentence", project / "saved.ipynb"
    document = saved_notebook([f"print({word!r})", *["x = 1"] * 10])
    kernel = Kernel(own_home, project, env={"SERVICE_TOKEN": word, "JPY_SESSION_NAME": str(notebook)})
    kernel.run("a = 1", cell_id="k1")
    found = History(project)
    found.executions(1)
    notebook.write_text(json.dumps(document))
    (project / "helper.py").write_text(f"word = {word!r}\n")
    kernel.run("import os, getpass\nprint(os.environ['SERVICE_TOKEN'])", cell_id="k2")
    found.executions(2)
    kernel.close()
    found.at_rest()
    kept = list(kept_bytes(project, own_home))
    assert [where for where, data in kept if word.encode() in data] == []
    assert dict(kept)["objects"].count("«secret:SERVICE_TOKEN»".encode()) >= 3


def spellings(value: str) -> set[bytes]:
    lines = [line for line in value.splitlines() if len(line) > 30 and "PRIVATE" not in line] or [value]
    return {spelt.encode() for line in lines for spelt in (line, quote(line, safe=""))}


def saved_notebook(lines: list[str]) -> dict[str, object]:
    """As Jupyter saves it: what was typed, and printed once."""
    output = {"output_type": "stream", "name": "stdout", "text": [f"{line}\n" for line in lines[:10]]}
    return {"metadata": {}, "nbformat": 4, "nbformat_minor": 5, "cells": [
        {"cell_type": "markdown", "id": "m0", "metadata": {}, "source": [f"{line}\n\n" for line in lines[10:]]},
        {"cell_type": "code", "id": "k0", "metadata": {}, "execution_count": 1, "outputs": [output],
         "source": [f"{line}\n" for line in "\n".join(lines[10:]).splitlines()]},
    ]}


def pushed_bytes(repository: Path) -> bytes:
    words = ["git", "-C", str(repository), "cat-file", "--batch", "--batch-all-objects"]
    return subprocess.run(words, capture_output=True, check=True).stdout

"""A restore keeps the secrets of the present file where they are the same ones, and says what becomes of the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dotscience_jlab.recording.cleaning import Cleaner
from dotscience_jlab.recording.fork import apply_fork
from dotscience_jlab.recording.known_secrets import KnownSecrets
from tests.recording.folder import Project
from tests.secrets.planted import Maker, shapes

make = Maker(11)
OLD, NEW, PEM = shapes(make)["aws"](), shapes(make)["aws"](), shapes(make)["rsa"]()


@pytest.fixture
def folder(tmp_path: Path) -> Project:
    project = Project(tmp_path / "churn", in_memory=False)
    project.known = KnownSecrets()  # type: ignore[attr-defined]
    project.store.clean_with(Cleaner(project.store.salt, project.known))  # type: ignore[attr-defined]
    yield project
    project.store.close()


def reasons(project: Project, snapshot) -> dict[str, str]:
    return {step.path: step.reason for step in project.plan(snapshot).steps}


def test_the_present_literal_stays(folder: Project) -> None:
    folder.write("train.py", f"key = '{OLD}'\nlr = 1\n")
    first = folder.snapshot()
    folder.write("train.py", f"lr = 2\nkey = '{OLD}'\n")
    folder.snapshot()
    assert reasons(folder, first) == {"train.py": ""}
    folder.restore(first)
    assert (folder.root / "train.py").read_text() == f"key = '{OLD}'\nlr = 1\n"
    assert folder.plan(first).steps == (), "it is what the snapshot holds"


def test_another_literal_leaves_the_placeholder_and_the_plan_says_so(folder: Project) -> None:
    folder.write("train.py", f"key = '{OLD}'\n")
    first = folder.snapshot()
    folder.write("train.py", f"key = '{NEW}'\n")
    second = folder.snapshot()
    said = reasons(folder, first)["train.py"]
    assert "a secret (aws-key) stays a placeholder" in said and "No snapshot keeps a secret (aws-key)" in said
    folder.restore(first)
    text = (folder.root / "train.py").read_text()
    assert "«secret:aws-key·" in text and OLD not in text and NEW not in text
    assert "placeholder" in reasons(folder, second)["train.py"]


def test_a_file_that_is_removed_is_told_of(folder: Project) -> None:
    folder.write("a.txt", "a")
    first = folder.snapshot()
    folder.write("key.py", f"key = '{OLD}'\n")
    folder.snapshot()
    assert "No snapshot keeps a secret" in reasons(folder, first)["key.py"]


def test_a_notebook_gets_back_what_its_cells_hold(folder: Project) -> None:
    def notebook(*sources: str) -> str:
        cells = [{"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [],
                  "source": source.splitlines(True)} for n, source in enumerate(sources)]
        return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"

    sources = f"key = '{OLD}'\nprint(1)\n", f'pem = """{PEM}"""\n'
    folder.write("train.ipynb", notebook(*sources))
    first = folder.snapshot()
    kept = b"".join(folder.store.read_file(folder.store.entry(first.id, "train.ipynb").digest)).decode()
    assert OLD not in kept and "«secret:private-key·" in kept
    folder.write("train.ipynb", notebook(sources[1], "x = 1", sources[0]))
    folder.snapshot()
    folder.restore(first)
    assert (folder.root / "train.ipynb").read_text() == notebook(*sources)


def test_a_known_value_is_put_back_by_its_name(folder: Project) -> None:
    folder.known.learn({"quite-a-plain-word": "«secret:DB_PASSWORD»"})  # type: ignore[attr-defined]
    folder.write("train.py", "connect('quite-a-plain-word')\n")
    first = folder.snapshot()
    folder.write("train.py", "x = 1\nconnect('quite-a-plain-word')\n")
    folder.snapshot()
    folder.restore(first)
    assert (folder.root / "train.py").read_text() == "connect('quite-a-plain-word')\n"


def test_a_fork_has_the_literals_of_the_origins_files_and_the_same_placeholders(folder: Project, tmp_path: Path) -> None:
    folder.write("train.py", f"key = '{OLD}'\n")
    first = folder.snapshot()
    apply_fork(folder.store, first.id, tmp_path / "fork", progress=lambda *_: None)
    assert (tmp_path / "fork" / "train.py").read_text() == f"key = '{OLD}'\n"
    salts = [(root / ".dotscience" / "store.git" / "salt").read_bytes() for root in (folder.root, tmp_path / "fork")]
    assert salts[0] == salts[1]

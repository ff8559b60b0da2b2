"""What the caps hold for, and what goes in whatever they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.room import is_code


@pytest.mark.parametrize("path", ["a/train.py", "Report.IPYNB", "requirements.txt", "a/dev-Requirements.txt", "constraints.txt"])
def test_code_and_pinned_versions_are_code(path: str) -> None:
    assert is_code(path)


@pytest.mark.parametrize("path", ["corpus/000017.txt", "requirements/notes.csv", "requirements/a.txt", "data.csv", "py", "txt"])
def test_data_are_not(path: str) -> None:
    assert not is_code(path)


def test_a_corpus_of_text_files_meets_the_cap_and_a_script_does_not(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"{n}.txt").write_text(f"document {n}")
    (tmp_path / "train.py").write_text("print(1)")
    store = open_store(tmp_path, create=True)
    found = store.scan(KeepRules(n_files=2))
    store.close()
    assert "train.py" in found.edits
    assert len([path for path in found.edits if path.endswith(".txt")]) <= 2
    assert {each.path for each in found.skipped} >= {f"{n}.txt" for n in range(5)} - set(found.edits)

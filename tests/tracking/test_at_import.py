"""What waits for a module is called once it is there: after its import, after a reload, at once if it is there already."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Iterator

import pytest

from dotscience_jlab.settings import load_settings
from dotscience_jlab.tracking import at_import
from dotscience_jlab.tracking.at_import import when_imported


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with one module, not imported yet."""
    name = f"waited_for_{tmp_path.name.replace('-', '_')}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / name / "part.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for each in [each for each in sys.modules if each.startswith(name)]:
        del sys.modules[each]
    for each in [each for each in at_import._waiting if each.startswith(name)]:
        del at_import._waiting[each]


def test_it_is_called_after_the_import_and_after_a_reload(library: str) -> None:
    seen: list[int] = []

    def act(module: ModuleType) -> None:
        seen.append(module.VALUE)
        module.VALUE += 1

    when_imported(f"{library}.part", act)
    when_imported(f"{library}.part", act)
    assert seen == []
    part = importlib.import_module(f"{library}.part")
    assert seen == [1] and part.VALUE == 2
    importlib.reload(part)
    assert seen == [1, 1]


def test_what_is_there_already_is_acted_on_at_once_and_in_order(library: str) -> None:
    part = importlib.import_module(f"{library}.part")
    seen: list[str] = []
    when_imported(f"{library}.part", lambda module: seen.append("first"))
    when_imported(f"{library}.part", lambda module: seen.append(module.__name__))
    assert seen == ["first", part.__name__]


def test_a_fault_in_it_breaks_no_import_and_is_in_the_log(library: str) -> None:
    def break_down(module: ModuleType) -> None:
        raise RuntimeError("ours")

    when_imported(f"{library}.part", break_down)
    assert importlib.import_module(f"{library}.part").VALUE == 1
    log = (load_settings().data_dir / "kernel.log").read_text()
    assert f"What {library}.part does is not recorded" in log and "RuntimeError: ours" in log


def test_what_does_not_exist_is_still_not_found(library: str) -> None:
    when_imported(f"{library}.none", lambda module: None)
    with pytest.raises(ModuleNotFoundError, match=r"none"):
        importlib.import_module(f"{library}.none")
    assert importlib.util.find_spec(f"{library}.none") is None

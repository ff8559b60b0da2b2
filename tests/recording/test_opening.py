"""What a file is to a cell, by the order in which it was opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotscience_jlab.recording.opening import Opening


def opened(*seen: str, was_there: bool | None = True) -> Opening:
    opening = Opening()
    for role in seen:
        opening.see(role.removesuffix("!"), "declared" if role.endswith("!") else "audit", 1.0, was_there)
    return opening


@pytest.mark.parametrize(("seen", "roles"), [
    (("input",), {"input"}),
    (("output", "input"), {"output"}),
    (("output", "both"), {"output"}),
    (("input", "output"), {"input", "output"}),
    (("both", "output", "input"), {"input", "output"}),
    (("output", "input!"), {"input", "output"}),
])
def test_what_a_cell_made_is_no_input_of_it(seen: tuple[str, ...], roles: set[str]) -> None:
    assert opened(*seen).roles == roles


def test_an_output_was_written_and_is_there(tmp_path: Path) -> None:
    file, gone = tmp_path / "a", str(tmp_path / "gone")
    file.write_text("x")
    assert opened("output").is_output(str(file), is_changed=False)
    assert opened("both").is_output(str(file), is_changed=True) and not opened("both").is_output(str(file), is_changed=False)
    assert opened("output", was_there=True).is_output(gone, is_changed=False)
    assert not opened("output", was_there=False).is_output(gone, is_changed=False)
    assert not opened("output").is_output(str(tmp_path), is_changed=True)
    assert opened("output!").is_output(str(tmp_path), is_changed=False)

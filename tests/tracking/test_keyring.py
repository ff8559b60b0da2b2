"""What comes out of a keyring is a secret. The real package is not among the test's libraries: this one has its two files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

from dotscience_jlab.tracking.keyring_watch import hear_keyring

CORE = (
    "class Credential:\n    def __init__(self, password): self.password = password\n"
    "def get_password(service, name):\n    return {'db': 'a-word-from-the-ring'}.get(service)\n"
    "def get_credential(service, name):\n    return Credential('another-from-the-ring')\n"
)


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "keyring").mkdir()
    (tmp_path / "keyring" / "__init__.py").write_text("from .core import get_credential, get_password\n")
    (tmp_path / "keyring" / "core.py").write_text(CORE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [each for each in sys.modules if each.split(".")[0] == "keyring"]:
        del sys.modules[name]


@pytest.mark.parametrize("is_imported_before", [False, True])
def test_what_it_answers_is_learned(ring: None, is_imported_before: bool) -> None:
    if is_imported_before:
        import keyring  # type: ignore[import-not-found]
    learned: list[tuple[str, str]] = []
    stop = hear_keyring(lambda name, value: learned.append((name, value)))
    import keyring

    assert keyring.get_password("db", "ann") == "a-word-from-the-ring" and keyring.get_password("none", "ann") is None
    assert keyring.get_credential("db", "ann").password == "another-from-the-ring"
    assert learned == [("keyring", "a-word-from-the-ring"), ("keyring", "another-from-the-ring")]
    stop()


def test_nothing_is_imported_by_it() -> None:
    stop = hear_keyring(lambda name, value: None)
    assert "keyring" not in sys.modules
    stop()

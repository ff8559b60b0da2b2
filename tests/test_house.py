"""Rules of the house that a reader cannot see: what travels in the tree, and on which Python the light half runs."""

from __future__ import annotations

import ast
import configparser
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "dotscience_jlab"

LIGHT = sorted(
    [path for folder in ("model", "tracking", "link") for path in (PACKAGE / folder).rglob("*.py")]
    + [PACKAGE / name for name in ("__init__.py", "errors.py", "settings.py")]
)
"""Lent to kernels of other environments: Python 3.9 on."""

MACHINE_PATHS = re.compile(r"(?<![\w./~-])/(?:work|farm|root|home/[a-z]+|Users/[A-Za-z]+)/[\w.]")
INVENTED_HOMES = re.compile(r"/(?:home|Users)/(?:ann|ada|u|user|jovyan|me|you|somebody)/")
"""People in examples."""


@cache
def tracked_texts() -> tuple[tuple[str, str], ...]:
    """(name, text) of every text file that git tracks, or would track if added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    found = []
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 5_000_000:
            data = path.read_bytes()
            if b"\0" not in data:
                found.append((name, data.decode("utf-8", "replace")))
    return tuple(found)


def test_no_file_carries_a_path_of_a_machine() -> None:
    wrong = [
        f"{name}: {match.group(0)}…"
        for name, text in tracked_texts()
        if name != "tests/test_house.py"
        for match in MACHINE_PATHS.finditer(INVENTED_HOMES.sub("", text))
    ]
    assert not wrong


def test_lock_files_name_no_registry() -> None:
    locks = [(name, text) for name, text in tracked_texts() if name.endswith(("package-lock.json", "requirements.txt"))]
    assert locks
    for name, text in locks:
        assert not re.search(r'"resolved"\s*:\s*"https?:|index-url|registry\s*=', text), name


def test_the_lock_file_is_of_this_package() -> None:
    package, lock = (json.loads((ROOT / name).read_text()) for name in ("package.json", "package-lock.json"))
    described = lock["packages"][""]
    assert lock["version"] == package["version"]
    assert described.get("dependencies", {}) == package["dependencies"]
    assert described.get("devDependencies", {}) == package["devDependencies"]


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_the_light_half_is_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


def test_the_light_half_calls_nothing_newer_than_python_3_9() -> None:
    """vermin knows which release brought which function of the standard library."""
    command = [sys.executable, "-c", "import vermin; vermin.main()", "--target=3.9-", "--no-tips", "--violations", *map(str, LIGHT)]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout


def test_every_setting_of_a_tool_stands_in_one_place() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    described = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "tool:pytest" in setup
    assert "pytest" not in described["tool"], "pytest would read pyproject.toml and pass setup.cfg by"


def test_files_that_a_user_looks_for_are_there() -> None:
    at_the_top = "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "Makefile", ".ci/run"
    for name in (*at_the_top, "docs/glossary.md", "docs/guide.md"):
        assert (ROOT / name).is_file(), name
    readme = (ROOT / "README.md").read_text()
    for command in ("make lab", "make test"):
        assert command in readme

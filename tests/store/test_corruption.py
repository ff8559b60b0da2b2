"""A byte falls over, a file is cut short, a file is gone: the check names it and what refers to it, and no reader is told a lie."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from dotscience_jlab.errors import DotscienceError
from dotscience_jlab.model.frames import json_frame, points_frame
from dotscience_jlab.recording.check import check_spools
from dotscience_jlab.recording.inbox import Inbox
from dotscience_jlab.store.check import check_history
from dotscience_jlab.store.findings import Finding
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store

from . import everything

FLIPPED, CUT, GONE = "a byte flipped", "cut short", "gone"
N_CASES = 1000
TARGETS = (
    ("loose object", "objects/[0-9a-f][0-9a-f]/*", False),
    ("loose object", "objects/[0-9a-f][0-9a-f]/*", True),
    ("pack", "objects/pack/*.pack", True),
    ("idx", "objects/pack/*.idx", True),
    ("ref", "refs/**/*", False),
    ("packed-refs", "packed-refs", True),
    ("HEAD", "HEAD", False),
    ("workspace.json", "workspace.json", False),
    ("state.db", "state.db", False),
)
"""(name, files of it in the store, in a store that another git has packed)"""


@dataclass(frozen=True)
class Case:
    number: int
    target: str
    pattern: str
    is_packed: bool
    act: str

    def __str__(self) -> str:
        return f"{self.number}-{self.target}-{self.act}".replace(" ", "_")


def cases() -> list[Case]:
    made = []
    for number in range(N_CASES - 100):
        target, pattern, is_packed = TARGETS[number % len(TARGETS)]
        made.append(Case(number, target, pattern, is_packed, (FLIPPED, CUT, FLIPPED, GONE, FLIPPED)[number // len(TARGETS) % 5]))
    return made


@dataclass
class Template:
    folder: Path
    asked: dict[str, Callable[[History], Any]]
    right: dict[str, Any]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Always the same place: a history that wakes up elsewhere takes itself for a copy."""
    return tmp_path_factory.mktemp("corruption") / "project"


@pytest.fixture(scope="module")
def templates(root: Path) -> dict[bool, Template]:
    made = {}
    for is_packed in (False, True):
        root.mkdir()
        everything.build(root, is_packed=is_packed)
        store = open_store(root)
        asked = everything.questions(store)
        right = {question: ask(store) for question, ask in asked.items()}
        store.close()
        folder = root.with_name(f"template-{is_packed}")
        root.rename(folder)
        made[is_packed] = Template(folder, asked, right)
    return made


@pytest.fixture
def damaged(root: Path, templates: dict[bool, Template]) -> Iterator[Callable[[bool], Template]]:
    def fresh(is_packed: bool) -> Template:
        shutil.copytree(templates[is_packed].folder, root, symlinks=True)
        return templates[is_packed]

    yield fresh
    shutil.rmtree(root)


def spoil(path: Path, act: str, chance: random.Random, *, before: int | None = None) -> None:
    """before: only bytes in front of this one are flipped."""
    data = bytearray(path.read_bytes())
    path.chmod(0o644)
    if act == GONE:
        path.unlink()
    elif act == CUT:
        path.write_bytes(data[: chance.randrange(len(data))])
    else:
        place = chance.randrange(before or len(data))
        data[place] ^= chance.randrange(1, 256)
        path.write_bytes(data)


def check(root: Path) -> tuple[Finding, ...]:
    return check_history(root / ".dotscience", root).findings


def test_what_is_whole_is_said_to_be_whole(root: Path, damaged: Callable[[bool], Template]) -> None:
    for is_packed in (False, True):
        template = damaged(is_packed)
        assert check(root) == ()
        store = open_store(root)
        assert everything.wrong_answers(store, template.asked, template.right) == ([], [])
        store.close()
        if not is_packed:
            shutil.rmtree(root)


@pytest.mark.slow(share=0.04)
@pytest.mark.parametrize("case", cases(), ids=str)
def test_damage_is_found_and_never_handed_out(case: Case, root: Path, damaged: Callable[[bool], Template]) -> None:
    template = damaged(case.is_packed)
    chance = random.Random(case.number)
    repository = root / ".dotscience" / "store.git"
    path = chance.choice(sorted(each for each in repository.glob(case.pattern) if each.is_file()))
    spoil(path, case.act, chance)
    found = check(root)
    wrong, refused = read_all(root, template)
    assert wrong == []
    if not found:
        assert refused == [], f"{path} is damaged, and the check did not say so"
        assert case.target in ("loose object", "state.db"), f"the check did not see what is wrong with {path}"
        return
    assert_named(case, path, found)
    if case.act == GONE and case.target == "state.db":
        assert refused == []


def assert_named(case: Case, path: Path, found: tuple[Finding, ...]) -> None:
    if case.target == "loose object":
        name = path.parent.name + path.name
        (finding,) = [each for each in found if each.what == name]
        assert finding.snapshots or finding.records or finding.paths, "it does not say what refers to it"
    elif case.target == "ref":
        name = path.relative_to(path.parents[path.parts[::-1].index("refs")]).as_posix()
        assert name in [each.what for each in found]
    elif case.target == "packed-refs":
        # a flipped name is another line, which the index does not know
        assert {each.kind for each in found} <= {"ref", "object", "index"}
        assert {"ref"} <= {each.kind for each in found}
    elif case.target == "pack" and case.act == GONE:
        assert any(each.what == path.with_suffix(".idx").name for each in found)
        assert any(each.kind == "object" and each.snapshots and each.paths for each in found)
    else:
        assert path.name in [each.what for each in found]
    if case.target == "pack" and case.act == FLIPPED and any(each.kind == "object" for each in found):
        assert all(each.snapshots or each.records or each.paths for each in found if each.kind == "object")


def read_all(root: Path, template: Template) -> tuple[list[str], list[str]]:
    """Asked twice: the second time of what a first opening may have built anew."""
    everywhere: tuple[list[str], list[str]] = [], []
    for _ in range(2):
        try:
            store = open_store(root)
        except DotscienceError:
            everywhere = everywhere[0], list(template.asked)
            continue
        wrong, refused = everything.wrong_answers(store, template.asked, template.right)
        store.close()
        everywhere = [*everywhere[0], *wrong], refused
    return everywhere


# -- the spool ----------------------------------------------------------------------------------------

SPOOL_SESSION = "k-00000000000000aa"


def write_spool(folder: Path) -> list[tuple[int, object]]:
    """Three files; (position, frame) of all."""
    folder.mkdir(parents=True)
    frames, position = [], 0
    for number in range(3):
        data = b""
        for n in range(30):
            event = {"event": "output_seen", "execution": f"{SPOOL_SESSION}:m{number}", "text": "x" * n * 7}
            data += json_frame(event) if n % 3 else points_frame(1, n, 1.0 * n, (0.5, float(n)))
        data = json_frame({"event": "execution_started", "execution": f"{SPOOL_SESSION}:m{number}"}) + data
        (folder / f"{position:016d}.spool").write_bytes(data)
        position += len(data)
    inbox = Inbox(folder)
    assert inbox.take()
    while received := inbox.read():
        frames += [(each.position, each.frame) for each in received]
    inbox.release(is_stored=False)
    assert len(frames) == 93 and not inbox.faults
    return frames


@pytest.mark.slow(share=0.1)
@pytest.mark.parametrize("number", range(N_CASES - 900))
def test_a_damaged_spool_is_found_and_what_is_whole_in_it_is_read(number: int, tmp_path: Path) -> None:
    folder = tmp_path / "spool" / SPOOL_SESSION
    written = write_spool(folder)
    chance = random.Random(number)
    act = (FLIPPED, CUT, FLIPPED, GONE, FLIPPED)[number % 5]
    files = sorted(folder.glob("*.spool"))
    last_begins = written[-1][0] - int(files[-1].stem)
    if act == FLIPPED:
        path = chance.choice(files)
        spoil(path, act, chance, before=last_begins if path == files[-1] else None)
    else:
        spoil(files[1] if act == GONE else chance.choice(files[:-1]), act, chance)
    n_sessions, found = check_spools(tmp_path / "spool")
    assert n_sessions == 1 and found and {each.what for each in found} == {SPOOL_SESSION}
    assert all(SPOOL_SESSION in each.records for each in found)
    inbox = Inbox(folder)
    assert inbox.take()
    read = []
    while received := inbox.read():
        read += [(each.position, each.frame) for each in received]
    assert [each for each in read if each not in written] == []
    assert inbox.faults or act == GONE
    if act == FLIPPED:
        assert len(read) >= len(written) - 1


def test_a_torn_end_is_no_damage(tmp_path: Path) -> None:
    folder = tmp_path / "spool" / SPOOL_SESSION
    write_spool(folder)
    last = sorted(folder.glob("*.spool"))[-1]
    last.write_bytes(last.read_bytes()[:-5])
    assert check_spools(tmp_path / "spool") == (1, [])

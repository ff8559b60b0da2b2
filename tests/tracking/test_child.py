"""Child processes tell into files of their own: whole frames whatever happens, and nothing of the kernel's is ever torn."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.link.parent_session import CHILD_OF, parent_session
from dotscience_jlab.model.frames import json_frame, read_frames
from dotscience_jlab.recording.open_cells import START_SLACK_S
from dotscience_jlab.tracking import side_spool
from dotscience_jlab.tracking.child import Joining
from dotscience_jlab.tracking.outbox import Outbox
from dotscience_jlab.tracking.side_spool import SideSpool
from tests.capture.child_python import make_python

from .spool_reading import frames_of

SESSION = "k-0123456789abcdef"


def told_in(session: Path) -> list[dict[str, Any]]:
    """By all children, in the order of their files' names."""
    files = sorted((session / "children").glob("*.spool"))
    return [frame for file in files for frame, _ in read_frames(file.read_bytes()) if isinstance(frame, dict)]


def event(n: int) -> dict[str, object]:
    return {"event": "file_opened", "at": 1.0, "disk_path": f"/data/{n}-{'x' * 300}.csv", "role": "input"}


@pytest.mark.slow(share=0.1)
@pytest.mark.parametrize("attempt", range(50))
def test_a_child_killed_at_any_instant_tears_nothing_of_its_kernel(attempt: int, tmp_path: Path) -> None:
    session = tmp_path / SESSION
    outbox = Outbox(session)
    pid = os.fork()
    if pid == 0:
        spool, n = SideSpool(session), 0
        while True:
            n += spool.append(event(n))
    deadline = time.monotonic() + 30
    while not told_in(session) and time.monotonic() < deadline:
        time.sleep(0.001)
    for n in range(200 + attempt * 20):
        assert outbox.append(json_frame({"event": "x", "n": n}))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert [frame["n"] for frame in frames_of(session)] == list(range(200 + attempt * 20))
    numbers = [int(each["disk_path"].split("/")[2].split("-")[0]) for each in told_in(session)]
    assert numbers and numbers == list(range(len(numbers)))


def test_a_session_that_is_over_is_not_made_again(tmp_path: Path) -> None:
    spool = SideSpool(tmp_path / SESSION)
    assert not spool.append(event(1)) and not (tmp_path / SESSION).exists()


def test_a_child_that_opens_too_much_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_spool, "MAX_BYTES", 2000)
    (tmp_path / SESSION).mkdir()
    spool = SideSpool(tmp_path / SESSION)
    n_told = [spool.append(event(n)) for n in range(10)].count(True)
    kinds = [each["event"] for each in told_in(tmp_path / SESSION)]
    assert 0 < n_told < 10 and kinds == ["file_opened"] * n_told + ["capture_fault"]


@pytest.mark.parametrize("environ, told", [
    ({}, None),
    ({CHILD_OF: "12:/spool/k-1"}, (12, "/spool/k-1")),
    ({CHILD_OF: "12:/spool/k-1", "DOTSCIENCE_DISABLE": "1"}, None),
    ({CHILD_OF: "nobody:/spool/k-1"}, None),
    ({CHILD_OF: "12"}, None),
])
def test_whose_child_it_is(environ: dict[str, str], told: object) -> None:
    assert parent_session(environ) == told


def run_python(python: Path, session: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, CHILD_OF: f"{os.getpid()}:{session}", **environ}
    cwd = session.parent.parent.parent
    return subprocess.run([str(python), *words], env=variables, capture_output=True, text=True, cwd=cwd)


def test_a_python_program_joins_only_what_it_was_told_of(tmp_path: Path) -> None:
    python, session = make_python(tmp_path / "env"), tmp_path / "data" / "spool" / SESSION
    session.mkdir(parents=True, mode=0o700)
    (tmp_path / "a.csv").write_text("x")
    read = "print(len(open('a.csv').read()))"
    begun = time.time()
    said = run_python(python, session, "-c", read)
    assert (said.stdout, said.stderr) == ("1\n", "")
    (told,) = told_in(session)
    assert told["disk_path"] == str(tmp_path / "a.csv") and told["seen_by"] == "child process"
    assert told["execution"] is None and begun - START_SLACK_S <= told["since"] <= told["at"]

    for words, environ in (
        (("-c", read), {CHILD_OF: ""}),
        (("-c", read), {CHILD_OF: f"1:{tmp_path / 'gone'}"}),
        (("-c", read), {"DOTSCIENCE_DISABLE": "1"}),
        (("-m", "dotscience_jlab.recording.process"), {"JUPYTER_DATA_DIR": "/proc/none"}),
    ):
        said = run_python(python, session, *words, **environ)
        assert said.stdout in ("1\n", "") and len(told_in(session)) == 1
        assert "dotscience_jlab_children" not in said.stderr
    session.chmod(0o755)  # not as we make it: somebody else's
    assert run_python(python, session, "-c", read).stdout == "1\n" and len(told_in(session)) == 1
    session.chmod(0o700)
    next((tmp_path / "env" / "lib").glob("*/*/_packages_of_the_tests.pth")).unlink()  # the package was removed, its file was not
    said = run_python(python, session, "-c", read)
    assert (said.stdout, said.stderr, len(told_in(session))) == ("1\n", "", 1)


def test_known_secrets_in_a_name_are_replaced(tmp_path: Path) -> None:
    python, session = make_python(tmp_path / "env"), tmp_path / "data" / "spool" / SESSION
    session.mkdir(parents=True, mode=0o700)
    code = "import os; os.environ['SOME_TOKEN'] = 'hunter2hunter2'; open('hunter2hunter2.csv', 'w').close()"
    assert run_python(python, session, "-c", code).returncode == 0
    (told,) = told_in(session)
    assert told["disk_path"].endswith("«secret:SOME_TOKEN».csv")


def test_what_is_handed_to_a_spawned_process_asks_nothing_of_it(tmp_path: Path) -> None:
    """In an interpreter without our package, and without any, the preparation data is read as ever."""
    data = pickle.dumps({"name": "p", "dotscience": Joining(tmp_path / SESSION, "k-1:m1", None)})
    code = f"import pickle; print(sorted(pickle.loads({data!r})))"
    said = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert (said.stdout, said.stderr) == ("['dotscience', 'name']\n", "")

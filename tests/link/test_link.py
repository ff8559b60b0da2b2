"""Finding, starting and speaking to the recorder: real sockets, real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Iterator

import pytest

from dotscience_jlab.errors import NotFound, RecorderUnavailable
from dotscience_jlab.link.client import connect
from dotscience_jlab.link.launch import connect_or_launch
from dotscience_jlab.model.protocol import encode_message
from dotscience_jlab.settings import Settings

from ..tracking.fake_recorder import FakeRecorder

SESSION = "k-0123456789abcdef"


@pytest.fixture
def recorder(settings: Settings) -> Iterator[FakeRecorder]:
    fake = FakeRecorder(
        settings,
        {
            "add": lambda params: params["a"] + params["b"],
            "missing": {
                "error": {
                    "kind": "not_found",
                    "message": "No such run.",
                    "hint": "Try ds runs.",
                    "details": {"run": "x"},
                }
            },
        },
    )
    yield fake
    fake.close()


def test_hello_request_and_the_recorders_own_errors(settings: Settings, recorder: FakeRecorder) -> None:
    with connect(settings, "cli") as link:
        assert recorder.hellos[0]["role"] == "cli" and link.recorder["pid"] == os.getpid()
        assert link.request("add", {"a": 1, "b": 2}) == 3
        with pytest.raises(NotFound) as caught:
            link.request("missing")
        assert caught.value.details == {"run": "x"} and caught.value.hint == "Try ds runs."


def test_a_wake_is_acknowledged_and_never_blocks(settings: Settings, recorder: FakeRecorder) -> None:
    with connect(settings, "kernel", SESSION) as link:
        assert link.wake(SESSION, 10) and link.wait_ack(SESSION, 10, 10.0)
        assert not link.wait_ack(SESSION, 11, 0.01)
        recorder.delay_s = 3600.0  # it reads no more
        n_sent = 0
        while link.wake(SESSION, 12):  # until the buffers are full: then it says so instead of waiting
            n_sent += 1
            assert n_sent < 1_000_000
        assert link.is_open  # a send that had waited for its time-out would have closed it


def test_a_recorder_that_goes_away_is_noticed(settings: Settings, recorder: FakeRecorder) -> None:
    with connect(settings, "kernel", SESSION) as link:
        recorder.close()
        assert not link.wait_ack(SESSION, 1, 20.0)
        assert not link.is_open and not link.wake(SESSION, 2)
    with pytest.raises(RecorderUnavailable):
        connect(settings, "cli")


@pytest.mark.parametrize(
    "trouble", ["nothing", "file", "open to others", "dead", "speaks nonsense", "speaks another protocol"]
)
def test_a_socket_that_is_not_our_recorder_is_not_spoken_to(settings: Settings, trouble: str) -> None:
    path = settings.socket_path
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if trouble == "file":
        path.write_text("")
    elif trouble != "nothing":
        server.bind(os.fspath(path))
        os.chmod(path, 0o666 if trouble == "open to others" else 0o600)
        if trouble != "dead":
            server.listen()
    if trouble.startswith("speaks"):
        line = (
            b"what?\n" if "nonsense" in trouble else encode_message({"say": "hello", "protocol": 0, "version": "9.9"})
        )
        threading.Thread(target=lambda: server.accept()[0].sendall(line), daemon=True).start()
    try:
        with pytest.raises(RecorderUnavailable) as caught:
            connect(settings, "cli")
        assert caught.value.hint
    finally:
        server.close()


def test_ten_starters_make_one_recorder_that_leaves_by_itself(settings: Settings, own_home: Path) -> None:
    code = (
        "from dotscience_jlab.settings import load_settings\nfrom dotscience_jlab.link.launch import connect_or_launch\n"
        "print(connect_or_launch(load_settings(), 'cli', timeout_s=60).recorder['pid'])"
    )
    root = str(Path(__file__).resolve().parents[2])
    starters = [
        subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(10)
    ]
    pids = {starter.communicate(timeout=90)[0].strip() for starter in starters}
    assert len(pids) == 1 and all(starter.returncode == 0 for starter in starters)
    log = settings.log_path.read_text()
    assert log.count("started:") == 1
    (pid,) = pids
    status = Path(f"/proc/{pid}/status").read_text()
    assert f"PPid:\t{os.getpid()}\n" not in status
    deadline = time.monotonic() + 60
    while settings.socket_path.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not settings.socket_path.exists()


def test_the_recorder_lets_cells_go_first(settings: Settings) -> None:
    with connect_or_launch(settings, "cli", timeout_s=60) as link:
        pid = link.recorder["pid"]
        assert os.getpriority(os.PRIO_PROCESS, pid) == 5
        group = Path(f"/proc/{pid}/autogroup")
        if group.exists():  # niceness counts within it only
            assert group.read_text().endswith("nice 5\n")


def test_an_environment_without_a_recorder_says_how_to_get_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dotscience_jlab.link.launch.RECORDER", "dotscience_jlab.recording.absent")
    with pytest.raises(RecorderUnavailable) as caught:
        connect_or_launch(settings, "kernel")
    assert "Install dotscience-jlab" in caught.value.hint


def test_a_recorder_that_cannot_start_is_noticed_at_once_and_names_its_log(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dotscience_jlab.link.launch.RECORDER", "dotscience_jlab.errors")
    began = time.monotonic()
    with pytest.raises(RecorderUnavailable) as caught:
        connect_or_launch(settings, "kernel", timeout_s=300)
    assert str(settings.log_path) in caught.value.hint and time.monotonic() - began < 200

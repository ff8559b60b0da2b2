"""The spool keeps whole frames whatever happens: rotation, threads, forked children, a full disk, a killed writer."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

from dotscience_jlab.model.frames import json_frame
from dotscience_jlab.recording.inbox import Inbox, is_alive
from dotscience_jlab.tracking.outbox import Outbox

from .spool_reading import frames_of

SESSION = "k-0123456789abcdef"


def frame(n: int, pad: int = 20) -> bytes:
    return json_frame({"event": "x", "n": n, "pad": "." * pad})


def test_positions_go_on_over_rotated_files(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / SESSION, rotate_bytes=1000)
    for n in range(100):
        assert outbox.append(frame(n))
    names = sorted(path.name for path in (tmp_path / SESSION).glob("*.spool"))
    assert len(names) > 3 and names[0] == "0000000000000000.spool"
    assert [f["n"] for f in frames_of(tmp_path / SESSION)] == list(range(100))
    assert outbox.position() == sum(path.stat().st_size for path in (tmp_path / SESSION).glob("*.spool"))
    inbox = Inbox(tmp_path / SESSION)
    assert inbox.take()
    received = []
    while batch := inbox.read():
        received += batch
    assert received[-1].end == outbox.position() and not inbox.faults and len(received) == 100


def test_the_folder_is_private_and_names_a_living_process(tmp_path: Path) -> None:
    Outbox(tmp_path / SESSION)
    assert (tmp_path / SESSION).stat().st_mode & 0o777 == 0o700
    process = Inbox(tmp_path / SESSION).process()
    assert process is not None and process.pid == os.getpid() and process.start_ticks and is_alive(process)


def test_threads_and_forked_children_never_mix_their_frames(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / SESSION, rotate_bytes=2000)
    children = []
    for child in range(3):
        pid = os.fork()
        if pid == 0:
            for n in range(50):
                outbox.append(frame(1000 * (child + 1) + n))
            os._exit(0)
        children.append(pid)
    threads = [threading.Thread(target=lambda: [outbox.append(frame(n)) for n in range(50)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pid in children:
        os.waitpid(pid, 0)
    numbers = [f["n"] for f in frames_of(tmp_path / SESSION)]
    assert sorted(numbers) == sorted([*range(50)] * 3 + [1000 * c + n for c in (1, 2, 3) for n in range(50)])
    starts = sorted((int(path.stem), path.stat().st_size) for path in (tmp_path / SESSION).glob("*.spool"))
    assert all(start + size == following for (start, size), (following, _) in zip(starts, starts[1:]))


def test_a_full_disk_is_said_once_and_recovers_with_whole_frames(tmp_path: Path) -> None:
    """A limit on file size stands in for the full disk: the write is cut in the middle of a frame."""
    faults: list[str] = []
    outbox = Outbox(tmp_path / SESSION, faults.append)
    outbox.append(frame(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (outbox.position() + 30, hard))
        assert not outbox.append(frame(2)) and not outbox.append(frame(3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert len(faults) == 1 and outbox.n_lost == 2 and outbox.fault
    assert outbox.append(frame(4)) and outbox.fault == ""
    assert [f["n"] for f in frames_of(tmp_path / SESSION)] == [1, 4]


def test_a_folder_that_cannot_be_made_is_a_fault_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    faults: list[str] = []
    outbox = Outbox(tmp_path / "file" / SESSION, faults.append)
    assert not outbox.append(frame(1)) and len(faults) == 1 and outbox.keep_artifact("a.png", b"x") is None


def test_a_killed_writer_loses_nothing_it_was_told_was_kept(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dotscience_jlab.tracking.outbox import Outbox\n"
        "from dotscience_jlab.model.frames import json_frame\n"
        "o = Outbox(Path(sys.argv[1])); n = 0\n"
        "while True:\n    n += 1; assert o.append(json_frame({'n': n})); sys.stdout.write(f'{n}\\n'); sys.stdout.flush()\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / SESSION)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    last = 0
    for line in writer.stdout:
        last = int(line)
        if last >= 500:
            break
    writer.kill()
    rest = writer.stdout.read().splitlines()
    writer.wait()
    complete = [int(line) for line in rest if line.isdigit()]
    told = max([last, *complete[:-1]])
    assert [f["n"] for f in frames_of(tmp_path / SESSION)][:told] == list(range(1, told + 1))

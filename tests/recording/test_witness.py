"""What is seen of a process from outside, and what is made of it: real processes, real signals, a real memory limit."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dotscience_jlab.model import certificate as causes
from dotscience_jlab.recording.certificate import decide_cause
from dotscience_jlab.recording.inbox import Inbox, stat_fields
from dotscience_jlab.recording.kernels import Kernel, Kernels
from dotscience_jlab.recording.memory_group import MemoryGroup, _find_group, is_named_in_log
from dotscience_jlab.recording.witness import Seen, Witness
from tests.robustness.memory_limit import memory_limit

NO_LOG = Path("/nonexistent")
TOLD = {each: Kernel(end=each) for each in ("restarted", "stopped", "server_stopped")}

DECISIONS = [
    # (server's word, what was seen, kind, said goodbye) -> cause, signal, exit status
    (None, Seen(), "kernel", False, causes.UNKNOWN, None, None),
    (None, Seen(exit_status=-9), "kernel", False, causes.SIGNAL, "SIGKILL", None),
    (None, Seen(exit_status=-11), "script", False, causes.SIGNAL, "SIGSEGV", None),
    (None, Seen(exit_status=-40), "kernel", False, causes.SIGNAL, "signal 40", None),
    (None, Seen(exit_status=3), "kernel", False, causes.EXIT_STATUS, None, 3),
    (None, Seen(exit_status=0), "kernel", False, causes.EXIT_STATUS, None, 0),
    (Kernel(end="died", exit_status=-9), Seen(), "kernel", False, causes.SIGNAL, "SIGKILL", None),
    (Kernel(end="died", exit_status=-9), Seen(is_out_of_memory=True), "kernel", False, causes.OUT_OF_MEMORY, "SIGKILL", None),
    (None, Seen(exit_status=-9, is_out_of_memory=True), "kernel", False, causes.OUT_OF_MEMORY, "SIGKILL", None),
    (None, Seen(is_out_of_memory=True), "script", False, causes.OUT_OF_MEMORY, "SIGKILL", None),
    (None, Seen(exit_status=-15, is_out_of_memory=True), "kernel", False, causes.SIGNAL, "SIGTERM", None),
    (TOLD["restarted"], Seen(exit_status=-9), "kernel", False, causes.RESTARTED, None, None),
    (TOLD["stopped"], Seen(exit_status=-9), "kernel", False, causes.SHUT_DOWN, None, None),
    (TOLD["server_stopped"], Seen(exit_status=-15), "kernel", False, causes.SERVER_STOPPED, None, None),
    (TOLD["restarted"], Seen(exit_status=0), "kernel", True, causes.RESTARTED, None, None),
    (TOLD["stopped"], Seen(), "kernel", True, causes.SHUT_DOWN, None, None),
    (None, Seen(exit_status=1, is_orphan=True), "kernel", False, causes.SERVER_STOPPED, None, None),
    (None, Seen(is_orphan=True), "kernel", False, causes.SERVER_STOPPED, None, None),
    (None, Seen(exit_status=-9, is_orphan=True), "kernel", False, causes.SIGNAL, "SIGKILL", None),
    (None, Seen(is_orphan=True), "script", False, causes.UNKNOWN, None, None),
    (None, Seen(is_other_boot=True), "kernel", False, causes.REBOOTED, None, None),
    (None, Seen(is_other_boot=True, exit_status=1, is_orphan=True), "script", False, causes.REBOOTED, None, None),
    (None, Seen(other_host="pod-b"), "kernel", False, causes.UNKNOWN, None, None),
    (None, Seen(exit_status=3), "script", True, causes.EXIT_STATUS, None, 3),
    (Kernel(end="died", exit_status=3), Seen(), "script", True, causes.EXIT_STATUS, None, 3),
    (None, Seen(exit_status=0), "script", True, None, None, None),
    (None, Seen(exit_status=-2), "script", True, None, None, None),
    (None, Seen(), "kernel", True, None, None, None),
]


@pytest.mark.parametrize(("told", "seen", "kind", "goodbye", "cause", "name", "status"), DECISIONS)
def test_a_cause_is_what_is_known_and_no_guess(told, seen, kind, goodbye, cause, name, status):
    found = decide_cause(told, seen, kind, said_goodbye=goodbye)
    assert (found and (found.cause, found.signal, found.exit_status)) == (cause and (cause, name, status))
    assert found is None or found.sentence.endswith(".")


GROUP_LINES = [
    # of /proc/<pid>/cgroup, root and place of the mount and its kind -> folder, of version 2
    (["4:memory:/a/b", "0::/"], "/ /cg/memory rw - cgroup cgroup rw,memory", "/cg/memory/a/b", False),
    (["0::/user.slice/x"], "/ /cg rw - cgroup2 cgroup2 rw", "/cg/user.slice/x", True),
    (["0::/"], "/ /cg rw - cgroup2 cgroup2 rw", "/cg", True),
    (["9:cpu,memory:/docker/1"], "/docker/1 /cg\\040x rw - cgroup cgroup rw,cpu,memory", "/cg x", False),
    (["9:memory:/docker/2"], "/docker/1 /cg rw - cgroup cgroup rw,memory", None, False),
    (["0::/../x"], "/ /cg rw - cgroup2 cgroup2 rw", None, False),
    ([], "/ /cg rw - cgroup2 cgroup2 rw", None, False),
]


@pytest.mark.parametrize(("lines", "mount", "folder", "is_second"), GROUP_LINES)
def test_the_memory_group_is_found_in_either_version_and_in_containers(lines, mount, folder, is_second):
    found = _find_group(lines, [f"30 25 0:26 {mount}"])
    assert found == (None if folder is None else MemoryGroup(Path(folder), is_second))


def test_an_order_counts_for_the_life_it_was_given_for_also_when_the_clock_was_set_anew():
    now = [1000.0]
    kernels = Kernels(lambda: now[0])
    kernels.report("k", "restarted", pid=11)
    assert kernels.end_of("k", 900.0, 11) and not kernels.end_of("k", 1001.0, 12), "the next life began after it"
    now[0] = 10.0
    kernels.report("k", "died", exit_status=-9, pid=12)
    assert kernels.end_of("k", 1001.0, 12), "told at an hour before it began, by a clock that was set back"
    assert not kernels.end_of("k", 1001.0, 13)


class Seeing:
    """A spool folder that names a process, and its witness."""

    def __init__(self, folder: Path, pid: int, **options) -> None:
        folder = folder / "k-0123456789abcdef"
        folder.mkdir(exist_ok=True)
        ticks = int(stat_fields(pid)[19])
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        identity = {"pid": pid, "start_ticks": ticks, "boot_id": boot_id, "host": "here", **options.pop("identity", {})}
        (folder / "session.json").write_text(json.dumps(identity))
        self.inbox = Inbox(folder)
        self.witness = Witness(self.inbox, "here", **{"log": NO_LOG, **options})
        self.witness.look()


def child(code: str, **options) -> subprocess.Popen:
    command = [sys.executable, "-c", f"print(flush=True)\n{code}"]
    made = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    made.stdout.readline()
    return made


@pytest.mark.parametrize(
    ("code", "status"),
    [("input()", -9), ("input(); import os; os._exit(3)", 3), ("input(); import os; os.abort()", -6), ("input()", 0)],
)
def test_the_exit_status_of_a_child_of_another_is_seen(tmp_path, code, status):
    """Its parent waits for it and reaps it at once, as Jupyter's and nbclient's do."""
    start = (f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {code!r}], stdin=subprocess.PIPE)\n"
             "print(child.pid, flush=True)\ninput()\nchild.communicate(b'\\n')\nprint(flush=True)\ninput()")
    parent = subprocess.Popen([sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    seeing = Seeing(tmp_path, pid)
    if status == -9:
        os.kill(pid, signal.SIGKILL)
    parent.stdin.write("\n")
    parent.stdin.flush()
    parent.stdout.readline()
    found = seeing.witness.seen()
    parent.kill()
    parent.communicate()
    if found.exit_status is None and not _tells_of_the_reaped():
        pytest.skip("this Linux tells nobody but the parent of a process that was reaped")
    assert found.exit_status == status and not found.is_orphan


def _tells_of_the_reaped() -> bool:
    return tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 15)


@pytest.mark.parametrize("status", [0, 3, -15])
def test_the_exit_status_of_a_process_that_nobody_has_waited_for_is_seen(tmp_path, status):
    made = child("input()" if status < 0 else f"input(); import os; os._exit({status})")
    seeing = Seeing(tmp_path, made.pid)
    if status < 0:
        os.kill(made.pid, -status)
    if status >= 0:
        made.stdin.write(b"\n")
        made.stdin.flush()
    select.select([seeing.witness.held.descriptor], [], [])
    assert seeing.witness.seen().exit_status == status
    made.communicate()


def test_peak_memory_is_of_the_whole_life_and_of_all_its_processes(tmp_path):
    made = child("import os\na = bytes(60_000_000)\na = b'x' * 60_000_000\ndel a\nprint(flush=True)\ninput()\n"
                 "if os.fork() == 0:\n    b = b'y' * 90_000_000\n    print(flush=True)\n    input()\nelse:\n    os.wait()")
    made.stdout.readline()
    seeing = Seeing(tmp_path, made.pid)
    alone = seeing.witness.seen().peak_memory_bytes
    assert 60_000_000 < alone < 120_000_000
    made.stdin.write(b"\n")
    made.stdin.flush()
    made.stdout.readline()
    made_of_both = Seeing(tmp_path, made.pid).witness.seen().peak_memory_bytes
    made.communicate(b"\n")
    assert 90_000_000 < made_of_both < 200_000_000


def test_a_kill_for_want_of_memory_is_told_from_one_by_a_user(tmp_path):
    """The log left out: the count of the memory group is what most people's recorder may see."""
    with memory_limit(80_000_000) as processes:
        for code, expected in (("b'x' * 300_000_000", True), ("input()", False)):
            made = child(f"open({str(processes)!r}, 'w').write('0')\nprint(flush=True)\ninput()\n{code}")
            made.stdout.readline()
            seeing = Seeing(tmp_path, made.pid)
            if not expected:
                os.kill(made.pid, signal.SIGKILL)
            made.communicate(b"\n")
            seen = seeing.witness.seen()
            assert (seen.exit_status, seen.is_out_of_memory, seen.memory_limit_bytes) == (-9, expected, 79_998_976)
        named = is_named_in_log(made.pid, 0.0)
        assert named in (False, None)


def test_what_was_found_dead_is_not_guessed_about(tmp_path):
    made = child("input()")
    seeing = Seeing(tmp_path, made.pid)
    made.kill()
    made.communicate()
    later = Witness(seeing.inbox, "here", log=NO_LOG)
    later.look()
    assert later.seen() == Seen(peak_memory_bytes=later.seen().peak_memory_bytes)


@pytest.mark.parametrize(("identity", "boot_id", "expected"), [
    ({}, "another", Seen(is_other_boot=True)),
    ({"host": "pod-b"}, None, Seen(other_host="pod-b")),
    ({"boot_id": None}, "x", Seen()),
])
def test_a_boot_and_a_computer_are_told_apart(tmp_path, identity, boot_id, expected):
    made = child("input()")
    seeing = Seeing(tmp_path, made.pid, identity=identity, boot_id=lambda: boot_id)
    made.kill()
    made.communicate()
    (seeing.inbox.folder / "witness.json").unlink(missing_ok=True)
    later = Witness(seeing.inbox, "here", boot_id=lambda: boot_id, log=NO_LOG)
    assert later.seen() == expected


def test_a_kernel_without_its_server_is_seen_for_a_while(tmp_path):
    now = [0.0]
    start = ("import subprocess, sys, time\nchild = [sys.executable, '-c', 'import time; time.sleep(100)']\n"
             "print(subprocess.Popen(child, stdout=subprocess.DEVNULL).pid, flush=True)\ntime.sleep(100)")
    parent = subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, text=True)
    held = os.pidfd_open(pid := int(parent.stdout.readline()))
    try:
        seeing = Seeing(tmp_path, pid, clock=lambda: now[0])
        assert not seeing.witness.seen().is_orphan
        parent.kill()
        parent.communicate()
        now[0] = 1.0
        seeing.witness.look()
        assert seeing.witness.seen().is_orphan
        now[0] = 100.0
        assert not seeing.witness.seen().is_orphan, "it lived on, and ends of something else"
    finally:
        signal.pidfd_send_signal(held, signal.SIGKILL)
        os.close(held)

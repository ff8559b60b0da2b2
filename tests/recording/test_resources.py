"""What a running cell takes of the machine: read off real processes, kept in few points, and shown with its run."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dotscience_jlab.model.run import ResourceSummary
from dotscience_jlab.recording.inbox import Process, current_boot_id
from dotscience_jlab.recording.requests import Desk
from dotscience_jlab.recording.resources import sampler
from dotscience_jlab.recording.resources.kept import keep, read_kept
from dotscience_jlab.recording.resources.processes import Counted, ProcessTree
from dotscience_jlab.recording.resources.sampler import LONGEST_S, distance_s, rates
from dotscience_jlab.recording.resources.trace import MAX_POINTS, Trace, restored, thinned
from dotscience_jlab.store.series import read_series, series_bytes

from .spool import Bench

MIB = 1024 * 1024
needs_proc = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the system does not tell what is shared")


# -- what is kept ------------------------------------------------------------------------------------


def test_no_peak_is_lost_however_long_a_cell_runs_and_the_mean_stays_exact():
    trace = Trace()
    values = [float((n * 7919) % 1000) for n in range(50_000)]
    values[31_234], values[777] = 5000.0, -3.0
    for n, value in enumerate(values):
        trace.add(float(n), 0.5, {"memory_bytes": value})
    points = trace.points()
    assert len(points) <= MAX_POINTS and [row[3] for row in points] == sorted(row[3] for row in points)
    assert {5000.0, -3.0} <= {row[4] for row in points}
    found = trace.summary()["memory_bytes"]
    assert found.max == 5000.0 and found.watched_s == 25_000.0
    assert found.mean == pytest.approx(sum(values) / len(values), abs=0.01)


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        ([(0, 1), (1, 9), (2, 0), (3, 5)], [(1, 9), (2, 0)]),
        ([(0, 1), (1, 1), (2, 1), (3, 1)], [(0, 1)]),
        ([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)], [(0, 1), (3, 4), (4, 5), (5, 6)]),
    ],
)
def test_of_four_neighbours_the_least_and_the_most_stay(points, kept):
    assert thinned(points) == kept


def test_the_cells_of_a_run_are_joined_in_order_of_time_and_a_stored_trace_goes_on():
    first, second = Trace(), Trace()
    first.add(1.0, 1.0, {"cpu_share": 0.5})
    second.add(5.0, 3.0, {"cpu_share": 1.5, "gpu0_power_w": 70.0})
    both = first.joined(second)
    assert [row[1:] for row in both.points()] == [
        ("cpu_share", None, 1.0, 0.5), ("cpu_share", None, 5.0, 1.5), ("gpu0_power_w", None, 5.0, 70.0),
    ]  # fmt: skip
    assert both.summary() == {"cpu_share": ResourceSummary(1.25, 1.5, 4.0), "gpu0_power_w": ResourceSummary(70.0, 70.0, 3.0)}
    again = restored(read_series(series_bytes(both.points())), both.summary())
    again.add(6.0, 4.0, {"cpu_share": 0.0})
    assert again.summary()["cpu_share"] == ResourceSummary(0.625, 1.5, 8.0)


@pytest.mark.parametrize(
    ("elapsed_s", "distance"), [(0, 0.5), (299, 0.5), (300, 1), (599, 1), (600, 2), (1200, 4), (2400, 8), (4800, 10), (1e6, 10)]
)
def test_readings_become_rarer_as_a_cell_goes_on(elapsed_s, distance):
    assert distance_s(elapsed_s) == distance <= LONGEST_S


def test_rates_are_of_the_time_between_and_a_count_that_fell_is_nothing():
    before, after = Counted(10.0, 5, 1000, 50, frozenset()), Counted(10.5, 7, 3000, 10, frozenset())
    assert rates(before, after, (0, 10), (400, 10), 2.0) == {
        "cpu_share": 0.25, "memory_bytes": 7, "disk_read_bytes_s": 1000.0, "disk_write_bytes_s": 0.0,
        "network_in_bytes_s": 200.0, "network_out_bytes_s": 0.0,
    }  # fmt: skip
    assert rates(Counted(1, 1, None, None, frozenset()), Counted(1, 1, None, None, frozenset()), None, None, 1.0).keys() == {
        "cpu_share", "memory_bytes",
    }  # fmt: skip


# -- read off processes ------------------------------------------------------------------------------


class Worker:
    """A real process that does what it is told, line by line."""

    def __init__(self) -> None:
        code = "import sys\nfor line in sys.stdin:\n    exec(line); print('done', flush=True)"
        self.process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @property
    def pid(self) -> int:
        return self.process.pid

    def do(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def told(self) -> Process:
        stat = Path(f"/proc/{self.pid}/stat").read_bytes().rsplit(b")", 1)[1].split()
        return Process(self.pid, int(stat[19]), current_boot_id())


@pytest.fixture
def worker():
    made = Worker()
    yield made
    made.process.kill()
    made.process.wait()
    made.process.stdin.close()
    made.process.stdout.close()


@needs_proc
def test_memory_that_forked_workers_share_is_counted_once(worker):
    tree = ProcessTree(worker.pid)
    alone = tree.read().memory_bytes
    worker.do(f"import os, signal; big = bytearray(os.urandom(1024)) * {100 * 1024}")
    worker.do("pids = []")
    for _ in range(3):
        worker.do("pid = os.fork(); pids.append(pid) if pid else signal.pause()")
    counted = ProcessTree(worker.pid).read()
    grown = counted.memory_bytes - alone
    worker.do("[os.kill(pid, 9) for pid in pids]")
    assert len(counted.pids) == 4
    assert 90 * MIB <= grown < 160 * MIB


def test_a_peak_between_two_readings_is_seen(worker):
    tree = ProcessTree(worker.pid)
    before = tree.read().memory_bytes
    worker.do("big = bytearray(150 * 1024 * 1024); del big")
    assert tree.read().memory_bytes - before > 100 * MIB
    assert tree.read().memory_bytes - before < 50 * MIB


def test_work_of_processes_that_ended_meanwhile_counts(worker):
    worker.do("import subprocess, sys")
    tree = ProcessTree(worker.pid)
    before = tree.read()
    worker.do("subprocess.run([sys.executable, '-c', 'import time\\nwhile time.process_time() < 0.4: pass'])")
    after = tree.read()
    assert after.cpu_s - before.cpu_s > 0.3
    assert after.pids == before.pids == {worker.pid}


FORKING = """
import os, time
for _ in range(8):
    if not os.fork():
        while time.process_time() < 0.2: pass
        os._exit(0)
    os.wait()
"""


def test_a_process_that_ends_while_it_is_read_counts_once(worker):
    """No reading makes a jump of what a child worked in its whole life, whatever the instant at which it ended."""
    worker.process.stdin.write(f"exec({FORKING!r})\n")
    worker.process.stdin.flush()
    tree = ProcessTree(worker.pid)
    readings = []
    while not select.select([worker.process.stdout], [], [], 0)[0]:
        readings.append((time.monotonic(), tree.read().cpu_s, time.monotonic()))
    cores = os.cpu_count() or 1
    for (began, before, _), (_, after, ended) in zip(readings, readings[1:]):
        assert -0.1 < after - before < cores * (ended - began) + 0.1
    assert readings[-1][1] - readings[0][1] > 1.0


def test_bytes_that_reach_the_disk_are_counted(worker, tmp_path):
    tree = ProcessTree(worker.pid)
    before = tree.read()
    worker.do(f"import os; file = open({str(tmp_path / 'big')!r}, 'wb'); file.write(os.urandom({8 * MIB}))")
    worker.do("file.flush(); os.fsync(file)")
    after = tree.read()
    assert after.disk_write_bytes - before.disk_write_bytes >= 8 * MIB


def test_a_process_that_is_gone_is_not_read(worker):
    tree = ProcessTree(worker.pid)
    assert tree.read() is not None
    worker.process.kill()
    worker.process.wait()
    assert tree.read() is None


# -- with a run --------------------------------------------------------------------------------------


@pytest.fixture
def bench(tmp_path, worker):
    made = Bench(tmp_path)
    told = worker.told()
    session = {"pid": told.pid, "start_ticks": told.start_ticks, "boot_id": told.boot_id}
    (made.spool / "session.json").write_text(json.dumps(session))
    yield made
    made.recorder.around.resources.stop()


def until(holds, timeout_s: float = 30.0):
    deadline = time.monotonic() + timeout_s
    while not (found := holds()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return found


def desk_of(bench: Bench) -> Desk:
    activity = bench.recorder.around.activity
    return Desk(bench.workspaces, bench.kernels, activity, lambda *_: None, bench.settings, None, bench.recorder.around.resources)


def series_of(bench: Bench, run: str) -> dict:
    asked = {"workspace": bench.store.workspace.id, "run": run}
    return {each["name"]: each for each in desk_of(bench).answer("runs.resources", asked, lambda *_: None)["items"]}


def test_a_run_shows_what_its_cell_takes_while_it_runs_and_afterwards(bench, worker):
    resources = bench.recorder.around.resources
    execution = bench.begin("fit()")
    bench.recorder.take_in()
    worker.do("import time; end = time.process_time() + 0.7")
    worker.do("while time.process_time() < end: pass")
    until(lambda: resources.so_far(execution))
    run = "11111111-1111-4111-8111-111111111111"
    bench.write("run_opened", run=run, opened_by="implicit", execution=execution)
    bench.recorder.take_in()
    live = series_of(bench, run)
    assert live.keys() >= {"cpu_share", "memory_bytes", "network_in_bytes_s"} and live["memory_bytes"]["values"][-1] > MIB
    assert bench.store.index.run(run).resources["memory_bytes"].max > MIB
    bench.end(execution)
    bench.recorder.take_in()
    stored = bench.store.index.run(run)
    assert stored.resources_blob is not None and stored.metrics == {} and stored.series_blob is None
    busy = stored.resources["cpu_share"]
    assert 0.3 < busy.mean * busy.watched_s < 1.5, "seconds of work, however long they took"
    assert series_of(bench, run)["cpu_share"]["values"][0] == live["cpu_share"]["values"][0]
    assert {*series_of(bench, run)["memory_bytes"]["steps"]} == {None}
    assert bench.store.is_named(stored.resources_blob)

    bench.restart()
    again = bench.begin("more()")
    bench.write("run_recorded", run=run, what="parameter", items={"a": 1}, execution=again)
    bench.end(again)
    bench.recorder.take_in()
    after = bench.store.index.run(run)
    assert len(after.executions) == 2 and after.resources == stored.resources and after.resources_blob == stored.resources_blob


def test_a_recorder_that_was_killed_in_the_middle_of_a_cell_goes_on(bench, monkeypatch):
    monkeypatch.setattr(sampler, "KEEP_EVERY_S", 0.0)
    execution = bench.begin("long()")
    bench.recorder.take_in()
    until((bench.spool / "resources.json").exists)
    bench.recorder.around.resources.stop()
    before = until(lambda: read_kept(bench.spool, execution))
    bench.restart()
    bench.recorder.take_in()
    resources = bench.recorder.around.resources
    after = until(lambda: (now := resources.so_far(execution)) and len(now.points()) > len(before.points()) and now)
    assert before.points()[0][1:] == after.points()[0][1:]
    assert after.summary()["memory_bytes"].watched_s > before.summary()["memory_bytes"].watched_s
    run = "11111111-1111-4111-8111-111111111111"
    bench.write("run_opened", run=run, opened_by="implicit", execution=execution)
    bench.end(execution)
    bench.recorder.take_in()
    assert len(series_of(bench, run)["memory_bytes"]["values"]) >= len(after.points()) / len(after.summary())
    assert not (bench.spool / "resources.json").exists()


def test_what_was_kept_of_another_cell_or_is_damaged_is_not_taken(tmp_path):
    trace = Trace()
    trace.add(1.0, 1.0, {"cpu_share": 0.5}, "said")
    keep(tmp_path, "k-0123456789abcdef:m1", trace)
    found = read_kept(tmp_path, "k-0123456789abcdef:m1")
    assert (found.points(), found.summary(), found.note) == (trace.points(), trace.summary(), "said")
    assert read_kept(tmp_path, "k-0123456789abcdef:m2") is None
    (tmp_path / "resources.json").write_text('{"execution": "k-0123456789abcdef:m1", "points": [[1]]')
    assert read_kept(tmp_path, "k-0123456789abcdef:m1") is None
    assert read_kept(tmp_path / "nowhere", "k-0123456789abcdef:m1") is None


def test_a_cell_that_is_over_at_once_is_not_read(bench):
    execution = bench.cell("1")
    time.sleep(0.7)
    assert bench.recorder.around.resources.so_far(execution) is None


def test_a_process_that_got_the_number_of_a_kernel_is_not_read_for_it(bench, worker):
    resources = bench.recorder.around.resources
    other = Process(os.getpid(), 1, current_boot_id())
    resources.begins("k-fedcba9876543210", other, "k-fedcba9876543210:m1")
    execution = bench.begin("long()")
    bench.recorder.take_in()
    until(lambda: resources.so_far(execution))
    assert resources.so_far("k-fedcba9876543210:m1") is None


"""GPUs as nvidia-ml-py reads them: its real calls into a compiled library that keeps to NVML's binary interface, in a process of
its own; and a real driver where there is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dotscience_jlab.recording.resources.gpus import Gpu, Gpus, is_driver_there, taken_on, visible

GIB = 1 << 30
SOURCE = Path(__file__).with_name("fake_nvml.c")
READER = """
import json, sys
from dotscience_jlab.recording.resources import gpus
asker = gpus.Gpus(lambda: True)
for line in sys.stdin:
    told = json.loads(line)
    if "silent_s" in told: gpus.SILENT_S = told["silent_s"]
    reading = asker.look(told["timeout_s"]) if "timeout_s" in told else asker.newest()
    found = None
    if reading is not None:
        taken = gpus.taken_on(reading.gpus, frozenset(told.get("pids", ())), told.get("visible"))
        cards = [[each.name, each.uuid, each.model, each.total_bytes] for each in reading.gpus]
        found = dict(taken=taken, cards=cards, driver=reading.driver, cuda=reading.cuda, problem=reading.problem)
    print(json.dumps(found), flush=True)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler here: the library cannot be made")
    folder = tmp_path_factory.mktemp("nvml")
    made = folder / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, SOURCE], check=True)
    return folder


class Driver:
    """The library in a process that reads it as the recorder does; `says` changes what it tells, also between two readings."""

    def __init__(self, library: Path, folder: Path, words: str) -> None:
        self.told = folder / "told"
        self.says(words)
        environ = {**os.environ, "LD_LIBRARY_PATH": str(library), "FAKE_NVML": str(self.told)}
        command = [sys.executable, "-c", READER]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)

    def says(self, words: str) -> None:
        draft = self.told.with_suffix(".new")
        draft.write_text(words)
        draft.replace(self.told)

    def ask(self, **told) -> dict:
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def look(self, *pids: int, **told) -> dict:
        return self.ask(pids=pids, timeout_s=60, **told)


@pytest.fixture
def driver(library, tmp_path):
    made: list[Driver] = []

    def start(words: str) -> Driver:
        made.append(Driver(library, tmp_path, words))
        return made[-1]

    yield start
    for each in made:
        each.process.kill()
        each.process.communicate()


def test_of_several_cards_the_one_that_the_kernel_uses_counts(driver):
    mine, other = os.getpid(), os.getppid()
    two = driver(f"gpus=2 owner=1:{mine} owner=0:{other}")
    found = two.look(mine)
    assert found["taken"] == {
        "gpu1_utilisation_share": 0.41, "gpu1_memory_bytes": 10 * GIB, "gpu1_power_w": 71.5, "gpu1_own_memory_bytes": 3 * GIB,
    }  # fmt: skip
    assert (found["driver"], found["cuda"], found["problem"]) == ("555.42.02", "12.5", "")
    assert found["cards"] == [[f"gpu{n}", f"GPU-0000000{n}-aaaa", f"Tester {n}", 80 * GIB] for n in (0, 1)]
    two.says(f"gpus=2 owner=0:{other}")
    assert two.look(mine)["taken"] == {}, "others use the machine's cards, this kernel none"


def test_where_the_driver_cannot_say_who_uses_a_card_all_that_are_visible_count(driver):
    two = driver("gpus=2 noprocs nopower")
    names = {f"gpu{n}_{what}" for n in (0, 1) for what in ("utilisation_share", "memory_bytes")}
    assert two.look(os.getpid())["taken"].keys() == names
    assert {each[:4] for each in two.look(os.getpid(), visible="1")["taken"]} == {"gpu1"}
    two.says("gpus=2 owner=0:4194305")
    assert {each[:4] for each in two.look(os.getpid())["taken"]} == {"gpu0", "gpu1"}, "a number of another container's"


def test_a_part_of_a_divided_card_has_its_own_memory_and_the_cards_power(driver):
    mine = os.getpid()
    parts = driver(f"gpus=1 mig=0 owner=1:{mine}")
    found = parts.look(mine)
    assert found["taken"] == {
        "gpu0_mig1_memory_bytes": 2 * GIB, "gpu0_mig1_own_memory_bytes": 3 * GIB, "gpu0_memory_bytes": 10 * GIB,
        "gpu0_power_w": 71.5,
    }  # fmt: skip
    assert [each[0] for each in found["cards"]] == ["gpu0", "gpu0_mig0", "gpu0_mig1"]
    parts.says("gpus=1 mig=0 noprocs")
    assert parts.look(mine, visible="MIG-00000000")["taken"].keys() == {
        "gpu0_mig0_memory_bytes", "gpu0_memory_bytes", "gpu0_power_w",
    }  # fmt: skip


def test_a_card_and_a_driver_that_fail_in_the_middle_are_named_and_come_back(driver):
    two = driver("gpus=2 noprocs")
    assert len(two.look(1)["taken"]) == 6
    two.says("gpus=2 noprocs lost=1")
    found = two.look(1)
    assert {each[:4] for each in found["taken"]} == {"gpu0"} and found["problem"] == "GPU 1 does not answer: GPU is lost."
    two.says("unloaded")
    assert two.look(1)["problem"] == "The NVIDIA driver does not answer: Uninitialized."
    assert two.look(1)["problem"] == "The NVIDIA driver does not answer: Driver Not Loaded."
    two.says("gpus=2 noprocs")
    assert len(two.look(1)["taken"]) == 6


def test_a_driver_that_hangs_holds_nobody_up_and_is_named(driver):
    stuck = driver("gpus=1 noprocs hang")
    assert stuck.ask(pids=[1]) is None
    assert stuck.ask(timeout_s=0.05) is None
    deadline = time.monotonic() + 30
    while (found := stuck.ask(silent_s=0.1)) is None:
        assert time.monotonic() < deadline
    assert found["problem"].startswith("The NVIDIA driver has not answered for")
    stuck.says("gpus=1 noprocs")
    assert stuck.look(1)["problem"] == ""


WATCHED = """
import ctypes, json, os, time
from dotscience_jlab.recording.inbox import Process
from dotscience_jlab.recording.resources.gpus import Gpus
from dotscience_jlab.recording.resources.sampler import Resources
resources = Resources(gpus=Gpus(lambda: True))
session, execution = "k-0123456789abcdef", "k-0123456789abcdef:m1"
resources.begins(session, Process(os.getpid(), None, None), execution)
def names():
    trace = resources.so_far(execution)
    return sorted(trace.summary()) if trace else []
while not names(): time.sleep(0.02)
before = names()
ctypes.CDLL("libcuda.so.1")
while not any(each.startswith("gpu") for each in names()): time.sleep(0.02)
open(os.environ["FAKE_NVML"], "w").write("unloaded")
while not (note := resources.so_far(execution).note): time.sleep(0.02)
print(json.dumps([before, names(), note]))
"""


def test_a_kernel_has_readings_of_gpus_once_it_has_loaded_cuda(library, tmp_path):
    told = tmp_path / "told"
    told.write_text("gpus=2 noprocs")
    compiler = shutil.which("cc") or "gcc"
    subprocess.run([compiler, "-shared", "-o", library / "libcuda.so.1", "-x", "c", "/dev/null"], check=True)
    environ = {**os.environ, "LD_LIBRARY_PATH": str(library), "FAKE_NVML": str(told), "CUDA_VISIBLE_DEVICES": "1"}
    ran = subprocess.run([sys.executable, "-c", WATCHED], env=environ, capture_output=True, text=True, timeout=120)
    before, after, note = json.loads(ran.stdout)
    assert not [each for each in before if each.startswith("gpu")] and "cpu_share" in before
    on_gpu = [each for each in after if each.startswith("gpu")]
    assert on_gpu == ["gpu1_memory_bytes", "gpu1_power_w", "gpu1_utilisation_share"]
    assert note == "The NVIDIA driver does not answer: Uninitialized."


def test_without_a_driver_nothing_is_loaded_and_nothing_said():
    assert Gpus(lambda: False).look(1.0) is None


CARDS = [
    Gpu("gpu0", "GPU-aa11", "", None), Gpu("gpu1", "GPU-ab22", "", None), Gpu("gpu1_mig0", "MIG-cc33", "", None),
    Gpu("gpu1_mig1", "MIG-dd44", "", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("devices", "names"),
    [
        (None, ["gpu0", "gpu1", "gpu1_mig0", "gpu1_mig1"]),
        ("", []),
        ("-1", []),
        ("0", ["gpu0"]),
        ("1,0", ["gpu1", "gpu1_mig0", "gpu1_mig1", "gpu0"]),
        ("0,7,1", ["gpu0"]),
        (" GPU-ab ", ["gpu1"]),
        ("MIG-dd44", ["gpu1", "gpu1_mig1"]),
        ("NoDevFiles", []),
    ],
)
def test_cuda_visible_devices_is_read_as_cuda_reads_it(devices, names):
    assert [each.name for each in visible(CARDS, devices)] == names


def test_nothing_is_taken_where_there_is_no_card():
    assert taken_on([], frozenset({1}), None) == {}


@pytest.mark.skipif(not is_driver_there(), reason="no NVIDIA driver on this machine")
def test_a_real_driver_tells_its_cards():
    reading = Gpus().look(60.0)
    assert reading is not None and reading.gpus and reading.driver and reading.cuda and not reading.problem
    for gpu in reading.gpus:
        assert gpu.uuid and gpu.model and gpu.total_bytes and 0 <= gpu.values["memory_bytes"] <= gpu.total_bytes

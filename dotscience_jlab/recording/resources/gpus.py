"""What the NVIDIA driver says of its GPUs, asked in a thread of its own: a driver may take seconds, or never answer.

A value that a card does not tell is left out. A card or a driver that fails while a cell runs is said in a sentence; the
others go on. Nothing is asked where there is no driver, or before a cell's processes have loaded CUDA.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping

from ..process_tree import PROC

DRIVER_PLACES = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")
"""Any of them is there where an NVIDIA driver is loaded; the last in Linux under Windows."""
SILENT_S = 30.0
"""A driver that has not answered for so long is said to hang."""
RETRY_S = 60.0
"""After it refused; and so long nobody asks, it is let go, so that an idle card may sleep."""
CPU_SHARE = 0.01


@dataclass(frozen=True)
class Gpu:
    """One card, or one MIG part of a card."""

    name: str
    """'gpu0', 'gpu0_mig1': by the driver's own number, as nvidia-smi shows it. Values are named after it."""
    uuid: str
    model: str
    total_bytes: int | None
    values: Mapping[str, float] = field(default_factory=dict)
    """utilisation_share, memory_bytes, power_w, as far as the card tells; of all who use it."""
    owners: Mapping[int, int | None] | None = None
    """pid -> its bytes on the card, None where they are not told. None: who uses it is not told."""

    @property
    def is_part(self) -> bool:
        return "_mig" in self.name

    @property
    def card(self) -> str:
        return self.name.partition("_mig")[0]


@dataclass(frozen=True)
class Reading:
    at: float
    """When the driver had answered, by the monotonic clock."""
    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    cuda: str = ""
    """The newest CUDA that the driver serves: '12.4'"""
    problem: str = ""


def is_driver_there() -> bool:
    return any(map(os.path.exists, DRIVER_PLACES))


class Gpus:
    """The machine's. Any thread may ask; nothing waits but `look`."""

    def __init__(self, is_there: Callable[[], bool] = is_driver_there) -> None:
        self.is_there = is_there
        self._changed = threading.Condition()
        self._newest: Reading | None = None
        self._asked_at: float | None = None
        """Since when an answer is owed; None: none is."""
        self._not_before = 0.0
        self._is_running = False

    def newest(self) -> Reading | None:
        """The last answer there is, and the next one is asked for. None: none came yet."""
        now = time.monotonic()
        with self._changed:
            if self._asked_at is not None and now - self._asked_at > SILENT_S:
                return Reading(now, problem=f"The NVIDIA driver has not answered for {now - self._asked_at:.0f} s.")
            if self._asked_at is None and now >= self._not_before:
                self._asked_at = now
                if not self._is_running:
                    self._is_running = True
                    threading.Thread(target=self._answer, name="gpus", daemon=True).start()
                self._changed.notify_all()
            return self._newest

    def look(self, timeout_s: float) -> Reading | None:
        """An answer not older than this question, if it comes in time."""
        if not self.is_there():
            return None
        began = time.monotonic()
        with self._changed:
            self._not_before = 0.0
        self.newest()
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None and self._newest.at >= began, timeout_s)
            return self._newest

    def _answer(self) -> None:
        """In a thread that ends, and lets go of the driver, when nobody has asked for a while."""
        nvml: Any = None
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._asked_at is not None, RETRY_S):
                    self._is_running = False
                    break
            began_cpu, pause_s = time.thread_time(), 0.0
            try:
                nvml = nvml or _begun()
                reading = _read(nvml)
            except Exception as error:  # whatever a driver does, the cells and their other values go on
                nvml, pause_s = _ended(nvml), RETRY_S
                reading = Reading(time.monotonic(), problem=f"The NVIDIA driver does not answer: {error}.")
            cost_s = time.thread_time() - began_cpu
            with self._changed:
                self._newest, self._asked_at = reading, None
                self._not_before = reading.at + max(pause_s, cost_s / CPU_SHARE)
                self._changed.notify_all()
        _ended(nvml)


def _begun() -> Any:
    import pynvml  # late: only where there is a driver and somebody asks

    pynvml.nvmlInit()
    return pynvml


def _ended(nvml: Any) -> None:
    if nvml is not None:
        with suppress(nvml.NVMLError):
            nvml.nvmlShutdown()


def _read(nvml: Any) -> Reading:
    """NVMLError if the driver itself fails; a card that fails is named in `problem`."""
    gpus: list[Gpu] = []
    problems: list[str] = []
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            gpus.append(_card(nvml, f"gpu{index}", handle))
            gpus += _parts(nvml, index, handle)
        except nvml.NVMLError as error:
            if error.value == nvml.NVML_ERROR_UNINITIALIZED:
                raise
            problems.append(f"GPU {index} does not answer: {error}.")
    number = _told(nvml, nvml.nvmlSystemGetCudaDriverVersion)
    cuda = f"{number // 1000}.{number % 1000 // 10}" if number else ""
    driver = _told(nvml, nvml.nvmlSystemGetDriverVersion) or ""
    return Reading(time.monotonic(), tuple(gpus), driver, cuda, " ".join(problems))


def _card(nvml: Any, name: str, handle: Any) -> Gpu:
    """NVMLError if it says nothing at all."""
    uuid = str(nvml.nvmlDeviceGetUUID(handle))
    memory = _told(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
    used = _told(nvml, nvml.nvmlDeviceGetUtilizationRates, handle)
    milliwatts = _told(nvml, nvml.nvmlDeviceGetPowerUsage, handle)
    values: dict[str, float] = {}
    if used is not None:
        values["utilisation_share"] = used.gpu / 100
    if memory is not None:
        values["memory_bytes"] = memory.used
    if milliwatts is not None:
        values["power_w"] = milliwatts / 1000
    model = str(_told(nvml, nvml.nvmlDeviceGetName, handle) or "")
    return Gpu(name, uuid, model, memory.total if memory is not None else None, values, _owners(nvml, handle))


def _parts(nvml: Any, index: int, card: Any) -> list[Gpu]:
    """MIG parts of a card, those in use alone; [] where it is not divided."""
    mode = _told(nvml, nvml.nvmlDeviceGetMigMode, card)
    if mode is None or mode[0] == 0:
        return []
    found = []
    for number in range(_told(nvml, nvml.nvmlDeviceGetMaxMigDeviceCount, card) or 0):
        handle = _told(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, card, number)
        if handle is not None:
            found.append(_card(nvml, f"gpu{index}_mig{number}", handle))
    return found


def _owners(nvml: Any, handle: Any) -> dict[int, int | None] | None:
    questions = nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetGraphicsRunningProcesses
    lists = [_told(nvml, ask, handle) for ask in questions]
    if lists == [None, None]:
        return None
    return {each.pid: each.usedGpuMemory for listed in lists for each in listed or ()}


def _told(nvml: Any, ask: Callable[..., Any], *about: Any) -> Any:
    """None: this card, or this driver, does not tell. What means that the card is lost goes through."""
    try:
        return ask(*about)
    except nvml.NVMLError as error:
        if error.value in (nvml.NVML_ERROR_GPU_IS_LOST, nvml.NVML_ERROR_RESET_REQUIRED, nvml.NVML_ERROR_UNINITIALIZED):
            raise
        return None


# -- whose they are ----------------------------------------------------------------------------------


def visible(gpus: Iterable[Gpu], devices: str | None) -> list[Gpu]:
    """Those that `CUDA_VISIBLE_DEVICES` leaves: numbers or beginnings of uuids; the first that names nothing ends the list.

    None: not set, all of them. Numbers are CUDA's: on a machine with different cards they may differ from the driver's.
    Source: the CUDA C++ programming guide, "CUDA Environment Variables".
    """
    known = list(gpus)
    if devices is None:
        return known
    chosen: list[Gpu] = []
    for word in filter(None, (each.strip() for each in devices.split(","))):
        if word.isdecimal():
            named = [each for each in known if each.card == f"gpu{int(word)}"]
        elif word.startswith("MIG-"):
            parts = [each for each in known if each.is_part and each.uuid.startswith(word)]
            named = [each for each in known if parts and each.name == parts[0].card] + parts
        else:
            named = [each for each in known if word.startswith("GPU-") and not each.is_part and each.uuid.startswith(word)]
        if not named:
            break
        chosen += [each for each in named if each not in chosen]
    return chosen


def taken_on(gpus: Iterable[Gpu], pids: frozenset[int], devices: str | None) -> dict[str, float]:
    """{'gpu0_memory_bytes': …, 'gpu0_own_memory_bytes': …} of the cards that these processes use.

    Who uses a card is asked of the driver. Where it cannot say it (inside a container it names processes by other numbers, or
    none), all visible cards count: the caller knows that the processes have loaded CUDA.
    """
    seen = visible(gpus, devices)
    ours = [each for each in seen if each.owners and pids & each.owners.keys()]
    if not ours:
        listed = {pid for each in seen for pid in each.owners or ()}
        if listed and all((PROC / str(pid)).exists() for pid in listed):
            return {}
        ours = seen
    cards = {each.card for each in ours if each.is_part}
    values: dict[str, float] = {}
    for each in [*ours, *(each for each in seen if each.name in cards and each not in ours)]:
        values.update({f"{each.name}_{what}": value for what, value in each.values.items()})
        own = [n_bytes for pid, n_bytes in (each.owners or {}).items() if pid in pids and n_bytes is not None]
        if own:
            values[f"{each.name}_own_memory_bytes"] = sum(own)
    return values


def has_cuda(pids: Iterable[int]) -> bool:
    """One of them has loaded the driver's library. A read of `/proc/<pid>/maps` each, up to 1 ms."""
    for pid in pids:
        with suppress(OSError):
            if b"/libcuda.so" in (PROC / str(pid) / "maps").read_bytes():
                return True
    return False


def visible_devices_of(pid: int) -> str | None:
    """`CUDA_VISIBLE_DEVICES` as the process was started with; None: not set. What a cell sets later shows in who uses a card."""
    with suppress(OSError):
        for line in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
            if line.startswith(b"CUDA_VISIBLE_DEVICES="):
                return line.partition(b"=")[2].decode("utf-8", "replace")
    return None

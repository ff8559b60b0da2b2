"""What it costs to know what runs take place in: the kernel's part of a run, to 5 ms; the recorder's share of a core, to 1 %.

    python bench/surround.py [--json] [--seconds 20]

The kernel's part with scikit-learn and pandas loaded, CPU time of the calling thread; after an import of a module in Python, and
after one of a compiled module. The recorder's part with a busy process alone, with 8 and with 100 processes below it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from dotscience_jlab.recording.inbox import Process
from dotscience_jlab.recording.resources.sampler import Resources

LIMIT_MS, LIMIT_SHARE = 5.0, 0.01
PER_RUN = """
import json, os, sys, time, types
import pandas, sklearn.ensemble
from dotscience_jlab.model.events import RunOpened, RunClosed
from dotscience_jlab.model.ids import new_run_id
from dotscience_jlab.tracking.surroundings import Surroundings
around = Surroundings(os.environ, time.time, lambda *events: None, print, lambda params: {})
around.finish()
def one_run():
    began = time.thread_time()
    run = new_run_id()
    around.cell_begins()
    around.around([RunOpened(1.0, run, "implicit")])
    around.loaded_by([run])
    around.around([RunClosed(1.0, run, "finished")])
    return (time.thread_time() - began) * 1e3
one_run()
after = {"": [], ".so": []}
for number in range(20):
    for ending, times in after.items():
        made = sys.modules[f"made_up_{number}{ending}"] = types.ModuleType("made_up")
        made.__file__ = f"made_up{ending}"
        times.append(one_run())
print(json.dumps([[one_run() for _ in range(200)], *after.values(), len(sys.modules)]))
"""
TREE = """
import os, signal, sys, time
for _ in range({n}):
    if not os.fork():
        signal.pause()
print("up", flush=True)
while True: sum(range(100_000))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    rows = [*kernel_rows(), *(recorder_row(n, asked.seconds) for n in (0, 8, 100))]
    if asked.json:
        print(json.dumps(rows, indent=1))
    else:
        for each in rows:
            print(f"{each['cost']:<70} {each['measured']:>9.4f}  limit {each['limit']:<6g} ratio {each['ratio']:.3f}")
    return 0 if all(each["ratio"] <= 1 for each in rows) else 1


def row(cost: str, measured: float, limit: float) -> dict[str, object]:
    return {"cost": cost, "measured": round(measured, 5), "limit": limit, "ratio": round(measured / limit, 4)}


def kernel_rows() -> list[dict[str, object]]:
    ran = subprocess.run([sys.executable, "-c", PER_RUN], check=True, capture_output=True, text=True)
    usual, after_import, after_compiled, n_modules = json.loads(ran.stdout)
    return [
        row(f"one run, ms of CPU in the kernel, {n_modules} modules, median", statistics.median(usual), LIMIT_MS),
        row("the first run after an import, ms, median", statistics.median(after_import), LIMIT_MS),
        row("the first run after a compiled module was loaded, ms, median", statistics.median(after_compiled), LIMIT_MS),
    ]


def recorder_row(n: int, seconds: float) -> dict[str, object]:
    tree = subprocess.Popen([sys.executable, "-c", TREE.format(n=n)], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert tree.stdout is not None
        tree.stdout.readline()
        resources = Resources()
        resources.begins("k-0123456789abcdef", Process(tree.pid, None, None), "k-0123456789abcdef:m1")  # type: ignore[arg-type]
        time.sleep(1.0)
        began, began_cpu = time.monotonic(), time.process_time()
        time.sleep(seconds)
        share = (time.process_time() - began_cpu) / (time.monotonic() - began)
        trace = resources.so_far("k-0123456789abcdef:m1")  # type: ignore[arg-type]
        n_readings = sum(1 for each in trace.points() if each[1] == "cpu_share") if trace else 0
        resources.stop()
    finally:
        os.killpg(tree.pid, 9)
        tree.wait()
    return row(f"the recorder's share of a core, {n + 1} processes, {n_readings} readings in {seconds:g} s", share, LIMIT_SHARE)


if __name__ == "__main__":
    sys.exit(main())

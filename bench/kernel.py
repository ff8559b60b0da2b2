"""What recording costs a kernel: each cost of issue 2 as a ratio to its limit, against an untracked kernel in the same run.

    python bench/kernel.py [--json] [--cells 100] [--calls 20000]

Real kernels, a real recorder, a fresh home. Ratios up to 1.0 keep the promise. Untracked and tracked passes alternate, so that
a busy machine hits both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STARTUP = ROOT / "jupyter-config" / "ipython-startup" / "50-dotscience.py"
N_PASSES = 5

CALLS = """
import time, statistics, dotscience_jlab as ds
from dotscience_jlab.tracking import active
ds.metric("warm", 0.5); ds.log({{f"m{{i}}": 0.1 * i for i in range(10)}}, step=0)
while not active.session()._doorbell.is_connected: time.sleep(0.05)
time.sleep(3)
ten = {{f"m{{i}}": 0.1 * i for i in range(10)}}
def median_us(call):
    times = []
    for _ in range(20):
        began = time.thread_time()
        for step in range({n}): call(step)
        times.append((time.thread_time() - began) / {n} * 1e6)
    return statistics.median(times)
print(median_us(lambda step: ds.metric("loss", 0.5, step=step)), median_us(lambda step: ds.log(ten, step=step)))
"""
"""Once the recorder runs and the environment is listed: a starting process on the core's other half is no cost of a call."""
IMPORT = "import time, IPython\nbegan = time.process_time()\nimport {what}\nprint((time.process_time() - began) * 1e3)"
"""CPU time: an import hardly waits, and another process's load is not our cost."""
IN_KERNEL = """
def install():
    import sys, time as _t, types
    from dotscience_jlab.tracking import active
    session, hooks = active.session(), get_ipython().__dict__['_dotscience_hooks']
    seen = sys.modules['seen_by_the_bench'] = types.ModuleType('seen_by_the_bench')
    seen.waited, seen.hooks, spent = [], [], [0.0]
    def timed(owner, name, done, clock=_t.thread_time):
        call = getattr(owner, name)
        def around(*args, **kwargs):
            began = clock()
            try: return call(*args, **kwargs)
            finally: done((clock() - began) * 1e3)
        setattr(owner, name, around)
    def add(ms): spent[0] += ms
    def closed(ms):  # the last thing of a cell
        seen.hooks.append(spent[0]); spent[0] = 0.0
    timed(session, 'wait_for_recorder', seen.waited.append, _t.perf_counter)
    for name in ('_begin', '_note_result', '_look_at_names', '_see'): timed(hooks, name, add)
    timed(hooks, '_remember', closed)
    while not session._doorbell.is_connected: _t.sleep(0.05)
install(); del install
"""
"""CPU time inside our hooks, in the kernel's thread and in iopub's, cell by cell; and the wait, by the clock, apart from it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cells", type=int, default=100)
    parser.add_argument("--calls", type=int, default=1000)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="ds-bench-"))
    prepare(home)
    rows = [*import_rows(), *call_rows(home, arguments.calls), *cell_rows(home, arguments.cells)]
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print(
                f"{row['cost']:<66} {row['measured']:>9.3f} {row['unit']:<3} limit {row['limit']:>6g}   ratio {row['ratio']:.2f}"
            )
    return 0 if all(row["ratio"] <= 1 for row in rows) else 1


def prepare(home: Path) -> None:
    for name, folder in {
        "HOME": "",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
    }.items():
        (home / folder).mkdir(exist_ok=True)
        os.environ[name] = str(home / folder)
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / STARTUP.name).write_text(STARTUP.read_text())
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(home / "pycache")  # as installed: compiled once
    python("import dotscience_jlab.tracking.ipython, dotscience_jlab.tracking.magics")


def row(cost: str, measured: float, unit: str, limit: float) -> dict[str, Any]:
    return {
        "cost": cost,
        "measured": round(measured, 4),
        "unit": unit,
        "limit": limit,
        "ratio": round(measured / limit, 3),
    }


def import_rows() -> list[dict[str, Any]]:
    bare = [float(python(IMPORT.format(what="dotscience_jlab"))) for _ in range(N_PASSES)]
    verbs = [float(python(IMPORT.format(what="dotscience_jlab.tracking.ipython"))) for _ in range(N_PASSES)]
    return [
        row("import dotscience_jlab on top of IPython", min(bare), "ms", 30),
        row("all of the kernel's side, on top of IPython", min(verbs), "ms", 30),
    ]


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def call_rows(home: Path, n_calls: int) -> list[dict[str, Any]]:
    with Kernel(project(home, "calls")) as kernel:
        metric, log = (float(each) for each in kernel.run(CALLS.format(n=n_calls)).split())
    return [
        row("ds.metric of one value, CPU, median of 20 loops", metric, "µs", 10),
        row("ds.log of ten values, CPU, median of 20 loops", log, "µs", 10),
    ]


def cell_rows(home: Path, n_cells: int) -> list[dict[str, Any]]:
    """Run All of trivial cells, sent at once as the browser does. Of our own time the least disturbed pass: noise only adds."""
    plain, tracked, hooks, waits = [], [], [], []
    for number in range(N_PASSES):
        with Kernel(project(home, f"plain{number}"), {"DOTSCIENCE_DISABLE": "1"}) as kernel:
            kernel.run("1")
            plain.append(kernel.run_all(n_cells))
        with Kernel(project(home, f"tracked{number}")) as kernel:
            kernel.run(IN_KERNEL)
            tracked.append(kernel.run_all(n_cells))
            seen = json.loads(kernel.run("import json, seen_by_the_bench as b; print(json.dumps([b.hooks, b.waited])); del b"))
            hooks.append(seen[0][-n_cells:])
            waits.append(seen[1][-n_cells:])
    whole = min(sum(each) for each in tracked) - min(sum(each) for each in plain)
    return [
        row(
            "CPU added to a cell that logs nothing, p95, without the wait",
            min(percentile(each, 95) for each in hooks),
            "ms",
            1,
        ),
        row(
            "the wait for the recorder, p95, median pass", statistics.median(percentile(w, 95) for w in waits), "ms", 20
        ),
        row(f"Run All of {n_cells} trivial cells: whole cost a cell, the wait included", whole / n_cells, "ms", 20),
    ]


def project(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    return folder


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


class Kernel:
    def __init__(self, cwd: Path, env: dict[str, str] | None = None) -> None:
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(
            cwd=str(cwd), env={**os.environ, "JPY_SESSION_NAME": str(cwd / "bench.ipynb"), **(env or {})}
        )
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: Any) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()

    def run(self, code: str) -> str:
        """What the code prints; an error of it is raised."""
        msg_id = self.client.execute(code)
        text = ""
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            content = message["content"]
            text += content.get("text", "") if message["msg_type"] == "stream" else ""
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if content.get("execution_state") == "idle":
                return text

    def run_all(self, n_cells: int) -> list[float]:
        """Milliseconds from one cell's `idle` to the next one's, all queued beforehand."""
        waiting = {self.client.execute(f"x{number} = {number}") for number in range(n_cells)}
        times, last = [], None
        while waiting:
            message = self.client.get_iopub_msg(timeout=120)
            msg_id = message["parent_header"].get("msg_id")
            if message["content"].get("execution_state") == "idle" and msg_id in waiting:
                waiting.discard(msg_id)
                now = message["header"]["date"].timestamp()
                if last is not None:
                    times.append((now - last) * 1e3)
                last = now
        time.sleep(0.2)
        return times


if __name__ == "__main__":
    sys.exit(main())

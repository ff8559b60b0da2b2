"""What capture costs the user's own work: training, a thousand small files and a long loop, tracked and untracked in turn.

    python bench/capture.py [--json] [--passes 5]

One notebook: scikit-learn is imported and trains, 1,000 small files are read, a Python loop runs 300,000 steps. Passes
alternate; of each cell the least CPU of the kernel counts, all its threads and ours among them, because another process's load only
adds. The ratio of the sums is set against the limit of 1.02; the ratio by the clock is as good as the machine is quiet.
Then `ds.log` of ten values 100,000 times: points a second of the training thread's CPU.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from _kernels import environment, stop_recorders, timed_cells

LIMIT = 1.02
POINTS_PER_S = 1_000_000
N_FILES = 1000
TIMED = """
import time
class timed:
    def __init__(self, name): self.name = name
    def __enter__(self): self.began, self.cpu = time.perf_counter(), time.process_time()
    def __exit__(self, *_):
        cpu, wall = time.process_time() - self.cpu, time.perf_counter() - self.began
        with open({times!r}, 'a') as file: file.write(f'{{self.name}}|{{cpu}}|{{wall}}\\n')
"""
"""The same in both; the time between cells, where the kernel waits for the recorder, is bench/kernel.py's."""
CELLS = (
    "with timed('train'):\n    import sklearn.ensemble, sklearn.datasets\n"
    "    X, y = sklearn.datasets.make_classification(3000, 20, random_state=0)\n"
    "    model = sklearn.ensemble.RandomForestClassifier(60, random_state=0).fit(X, y)",
    f"with timed('read {N_FILES} files'):\n    total = 0\n    for n in range({N_FILES}):\n"
    "        with open(f'small/{n}.txt') as file: total += len(file.read())",
    "with timed('300,000 steps'):\n    x = 0.5\n    for step in range(300_000):\n        x = 3.7 * x * (1 - x)\n"
    "        x = min(max(x, 0.0), 1.0)",
)
LOG = """
import dotscience_jlab as ds, time
values = {{f"m{{i}}": 0.1 * i for i in range(10)}}
ds.log(values, step=0)
rates = []
for part in range(10):
    began = time.thread_time()
    for step in range(part * 10_000, part * 10_000 + 10_000): ds.log(values, step=step)
    rates.append(100_000 / (time.thread_time() - began))
with open({rates!r}, 'w') as file: file.write('\\n'.join(map(str, rates)))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--passes", type=int, default=5)
    asked = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="ds-bench-"))
    try:
        rows = [*cost_rows(base, asked.passes), rate_row(base)]
    finally:
        stop_recorders(base)
        shutil.rmtree(base, ignore_errors=True)
    if asked.json:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            print("   ".join(f"{key} {value}" for key, value in row.items()))
    return 0 if all(row["is_kept"] for row in rows) else 1


def cost_rows(base: Path, n_passes: int) -> list[dict[str, object]]:
    folder = project(base, "work")
    (folder / "small").mkdir()
    for n in range(N_FILES):
        (folder / "small" / f"{n}.txt").write_text(f"{n}\n" * 50)
    times: dict[str, dict[str, list[tuple[float, float]]]] = {"untracked": {}, "tracked": {}}
    for number in range(n_passes):
        for way, more in (("untracked", {"DOTSCIENCE_DISABLE": "1"}), ("tracked", {})):
            told = base / f"{way}{number}.txt"
            timed_cells(folder, environment(base, f"{way}{number}", **more), [TIMED.format(times=str(told)), *CELLS])
            for line in told.read_text().splitlines():
                name, cpu, wall = line.split("|")
                times[way].setdefault(name, []).append((float(cpu), float(wall)))
            shutil.rmtree(folder / ".dotscience", ignore_errors=True)
    least = {way: {name: _least(spent) for name, spent in of.items()} for way, of in times.items()}
    rows = [row(name, [least["untracked"][name]], [least["tracked"][name]], None) for name in least["tracked"]]
    return [*rows, row("all of it", list(least["untracked"].values()), list(least["tracked"].values()), LIMIT)]


def _least(spent: list[tuple[float, float]]) -> tuple[float, float]:
    """The least CPU, the least time by the clock."""
    return min(cpu for cpu, _ in spent), min(wall for _, wall in spent)


def row(
    what: str, untracked: list[tuple[float, float]], tracked: list[tuple[float, float]], limit: float | None
) -> dict[str, object]:
    plain, mine = sum(cpu for cpu, _ in untracked), sum(cpu for cpu, _ in tracked)
    by_clock = sum(wall for _, wall in tracked) / sum(wall for _, wall in untracked)
    return {
        "what": what, "untracked_cpu_s": round(plain, 4), "tracked_cpu_s": round(mine, 4), "ratio": round(mine / plain, 4),
        "ratio_by_clock": round(by_clock, 4), "limit": limit, "is_kept": limit is None or mine / plain <= limit,
    }  # fmt: skip


def rate_row(base: Path) -> dict[str, object]:
    folder, told = project(base, "log"), base / "rates.txt"
    timed_cells(folder, environment(base, "logging"), [LOG.format(rates=str(told))])
    rate = statistics.median(map(float, told.read_text().split()))
    return {
        "what": "ds.log of ten values 100,000 times", "points_per_s": round(rate), "goal": POINTS_PER_S,
        "is_kept": rate >= POINTS_PER_S,
    }  # fmt: skip


def project(base: Path, name: str) -> Path:
    folder = base / name
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    return folder


if __name__ == "__main__":
    sys.exit(main())

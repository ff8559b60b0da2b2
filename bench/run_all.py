"""What *Run All* costs on a big folder: 60 cells that work, tracked and untracked in turn, as a ratio to the limit of 1.05.

    python bench/run_all.py [--json] [--cells 60] [--files 10000] [--passes 3] [--case NAME]

The folder holds 10,000 small files and 30 GB of sparse data. Four cases: a recorder that answers, one whose disk is slow (each of
its file calls takes 5 ms longer, by strace), one that is stopped (SIGSTOP: it holds the socket and says nothing), and one that
cannot be started at all.
Every cell reads a small file, works for about 0.1 s and rewrites a result. Passes alternate; the median of the ratios of
neighbours counts, and the ratio of the quickest passes stands beside it: where it is far off, the machine was not quiet.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _kernels import environment, recorder_pids, stop_recorders, timed_cells

LIMIT = 1.05
SLOW_CALLS = "openat,newfstatat,rename,renameat,link,unlink,mkdir,fsync,fdatasync,getdents64"
SLOWER_US = 5000
CASES = ("recorder answers", "slow disk", "recorder stopped", "no recorder")
CELL = """
import hashlib, pathlib
data = pathlib.Path("small/{n}.txt").read_text()
digest = data.encode()
for _ in range(240_000): digest = hashlib.sha256(digest).digest()
pathlib.Path("result.txt").write_text(digest.hex())
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cells", type=int, default=60)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--case", action="append", choices=CASES)
    asked = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="ds-bench-"))
    try:
        folder = make_folder(base / "project", asked.files)
        cases = [case for case in asked.case or CASES if case != "slow disk" or shutil.which("strace")]
        rows = [measure(case, folder, base, asked) for case in cases]
    finally:
        stop_recorders(base)
        shutil.rmtree(base, ignore_errors=True)
    print(json.dumps(rows, indent=1) if asked.json else table(rows))
    return 0 if all(row["of_limit"] <= 1 for row in rows) else 1


def make_folder(folder: Path, n_files: int) -> Path:
    (folder / "small").mkdir(parents=True)
    (folder / "requirements.txt").write_text("")
    for n in range(n_files):
        (folder / "small" / f"{n}.txt").write_text(f"{n}\n" * 20)
    for n in range(3):
        with open(folder / f"data-{n}.bin", "wb") as file:
            file.truncate(10_000_000_000)
    return folder


def measure(case: str, folder: Path, base: Path, asked: argparse.Namespace) -> dict[str, object]:
    tracked, untracked = [], []
    cells = [CELL.format(n=n) for n in range(asked.cells)]
    for number in range(asked.passes):
        untracked.append(timed_cells(folder, environment(base, f"plain{number}", DOTSCIENCE_DISABLE="1"), cells))
        environ = environment(base, f"{case}{number}".replace(" ", "-"))
        if case == "no recorder":
            Path(environ["JUPYTER_RUNTIME_DIR"]).rmdir()
            Path(environ["JUPYTER_RUNTIME_DIR"]).write_text("a file where the socket's folder should be")
        tracked.append(timed_cells(folder, environ, cells, lambda home=Path(environ["HOME"]): hinder(case, home)))
        stop_recorders(base)
        shutil.rmtree(folder / ".dotscience", ignore_errors=True)
    ratio = statistics.median(mine / plain for mine, plain in zip(tracked, untracked, strict=True))
    return {
        "case": case,
        "untracked_s": round(statistics.median(untracked), 3),
        "tracked_s": round(statistics.median(tracked), 3),
        "ratio": round(ratio, 4),
        "ratio_of_quickest": round(min(tracked) / min(untracked), 4),
        "limit": LIMIT,
        "of_limit": round(ratio / LIMIT, 3),
    }


def hinder(case: str, home: Path) -> None:
    """Does to the recorders at `home` what the case is about."""
    for pid in recorder_pids(home):
        if case == "recorder stopped":
            os.kill(pid, signal.SIGSTOP)
        elif case == "slow disk":
            make_slow(pid)


def make_slow(pid: int) -> None:
    """Until the process ends; strace ends with it."""
    inject = f"inject={SLOW_CALLS}:delay_enter={SLOWER_US}"
    tracer = subprocess.Popen(["strace", "-f", "-qqq", "-o", os.devnull, "-p", str(pid), "-e", f"trace={SLOW_CALLS}", "-e", inject])
    time.sleep(1)
    if tracer.poll() is not None:
        raise SystemExit("strace may not trace here")


def table(rows: list[dict[str, object]]) -> str:
    lines = [f"{'case':20} {'untracked':>10} {'tracked':>10} {'ratio':>8} {'quickest':>9} {'limit':>6}"]
    for row in rows:
        times = f"{row['untracked_s']:>9} s {row['tracked_s']:>8} s"
        ratios = f"{row['ratio']:>8} {row['ratio_of_quickest']:>9} {row['limit']:>6}"
        lines.append(f"{row['case']:20} {times} {ratios}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

"""What a folder of 100,000 data files costs after a cell, beside git and beside a folder of a thousand taken in the same run.

    python bench/store_big_folder.py [--files 100000] [--json]
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

from _measure import Report, Spent, measured

from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.open import open_store

SMALL = 1000
DEFAULT = KeepRules(free_bytes=0, free_share=0.0)
ALL = KeepRules(free_bytes=0, free_share=0.0, n_files=10_000_000)


def make_folder(root: Path, n_files: int) -> Path:
    for n in range(n_files):
        folder = root / f"d{n // 100:04}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{n % 100}.bin").write_text(f"{n}\n" * 20)
    return root / "d0000/f3.bin"


def after_a_cell(root: Path, changed: Path, rules: KeepRules) -> Spent:
    """One file changed, the system's news believed; the folder's first snapshots are made before."""
    store = open_store(root, create=True)

    def look(_: int) -> None:
        result = store.scan(rules)
        store.publish(SnapshotDraft("a cell", instant(time.time()), dict(result.edits)))

    look(0), look(0)
    assert store.why_all_is_looked_at == ""
    spent = measured(look, before=lambda n: changed.write_text(f"{n} {time.time()}"))
    store.close()
    return spent


def git_after_a_cell(root: Path, changed: Path) -> Spent:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=y", *words], check=True, capture_output=True)

    git("init", "-q")
    (root / ".git/info/exclude").write_text(".dotscience\n")
    git("add", "-A")
    git("commit", "-qm", "first")
    return measured(
        lambda _: (git("add", "-A"), git("commit", "-qm", "one")), before=lambda n: changed.write_text(f"{n} {time.time()}")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    report = Report(chosen.json)
    with tempfile.TemporaryDirectory() as folder:
        few, many, most = (Path(folder, name) for name in ("few", "many", "most"))
        beside = after_a_cell(few, make_folder(few, SMALL), ALL)
        changed = make_folder(many, chosen.files)
        ours = after_a_cell(many, changed, ALL)
        by_default = after_a_cell(most, make_folder(most, chosen.files), DEFAULT)
        what = f"1 of {chosen.files:,} files changed"
        report.row(what, ours, "git add -A, commit", git_after_a_cell(many, changed), 0.1)
        report.row(what, ours, f"1 of {SMALL:,} files changed", beside)
        report.row(f"{what}, 20,000 of them kept", by_default, f"1 of {SMALL:,} files changed", beside)
    report.finish()


if __name__ == "__main__":
    main()

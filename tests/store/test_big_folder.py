"""A project of 100,000 files: what is kept of it by default, that the rest costs nothing, and what memory it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, re, sys
from pathlib import Path
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.open import open_store
from dotscience_jlab.model.snapshot import SnapshotDraft
def peak(): return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
root, rules, told = Path(sys.argv[1]), KeepRules(free_bytes=0, free_share=0.0, **json.loads(sys.argv[2])), []
store = open_store(root, create=True)
before = peak()
def look():
    result = store.scan(rules)
    made = store.publish(SnapshotDraft("look", "2026-11-21T09:18:00.000000Z", dict(result.edits)))
    told.append({"n_edits": len(result.edits), "n_stats": result.n_stats, "n_skipped": result.n_skipped,
                 "reasons": sorted({each.reason for each in result.skipped}), "n_kept": len(store.tree(made.id))})
look(); look()
(root / "d000/f3.bin").write_text("changed")
look(); look()
print(json.dumps({"looks": told, "more_bytes": peak() - before, "why_all": store.why_all_is_looked_at}))
store.close()
"""


@pytest.fixture(scope="module", params=[pytest.param(100_000, marks=pytest.mark.slow(share=0)), 1000])
def n_files(request: pytest.FixtureRequest) -> int:
    return request.param


def looks(root: Path, n_made: int, rules: dict[str, int]) -> dict:
    for n in range(n_made):
        folder = root / f"d{n // 100:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{n % 100}.bin").write_text(f"{n}\n" * 10)
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(root), json.dumps(rules)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_all_of_it(root: Path, n_files: int) -> None:
    told = looks(root, n_files, {"n_files": 1_000_000})
    first, same, changed, again = told["looks"]
    assert told["why_all"] == "" and first["n_skipped"] == 0
    assert (first["n_edits"], first["n_stats"], first["n_kept"]) == (n_files, n_files, n_files)
    assert (same["n_edits"], same["n_stats"]) == (0, 0)
    assert (changed["n_edits"], changed["n_stats"], changed["n_kept"]) == (1, 1, n_files)
    assert (again["n_edits"], again["n_stats"]) == (0, 0)
    assert told["more_bytes"] < 20_000_000 + 2500 * n_files


def test_a_fifth_of_it_and_the_rest_is_named_and_not_looked_at(root: Path, n_files: int) -> None:
    """By default 20,000 files are kept, and code beyond them."""
    chosen = {} if n_files == 100_000 else {"n_files": n_files // 5}
    told = looks(root, n_files, chosen)
    first, same, changed, _ = told["looks"]
    n_left_out = n_files - n_files // 5
    assert first["n_kept"] == n_files // 5 and first["reasons"] == [f"The folder holds more than {n_files // 5:,} files."]
    assert [each["n_skipped"] for each in told["looks"]] == [n_left_out] * 4
    assert (same["n_stats"], changed["n_stats"], changed["n_edits"]) == (0, 1, 1)
    assert told["more_bytes"] < 20_000_000 + 1000 * n_files

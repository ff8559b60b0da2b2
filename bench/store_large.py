"""What large files cost: `python bench/store_large.py [--mib 1024] [--json]`.

The file's bytes are random, so nothing can be saved by compressing; it lies in the page cache. Every peer is taken in the same run.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from _measure import Report, Spent, measured
from blake3 import blake3
from pyfastcdc import FastCDC

from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.chunks import SIZES
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.patch import differing, pieces_of

MIB = 1 << 20
ROOMY = KeepRules(small_file_bytes=2**40, data_bytes=2**40, free_bytes=0, free_share=0.0)
FIRST_LIMIT, AGAIN_LIMIT = 1.5, 0.5
RESTORE_LIMIT = 1.0
STORED_MIB_LIMIT, MEMORY_MIB_LIMIT = 4.0, 150.0


def snapshot(store: History) -> None:
    store.publish(SnapshotDraft("a cell", instant(time.time()), dict(store.scan(ROOMY).edits)))


def fresh(root: Path) -> History:
    shutil.rmtree(root / ".dotscience", ignore_errors=True)
    return open_store(root, create=True)


def make_versions(folder: Path, n_mib: int) -> dict[str, Path]:
    """first; middle: 1 MiB changed; front: 1 MiB put in before all."""
    made = {name: folder / name for name in ("first", "middle", "front")}
    files = [open(path, "wb") for path in made.values()]
    files[2].write(os.urandom(MIB))
    for n in range(n_mib):
        block = os.urandom(MIB)
        for file, data in zip(files, (block, os.urandom(MIB) if n == n_mib // 2 else block, block)):
            file.write(data)
    for file in files:
        file.close()
    os.sync()  # else the next one who writes pays for writing these back
    return made


def parts(path: Path) -> dict[str, Spent]:
    """What any store of this kind has to do to each byte, one part after the other, each as its library does it."""
    with open(path, "rb") as file:
        data = file.read()

    def copy(_: int) -> None:
        path.with_name("copy").unlink(missing_ok=True)
        with open(path, "rb", buffering=0) as source, open(path.with_name("copy"), "wb", buffering=0) as target:
            while block := source.read(MIB):
                target.write(block)

    def chunker(_: int) -> None:
        cutter = FastCDC(SIZES.average, min_size=SIZES.least, max_size=SIZES.most, normalized_chunking=1)
        for _chunk in cutter.cut_buf(data):
            pass

    return {
        "sha1": measured(lambda _: hashlib.sha1(data).digest()),
        "sha256": measured(lambda _: hashlib.sha256(data).digest()),
        "crc32": measured(lambda _: zlib.crc32(data)),
        "adler32": measured(lambda _: zlib.adler32(data)),
        "blake3": measured(lambda _: blake3(data).digest()),
        "chunker": measured(chunker),
        "copy": measured(copy),
    }


def bench_file(root: Path, n_mib: int, report: Report) -> None:
    versions = make_versions(root, n_mib)
    spent = parts(versions["first"])
    whole = spent["sha1"] * 2 + spent["crc32"] + spent["adler32"] + spent["blake3"] + spent["chunker"] + spent["copy"]
    peer = "2 sha1, crc32, adler32, blake3, chunker, copy"
    (root / "copy").unlink()
    folder = root / "project"
    folder.mkdir()
    os.link(versions["first"], folder / "big")
    stores: list[History] = []

    def first(_: int) -> None:
        while stores:  # else what it wrote stays in memory, and each round has to find other pages for itself
            stores.pop().close()
        stores.append(fresh(folder))
        os.sync()

    report.row(f"first store of {n_mib:,} MiB, until kept", measured(lambda _: stores[-1].scan(ROOMY), before=first), peer, whole,
               FIRST_LIMIT)
    report.row(f"first store of {n_mib:,} MiB, until on the disk", measured(lambda _: snapshot(stores[-1]), before=first), peer,
               whole, FIRST_LIMIT)
    report.amount("memory for it, above the start of the process", memory_mib(folder), "MiB", MEMORY_MIB_LIMIT)
    store = fresh(folder)
    for what, name in (("1 MiB changed in the middle", "middle"), ("1 MiB put in at the start", "front")):
        stored: list[int] = []

        def restored(_: int) -> None:
            put(versions["first"], folder / "big")
            snapshot(store)
            put(versions[name], folder / "big")  # noqa: B023
            os.sync()
            stored.append(disk_bytes(folder))  # noqa: B023

        ours = measured(lambda _: snapshot(store), before=restored)
        report.row(f"{what}: looked at and kept again", ours, "sha256 of the file", spent["sha256"], AGAIN_LIMIT)
        report.amount(f"{what}: stored", (disk_bytes(folder) - stored[0]) / MIB, "MiB", STORED_MIB_LIMIT)
    digest = store.tree(store.snapshots(limit=1)[0].id)["big"].digest  # type: ignore[index]
    report.row("the file read back, every byte checked", measured(lambda _: sum(map(len, store.read_file(digest)))),
               "sha1 and a copy of it", spent["sha1"] + spent["copy"])
    store.close()


def bench_restore(root: Path, n_mib: int, report: Report) -> None:
    """Two versions that differ by 1 MiB, put back one over the other. The peer writes the same chunks to the same places."""
    versions = make_versions(root, n_mib)
    folder = root / "project"
    folder.mkdir()
    store = open_store(folder, create=True)
    shots, entries = [], []
    for name in ("first", "middle"):
        shutil.copyfile(versions[name], folder / "big")
        os.sync()
        time.sleep(0.1)  # read a while after it was written: then a look at it costs one stat
        snapshot(store)
        shots.append(store.snapshots(limit=1)[0])
        entries.append(store.tree(shots[-1].id)["big"])  # type: ignore[index]
    pieces = [pieces_of(store.objects, each.digest) for each in entries]
    differ = [differing(pieces[n], pieces[1 - n]) for n in (0, 1)]
    at = 1

    def patch(_: int) -> None:
        nonlocal at
        done = store.put_backs.patch("big", entries[at], entries[1 - at], shots[at].id, shots[1 - at].id)  # type: ignore[arg-type]
        assert done
        at = 1 - at

    def bare(n: int) -> None:
        fd = os.open(versions["middle"], os.O_RDWR)
        for piece in differ[n % 2]:
            os.pwrite(fd, store.objects.blob(piece.id), piece.offset)
        os.fsync(fd)
        os.close(fd)

    def quiet(_: int) -> None:
        os.sync()

    peer = measured(bare, 11, before=quiet)
    ours = measured(patch, 11, before=quiet)
    report.row(f"1 MiB of {n_mib:,} put back, after the safety snapshot", ours, "5 ms, the same chunks read, written, synced",
               peer + Spent(0.005, 0.005), RESTORE_LIMIT)
    data = versions["first"].read_bytes()
    fast, hashed = measured(lambda _: blake3(data).digest(), 3), "blake3 of the file"
    report.row("the safety snapshot, where all is kept already", measured(lambda _: snapshot(store)), hashed, fast)
    report.row("the snapshot after it, nothing read again", measured(lambda _: snapshot(store), before=patch), hashed, fast)
    store.close()


def put(version: Path, place: Path) -> None:
    """Another inode each time, as an editor that writes a new file and renames it."""
    place.unlink()
    shutil.copyfile(version, place)


def disk_bytes(folder: Path) -> int:
    objects = folder / ".dotscience/store.git/objects"
    return sum(path.stat().st_size for path in objects.rglob("*") if path.is_file())


MEMORY = """
import re, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from store_large import fresh, snapshot
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
store = fresh(Path(sys.argv[1]))
before = peak()
snapshot(store)
print(peak() - before)
"""


def memory_mib(folder: Path) -> float:
    """Of a process of its own; by what Linux says of it, because `getrusage` counts the parent's memory before exec too."""
    here = str(Path(__file__).parent)
    return float(subprocess.run([sys.executable, "-c", MEMORY, str(folder), here], check=True, capture_output=True).stdout)


def bench_git(root: Path, n_mib: int, report: Report) -> None:
    """The same file, then with 1 MiB changed in the middle, kept by git itself; and a clone of our history of it."""
    versions = make_versions(root, n_mib)
    theirs = root / "theirs"

    def git(*words: str) -> None:
        named = ("-c", "user.name=x", "-c", "user.email=y")
        subprocess.run(["git", "-C", str(theirs), *named, *words], check=True, capture_output=True)

    def keep(name: str) -> None:
        shutil.copyfile(versions[name], theirs / "big")
        git("add", "-A")
        git("commit", "-qm", name)

    def new(_: int) -> None:
        shutil.rmtree(theirs, ignore_errors=True)
        theirs.mkdir()
        git("init", "-q")

    git_first = measured(lambda _: keep("first"), 1, before=new)
    git_middle = measured(lambda _: keep("middle"), 1)
    git_bytes = sum(path.stat().st_size for path in (theirs / ".git/objects").rglob("*") if path.is_file())
    folder = root / "ours"
    folder.mkdir()
    store = open_store(folder, create=True)

    def ours(name: str) -> None:
        shutil.copyfile(versions[name], folder / "big")
        snapshot(store)

    report.row(f"{n_mib} MiB kept for the first time", measured(lambda _: ours("first"), 1), "git add, git commit", git_first)
    report.row("1 MiB of it changed", measured(lambda _: ours("middle"), 1), "git add, git commit", git_middle)
    report.amount("both versions on the disk", disk_bytes(folder) / MIB, "MiB", git_bytes / MIB)

    def clone(source: Path) -> None:
        shutil.rmtree(root / "clone", ignore_errors=True)
        words = ["git", "clone", "-q", "--bare", "--no-local", str(source), str(root / "clone")]
        subprocess.run(words, check=True, capture_output=True)

    report.row("git clone --no-local of both", measured(lambda _: clone(folder / ".dotscience/store.git"), 1),
               "git clone --no-local of git's own", measured(lambda _: clone(theirs), 1))
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="size of the file")
    parser.add_argument("--peer-mib", type=int, default=256, help="size of the file that git keeps too")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    report = Report(chosen.json)
    for act, n_mib in ((bench_file, chosen.mib), (bench_restore, chosen.mib), (bench_git, chosen.peer_mib)):
        with tempfile.TemporaryDirectory() as folder:
            act(Path(folder), n_mib, report)
    report.finish()


if __name__ == "__main__":
    main()

"""The same work kept by us, by git, git-lfs and DVC: `python bench/peers.py [--mib 256] [--files 10000] [--rounds 3] [--json]`.

Those on the PATH are measured, the others named. The start of their programs counts, as it does for whoever types their names; ours
runs already, as the recorder does. Of DVC only `dvc add` counts, not the commit that makes a version of it. Ours ends when all
is on the disk, and a restore of ours takes both its snapshots and checks every byte it writes.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Callable, Protocol

from _measure import Report, Spent, measured, measured_in_turn
from dulwich import porcelain
from store import make_folder
from store import snapshot as small_snapshot
from store_large import MIB, ROOMY, make_versions, snapshot

from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.snapshot import Snapshot, SnapshotDraft
from dotscience_jlab.recording.restore import apply_restore
from dotscience_jlab.recording.restore_plan import plan_restore
from dotscience_jlab.store.open import open_store

DULWICH_LIMIT, PEER_LIMIT = 0.01, 1.0
FIRST, CHANGED, INSERTED = "kept for the first time", "1 MiB of it changed", "1 MiB put in at its start"
BACK = "restored, which changes 1 MiB"
BACK_FAR = "restored, which moves all of it"
Step = Callable[[], object]


class Tool(Protocol):
    """Keeps versions of `folder/big`; what it needs of a home lies beside that."""

    name: str

    def keep(self, version: str) -> None: ...

    def note(self, version: str) -> None:
        """What comes after `keep` so that the version can be named; its time does not count."""

    def restore(self, version: str) -> None: ...

    def disk_bytes(self) -> int: ...


@dataclass
class Ours:
    folder: Path
    name: str = "ours"
    shots: dict[str, Snapshot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = open_store(self.folder, create=True)

    def keep(self, version: str) -> None:
        snapshot(self.store)

    def note(self, version: str) -> None:
        self.shots[version] = self.store.snapshots(limit=1)[0]

    def restore(self, version: str) -> None:
        def take_snapshot(message: str, reason: str, touched: object) -> Snapshot:
            edits = dict(self.store.scan(ROOMY).edits)
            return self.store.publish(SnapshotDraft(message, instant(time.time()), edits, reason=reason))

        wanted = self.shots[version].id
        plan = plan_restore(self.store, wanted, ["big"], rules=ROOMY)
        apply_restore(self.store, wanted, ["big"], plan.plan_digest, take_snapshot=take_snapshot, rules=ROOMY)

    def disk_bytes(self) -> int:
        return bytes_under(self.folder / ".dotscience")


@dataclass
class Git:
    folder: Path
    name: str = "git"

    def __post_init__(self) -> None:
        home = self.folder.parent / f"{self.folder.name}-home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DVC_"))},
            "HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1",
            "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(home / "site"), "DVC_GLOBAL_CONFIG_DIR": str(home / "dvc"),
            "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "y", "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "y",
        }
        self.run("git", "init", "-q")
        self.prepare()

    def prepare(self) -> None:
        pass

    def run(self, *words: str) -> None:
        done = subprocess.run(words, cwd=self.folder, env=self._environ, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"`{' '.join(words)}` failed: {done.stderr}")

    def keep(self, version: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", version)

    def note(self, version: str) -> None:
        self.run("git", "tag", version)

    def restore(self, version: str) -> None:
        self.run("git", "checkout", "-q", version, "--", "big")

    def disk_bytes(self) -> int:
        return bytes_under(self.folder / ".git")


class GitLfs(Git):
    def prepare(self) -> None:
        self.run("git", "lfs", "install", "--local")
        self.run("git", "lfs", "track", "big")


class Dvc(Git):
    def prepare(self) -> None:
        self.run("dvc", "init", "-q")

    def keep(self, version: str) -> None:
        self.run("dvc", "add", "-q", "big")

    def note(self, version: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", version)
        self.run("git", "tag", version)

    def restore(self, version: str) -> None:
        self.run("git", "checkout", "-q", version, "--", "big.dvc")
        self.run("dvc", "checkout", "-q", "--force", "big.dvc")

    def disk_bytes(self) -> int:
        return bytes_under(self.folder / ".git") + bytes_under(self.folder / ".dvc")


@dataclass(frozen=True)
class Peer:
    name: str
    program: str
    make: Callable[[Path, str], Tool]
    version: tuple[str, ...]


PEERS = (
    Peer("git", "git", Git, ("git", "--version")),
    Peer("git-lfs", "git-lfs", GitLfs, ("git-lfs", "version")),
    Peer("dvc", "dvc", Dvc, ("dvc", "--version")),
)


def bytes_under(folder: Path) -> int:
    """As the disk counts them: whole blocks."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def play(tool: Tool, folder: Path, versions: dict[str, Path]) -> dict[str, Spent]:
    """One round: row -> what it cost. A version is put in place as an editor does it: a new file, renamed."""
    spent: dict[str, Spent] = {}

    def put(version: str) -> None:
        shutil.copyfile(versions[version], folder / "new")
        os.replace(folder / "new", folder / "big")
        os.sync()  # else the next one who writes pays for writing these back

    def step(row: str, act: Step) -> None:
        spent[row] = measured(lambda _: act(), 1, before=lambda _: (os.sync(), time.sleep(0.2)))

    def kept(row: str, version: str) -> None:
        put(version)
        step(row, lambda: tool.keep(version))
        tool.note(version)

    def back(row: str) -> None:
        step(row, lambda: tool.restore("first"))
        with open(folder / "big", "rb") as held, open(versions["first"], "rb") as wanted:
            while block := wanted.read(MIB):
                assert held.read(MIB) == block, f"{tool.name} restored other bytes"
            assert not held.read(1), f"{tool.name} restored more"

    kept(FIRST, "first")
    kept(CHANGED, "middle")
    back(BACK)
    kept(INSERTED, "front")
    back(BACK_FAR)
    return spent


def bench_large(root: Path, report: Report, peers: list[Peer], n_mib: int, rounds: int) -> None:
    versions = make_versions(root, n_mib)
    spent: dict[str, dict[str, list[Spent]]] = defaultdict(lambda: defaultdict(list))
    disk: dict[str, list[int]] = defaultdict(list)

    def one_round(name: str, make: Callable[[Path, str], Tool]) -> None:
        folder = root / name
        folder.mkdir()
        tool = make(folder, name)
        for row, cost in play(tool, folder, versions).items():
            spent[name][row].append(cost)
        disk[name].append(tool.disk_bytes())
        if isinstance(tool, Ours):
            tool.store.close()
        shutil.rmtree(folder)

    for _ in range(rounds):
        one_round("ours", Ours)
        for peer in peers:
            one_round(peer.name, peer.make)
    for row in (FIRST, CHANGED, BACK, INSERTED, BACK_FAR):
        for peer in peers:
            report.row(f"{n_mib} MiB: {row}", middle(spent["ours"][row]), peer.name, middle(spent[peer.name][row]), PEER_LIMIT)
    for peer in peers:
        ours, theirs = median(disk["ours"]) / MIB, median(disk[peer.name]) / MIB
        report.amount(f"{n_mib} MiB: three versions on the disk, beside {peer.name}", ours, "MiB", theirs)


def middle(rounds: list[Spent]) -> Spent:
    return Spent(median(each.cpu_s for each in rounds), median(each.wall_s for each in rounds))


def bench_many(root: Path, report: Report, n_files: int) -> None:
    """One notebook changed among many files, beside dulwich's porcelain, told which file it is and not told."""
    notebook = make_folder(root, n_files)
    repo = porcelain.init(str(root))
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/exclude").write_text(".dotscience\n")
    config = repo.get_config()
    config.set((b"gc",), b"auto", b"0")  # else ten thousand files are deleted first, whose places ext4 avoids for minutes
    config.write_to_path()
    repo.close()

    def change(n: int) -> None:
        notebook.write_text(json.dumps({"n": n, "at": time.time()}))
        gc.collect()  # what the one before left behind is not swept in the next one's time

    def commit(paths: list[str] | None) -> None:
        porcelain.add(str(root), paths)
        porcelain.commit(str(root), message=b"one", author=b"x <y>", committer=b"x <y>")

    commit(None)
    store = open_store(root, create=True)
    small_snapshot(store)
    time.sleep(0.1)
    small_snapshot(store)
    told, looked, ours = measured_in_turn(
        [lambda _: commit([str(notebook)]), lambda _: commit(None), lambda _: small_snapshot(store)], 10, before=change
    )
    store.close()
    what = f"one notebook of {n_files:,} files changed"
    report.row(what, ours, "dulwich's porcelain, told which", told, DULWICH_LIMIT)
    report.row(what, ours, "dulwich's porcelain, told nothing", looked, DULWICH_LIMIT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mib", type=int, default=256, help="size of the file")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3, help="of the large file, for each tool")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    report = Report(chosen.json)
    peers = []
    for peer in PEERS:
        if shutil.which(peer.program):
            told = subprocess.run(peer.version, capture_output=True, text=True, check=True).stdout.strip()
            report.note(f"beside {told if peer.name in told else f'{peer.name} {told}'}")
            peers.append(peer)
        else:
            report.note(f"not beside {peer.name}: it is not on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        bench_many(Path(folder), report, chosen.files)
    with tempfile.TemporaryDirectory() as folder:
        bench_large(Path(folder), report, peers, chosen.mib, chosen.rounds)
    report.finish()


if __name__ == "__main__":
    main()

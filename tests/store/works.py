"""What may be killed, and what must hold afterwards: a table of works, each a few steps that can be told apart.

A work is prepared once, then done step by step in a process of its own, which says after each step that it was acknowledged.
To have another one killed in every way, add a line to WORKS.
"""

from __future__ import annotations

import hashlib
import mmap
import multiprocessing
import os
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

from dotscience_jlab.errors import DotscienceError
from dotscience_jlab.model.execution import Execution
from dotscience_jlab.model.remote import Remote
from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.recording.exchange import push
from dotscience_jlab.recording.restore import apply_restore
from dotscience_jlab.recording.restore_plan import plan_restore
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.check import check_history
from dotscience_jlab.store.exchange import Exchange
from dotscience_jlab.store.far_side import begin_repository
from dotscience_jlab.store.fork_store import copy_history
from dotscience_jlab.store.git import GitObjects
from dotscience_jlab.store.history import History
from dotscience_jlab.store.lock import StoreLock
from dotscience_jlab.store.maintenance import tidy
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.records import read_segment

from .contract import AT, execution, run
from .strace import FILES, Strace, calls_of

ROOMY = KeepRules(free_bytes=0, free_share=0.0)
N_FILES = 7
PROCESSES = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Work:
    step: Callable[[History, int], None]
    """Do step n; when it returns, it is acknowledged."""
    found: Callable[[History], list[int]]
    """Steps whose effect is there, in order, with repetitions if one is there twice; each looked at to the last byte."""
    prepare: Callable[[Path], None] = lambda root: None
    before: Callable[[Path, int], None] = lambda root, n: None
    """What the user does before step n: no fault of the disk meets it."""


def content(n: int) -> bytes:
    """Of the file that step n writes: from a few bytes to some hundred kilobytes."""
    return hashlib.sha256(b"%d" % n).digest() * (1 + (n * 37) % 97 * (100 if n % 5 == 0 else 1))


def write_files(root: Path, n: int) -> None:
    target = root / f"folder{n % 3}" / f"file{n % N_FILES}"
    target.parent.mkdir(exist_ok=True)
    draft = target.with_name("draft")
    draft.write_bytes(content(n))
    os.replace(draft, target)


def files_after(n: int) -> dict[str, bytes]:
    return {f"folder{each % 3}/file{each % N_FILES}": content(each) for each in range(n + 1)}


def snapshot_step(store: History, n: int) -> None:
    scan = store.scan(ROOMY)
    if scan.skipped:
        raise DotscienceError(f"{scan.skipped[0].path} was left out: {scan.skipped[0].reason}", "Try again.")
    store.publish(SnapshotDraft(f"step {n}", AT % (n % 60), scan.edits), lambda shot: [record_of(n, shot.id)])  # type: ignore[arg-type]


def record_of(n: int, snapshot: str | None = None) -> Execution:
    return replace(execution(n % 60), id=f"k-0123456789abcdef:step{n}", order=n, snapshot=snapshot)  # type: ignore[arg-type]


def snapshots_found(store: History) -> list[int]:
    shots = [each for each in store.snapshots(limit=100_000)[::-1] if each.message.startswith("step ")]
    for shot, before in zip(shots[1:], shots):
        assert shot.parents == (before.id,)
    for shot in shots:
        n = int(shot.message.split()[1])
        held = {path: store.read_blob(entry.digest) for path, entry in store.tree(shot.id).items()}
        assert held == files_after(n), f"snapshot {shot.id} does not restore as it was"
        assert store.index.execution(record_of(n).id).snapshot == shot.id
    return [int(shot.message.split()[1]) for shot in shots]


def append_step(store: History, n: int) -> None:
    outputs = store.put_bytes(content(n))
    store.append([replace(record_of(n), outputs_blob=outputs), replace(run(n % 60), id=f"00000000-0000-4000-8000-{n:012d}")])  # type: ignore[arg-type]


def appended(store: History) -> list[int]:
    """Read from git itself: what the index holds may have been merged there."""
    said: Counter[str] = Counter()
    tip = store.objects.ref("refs/ds/records")
    for path, item in walk_raw(store, store.objects.commit(tip).tree, "") if tip is not None else ():
        if path.startswith("segments/"):
            said.update(str(record.id) for record in read_segment(path, store.objects.blob(item)) if hasattr(record, "order"))
    found = sorted(int(name.rpartition("step")[2]) for name in said.elements())
    for n in set(found):
        known = store.index.execution(record_of(n).id)
        assert store.read_blob(known.outputs_blob) == content(n)  # type: ignore[arg-type]
        assert store.index.run(f"00000000-0000-4000-8000-{n:012d}").state == "finished"  # type: ignore[arg-type]
    return found


def walk_raw(store: History, tree: str, prefix: str) -> Any:
    for name, item in store.objects.tree(tree).items():
        path = prefix + os.fsdecode(name)
        if item.mode == 0o040000:
            yield from walk_raw(store, item.id, path + "/")
        else:
            yield path, item.id


def prepare_forks(root: Path) -> None:
    store = open_store(root, create=True)
    for n in range(3):
        write_files(root, n)
        snapshot_step(store, n)
    store.close()


def fork_step(store: History, n: int) -> None:
    head = store.head()
    assert head is not None
    target = store.root.parent / f"fork{n}"
    target.mkdir(exist_ok=True)
    copy_history(store, target, head.id).close()


def forks_found(store: History) -> list[int]:
    """A fork that was not acknowledged may be half there: then it is no history, and its folder can be forked into again."""
    found = []
    assert snapshots_found(store) == [0, 1, 2]
    for folder in sorted(store.root.parent.glob("fork*"), key=lambda each: int(each.name[4:])):
        if not (folder / ".dotscience/store.git/workspace.json").exists():
            continue
        fork = open_store(folder)
        told = snapshots_found(fork)
        if told:
            assert told == [0, 1, 2] and fork.workspace.origin is not None
            assert fork.workspace.id != store.workspace.id
            fsck(folder)
            found.append(int(folder.name[4:]))
        fork.close()
    return found


def tidy_step(store: History, n: int) -> None:
    """A snapshot, rubbish, and everything into packs at once: what is one step apart is in other files each time."""
    snapshot_step(store, n)
    store.put_bytes(b"named by nobody %d" % n)
    repository = store.root / ".dotscience/store.git"
    objects = GitObjects(repository)
    tidy(objects, StoreLock(repository), now=time.time() + 10, grace_s=0, many_loose=1)
    objects.close()


def push_step(store: History, n: int) -> None:
    snapshot_step(store, n)
    push(Exchange(store, Remote("origin", str(there(store.root)))), is_unscanned_allowed=True, progress=lambda *_: None)


def there(root: Path) -> Path:
    return root.parent / "there.git"


def prepare_remote(root: Path) -> None:
    begin_repository(str(there(root)))


def pushed(store: History) -> list[int]:
    """As the other side has it; what is only here yet is whole too. git that lost its parent is given time to end."""
    deadline = time.monotonic() + 20
    while subprocess.run(["pgrep", "-f", str(there(store.root))], capture_output=True).returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    here = snapshots_found(store)
    git = ["git", "-C", str(there(store.root))]
    told = subprocess.run([*git, "log", "--reverse", "--format=%s", "main"], capture_output=True, text=True)
    found = [int(line.split()[1]) for line in told.stdout.splitlines()]
    assert found == here[: len(found)] and len(here) <= len(found) + 1
    checked = subprocess.run([*git, "fsck", "--strict", "--no-dangling"], capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")
    return found


N_VERSIONS, N_BLOCKS, BLOCK_BYTES = 5, 5, 1 << 20


def version(n: int) -> bytes:
    """Of a file of 5 to 7 MiB: each differs from the one before in places, is longer or shorter, and some end in zeros."""
    seeds = [b"%d %d" % (k, n if k % 3 == n % 3 else 0) for k in range(N_BLOCKS + n % 3)]
    return b"".join(hashlib.sha256(seed).digest() * (BLOCK_BYTES // 32) for seed in seeds) + bytes(BLOCK_BYTES * (n % 2))


def prepare_versions(root: Path) -> None:
    store = open_store(root, create=True)
    for n in range(N_VERSIONS):
        (root / "big.bin").write_bytes(version(n))
        store.publish(SnapshotDraft(f"version {n}", AT % n, store.scan(ROOMY, ["big.bin"]).edits))  # type: ignore[list-item]
    store.close()


def restore_step(store: History, n: int) -> None:
    """Version n, in place; then a record that says so."""

    def take(message: str, reason: str, touched: Any) -> Any:
        return store.publish(SnapshotDraft(message, AT % (n % 60), store.scan(ROOMY, touched).edits, reason=reason))  # type: ignore[arg-type]

    (wanted,) = [each.id for each in store.snapshots(limit=100_000) if each.message == f"version {n % N_VERSIONS}"]
    digest = plan_restore(store, wanted, rules=ROOMY).plan_digest
    apply_restore(store, wanted, None, digest, take_snapshot=take, rules=ROOMY, in_place_above=0)
    store.append([record_of(n)])


def restored(store: History) -> list[int]:
    """The file is exactly one version, that of the last step or of the one that was killed: never half of one."""
    assert store.put_backs.unfinished() == []
    n_done = store.index.executions(limit=1).total
    held = (store.root / "big.bin").read_bytes()
    possible = {(n_done - 1) % N_VERSIONS, n_done % N_VERSIONS} if n_done else {N_VERSIONS - 1, 0}
    assert held in [version(n) for n in possible], "the file is neither of the two"
    entry = store.tree(store.head().id)["big.bin"]  # type: ignore[union-attr]
    assert b"".join(store.read_file(entry.digest)) in [version(n) for n in range(N_VERSIONS)], "a snapshot holds half a file"
    return list(range(n_done))


WORKS = {
    "snapshot": Work(snapshot_step, snapshots_found, before=write_files),
    "append": Work(append_step, appended),
    "fork": Work(fork_step, forks_found, prepare_forks),
    "maintenance": Work(tidy_step, snapshots_found, before=write_files),
    "push": Work(push_step, pushed, prepare_remote, before=write_files),
    "restore": Work(restore_step, restored, prepare_versions),
}


# -- doing it in a process ---------------------------------------------------------------------------

FIELDS = 4096
GO, ACKNOWLEDGED, DONE, READY, WORDS = 0, 8, 16, 24, 64


class Told:
    """A page that two processes share: words pass through it without a system call, which a fault could hit."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(FIELDS))
        self._file = open(path, "r+b")
        self._page = mmap.mmap(self._file.fileno(), FIELDS)

    def number(self, place: int) -> int:
        return int.from_bytes(self._page[place : place + 8], "little", signed=True)

    def say(self, place: int, number: int) -> None:
        self._page[place : place + 8] = number.to_bytes(8, "little", signed=True)

    def words(self) -> str:
        return self._page[WORDS:].rstrip(b"\0").decode("utf-8", "replace")

    def write(self, words: str) -> None:
        self._page[WORDS:] = words.encode()[: FIELDS - WORDS].ljust(FIELDS - WORDS, b"\0")

    def wait(self, place: int, number: int, timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while self.number(place) < number:
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout_s} s in vain")
            time.sleep(0.001)


def steps_for_ever(work: str, root: Path, page: Path, first: int) -> None:
    told = Told(page)
    told.say(ACKNOWLEDGED, first - 1)
    store = open_store(root, create=True)
    n = first
    while True:
        WORKS[work].before(root, n)
        WORKS[work].step(store, n)
        told.say(ACKNOWLEDGED, n)
        n += 1


def one_step_when_told(work: str, root: Path, page: Path, n: int) -> None:
    """As often as told; each try says how it went: 'ok', or the error with its remedy."""
    allow_any_tracer()
    told = Told(page)
    store = open_store(root, create=True)
    WORKS[work].before(root, n)
    told.say(READY, 1)
    attempt = 1
    while True:
        told.wait(GO, attempt)
        try:
            WORKS[work].step(store, n)
            told.write("ok")
        except DotscienceError as error:
            told.write(f"{type(error).__name__}: {error.message} | {error.hint}")
        except BaseException as error:
            told.write(f"NOT NAMED {type(error).__name__}: {error}")
        told.say(DONE, attempt)
        attempt += 1


def allow_any_tracer() -> None:
    """Where only a process's parent may trace it (Yama), the process itself may say otherwise."""
    import ctypes

    pr_set_ptracer, anyone = 0x59616D61, -1
    ctypes.CDLL(None).prctl(pr_set_ptracer, anyone, 0, 0, 0)


class Stage:
    """A history with a few steps done, at one place, as often as it is wanted; and one more step, with strace at its side."""

    def __init__(self, root: Path, work: str, n_steps: int) -> None:
        self.root, self.work, self.n = root, work, n_steps
        self._template = root.with_name("template")
        self._page = root.with_name("told")
        root.mkdir(exist_ok=True)
        WORKS[work].prepare(root)
        store = open_store(root, create=True)
        for n in range(n_steps):
            WORKS[work].before(root, n)
            WORKS[work].step(store, n)
        store.close()
        root.rename(self._template)

    def set(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self._template, self.root, symlinks=True)

    def begin(self) -> tuple[Any, Told]:
        """A process that has opened the history and waits to be told."""
        self._page.unlink(missing_ok=True)
        told = Told(self._page)
        process = PROCESSES.Process(target=one_step_when_told, args=(self.work, self.root, self._page, self.n))
        process.start()
        told.wait(READY, 1)
        return process, told

    def step_under(self, *options: str) -> tuple[bool, str]:
        """(it lived, how the step went), traced with these options of strace; the process is gone afterwards."""
        self.set()
        process, told = self.begin()
        tracer = Strace(process.pid, *options)
        told.say(GO, 1)
        while told.number(DONE) < 1 and process.is_alive():
            time.sleep(0.001)
        tracer.detach()
        is_alive = process.is_alive()
        kill(process)
        return is_alive, told.words()

    def calls(self) -> list[tuple[str, int]]:
        """Of one step, as strace sees them."""
        log = self.root.with_name("calls")
        assert self.step_under("-o", str(log), "-e", f"trace={FILES}") == (True, "ok")
        return calls_of(log)


def kill(process: Any) -> None:
    process.kill()
    process.join()


# -- what must hold ------------------------------------------------------------------------------------


def fsck(root: Path, *, is_thorough: bool = True) -> None:
    words = ("--strict", "--no-dangling") if is_thorough else ("--connectivity-only", "--no-dangling")
    done = subprocess.run(["git", "-C", str(root / ".dotscience/store.git"), "fsck", *words], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def look_after(work: str, root: Path, first: int, acknowledged: int, *, is_thorough: bool = True) -> int:
    """Opens without a hand; what was acknowledged is there once, what was not is there once or not at all; the next step's n."""
    store = open_store(root, create=True)
    try:
        found = WORKS[work].found(store)
        assert len(found) == len(set(found)), f"there twice: {found}"
        expected = list(range(first, acknowledged + 1))
        assert found in (expected, [*expected, acknowledged + 1]), f"acknowledged up to {acknowledged}, found {found[-3:]}"
    finally:
        store.close()
    fsck(root, is_thorough=is_thorough)
    return (found[-1] if found else first - 1) + 1


def go_on_without(stage: Stage, process: Any, told: Told, what: str) -> None:
    """The fault is over, and was named with its remedy: the same process, then another one, work on, and nothing is damaged."""
    words = told.words()
    if words != "ok":
        kind, _, sentence = words.partition(": ")
        message, _, remedy = sentence.partition(" | ")
        assert kind != "NOT NAMED" and not words.startswith("NOT NAMED"), f"{what}: {words}"
        assert message and remedy, f"{what}: {words}"
    told.say(GO, 2)
    told.wait(DONE, 2)
    assert told.words() == "ok", f"after {what}"
    kill(process)
    look_after(stage.work, stage.root, 0, stage.n)
    assert [each for each in check_history(stage.root / ".dotscience", stage.root).findings if each.is_damage] == []

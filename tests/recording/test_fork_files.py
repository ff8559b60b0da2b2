"""The files of a fork: what one works with is there at once, the rest comes behind, whole, and over nothing that exists."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path

import pytest

from dotscience_jlab.errors import Conflict, StoreDamaged
from dotscience_jlab.model.snapshot import Snapshot, SnapshotDraft
from dotscience_jlab.recording import fork_files
from dotscience_jlab.recording.activity import Activity
from dotscience_jlab.recording.arrivals import Arrivals, check_arrived
from dotscience_jlab.recording.fork import apply_fork, plan_fork
from dotscience_jlab.recording.fork_files import write_rest
from dotscience_jlab.recording.reflink import reflink
from dotscience_jlab.server.fork_files import await_fork_files
from dotscience_jlab.store.arriving import arriving_root, read_arriving, write_arriving
from dotscience_jlab.store.gather import gather_loose
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store

from .folder import ROOMY, Project

LARGE = {"data/big.csv": 5_000_000, "model.bin": 1_300_000}
SMALL = {"train.ipynb": 40, "notes/a.txt": 9, "empty": 0}


@pytest.fixture
def project(tmp_path: Path):
    project = Project(tmp_path / "churn", in_memory=False)
    for path, size in (LARGE | SMALL).items():
        project.write(path, os.urandom(size))
    project.write("big.ipynb", b"{}" + b" " * 2_000_000)
    os.symlink("data/big.csv", project.root / "link")
    yield project
    project.store.close()


def taken(project: Project) -> Snapshot:
    """Cells have read the large ones: they are kept."""
    return project.snapshot(touched=(*LARGE, "big.ipynb"))


def quiet(*_: object) -> None:
    pass


def never() -> bool:
    return False


@pytest.fixture
def no_reflink(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that cannot share, whatever the tests lie on."""
    monkeypatch.setattr(fork_files, "reflink", lambda source, fd: False)


def forked(project: Project, root: Path) -> History:
    apply_fork(project.store, taken(project).id, root, progress=quiet)
    return open_store(root)


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and ".dotscience" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def test_the_plan_says_what_comes_last(project: Project, tmp_path: Path) -> None:
    plan = plan_fork(project.store, taken(project).id, tmp_path / "fork")
    assert (plan["n_files"], plan["n_later"], plan["later_bytes"]) == (7, 2, sum(LARGE.values()))


@pytest.mark.usefixtures("no_reflink")
def test_notebooks_and_small_files_are_there_at_once_and_the_rest_follows(project: Project, tmp_path: Path) -> None:
    made = apply_fork(project.store, taken(project).id, tmp_path / "fork", progress=quiet)
    assert (made["n_later"], made["later_bytes"]) == (2, sum(LARGE.values()))
    assert set(files(tmp_path / "fork")) == {*SMALL, "big.ipynb"} and os.readlink(tmp_path / "fork/link") == "data/big.csv"
    assert arriving_root(tmp_path / "fork/notes") == tmp_path / "fork"
    store = open_store(tmp_path / "fork")
    told: list[tuple[int, int, str]] = []
    assert write_rest(store, never, lambda *step: told.append(step))
    assert files(tmp_path / "fork") == files(project.root)
    assert told[-1] == (sum(LARGE.values()), sum(LARGE.values()), "bytes") and told[0][0] == LARGE["model.bin"]
    assert read_arriving(tmp_path / "fork") is None and arriving_root(tmp_path / "fork") is None
    assert not (tmp_path / "fork/.dotscience/arriving").exists()
    store.close()


@pytest.mark.usefixtures("no_reflink")
def test_what_is_on_its_way_is_not_gone(project: Project, tmp_path: Path) -> None:
    """A cell that runs meanwhile makes a snapshot of what the folder will be, not one without the large files."""
    store = forked(project, tmp_path / "fork")
    arriving = read_arriving(store.root)
    assert arriving is not None
    store.expect(arriving.paths)
    (store.root / "notes/a.txt").write_text("changed")
    (store.root / "train.ipynb").unlink()
    assert set(store.scan(ROOMY).edits) == {"notes/a.txt", "train.ipynb"}
    assert write_rest(store, never, quiet)
    assert set(store.scan(ROOMY).edits) == {"notes/a.txt", "train.ipynb"}
    (store.root / "model.bin").unlink()
    assert dict(store.scan(ROOMY).edits)["model.bin"] is None  # type: ignore[index]
    store.close()


@pytest.mark.usefixtures("no_reflink")
def test_a_file_that_somebody_put_there_stays(project: Project, tmp_path: Path) -> None:
    store = forked(project, tmp_path / "fork")
    (store.root / "data").mkdir(exist_ok=True)
    (store.root / "data/big.csv").write_text("mine")
    os.symlink("nowhere", store.root / "model.bin")
    assert write_rest(store, never, quiet)
    assert (store.root / "data/big.csv").read_text() == "mine" and os.readlink(store.root / "model.bin") == "nowhere"
    store.close()


@pytest.mark.usefixtures("no_reflink")
def test_stopped_or_killed_it_goes_on_at_the_next_opening(project: Project, tmp_path: Path) -> None:
    store = forked(project, tmp_path / "fork")
    arriving = read_arriving(store.root)
    assert write_rest(store, lambda: True, quiet) is False and read_arriving(store.root) is not None
    half = store.root / ".dotscience/arriving"
    half.mkdir(exist_ok=True)
    (half / "file").write_bytes(b"half of it")  # as a kill leaves it
    write_arriving(store.root, arriving)
    store.close()
    store = open_store(tmp_path / "fork")
    assert write_rest(store, never, quiet)
    assert files(tmp_path / "fork") == files(project.root)
    store.close()


@pytest.mark.usefixtures("no_reflink")
def test_a_recorder_brings_them_behind_and_says_how_far(project: Project, tmp_path: Path) -> None:
    store, activity, news = forked(project, tmp_path / "fork"), Activity(), []
    arrivals = Arrivals(lambda _: activity, lambda topic, *_: news.append((topic, activity.arrival)))
    arrivals.begin(store)
    if activity.arrival is not None:  # it may be over by now
        with pytest.raises(Conflict) as told:
            check_arrived(activity)
        assert "still being copied" in told.value.message
    deadline = time.monotonic() + 20
    while arrivals.is_running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert files(tmp_path / "fork") == files(project.root) and activity.arrival is None
    assert news[0][1].bytes == sum(LARGE.values()) and news[-1] == ("status", None)
    check_arrived(activity)
    arrivals.stop()
    store.close()


@pytest.mark.usefixtures("no_reflink")
def test_a_full_disk_is_said_and_tried_again(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, activity = forked(project, tmp_path / "fork"), Activity()
    monkeypatch.setattr("dotscience_jlab.recording.arrivals.RETRY_S", 0.05)
    link, n_refused, problems = os.link, 0, []

    def full_at_first(source: str, target: str) -> None:
        nonlocal n_refused
        if n_refused < 3:
            n_refused += 1
            raise OSError(28, "No space left on device", str(target))
        link(source, target)

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(fork_files.os, "link", full_at_first)
    monkeypatch.setattr(fork_files.os, "rename", full)
    arrivals = Arrivals(lambda _: activity, lambda *_: problems.append(activity.arrival and activity.arrival.problem))
    arrivals.begin(store)
    deadline = time.monotonic() + 20
    while arrivals.is_running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert any("no space left" in str(each) for each in problems)
    assert files(tmp_path / "fork") == files(project.root)
    store.close()


@pytest.mark.usefixtures("no_reflink")
def test_a_damaged_file_holds_up_no_other(project: Project, tmp_path: Path) -> None:
    taken(project)
    gather_loose(project.store.objects, few=0)
    store = forked(project, tmp_path / "fork")
    head = store.head()
    assert head is not None
    entry = store.entry(head.id, "model.bin")  # type: ignore[arg-type]
    assert entry is not None
    pack = next(each for each in store.objects.own_packs() if entry.digest.encode() in each)  # type: ignore[attr-defined]
    path = Path(f"{pack._basename}.pack")
    path.chmod(0o600)
    with open(path, "r+b") as file:
        file.seek(pack.index.object_offset(entry.digest.encode()) + 100_000)
        file.write(bytes(100))
    with pytest.raises(StoreDamaged):
        write_rest(store, never, quiet)
    assert set(files(tmp_path / "fork")) == {*SMALL, "big.ipynb", "data/big.csv", "link"}
    arriving = read_arriving(store.root)
    assert arriving is not None and arriving.paths == ("model.bin",)
    store.close()


# -- without a copy ------------------------------------------------------------------------------------


def shares(folder: Path) -> bool:
    """Whether the file system can."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(b"x" * 5000)
    with open(target, "wb") as file:
        return reflink(source, file.fileno())


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were shared, by the file system itself or, where it cannot, by one that is played."""
    found: list[str] = []
    is_real = shares(tmp_path)

    def share(source: Path, fd: int) -> bool:
        done = reflink(source, fd) if is_real else os.write(fd, source.read_bytes()) >= 0
        found.extend([source.name] if done else [])
        return done

    monkeypatch.setattr(fork_files, "reflink", share)
    return found


def test_where_files_can_be_shared_nothing_comes_later(project: Project, tmp_path: Path, shared: list[str]) -> None:
    time.sleep(0.05)  # what is very young at its last look is not believed to be as it was then
    then = taken(project)
    made = apply_fork(project.store, then.id, tmp_path / "fork", progress=quiet)
    assert made["n_later"] == 0 and files(tmp_path / "fork") == files(project.root)
    assert {"big.csv", "model.bin"} <= set(shared)
    (tmp_path / "fork/model.bin").write_bytes(b"the fork's own")
    assert len(files(project.root)["model.bin"]) == LARGE["model.bin"]


def test_a_file_that_changed_since_is_taken_from_the_history(project: Project, tmp_path: Path, shared: list[str]) -> None:
    time.sleep(0.05)
    then = taken(project)
    before = files(project.root)
    project.write("model.bin", os.urandom(LARGE["model.bin"]))
    made = apply_fork(project.store, then.id, tmp_path / "fork", progress=quiet)
    assert made["n_later"] == 1 and "model.bin" not in shared
    store = open_store(tmp_path / "fork")
    assert write_rest(store, never, quiet)
    assert files(tmp_path / "fork") == before
    store.close()


# -- before a kernel starts ----------------------------------------------------------------------------


@pytest.mark.usefixtures("no_reflink")
def test_a_kernel_waits_until_they_are_there(project: Project, tmp_path: Path) -> None:
    store = forked(project, tmp_path / "fork")
    asked = []

    async def ask(method: str, params: dict[str, str]) -> dict[str, str]:
        """The recorder, which begins when it opens the fork."""
        asked.append((method, params["disk_path"]))
        asyncio.get_running_loop().run_in_executor(None, write_rest, store, never, quiet)
        return {"sentence": "2 large files are still being copied."}

    log = logging.getLogger("test")
    asyncio.run(await_fork_files(str(tmp_path / "fork/notes"), ask, log))
    assert asked == [("fork.arriving", str(tmp_path / "fork/notes"))]
    assert files(tmp_path / "fork") == files(project.root)
    asyncio.run(await_fork_files(str(tmp_path / "fork"), ask, log))
    asyncio.run(await_fork_files(str(tmp_path), ask, log))
    assert len(asked) == 1
    store.close()


@pytest.mark.usefixtures("no_reflink")
def test_a_kernel_does_not_wait_for_ever(project: Project, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = forked(project, tmp_path / "fork")

    async def ask(method: str, params: dict[str, str]) -> dict[str, str]:
        return {"sentence": "2 large files are still being copied."}

    asyncio.run(await_fork_files(str(tmp_path / "fork"), ask, logging.getLogger("test"), limit_s=0.01))
    assert "before its fork is whole" in caplog.text
    store.close()


def test_a_snapshot_by_hand_of_a_fork_that_is_whole(project: Project, tmp_path: Path) -> None:
    """Nothing is on its way: what was deleted is deleted."""
    store = forked(project, tmp_path / "fork")
    write_rest(store, never, quiet)
    (store.root / "empty").unlink()
    made = store.publish(SnapshotDraft("by hand", "2026-11-28T10:00:00.000000Z", dict(store.scan(ROOMY).edits)))  # type: ignore[arg-type]
    assert "empty" not in store.tree(made.id) and made.n_changes == 1
    store.close()

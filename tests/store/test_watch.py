"""What the system tells of changed files is enough: a scan that believes it finds what a look at everything finds."""

from __future__ import annotations

import mmap
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.store.base import KeepRules, ScanResult
from dotscience_jlab.store.chunks import SIZES
from dotscience_jlab.store.history import History
from dotscience_jlab.store.index import SqliteIndex
from dotscience_jlab.store.memory import MemoryObjects
from dotscience_jlab.store.mounts import why_not_local
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.scan import Scanner
from dotscience_jlab.store.seen import SeenFiles

from .contract import AT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of changed files by inotify")


@pytest.fixture
def store(root: Path) -> Iterator[History]:
    made = open_store(root, create=True)
    yield made
    made.close()


def keep(store: History, **asked: object) -> ScanResult:
    """One look, and a snapshot of what it found."""
    result = store.scan(KeepRules(), **asked)  # type: ignore[arg-type]
    store.publish(SnapshotDraft("look", AT % 0, dict(result.edits)))
    return result


def keep_under(store: History, rules: KeepRules) -> ScanResult:
    result = store.scan(rules)
    store.publish(SnapshotDraft("look", AT % 0, dict(result.edits)))
    return result


def differs(store: History) -> dict[str, object]:
    """What a look at every file, without any memory, finds to differ from the head."""
    head = store.head()
    files = store.tree(head.id) if head is not None else {}
    seen = SeenFiles(SqliteIndex(None), SIZES)
    return dict(Scanner(store.root, MemoryObjects(), seen).scan(KeepRules(), (), files, 0)[0].edits)  # type: ignore[arg-type]


def make_files(root: Path, n: int = 300) -> None:
    (root / "data/deep").mkdir(parents=True)
    for number in range(n):
        (root / f"data/{number}").write_text(f"{number}")
    (root / "data/deep/x").write_text("x")


class TestWhatIsLookedAt:
    def test_only_what_changed(self, store: History) -> None:
        make_files(store.root)
        assert keep(store).n_stats == 301
        keep(store)
        assert store.why_all_is_looked_at == ""
        (store.root / "data/7").write_text("seven")
        changed = keep(store)
        assert (sorted(changed.edits), changed.n_stats, changed.n_files) == (["data/7"], 1, 301)

    def test_nothing_when_nothing_changed(self, store: History) -> None:
        make_files(store.root)
        keep(store), keep(store)
        assert keep(store).n_stats == 0

    def test_what_was_found_is_found_again_until_a_snapshot_holds_it(self, store: History) -> None:
        make_files(store.root)
        keep(store)
        (store.root / "data/7").write_text("seven")
        (store.root / "data/8").unlink()
        for _ in range(3):
            assert sorted(store.scan(KeepRules()).edits) == ["data/7", "data/8"]
        keep(store)
        assert store.scan(KeepRules()).edits == {}

    def test_a_head_that_another_program_moved(self, store: History) -> None:
        make_files(store.root)
        keep(store)
        other = open_store(store.root)
        other.publish(SnapshotDraft("theirs", AT % 1, {"data/7": None, "new": other.scan(KeepRules()).edits.get("new")}))  # type: ignore[dict-item]
        other.close()
        assert sorted(store.scan(KeepRules()).edits) == ["data/7"]

    def test_a_touched_file_of_an_ignored_folder_stays_in_view(self, store: History) -> None:
        (store.root / ".gitignore").write_text("data/\n")
        make_files(store.root)
        assert sorted(keep(store, touched=["data/deep/x"]).edits) == [".gitignore", "data/deep/x"]
        (store.root / "data/deep/x").write_text("changed")
        assert sorted(keep(store).edits) == ["data/deep/x"]
        (store.root / "data").rename(store.root / "elsewhere")
        assert keep(store).edits["data/deep/x"] is None

    def test_what_there_is_no_room_for_is_not_looked_at_until_there_is(self, store: History) -> None:
        for n in range(20):
            (store.root / f"{n:02}.bin").write_text(f"{n}")
        rules = KeepRules(n_files=5)

        def look() -> ScanResult:
            return keep_under(store, rules)

        assert (len(look().edits), look().n_skipped) == (5, 15)
        again = look()
        assert (again.n_stats, again.n_skipped, again.n_files) == (0, 15, 5)
        (store.root / "03.bin").write_text("changed")
        (store.root / "19.bin").unlink()
        changed = look()
        assert (sorted(changed.edits), changed.n_skipped) == (["03.bin"], 14) and changed.n_stats <= 2
        assert "19.bin" not in {each.path for each in changed.skipped}
        (store.root / "code.py").write_text("kept whatever the number")
        assert (sorted(look().edits), look().n_skipped) == (["code.py"], 14)
        for name in ("00.bin", "01.bin"):
            (store.root / name).unlink()
        freed = look()
        assert {name for name, entry in freed.edits.items() if entry} == {"05.bin"} and freed.n_skipped == 13
        assert len(store.tree(store.head().id)) == 5  # type: ignore[union-attr]

    def test_room_on_the_quota_is_seen_when_the_smallest_fits(self, store: History) -> None:
        for n in (1, 2, 3):
            (store.root / f"{n}.bin").write_bytes(os.urandom(n * 100_000))
        (store.root / "code.py").write_text("x")
        tight, roomy = KeepRules(data_bytes=store.size_bytes() + 150_000), KeepRules()
        assert sorted(keep_under(store, tight).edits) == ["1.bin", "code.py"]
        assert keep_under(store, tight).n_stats == 0
        assert sorted(keep_under(store, roomy).edits) == ["2.bin", "3.bin"]

    def test_what_is_left_out_is_named_after_a_partial_look_too(self, store: History) -> None:
        (store.root / "large.csv").write_bytes(b"1" * 1_000_001)
        (store.root / "other.csv").write_bytes(b"1" * 1_000_001)
        keep(store)
        (store.root / "other.csv").write_bytes(b"small")
        (store.root / "third.csv").write_bytes(b"1" * 1_000_001)
        result = keep(store)
        assert ([each.path for each in result.skipped], result.n_skipped) == (["large.csv", "third.csv"], 2)

    def test_what_found_no_room_is_tried_again(self, store: History) -> None:
        tight, wide = KeepRules(data_bytes=0), KeepRules()
        (store.root / "data.csv").write_text("1")
        assert store.scan(tight).edits == {} and store.scan(tight).edits == {}
        assert list(store.scan(wide).edits) == ["data.csv"]

    def test_a_mapped_file_is_read_again_whatever_its_times_say(self, store: History) -> None:
        path = store.root / "array.bin"
        path.write_bytes(b"\0" * 4096)
        keep(store)
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[0] = 1
            keep(store, reread=["array.bin"])
            for value in range(2, 12):
                mapped[0] = value
                assert list(keep(store, reread=["array.bin"]).edits) == ["array.bin"], value


class TestWhenNewsAreNotBelieved:
    @pytest.mark.parametrize("name", [".gitignore", ".dsignore", "data/.gitignore", "data/pyvenv.cfg", "data/conda-meta/x"])
    def test_a_file_that_decides_over_others(self, store: History, name: str) -> None:
        make_files(store.root, 3)
        keep(store)
        (store.root / name).parent.mkdir(exist_ok=True)
        (store.root / name).write_text("0\n")
        keep(store)
        assert differs(store) == {}

    def test_a_queue_that_ran_over(self, store: History) -> None:
        make_files(store.root, 3)
        keep(store)
        limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        for _ in range(limit // 2):
            (store.root / "data/0").touch()
            (store.root / "data/1").touch()
        (store.root / "data/2").write_text("behind the end of the queue")
        assert "data/2" in keep(store).edits
        keep(store)
        assert store.why_all_is_looked_at == ""

    def test_listening_now_and_then_keeps_the_queue_short(self, store: History) -> None:
        make_files(store.root, 3)
        keep(store)
        limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        for number in range(limit):
            (store.root / f"data/{number % 2}").touch()
            if number % 1000 == 0:
                store.listen()
        (store.root / "data/2").write_text("seen")
        result = keep(store)
        assert (list(result.edits), result.n_stats) == (["data/2"], 3)

    def test_too_few_watches(self, store: History, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store._attention._watch, "_max_watches", 2)
        make_files(store.root, 3)
        keep(store), keep(store)
        assert "more than may be watched" in store.why_all_is_looked_at
        (store.root / "data/deep/x").write_text("y")
        assert list(keep(store).edits) == ["data/deep/x"]

    def test_a_sync_file_that_is_gone_is_made_again(self, store: History) -> None:
        make_files(store.root, 3)
        keep(store)
        (store.root / ".dotscience/sync").unlink()
        (store.root / "data/0").write_text("!")
        assert list(keep(store).edits) == ["data/0"]
        keep(store)
        assert store.why_all_is_looked_at == ""

    def test_a_check_finds_what_was_not_heard_of_and_says_so(self, store: History) -> None:
        make_files(store.root, 3)
        keep(store)
        store.check_watch(KeepRules())
        assert store.why_all_is_looked_at == ""
        (store.root / "data/0").write_text("changed")
        store.listen()
        store._attention._watch._heard.files.clear()  # type: ignore[union-attr]  # as a disk does that tells nothing
        store.check_watch(KeepRules())
        assert "data/0" in store.why_all_is_looked_at
        assert list(keep(store).edits) == ["data/0"]

    def test_a_check_excuses_what_was_heard_of_or_may_change_silently(self, store: History) -> None:
        make_files(store.root, 3)
        keep(store)
        (store.root / "data/0").write_text("changed")
        (store.root / "data/1").write_text("mapped")
        store.listen()
        store._attention._watch._heard.files.discard("data/1")  # type: ignore[union-attr]
        store.check_watch(KeepRules(), ["data/1"])  # type: ignore[list-item]
        assert store.why_all_is_looked_at == ""
        assert sorted(keep(store).edits) == ["data/0", "data/1"]

    def test_watches_given_back_are_taken_again(self, store: History) -> None:
        make_files(store.root, 3)
        keep(store)
        store.stop_watching()
        (store.root / "data/0").write_text("meanwhile")
        assert list(keep(store).edits) == ["data/0"]
        (store.root / "data/1").write_text("after")
        result = keep(store)
        assert (list(result.edits), result.n_stats) == (["data/1"], 1)


MOUNTS = b"""\
22 1 254:0 / / rw - ext4 /dev/root rw
30 22 0:26 / /srv/nfs rw - nfs4 server:/x rw
31 22 0:27 / /srv/my\\040disk rw - xfs /dev/sdb rw
32 31 0:28 / /srv/my\\040disk/share rw - fuse.sshfs host:/ rw
33 22 0:29 / /twice rw - ext4 /dev/a rw
34 22 0:30 / /twice rw - 9p host rw
"""


@pytest.mark.parametrize("root, is_local", [
    ("/srv/project", True), ("/srv/nfs", False), ("/srv/nfs/a", False), ("/srv/nfs-not", True), ("/srv/my disk/a", True),
    ("/srv/my disk", False), ("/srv", False), ("/twice/a", False),
])  # fmt: skip
def test_which_disks_are_local(root: str, is_local: bool) -> None:
    assert (why_not_local(root, MOUNTS) == "") == is_local


NAMES = ["a", "b", "x/a", "x/b", "x/y/a", "x/y/z/a", "w/a", "né\nw", "x\udcff"]
FOLDERS = ["x", "x/y", "x/y/z", "w", "v/u"]


def write(root: Path, one: str, two: str) -> None:
    (root / one).parent.mkdir(parents=True, exist_ok=True)
    (root / one).write_text(two + one, errors="surrogateescape")


def replace_atomically(root: Path, one: str, two: str) -> None:
    write(root, f"{one}.draft", two)
    os.replace(root / f"{one}.draft", root / one)


def move(root: Path, one: str, two: str) -> None:
    (root / two).parent.mkdir(parents=True, exist_ok=True)
    os.rename(root / one, root / two)


def bring_folder(root: Path, one: str, two: str) -> None:
    outside = root.parent / "outside"
    shutil.rmtree(outside, ignore_errors=True)
    (outside / "below").mkdir(parents=True)
    (outside / "below/a").write_text(two)
    move(root, str(outside), one)


def take_folder(root: Path, one: str, two: str) -> None:
    shutil.rmtree(root.parent / "taken", ignore_errors=True)
    os.rename(root / one, root.parent / "taken")


def own_workspace(root: Path, one: str, two: str) -> None:
    (root / one / ".dotscience/store.git").mkdir(parents=True)


def link(root: Path, one: str, two: str) -> None:
    (root / one).symlink_to(two, target_is_directory=False)


Act = Callable[[Path, str, str], object]
ON_FILES: list[Act] = [
    write, replace_atomically, move, link,
    lambda root, one, two: (root / one).unlink(),
    lambda root, one, two: (root / one).chmod(0o755),
    lambda root, one, two: (root / one).touch(),
    lambda root, one, two: write(root, ".gitignore", f"{two}\n"),
    lambda root, one, two: os.link(root / one, root / two),
]  # fmt: skip
ON_FOLDERS: list[Act] = [
    move, bring_folder, take_folder, own_workspace, link,
    lambda root, one, two: (root / one).mkdir(parents=True),
    lambda root, one, two: shutil.rmtree(root / one),
    lambda root, one, two: write(root, f"{one}/.gitignore", "a\n"),
    lambda root, one, two: write(root, f"{one}/new/deep/er", two),
]  # fmt: skip
STEPS = st.one_of(
    st.tuples(st.sampled_from(ON_FILES), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.sampled_from(ON_FOLDERS), st.sampled_from(FOLDERS), st.sampled_from(FOLDERS)),
    st.just(None),
)
"""None: look, and keep what was found."""


@given(steps=st.lists(STEPS, max_size=25))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_to_a_folder_a_scan_that_believes_the_news_finds_it(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Act, str, str] | None]
) -> None:
    root = tmp_path_factory.mktemp("any") / "project"
    root.mkdir()
    for name in NAMES[:6]:
        write(root, name, "")
    store = open_store(root, create=True)
    keep(store)
    for step in [*steps, None]:
        if step is None:
            keep(store)
            assert differs(store) == {}
            continue
        act, one, two = step
        try:
            act(root, one, two)
        except OSError:
            continue  # not possible in this folder
    assert store.why_all_is_looked_at == ""
    store.close()
    shutil.rmtree(root)


def test_what_a_check_turned_off_stays_off(store: History) -> None:
    make_files(store.root, 3)
    keep(store)
    store._attention.mistrust(["data/0"])
    for _ in range(2):
        assert keep(store).n_stats == 4
    assert "data/0" in store.why_all_is_looked_at
    assert replace(store.scan(KeepRules()), skipped=()).n_files == 4

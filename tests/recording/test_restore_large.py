"""Large files put back at the cost of what differs: in place under an intent, or as a copy that shares its blocks."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotscience_jlab.errors import Conflict, NeedsConsent, StoreDamaged, StoreFull
from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.recording import restore_plan
from dotscience_jlab.store import intake, patch, put_back
from dotscience_jlab.store.check import check_history
from dotscience_jlab.store.lease import ALONE, clone_file, take_lease

from ..store.conftest import SMALL_CHUNKS, shares_blocks
from .folder import ROOMY, Project
from .test_requests import Morning

NOISE = random.Random(1).randbytes(60_000)
CHANGED = NOISE[:30_000] + b"changed" + NOISE[30_007:]


@pytest.fixture(autouse=True)
def in_place(monkeypatch):
    """Also on a disk that could share blocks; the tests of that say so themselves."""
    monkeypatch.setattr(put_back, "clone_file", lambda source, target: False)


@pytest.fixture
def project(tmp_path):
    project = small_project(tmp_path / "churn")
    yield project
    project.store.close()


def small_project(root, in_place_above=10_000):
    """Files over 2 kB are large, those over `in_place_above` are put back in place."""
    return Project(root, in_memory=False, sizes=SMALL_CHUNKS, in_place_above=in_place_above)


def inode(project, path="big.bin"):
    return (project.root / path).stat().st_ino


def intents(project):
    return sorted((project.root / ".dotscience/store.git/intents").glob("*"))


def both(project):
    """(snapshot of NOISE, snapshot of CHANGED), which lies on the disk, long enough ago to be believed"""
    shots = []
    for data in (NOISE, CHANGED):
        project.write("big.bin", data)
        shots.append(project.snapshot(touched=["big.bin"]))
    settle(project)
    return shots


def settle(project):
    """Let the file be read a while after it was changed last: then looking at it costs one stat."""
    os.utime(project.root / "big.bin")
    time.sleep(0.03)
    project.snapshot(touched=["big.bin"])


def count_writes(monkeypatch):
    written = []

    def write_at(fd, data, offset):
        written.append(len(data))
        real(fd, data, offset)

    real = patch.write_at
    monkeypatch.setattr(patch, "write_at", write_at)
    return written


def count_reads(monkeypatch):
    """Paths of files that a scan reads."""
    read = []

    def opened(disk_path):
        read.append(os.path.basename(disk_path))
        return real(disk_path)

    real = intake.opened
    monkeypatch.setattr(intake, "opened", opened)
    return read


def test_only_what_differs_is_written_and_nothing_is_read_again(project, monkeypatch):
    then, now = both(project)
    was, written, read = inode(project), count_writes(monkeypatch), count_reads(monkeypatch)
    result = project.restore(then)
    assert (project.root / "big.bin").read_bytes() == NOISE and inode(project) == was
    assert 0 < sum(written) <= 4 * SMALL_CHUNKS.most and read == [] and intents(project) == []
    assert result["snapshot_before"] == now.id
    assert project.store.entry(result["snapshot_after"], "big.bin") == project.store.entry(then.id, "big.bin")
    project.restore(project.store.snapshot(result["snapshot_before"]))
    assert (project.root / "big.bin").read_bytes() == CHANGED and read == []


def test_a_write_right_after_a_restore_is_seen(project):
    """Within the tick of the clock in which the restore wrote, and of the same size."""
    then, _ = both(project)
    result = project.restore(then)
    with open(project.root / "big.bin", "r+b") as file:
        file.write(b"!")
    assert project.snapshot().id != result["snapshot_after"]
    entry = project.store.entry(project.store.head().id, "big.bin")
    assert b"".join(project.store.read_file(entry.digest)) == b"!" + NOISE[1:]


def test_the_next_version_of_what_was_put_back_stores_only_what_changed(project):
    then, _ = both(project)
    project.restore(then)
    known = list(project.store.put_backs._seen.known_chunks("big.bin"))
    os.utime(project.root / "big.bin")
    project.snapshot()
    assert list(project.store.put_backs._seen.known_chunks("big.bin")) == known


edits = st.lists(st.tuples(st.sampled_from(["change", "put in", "take out", "zeros", "cut off"]),
                           st.integers(0, 60_000), st.integers(1, 9_000)), max_size=4)


def edited(data, moves):
    for move, at, n in moves:
        at = min(at, len(data))
        new = b"" if move == "take out" else bytes(n) if move == "zeros" else random.Random(n).randbytes(n)
        data = data[:at] if move == "cut off" else data[:at] + new + data[at + (0 if move == "put in" else n) :]
    return data


def go_back_and_forth(first, second, is_executable, in_place_above):
    with tempfile.TemporaryDirectory() as folder:
        project = small_project(Path(folder) / "p", in_place_above)
        project.write("big.bin", edited(NOISE, first), executable=is_executable)
        then = project.snapshot(touched=["big.bin"])
        (project.root / "big.bin").chmod(0o644)
        project.write("big.bin", edited(NOISE, second))
        now = project.files()
        result = project.restore(then)
        assert project.files() == {"big.bin": edited(NOISE, first)}
        assert bool((project.root / "big.bin").stat().st_mode & 0o100) == is_executable
        project.restore(project.store.snapshot(result["snapshot_before"]))
        assert project.files() == now and intents(project) == []
        project.store.close()


@given(edits, edits, st.booleans())
@settings(max_examples=8)
def test_any_version_comes_back_over_any_other_and_back_again(first, second, is_executable):
    go_back_and_forth(first, second, is_executable, 2048)


@pytest.mark.slow(share=0)
@pytest.mark.timeout(1800)
@given(edits, edits, st.booleans(), st.sampled_from([2048, 10**9]))
@settings(max_examples=200)
def test_any_version_comes_back_over_any_other_many_times(first, second, is_executable, in_place_above):
    go_back_and_forth(first, second, is_executable, in_place_above)


@pytest.mark.parametrize("spoil", ["hard link", "read only folder of chunks", "in memory"])
def test_what_must_not_be_written_in_place_gets_a_new_file(tmp_path, project, spoil):
    if spoil == "in memory":
        project.store.close()
        project = Project(tmp_path / "other", sizes=SMALL_CHUNKS, in_place_above=10_000)
    then, _ = both(project)
    if spoil == "hard link":
        os.link(project.root / "big.bin", tmp_path / "kept elsewhere")
    if spoil == "read only folder of chunks":
        project.write("big.bin", b"now it is small")
    was = inode(project)
    project.restore(then)
    assert (project.root / "big.bin").read_bytes() == NOISE and inode(project) != was
    if spoil == "hard link":
        assert (tmp_path / "kept elsewhere").read_bytes() == CHANGED
    project.store.close()


def clone_by_copying(source, target):
    """What FICLONE does, on a disk that shares no blocks."""
    data = os.pread(source, 10**9, 0)
    return os.pwrite(target, data, 0) == len(data)


def test_where_blocks_can_be_shared_a_new_file_takes_the_place_and_is_not_read_again(project, monkeypatch):
    then, _ = both(project)
    monkeypatch.setattr(put_back, "clone_file", clone_by_copying)
    (project.root / "big.bin").chmod(0o600)
    settle(project)
    was, written, read = inode(project), count_writes(monkeypatch), count_reads(monkeypatch)
    project.restore(then)
    assert (project.root / "big.bin").read_bytes() == NOISE and inode(project) != was
    assert (project.root / "big.bin").stat().st_mode & 0o777 == 0o600
    assert 0 < sum(written) <= 4 * SMALL_CHUNKS.most and read == []
    assert sorted(each.name for each in project.root.iterdir()) == [".dotscience", "big.bin"]


def test_a_disk_that_shares_blocks_shares_them(project, monkeypatch):
    then, _ = both(project)
    monkeypatch.setattr(put_back, "clone_file", clone_file)
    if not shares_blocks(project.root):
        pytest.skip("This disk shares no blocks: put the temporary folder on btrfs, or on XFS.")
    was = inode(project)
    project.restore(then)
    assert (project.root / "big.bin").read_bytes() == NOISE and inode(project) != was
    assert project.store.entry(project.store.head().id, "big.bin") == project.store.entry(then.id, "big.bin")


@pytest.mark.parametrize("is_sharing", [False, True])
def test_damage_in_the_store_leaves_the_file_as_it_was(project, monkeypatch, is_sharing):
    if is_sharing:
        monkeypatch.setattr(put_back, "clone_file", clone_by_copying)
    then, _ = both(project)
    known = set(patch.pieces_of(project.store.objects, project.store.entry(project.store.head().id, "big.bin").digest))
    wanted = patch.pieces_of(project.store.objects, project.store.entry(then.id, "big.bin").digest)
    chunk = next(piece.id for piece in wanted if piece not in known)
    (loose,) = (project.root / ".dotscience/store.git/objects" / chunk[:2]).glob(chunk[2:])
    loose.chmod(0o644)
    loose.write_bytes(b"not a chunk")
    with pytest.raises(StoreDamaged) as caught:
        project.restore(then)
    assert "Nothing was restored." in str(caught.value)
    assert (project.root / "big.bin").read_bytes() == CHANGED and intents(project) == []


def test_no_room_for_a_longer_version_leaves_the_file_as_it_was(project, monkeypatch):
    then, _ = both(project)
    project.write("big.bin", NOISE[:30_000])

    def full(fd, offset, n_bytes):
        os.ftruncate(fd, offset + n_bytes // 2)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(patch.os, "posix_fallocate", full)
    with pytest.raises(StoreFull, match="Nothing was restored"):
        project.restore(then)
    assert (project.root / "big.bin").read_bytes() == NOISE[:30_000] and intents(project) == []


def refuse_after(monkeypatch, n, error=errno.ENOSPC):
    """The disk takes n writes into the file and a half, then none."""
    written = []

    def write_at(fd, data, offset):
        written.append(len(data))
        if len(written) > n:
            os.pwrite(fd, data[: len(data) // 2], offset)
            raise OSError(error, os.strerror(error))
        os.pwrite(fd, data, offset)

    monkeypatch.setattr(patch, "write_at", write_at)


@pytest.fixture
def half(project, monkeypatch):
    """(project, snapshot): the disk was full in the middle of putting big.bin back."""
    project.write("small.txt", "old")
    then, _ = both(project)
    project.write("big.bin", NOISE[:1000] + bytes(50_000) + NOISE[51_000:])
    project.write("small.txt", "new")
    with monkeypatch.context() as full:
        refuse_after(full, 3)
        with pytest.raises(StoreFull) as caught:
            project.restore(then)
    assert "big.bin is half-written and marked as such" in caught.value.hint
    return project, then


def test_a_half_written_file_is_marked_and_no_snapshot_takes_it_for_the_users(half):
    project, then = half
    (told,) = project.store.put_backs.unfinished()
    assert told.reason == "big.bin is being put back. There is no space left on the disk."
    assert told.remedy == f"Free some space, then run `ds restore {then.id} big.bin`."
    scan = project.store.scan(ROOMY)
    assert [each.reason for each in scan.skipped if each.path == "big.bin"] == [told.reason]
    assert "big.bin" not in project.store.tree(project.snapshot().id)
    assert project.files()["small.txt"] == b"new"


def test_a_check_names_it_and_finds_no_damage(half):
    project, then = half
    found = check_history(project.root / ".dotscience", project.root).findings
    assert [each.sentence for each in found if each.kind == "rubbish" and "big.bin" in each.sentence] == [
        f"big.bin is being put back from {then.id}, or was when a process was killed."
    ]
    assert not any(each.is_damage for each in found)


def test_the_next_start_brings_it_to_its_end(half):
    project, then = half
    project.snapshot()
    project.store.close()
    project.store = small_project(project.root).store
    assert (project.root / "big.bin").read_bytes() == NOISE
    assert project.store.put_backs.unfinished() == [] and intents(project) == []
    assert project.store.tree(project.snapshot().id)["big.bin"] == project.store.tree(then.id)["big.bin"]


@pytest.mark.parametrize("reference", ["what was wanted", "what it was"])
def test_restoring_again_makes_it_whole(half, reference):
    project, then = half
    before = project.store.head()
    assert before.reason == "before restore"
    project.restore(then if reference == "what was wanted" else before, ["big.bin"])
    project.store.put_backs.finish()
    wanted = NOISE if reference == "what was wanted" else NOISE[:1000] + bytes(50_000) + NOISE[51_000:]
    assert (project.root / "big.bin").read_bytes() == wanted
    assert project.store.put_backs.unfinished() == [] and intents(project) == []


def test_what_another_program_wrote_into_a_half_written_file_is_left_alone(half):
    project, _ = half
    with open(project.root / "big.bin", "r+b") as file:
        file.seek(20_000)
        file.write(b"of the user's")
    held = (project.root / "big.bin").read_bytes()
    project.store.put_backs.finish()
    assert (project.root / "big.bin").read_bytes() == held and project.store.put_backs.unfinished() == []
    entry = project.store.tree(project.snapshot(touched=["big.bin"]).id)["big.bin"]
    assert b"".join(project.store.read_file(entry.digest)) == held


def test_a_half_written_file_that_is_gone_is_named_with_both_ways_back(half):
    project, then = half
    (project.root / "big.bin").unlink()
    project.store.put_backs.finish()
    (told,) = project.store.put_backs.unfinished()
    assert told.reason == "big.bin is being put back. big.bin is not there any more."
    assert f"`ds restore {then.id} big.bin`" in told.remedy and f"`ds restore {told.before} big.bin`" in told.remedy
    project.restore(then, ["big.bin"])
    project.store.put_backs.finish()
    assert (project.root / "big.bin").read_bytes() == NOISE and project.store.put_backs.unfinished() == []


def test_a_half_written_file_that_another_program_holds_open_waits(half):
    project, _ = half
    with open(project.root / "big.bin", "r+b"):
        project.store.put_backs.finish()
        (told,) = project.store.put_backs.unfinished()
        assert told.reason == "big.bin is being put back. Another program has big.bin open."
    project.store.put_backs.finish()
    assert (project.root / "big.bin").read_bytes() == NOISE and project.store.put_backs.unfinished() == []


def test_a_note_that_cannot_be_read_is_named(half):
    project, _ = half
    (note,) = intents(project)
    note.write_bytes(note.read_bytes()[:-30])
    (told,) = project.store.put_backs.unfinished()
    assert note.name in told.reason and told.remedy


def test_a_save_between_the_safety_snapshot_and_the_patch_wins(project):
    then, _ = both(project)

    def slow(message, reason, touched):
        taken = project.snapshot(message, reason, touched)
        project.write("big.bin", NOISE[:40_000])
        return taken

    with pytest.raises(Conflict):
        project.restore(then, take_snapshot=slow)
    assert (project.root / "big.bin").read_bytes() == NOISE[:40_000] and intents(project) == []


WRITER = """
import sys
file = open(sys.argv[1], "r+b")
print("open", flush=True)
sys.stdin.readline()
file.seek(59_000)
file.write(b"by another program")
file.close()
print("written", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("is_sharing", [False, True])
def test_a_writer_whom_proc_does_not_show_is_noticed_too(project, monkeypatch, is_sharing):
    """Another user's, or one in a container: the lease is refused."""
    if is_sharing:
        monkeypatch.setattr(put_back, "clone_file", clone_by_copying)
    then, _ = both(project)
    monkeypatch.setattr(restore_plan, "writers_of", lambda disk_paths: {})
    with open(project.root / "big.bin", "r+b"):
        with pytest.raises(NeedsConsent, match="another program") as caught:
            project.restore(then)
        assert "Nothing was restored." in str(caught.value)
        assert (project.root / "big.bin").read_bytes() == CHANGED and intents(project) == []
        project.restore(then, even_open=True)
    assert (project.root / "big.bin").read_bytes() == NOISE


def test_where_somebody_else_writes_too_the_snapshot_says_what_the_disk_holds(project, monkeypatch):
    then, _ = both(project)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, project.root / "big.bin"], stdin=-1, stdout=-1, text=True)
    assert writer.stdout.readline() == "open\n"
    real = patch.write_at

    def write_at(fd, data, offset):
        real(fd, data, offset)
        if not writer.stdin.closed:
            writer.stdin.write("now\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == "written\n"
            writer.stdin.close()

    monkeypatch.setattr(patch, "write_at", write_at)
    result = project.restore(then, even_open=True)
    writer.wait()
    assert "Another program wrote to big.bin meanwhile" in result["sentence"]
    entry = project.store.entry(result["snapshot_after"], "big.bin")
    held = (project.root / "big.bin").read_bytes()
    assert b"".join(project.store.read_file(entry.digest)) == held
    assert held[59_000:59_018] == b"by another program"


def test_the_status_says_so_and_the_next_plan_goes_on_with_it(tmp_path, monkeypatch):
    morning = Morning(tmp_path)
    store, disk_path = morning.bench.store, morning.bench.root / "big.bin"
    shots = []
    for data in (NOISE * 80, CHANGED * 80):
        disk_path.write_bytes(data)
        edits = store.scan(ROOMY, ["big.bin"]).edits
        shots.append(store.publish(SnapshotDraft("a cell", "2026-11-21T09:00:00.000000Z", edits)))
    then, now = (store.entry(each.id, "big.bin") for each in shots)
    with monkeypatch.context() as full:
        refuse_after(full, 0)
        with pytest.raises(StoreFull):
            store.put_backs.patch("big.bin", now, then, shots[1].id, shots[0].id)
    status = morning.desk.answer("status", {"disk_path": str(disk_path)}, lambda *_: None)
    assert status["reason"] == "big.bin is being put back. There is no space left on the disk."
    assert status["remedy"].startswith("Free some space, then run `ds restore")
    plan = morning.ask("restore.plan", snapshot=shots[0].id, paths=["big.bin"])
    assert [step["act"] for step in plan["steps"]] == ["keep"] and disk_path.read_bytes() == NOISE * 80
    assert not morning.desk.answer("status", {"disk_path": str(disk_path)}, lambda *_: None)["reason"]


def test_a_lease_is_granted_here(tmp_path):
    """Else the claims above about what is not read again would hold by chance."""
    with open(tmp_path / "file", "w+b") as file:
        assert take_lease(file.fileno()) == ALONE


@pytest.mark.slow(share=0)
@pytest.mark.timeout(3600)
def test_a_sparse_file_of_20_gib_goes_in_and_comes_back_in_bounded_memory(tmp_path):
    """In a process of its own, whose memory is measured; sparse again on the disk, since it would not fit otherwise."""
    done = subprocess.run([sys.executable, "-c", SPARSE, str(tmp_path / "p")], check=True, capture_output=True, text=True,
                          cwd=Path(__file__).parents[2], timeout=3500)
    peak_mib, blocks_mib = map(float, done.stdout.split())
    assert peak_mib < 150 and blocks_mib < 200


SPARSE = """
import re, sys
from dataclasses import replace
from pathlib import Path
from tests.recording.folder import ROOMY, Project
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
project = Project(Path(sys.argv[1]), in_memory=False, rules=replace(ROOMY, touched_file_bytes=2**40, data_bytes=2**40))
big, n_bytes = project.root / "big.bin", 20 << 30
big.touch()
project.snapshot()
before = peak()
with open(big, "r+b") as file:
    file.truncate(n_bytes)
    file.seek(10 << 30)
    file.write(b"one word")
then = project.snapshot(touched=["big.bin"])
entry = project.store.entry(then.id, "big.bin")
assert (entry.size_bytes, entry.is_chunked) == (n_bytes, True)
with open(big, "r+b") as file:
    file.seek(15 << 30)
    file.write(b"another")
project.restore(then)
with open(big, "rb") as file:
    file.seek(15 << 30)
    assert file.read(7) == bytes(7)
big.unlink()
project.restore(then)
with open(big, "rb") as file:
    file.seek(10 << 30)
    assert file.read(8) == b"one word"
assert big.stat().st_size == n_bytes
print(peak() - before, big.stat().st_blocks * 512 / 2**20)
"""

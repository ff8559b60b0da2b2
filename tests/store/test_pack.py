"""Packs of our own making: git reads them, they appear whole or not at all, and their data is found before they do."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotscience_jlab.errors import NotFound, StoreFull
from dotscience_jlab.store import pack
from dotscience_jlab.store.batch import MOST_LOOSE, MOST_LOOSE_BYTES
from dotscience_jlab.store.deflate import crc32, deflated, inflated, stored
from dotscience_jlab.store.git import GitObjects, create_repository
from dotscience_jlab.store.objects import object_id
from dotscience_jlab.store.pack import PackDraft

RANDOM = random.Random(7).randbytes(3_000_000)
BLOBS = [b"", b"a", b"text " * 20_000, RANDOM[:70_000], RANDOM[:65_535], RANDOM[: 2 * 65_535], RANDOM]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    create_repository(tmp_path / "r.git")
    return tmp_path / "r.git"


@pytest.fixture
def objects(repository: Path) -> GitObjects:
    return GitObjects(repository)


def fsck(repository: Path) -> str:
    done = subprocess.run(["git", "-C", str(repository), "fsck", "--strict", "--no-dangling"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(repository: Path) -> list[str]:
    return sorted(path.name for path in (repository / "objects").rglob("*") if path.is_file())


class TestDeflate:
    @pytest.mark.parametrize("data", BLOBS, ids=len)
    @pytest.mark.parametrize("header", [b"", b"blob 12\0"])
    def test_any_zlib_reads_it(self, data: bytes, header: bytes) -> None:
        for pieces in (deflated(data, header), stored(memoryview(data), header)):
            whole = b"".join(pieces)
            assert zlib.decompress(whole) == inflated(whole, len(header) + len(data)) == header + data
            assert crc32(pieces) == zlib.crc32(whole)

    def test_what_does_not_shrink_is_stored_as_it_is(self) -> None:
        n_blocks = -(-len(RANDOM) // 65_535)
        assert sum(map(len, deflated(RANDOM))) == len(RANDOM) + 5 * n_blocks + 6

    def test_text_shrinks(self) -> None:
        assert sum(map(len, deflated(b"1.25,2.5,red\n" * 100_000))) < 50_000


@pytest.mark.parametrize("size_bytes", [0, 1, 15, 16, 2047, 2048, 300_000, 2**32, 2**40])
@pytest.mark.parametrize("kind", [b"blob", b"tree", b"commit"])
def test_the_size_stands_in_the_header(kind: bytes, size_bytes: int) -> None:
    made = pack._entry_header(kind, size_bytes)
    assert pack.read_header(made + b"\x78\x9c") == (kind, size_bytes, len(made))


class TestDraft:
    @settings(max_examples=15)
    @given(st.lists(st.binary(max_size=300), unique=True, max_size=20))
    def test_git_reads_it(self, tmp_path_factory: pytest.TempPathFactory, blobs: list[bytes]) -> None:
        repository = tmp_path_factory.mktemp("r") / "r.git"
        create_repository(repository)
        draft = PackDraft(repository / "objects/pack")
        for data in blobs:
            draft.add(b"blob", object_id(b"blob", data), data)
        draft.settle()
        draft.publish()
        assert fsck(repository) == ""
        shown = subprocess.run(
            ["git", "-C", str(repository), "cat-file", "--batch"], capture_output=True, check=True,
            input="".join(object_id(b"blob", data) + "\n" for data in blobs).encode(),
        ).stdout
        assert shown == b"".join(
            b"%s blob %d\n%s\n" % (object_id(b"blob", data).encode(), len(data), data) for data in blobs
        )

    def test_it_has_gits_name_and_index(self, repository: Path, tmp_path: Path) -> None:
        draft = PackDraft(repository / "objects/pack")
        for data in BLOBS:
            draft.add(b"blob", object_id(b"blob", data), data)
        draft.settle()
        draft.publish()
        (made,) = (repository / "objects/pack").glob("*.pack")
        data = made.read_bytes()
        assert made.name == f"pack-{hashlib.sha1(data[:-20]).hexdigest()}.pack"
        again = tmp_path / "again.idx"
        subprocess.run(["git", "-C", str(repository), "index-pack", "-o", str(again), str(made)], check=True, capture_output=True)
        assert made.with_suffix(".idx").read_bytes() == again.read_bytes()

    def test_offsets_beyond_two_gigabytes_have_a_table_of_their_own(self) -> None:
        entries = {f"{n:040x}": pack.Entry(b"blob", 1, offset, offset + 1, n) for n, offset in enumerate((12, 2**31, 2**40))}
        index = pack._index_bytes(entries, b"\1" * 20)
        table = index[8 + 1024 + 3 * 20 + 3 * 4 :]
        assert [int.from_bytes(table[n : n + 4], "big") for n in (0, 4, 8)] == [12, 2**31, 2**31 | 1]
        assert [int.from_bytes(table[12 + n : 20 + n], "big") for n in (0, 8)] == [2**31, 2**40]

    def test_a_disk_that_takes_only_some_of_it_at_a_time(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "writev", lambda fd, pieces: os.write(fd, b"".join(pieces)[:1000]))
        draft = PackDraft(repository / "objects/pack")
        for data in BLOBS[:5]:
            draft.add(b"blob", object_id(b"blob", data), data)
        draft.settle()
        monkeypatch.undo()
        draft.publish()
        assert fsck(repository) == ""

    def test_a_second_try_to_publish_succeeds(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real, asked = os.replace, []

        def refuse_the_index(source: Path, target: Path) -> None:
            asked.append(target)
            if len(asked) == 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(source, target)

        draft = PackDraft(repository / "objects/pack")
        draft.add(b"blob", object_id(b"blob", b"a"), b"a")
        draft.settle()
        monkeypatch.setattr(os, "replace", refuse_the_index)
        with pytest.raises(OSError):
            draft.publish()
        assert draft.read(object_id(b"blob", b"a")) == (b"blob", b"a")
        draft.publish()
        assert sorted(name.split(".")[-1] for name in files(repository)) == ["idx", "pack"]
        assert fsck(repository) == ""


class TestSizes:
    def test_of_loose_and_packed_objects_and_deltas(self, objects: GitObjects, repository: Path) -> None:
        blobs = [RANDOM[:100_000] + b"%d" % n for n in range(3)] + [b"", b"x" * 300]
        names = [objects.put_blob(data) for data in blobs]
        assert [GitObjects(repository).blob_size(name) for name in names] == list(map(len, blobs))
        listed = "".join(f"{name} f{n}\n" for n, name in enumerate(names))
        words = ["git", "-C", str(repository), "pack-objects", "-q", "--window=10", str(repository / "objects/pack/pack")]
        subprocess.run(words, input=listed, text=True, check=True, capture_output=True)
        for name in names:
            (repository / "objects" / name[:2] / name[2:]).unlink()
        assert [GitObjects(repository).blob_size(name) for name in names] == list(map(len, blobs))


class TestBatch:
    def test_a_few_small_objects_are_loose(self, objects: GitObjects, repository: Path) -> None:
        with objects.batch() as batch:
            names = [batch.put_blob(b"%d" % n) for n in range(MOST_LOOSE)]
        assert len(files(repository)) == MOST_LOOSE
        assert [objects.blob(name) for name in names] == [b"%d" % n for n in range(MOST_LOOSE)]

    @pytest.mark.parametrize("blobs", [[b"%d" % n for n in range(MOST_LOOSE + 5)], [RANDOM + b"%d" % n for n in range(4)]])
    def test_many_or_large_ones_are_one_pack(self, objects: GitObjects, repository: Path, blobs: list[bytes]) -> None:
        assert len(blobs) > MOST_LOOSE or sum(map(len, blobs)) > MOST_LOOSE_BYTES
        with objects.batch() as batch:
            names = [batch.put_blob(data) for data in blobs for _ in range(2)]
            assert all(map(batch.has, names))
        objects.sync()
        assert sorted(name.split(".")[-1] for name in files(repository)) == ["idx", "pack"]
        assert fsck(repository) == ""
        assert [objects.blob(name) for name in names[::2]] == blobs

    def test_what_no_ref_needs_yet_is_read_here_and_seen_by_nobody_else(self, objects: GitObjects, repository: Path) -> None:
        with objects.batch() as batch:
            names = [batch.put_blob(RANDOM + b"%d" % n) for n in range(4)]
        assert all(objects.has(name) and objects.blob(name).startswith(RANDOM) for name in names)
        other = GitObjects(repository)
        assert not any(other.has(name) for name in names)
        objects.sync()
        assert all(other.has(name) and other.blob(name).startswith(RANDOM) for name in names)

    def test_a_failure_leaves_nothing(self, objects: GitObjects, repository: Path) -> None:
        with pytest.raises(ZeroDivisionError):
            with objects.batch() as batch:
                names = [batch.put_blob(RANDOM + b"%d" % n) for n in range(9)]
                1 / 0  # noqa: B018
        assert files(repository) == []
        assert not any(map(objects.has, names))
        objects.sync()

    def test_a_full_disk_is_named_and_leaves_nothing(
        self, objects: GitObjects, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(fd: int, pieces: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "writev", refuse)
        with pytest.raises(StoreFull):
            with objects.batch() as batch:
                for n in range(20):
                    batch.put_blob(RANDOM + b"%d" % n)
        assert files(repository) == []

    def test_what_was_never_named_goes_with_the_store(self, objects: GitObjects, repository: Path) -> None:
        with objects.batch() as batch:
            names = [batch.put_blob(RANDOM + b"%d" % n) for n in range(4)]
        objects.close()
        assert files(repository) == []
        with pytest.raises(NotFound):
            GitObjects(repository).blob(names[0])

    def test_a_draft_that_a_killed_process_left_is_swept(self, objects: GitObjects, repository: Path) -> None:
        left = repository / "objects/pack/tmp_pack_0123"
        left.write_bytes(b"PACK")
        objects.sweep()
        assert left.exists()
        os.utime(left, (1, 1))
        objects.sweep()
        assert not left.exists()

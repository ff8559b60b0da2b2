"""Large files in a plain git repository: any git reads them, and nothing of them costs memory or is deltaed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotscience_jlab.errors import StoreDamaged, StoreTooNew
from dotscience_jlab.model.workspace import FORMAT_VERSION
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.fork_store import copy_history
from dotscience_jlab.store.history import History
from dotscience_jlab.store.large_file import Meta
from dotscience_jlab.store.open import memory_store, open_store

from .conftest import SMALL_CHUNKS
from .contract import publish, scan_and_publish
from .large_contract import held, noise
from .test_on_disk import NAME, git, reopened, repository

ROOMY = KeepRules(small_file_bytes=10**12, data_bytes=10**12, free_bytes=0, free_share=0.0)


@pytest.fixture
def store(root: Path) -> History:
    return open_store(root, create=True, sizes=SMALL_CHUNKS)


def objects_of(store: History) -> list[str]:
    return sorted(each.name for each in (repository(store) / "objects").rglob("*") if each.is_file())


class TestPlainGit:
    def test_a_clone_puts_the_file_together_with_cat(self, root: Path, tmp_path: Path) -> None:
        data = noise(9_000_000)
        (root / "data").mkdir()
        (root / "data/big.csv").write_bytes(data)
        (root / "a.ds").write_bytes(data[:5_000_000])
        store = open_store(root, create=True)
        scan_and_publish(store, rules=ROOMY)
        assert git(repository(store), "fsck", "--strict", "--no-dangling") == ""
        git(tmp_path, "clone", "-q", str(repository(store)), "clone")
        subprocess.run("cat data/big.csv.ds/*/* > big.csv; cat a.ds~.ds/*/* > a.ds", shell=True, check=True, cwd=tmp_path / "clone")
        assert (tmp_path / "clone/big.csv").read_bytes() == data
        assert (tmp_path / "clone/a.ds").read_bytes() == data[:5_000_000]
        store.close()

    def test_what_a_tree_holds_is_what_the_format_says(self, store: History) -> None:
        data = noise(400_000)
        (store.root / "big").write_bytes(data)
        (store.root / "big").chmod(0o755)
        made = scan_and_publish(store)
        names = git(repository(store), "ls-tree", "-r", "--name-only", "main").split()
        n_chunks = len(names) - 1
        assert n_chunks > 512
        assert names == [f"big.ds/{n // 256:05}/{n:06}" for n in range(n_chunks)] + ["big.ds/meta"]
        meta = git(repository(store), "cat-file", "blob", "main:big.ds/meta")
        assert meta == f'{{"format":1,"mode":"executable","n_chunks":{n_chunks},"size_bytes":400000}}\n'
        tree = git(repository(store), "rev-parse", "main:big.ds").strip()
        assert store.entry(made.id, "big").digest == tree  # type: ignore[union-attr, arg-type]
        assert all(line.startswith("100644 blob") for line in git(repository(store), "ls-tree", "-r", "main").splitlines())

    def test_git_makes_no_chunk_a_difference_to_another(self, store: History) -> None:
        """Looking for such costs a clone ten times what it saves."""
        for n in range(4):
            (store.root / "big").write_bytes(noise(60_000)[n:])
            (store.root / "notes").write_bytes(b"many words\n" * 100 + b"%d" % n)
            scan_and_publish(store)
        git(repository(store), "repack", "-q", "-a", "-d", "-f")
        (index,) = (repository(store) / "objects/pack").glob("*.idx")
        listed = [line.split() for line in git(repository(store), "verify-pack", "-v", str(index)).splitlines()]
        names = {line.split(" ", 1)[0] for line in git(repository(store), "rev-list", "--objects", "--all").splitlines()
                 if ".ds/00000/" in line}
        assert len(names) > 50
        assert not [line for line in listed if line[0] in names and len(line) > 5]
        assert [line for line in listed if line[1:2] == ["blob"] and len(line) > 5]

    def test_gits_own_gc_changes_nothing(self, store: History) -> None:
        (store.root / "big").write_bytes(noise(100_000))
        made = scan_and_publish(store)
        git(repository(store), "gc", "-q", "--prune=now")
        assert held(store, made) == {"big": noise(100_000)}
        again = reopened(store)
        assert held(again, made) == {"big": noise(100_000)}

    @pytest.mark.parametrize("path", ["large", "x.ds/a", "x/a.ds~"])
    def test_a_history_of_before_says_so_until_a_reader_of_before_would_misread_it(self, store: History, path: str) -> None:
        def version() -> int:
            return json.loads((repository(store) / "workspace.json").read_text())["format_version"]

        file = repository(store) / "workspace.json"
        before = {**json.loads(file.read_text()), "format_version": 1}
        del before["checksum"]  # version 1 had none
        file.write_text(json.dumps(before))
        again = open_store(store.root, sizes=SMALL_CHUNKS)
        publish(again, {"a": b"1"})
        assert version() == 1
        publish(again, {path: again.put_file_bytes(noise(9000)) if path == "large" else b"1"})
        assert version() == FORMAT_VERSION == 2


class TestPacks:
    def test_the_first_snapshot_of_many_files_is_one_pack(self, store: History) -> None:
        for n in range(400):
            (store.root / f"{n}").write_text(f"{n}")
        made = scan_and_publish(store)
        assert sum(name.endswith(".pack") for name in objects_of(store)) == 1
        assert len(objects_of(store)) < 5
        again = reopened(store)
        assert held(again, made) == {f"{n}": b"%d" % n for n in range(400)}

    def test_new_chunks_are_one_pack_and_a_fork_shares_it(self, root: Path, tmp_path: Path) -> None:
        store = open_store(root, create=True)
        (root / "big").write_bytes(noise(12_000_000))
        made = scan_and_publish(store, rules=ROOMY)
        (pack,) = (repository(store) / "objects/pack").glob("*.pack")
        fork = copy_history(store, tmp_path / "fork", made.id)
        (shared,) = (repository(fork) / "objects/pack").glob("*.pack")
        assert pack.samefile(shared)
        store.forget_all()
        assert held(fork, made) == {"big": noise(12_000_000)}
        fork.close()

    def test_what_was_scanned_and_never_published_is_there_for_the_next_snapshot(self, root: Path) -> None:
        store = open_store(root, create=True)
        (root / "big").write_bytes(noise(12_000_000))
        entry = store.scan(ROOMY).edits["big"]  # type: ignore[index]
        assert b"".join(store.read_file(entry.digest)) == noise(12_000_000)  # type: ignore[union-attr]
        other = open_store(root)
        assert other.head() is None
        made = scan_and_publish(store, rules=ROOMY)
        assert held(other, made) == {"big": noise(12_000_000)}
        store.close()
        other.close()

    def test_a_failed_scan_forgets_nothing_and_leaves_nothing(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = open_store(root, create=True)
        (root / "big").write_bytes(noise(12_000_000))
        real = os.writev
        n_writes = 0

        def fail_late(fd: int, pieces: list[bytes]) -> int:
            nonlocal n_writes
            n_writes += 1
            if n_writes > 8:
                raise OSError(28, "No space left on device")
            return real(fd, pieces)

        with monkeypatch.context() as broken:
            broken.setattr(os, "writev", fail_late)
            with pytest.raises(Exception, match="no space"):
                store.scan(ROOMY)
        assert not [name for name in objects_of(store) if "pack" in name]
        made = scan_and_publish(store, rules=ROOMY)
        assert held(store, made) == {"big": noise(12_000_000)}
        store.close()


class TestDamage:
    def test_a_missing_chunk_is_damage_and_not_a_shorter_file(self, store: History) -> None:
        made = store.put_file_bytes(noise(50_000))
        items = dict(store.objects.tree(made.digest))
        folder = dict(store.objects.tree(items[b"00000"].id))
        del folder[max(folder)]
        items[b"00000"] = items[b"00000"]._replace(id=store.objects.put_tree(folder))
        shorter = store.objects.put_tree(items)
        with pytest.raises(StoreDamaged, match="holds"):
            list(store.read_file(shorter))  # type: ignore[arg-type]

    @pytest.mark.parametrize(("meta", "named"), [(b"{}", StoreDamaged), (b"no", StoreDamaged), (b'{"format": 2}', StoreTooNew)])
    def test_a_meta_that_cannot_be_read(self, store: History, meta: bytes, named: type[Exception]) -> None:
        made = store.put_file_bytes(noise(50_000))
        items = dict(store.objects.tree(made.digest))
        items[b"meta"] = items[b"meta"]._replace(id=store.objects.put_blob(meta))
        with pytest.raises(named):
            list(store.read_file(store.objects.put_tree(items)))  # type: ignore[arg-type]

    def test_meta_is_one_line(self) -> None:
        assert Meta("file", 3, 7).to_bytes() == b'{"format":1,"mode":"file","n_chunks":3,"size_bytes":7}\n'


SCRIPT = """
import re, sys
from pathlib import Path
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.open import open_store
from dotscience_jlab.model.snapshot import SnapshotDraft
def peak(): return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
rules = KeepRules(small_file_bytes=10**12, data_bytes=10**12, free_bytes=0, free_share=0.0)
store = open_store(Path(sys.argv[1]), create=True)
before = peak()
made = store.publish(SnapshotDraft("big", "2026-11-21T09:18:00.000000Z", dict(store.scan(rules).edits)))
n = 0
for piece in store.read_file(store.tree(made.id)["big"].digest): n += len(piece)
print(n, peak() - before)
store.close()
"""


def test_memory_stays_flat(root: Path) -> None:
    """200 MB in, and out again; the limit is for any size. By /proc: `getrusage` counts what the parent had before exec too."""
    source = random.Random(5)
    with open(root / "big", "wb") as file:
        for _ in range(20):
            file.write(source.randbytes(10_000_000))
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(root)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    n_bytes, more = map(int, done.stdout.split())
    assert n_bytes == 200_000_000
    assert more < 150 << 20


Files = dict[tuple[bytes, ...], bytes]
DATA = st.one_of(
    st.binary(max_size=50),
    st.tuples(st.integers(0, 5), st.integers(2000, 9000)).map(lambda chosen: noise(chosen[1], chosen[0])),
)
ODD_NAME = st.one_of(NAME, st.sampled_from([b"a.ds", b"a", b"a.ds~", b"a.ds.ds", b"meta", b"00000", b"\xff.ds", b".ds"]))
TREES = st.dictionaries(st.lists(ODD_NAME, min_size=1, max_size=3).map(tuple), DATA, max_size=8)


@given(TREES, TREES)
def test_trees_of_any_names_and_sizes_come_back(before: Files, after: Files) -> None:
    """Over memory, from one random tree to another: large files, small ones and folders taking each other's places."""
    store = memory_store(Path("/nowhere"), SMALL_CHUNKS)
    known: set[str] = set()
    shots, told = [], []
    for chosen in (before, after):
        folders = {parts[:n] for parts in chosen for n in range(1, len(parts))}
        files = {os.fsdecode(b"/".join(parts)): data for parts, data in chosen.items() if parts not in folders}
        edits = {path: store.put_file_bytes(data) for path, data in files.items()}
        shots.append(publish(store, {**dict.fromkeys(known - files.keys()), **edits}))
        assert held(store, shots[-1]) == files
        assert all(store.entry(shots[-1].id, path) == edits[path] for path in files)  # type: ignore[arg-type]
        told.append(files)
        known = set(files)
    changes = {each.path: each.kind for each in store.changes(shots[0].id, shots[-1].id)}
    assert changes == {
        path: "removed" if path not in told[1] else "added" if path not in told[0] else "updated"
        for path in told[0] | told[1] if told[0].get(path) != told[1].get(path)
    }
    store.close()

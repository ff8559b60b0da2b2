"""What any store promises of large files, and of names that look like theirs: part of the contract, over git and over memory."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.errors import NotFound
from dotscience_jlab.model.snapshot import Snapshot, TreeEntry
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.fingerprint import fingerprint
from dotscience_jlab.store.history import History
from dotscience_jlab.store.objects import FOLDER_MODE, CommitText, TreeItem, line_ref

from .conftest import SMALL_CHUNKS
from .contract import publish, scan_and_publish, skipped


def noise(n_bytes: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(n_bytes)


def held(store: History, snapshot: Snapshot) -> dict[str, bytes]:
    return {path: b"".join(store.read_file(entry.digest)) for path, entry in store.tree(snapshot.id).items()}


def entry(store: History, snapshot: Snapshot, path: str) -> TreeEntry:
    found = store.entry(snapshot.id, path)  # type: ignore[arg-type]
    assert found is not None
    return found


class LargeFiles:
    @pytest.fixture
    def store(self, chunking_store: History) -> History:
        return chunking_store

    @pytest.mark.parametrize("n_bytes", [0, 2047, 2048, 2049, 2304, 50_000, 400_000])
    def test_a_file_of_any_size_comes_back(self, store: History, n_bytes: int) -> None:
        data = noise(n_bytes)
        (store.root / "a").write_bytes(data)
        made = scan_and_publish(store)
        assert held(store, made) == {"a": data}
        found = entry(store, made, "a")
        assert (found.size_bytes, found.mode, found.is_chunked) == (n_bytes, "file", n_bytes > SMALL_CHUNKS.file_above)
        assert store.tree(made.id) == {"a": found}
        assert fingerprint(str(store.root / "a"), SMALL_CHUNKS) == found.digest
        assert store.scan(KeepRules()).edits == {}

    def test_a_large_file_is_one_file_to_every_question(self, store: History) -> None:
        first = publish(store, {"data/a": store.put_file_bytes(noise(50_000)), "b": b"1"})
        second = publish(store, {"data/a": store.put_file_bytes(noise(50_001))})
        third = publish(store, {"b": b"2"})
        assert (first.n_changes, second.n_changes) == (2, 1)
        assert [(each.path, each.kind) for each in store.changes(first.id, second.id)] == [("data/a", "updated")]
        assert store.changes(first.id, second.id)[0].after == entry(store, second, "data/a")
        assert list(store.tree(third.id)) == ["b", "data/a"]
        assert list(store.tree(third.id, "data")) == ["data/a"]
        assert list(store.tree(third.id, "data/a")) == ["data/a"]
        assert store.entry(third.id, "data/a/meta") is None  # type: ignore[arg-type]
        assert store.entry(third.id, "data/a.ds/meta") is None  # type: ignore[arg-type]
        assert store.entry(third.id, "data") is None  # type: ignore[arg-type]
        assert store.last_change(third.id, "data/a") == second.id  # type: ignore[arg-type]
        gone = publish(store, {"data/a": None})
        assert list(store.tree(gone.id)) == ["b"]
        assert store.last_change(gone.id, "data/a") == gone.id  # type: ignore[arg-type]

    def test_a_small_version_after_a_large_one_is_one_update_and_the_other_way_round(self, store: History) -> None:
        first = publish(store, {"a": noise(3000)})  # as an earlier program kept it: one blob
        second = publish(store, {"a": store.put_file_bytes(noise(3000))})
        third = publish(store, {"a": b"small"})
        for before, after in ((first, second), (second, third)):
            assert [(each.path, each.kind) for each in store.changes(before.id, after.id)] == [("a", "updated")]
            assert after.n_changes == 1
        assert held(store, first) == held(store, second) == {"a": noise(3000)}
        assert held(store, third) == {"a": b"small"}

    def test_a_folder_takes_a_large_files_place_and_the_other_way_round(self, store: History) -> None:
        publish(store, {"x": store.put_file_bytes(noise(9000)), "y/z": b"1"})
        made = publish(store, {"x": None, "x/a": b"2", "y/z": None, "y": store.put_file_bytes(noise(9001))})
        assert held(store, made) == {"x/a": b"2", "y": noise(9001)}

    def test_equal_bytes_have_one_name_and_the_mode_is_part_of_it(self, store: History) -> None:
        data = noise(20_000)
        for name, mode in (("a", 0o644), ("b", 0o644), ("run", 0o755)):
            (store.root / name).write_bytes(data)
            (store.root / name).chmod(mode)
        made = scan_and_publish(store)
        a, b, run = (entry(store, made, name) for name in ("a", "b", "run"))
        assert a.digest == b.digest == store.put_file_bytes(data).digest != run.digest
        assert run == store.put_file_bytes(data, "executable")
        assert (a.mode, run.mode) == ("file", "executable")
        assert fingerprint(str(store.root / "run"), SMALL_CHUNKS) == run.digest
        (store.root / "a").chmod(0o755)
        assert store.scan(KeepRules()).edits == {"a": run}

    @pytest.mark.parametrize(
        "change",
        [lambda data: data[:30_000] + b"new" + data[30_003:], lambda data: b"new" + data, lambda data: data[:30_000],
         lambda data: data + b"new", lambda data: b"", lambda data: noise(40_000, 9)],
    )
    def test_a_changed_file_is_what_it_became(self, store: History, change: Any) -> None:
        (store.root / "a").write_bytes(noise(60_000))
        before = scan_and_publish(store)
        (store.root / "a").write_bytes(change(noise(60_000)))
        after = scan_and_publish(store)
        assert held(store, before) == {"a": noise(60_000)}
        assert held(store, after) == {"a": change(noise(60_000))}
        if store.put_file_bytes(change(noise(60_000))).is_chunked:
            assert entry(store, after, "a") == store.put_file_bytes(change(noise(60_000)))

    def test_a_change_stores_only_what_changed(self, store: History) -> None:
        data = noise(400_000)
        (store.root / "a").write_bytes(data)
        scan_and_publish(store)
        before = store.size_bytes()
        (store.root / "a").write_bytes(data[:200_000] + b"!" + data[200_000:])
        scan_and_publish(store)
        assert store.size_bytes() - before < 60_000

    def test_a_change_near_the_quota_counts_what_is_new_and_not_the_file(self, store: History) -> None:
        data = noise(400_000)
        (store.root / "a").write_bytes(data)
        scan_and_publish(store)
        rules = KeepRules(data_bytes=store.size_bytes() + 100_000)
        (store.root / "a").write_bytes(b"!" + data)
        assert list(store.scan(rules).edits) == ["a"]
        (store.root / "b").write_bytes(noise(400_000, 2))
        assert "copying of data has stopped" in skipped(store, rules)["b"]

    def test_a_new_version_beyond_the_quota_is_not_kept(self, store: History) -> None:
        (store.root / "a").write_bytes(noise(50_000))
        scan_and_publish(store, ("a",))
        rules = KeepRules(data_bytes=store.size_bytes() + 20_000)
        (store.root / "a").write_bytes(noise(50_000, seed=2))
        before = store.size_bytes()
        result = store.scan(rules, ["a"])  # type: ignore[list-item]
        assert result.edits == {"a": None} and result.fingerprints["a"][0] == 50_000  # type: ignore[index]
        assert store.size_bytes() - before < 10_000

    def test_what_is_read_piece_by_piece_is_not_read_at_once(self, store: History) -> None:
        made = store.put_file_bytes(noise(50_000))
        pieces = list(store.read_file(made.digest))
        assert len(pieces) > 10 and max(map(len, pieces)) <= SMALL_CHUNKS.most
        with pytest.raises(NotFound):
            store.read_blob(made.digest)

    @pytest.mark.parametrize("offset", [0, 1, 700, 25_000, 49_999, 50_000])
    @pytest.mark.parametrize("is_large", [True, False])
    def test_reading_from_the_middle(self, store: History, offset: int, is_large: bool) -> None:
        data = noise(50_000)
        digest = store.put_file_bytes(data).digest if is_large else store.put_bytes(data)
        assert b"".join(store.read_file(digest, offset)) == data[offset:]

    def test_only_files_are_read(self, store: History) -> None:
        made = publish(store, {"folder/a": b"1"})
        tree = store.objects.commit(store.commit_of(made.id)).tree
        for wrong in (tree, store.commit_of(made.id), "0" * 40):
            with pytest.raises(NotFound):
                store.read_file(wrong)  # type: ignore[arg-type]

    def test_a_file_too_large_to_keep_has_the_name_it_would_have_had(self, store: History) -> None:
        (store.root / "a").write_bytes(noise(50_000))
        rules = KeepRules(small_file_bytes=10, touched_file_bytes=20_000)
        told = store.scan(rules, ["a"]).fingerprints  # type: ignore[list-item]
        assert told == {"a": (50_000, store.put_file_bytes(noise(50_000)).digest)}

    def test_a_file_that_changes_while_it_is_read_is_kept_and_marked(
        self, store: History, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = store.root / "a"
        path.write_bytes(noise(50_000))
        n_writes = 0
        real = os.pread

        def restless(fd: int, n_bytes: int, offset: int) -> bytes:
            nonlocal n_writes
            n_writes += 1
            os.utime(path, ns=(n_writes, n_writes))
            if n_writes == 4:
                os.truncate(path, 10_000)
            return real(fd, n_bytes, offset)

        monkeypatch.setattr(os, "pread", restless)
        kept = store.scan(KeepRules()).edits["a"]  # type: ignore[index]
        assert kept is not None and kept.is_torn
        monkeypatch.undo()
        settled = store.scan(KeepRules()).edits["a"]  # type: ignore[index]
        assert settled is not None and not settled.is_torn
        assert b"".join(store.read_file(settled.digest)) == noise(50_000)[:10_000]


    def test_it_is_one_file_to_who_asks_for_room(self, store: History) -> None:
        data = noise(20_000)
        publish(store, {"data/big.csv": store.put_file_bytes(data), "a.ds": b"1"})
        publish(store, {"data/big.csv": store.put_file_bytes(data + b"more")})
        found = {each.path: each for each in store.space().largest}
        assert set(found) == {"data/big.csv", "a.ds"}
        assert (found["data/big.csv"].n_versions, found["data/big.csv"].n_snapshots) == (2, 2)
        assert 20_000 <= found["data/big.csv"].stored_bytes < 30_000
        assert store.space().kinds["data"] < 30_000

    def test_purging_leaves_what_another_file_has_too(self, store: History) -> None:
        shared, own, other = noise(20_000), noise(9_000, 2), noise(9_000, 3)
        first = publish(store, {"a.csv": store.put_file_bytes(shared + own), "n": b"1"})
        made = publish(store, {"b.csv": store.put_file_bytes(shared + other)})
        plan = store.plan_purge(store.digests_at("a.csv"))  # type: ignore[arg-type]
        assert [(each.path, each.n_snapshots) for each in plan.paths] == [("a.csv", 2)]
        assert 7_000 < plan.stored_bytes < 14_000
        store.purge(plan, "private", "2026-11-21T09:18:09.000000Z")
        assert held(store, made) == {"b.csv": shared + other, "n": b"1"}
        assert held(store, first) == {"n": b"1"}
        (store.root / "a.csv").write_bytes(shared + own)
        (store.root / "b.csv").write_bytes(shared + other)
        assert "a.csv" not in store.tree(scan_and_publish(store).id)
        assert "purged" in skipped(store)["a.csv"]

    def test_forgetting_frees_the_chunks_that_nothing_else_has(self, store: History) -> None:
        data = noise(40_000)
        publish(store, {"big": store.put_file_bytes(data)})
        old = publish(store, {"big": store.put_file_bytes(noise(10_000, 2) + data)})
        made = publish(store, {"big": store.put_file_bytes(data)})
        assert 9_000 < store.freed_by([old.id]) < 20_000
        store.forget([old.id], "old", "2026-11-21T09:18:09.000000Z")
        assert held(store, made) == {"big": data}


class Names:
    ODD = ["a.ds", "a.ds~", "a.ds~~", ".ds", ".ds~", "x.dsx", "a.ds ", "new\nline.ds", "no\udcff utf8.ds", "no\udcff.ds~", "A.DS"]

    @pytest.fixture
    def store(self, chunking_store: History) -> History:
        return chunking_store

    def test_every_name_comes_back_whatever_it_ends_in(self, store: History) -> None:
        data = {}
        for n, name in enumerate(self.ODD):
            data[name] = b"%d" % n if n % 2 else noise(5000 + n)
            data[f"large {name}"] = noise(6000 + n)
            data[f"folder {name}/{name}"] = b"%d" % n
            data[f"folder {name}/meta"] = b"{}"
            data[f"folder {name}/00000/000000"] = b"not a chunk"
        for path, what in data.items():
            (store.root / path).parent.mkdir(parents=True, exist_ok=True)
            Path(os.fsdecode(os.fsencode(store.root) + b"/" + os.fsencode(path))).write_bytes(what)
        made = scan_and_publish(store)
        assert held(store, made) == data
        assert store.scan(KeepRules()).edits == {}
        assert {path: entry(store, made, path) for path in data} == store.tree(made.id)
        (store.root / "a.ds").unlink()
        (store.root / "folder a.ds~/a.ds~").write_bytes(noise(9999))
        after = scan_and_publish(store)
        assert [(each.path, each.kind) for each in store.changes(made.id, after.id)] == [
            ("a.ds", "removed"), ("folder a.ds~/a.ds~", "updated")]
        data["folder a.ds~/a.ds~"] = noise(9999)
        del data["a.ds"]
        assert held(store, after) == data

    def test_trees_that_were_written_before_names_were_escaped(self, store: History) -> None:
        """A folder `x.ds` without `meta`, and files `a.ds` and `a.ds~` beside it, are what they say."""
        objects = store.objects
        blob = {name: TreeItem(0o100644, objects.put_blob(name)) for name in (b"a.ds", b"a.ds~", b"plain")}
        folder = objects.put_tree({b"plain": blob[b"plain"]})
        tree = objects.put_tree({**blob, b"x.ds": TreeItem(FOLDER_MODE, folder)})
        objects.sync()
        objects.move_ref(line_ref("main"), None, objects.put_commit(CommitText(tree, (), "before\n", 1.0)))
        old = store.head()
        assert old is not None
        assert held(store, old) == {"a.ds": b"a.ds", "a.ds~": b"a.ds~", "plain": b"plain", "x.ds/plain": b"plain"}
        made = publish(store, {"x.ds/new": b"new", "a.ds": None})
        assert held(store, made) == {"a.ds~": b"a.ds~", "plain": b"plain", "x.ds/plain": b"plain", "x.ds/new": b"new"}
        assert [(each.path, each.kind) for each in store.changes(old.id, made.id)] == [("a.ds", "removed"), ("x.ds/new", "added")]

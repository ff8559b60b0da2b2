"""What a check says besides that something is damaged: what to do, what it may do itself, and that it costs little memory."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.store.check import check_history
from dotscience_jlab.store.findings import Checked, Finding
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store

from . import everything
from .contract import AT, draft, execution, publish, run
from .test_index_rebuild import remove_index, rows
from .test_on_disk import git, repository


def check(store_root: Path, **options: bool) -> Checked:
    return check_history(store_root / ".dotscience", store_root, **options)


def only(found: Checked) -> Finding:
    (finding,) = found.findings
    return finding


@pytest.fixture
def built(root: Path) -> History:
    everything.build(root, is_packed=False)
    return open_store(root)


class TestWhatRefersToIt:
    def test_a_file_s_bytes_are_named_by_path_snapshots_execution_and_the_cells_that_read_it(self, root: Path) -> None:
        store = open_store(root, create=True)
        first = publish(store, {"a": b"1", "deep/b": b"x"}, execution=execution(1).id)
        second = publish(store, {"a": b"2"}, execution=execution(2).id)
        publish(store, {"deep/b": b"y"}, execution=execution(3).id)
        digest = store.tree(first.id)["deep/b"].digest  # type: ignore[index]
        (repository(store) / "objects" / digest[:2] / digest[2:]).unlink()
        found = check(root)
        finding = only(found)
        assert not found.is_whole
        assert (finding.kind, finding.what) == ("object", digest)
        assert finding.snapshots == (first.id, second.id) and finding.n_snapshots == 2
        assert finding.paths == ("deep/b",) and finding.records == (execution(1).id, execution(2).id)
        assert "deep/b cannot be restored as it was in 2 snapshots" in finding.sentence and finding.remedy

    def test_whatever_of_a_large_file_is_gone_is_named_once(self, built: History) -> None:
        """Its folder, its meta, a folder of chunks, a chunk; of its first version and of a later one."""
        shots = [shot for shot in built.snapshots()[::-1] if built.entry(shot.id, "data/large.npy").is_chunked]  # type: ignore[arg-type, union-attr]
        for shot in (shots[0], shots[3]):
            for part in ("", "/meta", "/00000", "/00000/000000"):
                version = f"{built.commit_of(shot.id)}:data/large.npy.ds{part}"
                name = git(repository(built), "rev-parse", version).strip()
                path = repository(built) / "objects" / name[:2] / name[2:]
                path.rename(built.root / "away")
                (finding,) = [each for each in check(built.root).findings if each.kind == "object"]
                assert finding.what == name
                assert shot.id in finding.snapshots and finding.paths[0].startswith("data/large.npy")
                (built.root / "away").rename(path)

    def test_bytes_that_only_records_name(self, root: Path) -> None:
        store = open_store(root, create=True)
        digest = store.put_bytes(b"outputs")
        store.append([execution(1, outputs_blob=digest), execution(2), run(1)])
        path = repository(store) / "objects" / digest[:2] / digest[2:]
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-3])
        finding = only(check(root))
        assert finding.what == digest and finding.records == (execution(1).id,)

    def test_records_that_are_lost_are_named_from_the_index(self, root: Path) -> None:
        store = open_store(root, create=True)
        store.append([execution(1)])
        store.append([execution(2), run(1)])
        store.close()
        names = git(root / ".dotscience/store.git", "ls-tree", "-r", "refs/ds/records~1", "segments").split()
        (root / ".dotscience/store.git/objects" / names[2][:2] / names[2][2:]).unlink()
        kept = rows(root)
        found = check(root, is_repairing=True)
        assert [each.kind for each in found.findings] == ["object", "index"]
        assert found.findings[1].records == (execution(1).id,) and found.findings[1].is_damage
        assert rows(root) == kept, "the index was thrown away, though it alone still has them"

    @pytest.mark.parametrize("name", ["refs/heads/main", "refs/ds/records"])
    @pytest.mark.parametrize("is_index_there", [True, False])
    def test_a_lost_ref_is_put_back_by_the_command_it_names(self, built: History, name: str, is_index_there: bool) -> None:
        tip = git(repository(built), "rev-parse", name).strip()
        built.close()
        if not is_index_there:
            remove_index(built.root)
        (repository(built) / name).unlink()
        (finding,) = [each for each in check(built.root).findings if each.kind == "ref"]
        assert finding.what == name
        command = finding.remedy.split("`")[1]
        assert command == f"git -C {repository(built)} update-ref {name} {tip}"
        git(repository(built), *command.split()[3:])
        assert check(built.root).findings == ()

    def test_a_writer_that_was_killed_before_its_first_ref_lost_nothing(self, root: Path) -> None:
        store = open_store(root, create=True)
        publish(store, {"a": b"1"})
        store.append([run(1)])
        store.close()
        for name in ("heads/main", "ds/records"):
            (root / ".dotscience/store.git/refs" / name).unlink()
        remove_index(root)
        assert check(root).findings == ()


class TestRepair:
    def test_it_writes_nothing_unless_asked(self, built: History) -> None:
        (repository(built) / "objects/pack/tmp_pack_x").write_bytes(b"x")
        os.utime(repository(built) / "objects/pack/tmp_pack_x", (1, 1))
        built.close()
        with open(repository(built) / "state.db", "r+b") as file:
            file.seek(4096)
            file.write(b"rubbish" * 100)
        before = {path: path.stat().st_mtime_ns for path in built.root.rglob("*") if path.is_file()}
        found = check(built.root)
        assert found.is_whole and {each.kind for each in found.findings} == {"index", "rubbish"}
        assert {path: path.stat().st_mtime_ns for path in built.root.rglob("*") if path.is_file()} == before

    def test_a_wrong_index_is_built_anew(self, built: History) -> None:
        before = rows(built.root)
        with built.index.write() as db:
            db.execute("UPDATE uses SET role = 'output'")
            db.execute("DELETE FROM executions WHERE ordinal = 3")
        found = check(built.root)
        assert {each.kind for each in found.findings} == {"index"} and found.is_whole
        assert execution(3).id in {record for each in found.findings for record in each.records}
        again = check(built.root, is_repairing=True)
        assert again.findings and all(each.is_repaired for each in again.findings)
        assert not built.is_there()
        open_store(built.root).close()
        assert rows(built.root) == before

    @pytest.mark.parametrize("damage", ["gone", "flipped"])
    def test_the_index_of_a_whole_pack_is_made_anew(self, root: Path, damage: str) -> None:
        everything.build(root, is_packed=True)
        path = next((root / ".dotscience/store.git/objects/pack").glob("*.idx"))
        if damage == "gone":
            path.unlink()
        else:
            data = bytearray(path.read_bytes())
            data[1500] ^= 4
            path.chmod(0o644)
            path.write_bytes(data)
        assert not check(root).is_whole
        found = check(root, is_repairing=True)
        assert found.is_whole and any(each.what == path.name and each.is_repaired for each in found.findings)
        assert check(root).findings == ()
        store = open_store(root)
        assert len(store.snapshots()) == everything.N_SNAPSHOTS
        assert git(repository(store), "fsck", "--strict", "--no-dangling") == ""

    def test_rubbish_is_swept_and_what_is_young_is_left_to_its_writer(self, built: History) -> None:
        folder = repository(built)
        old = [folder / "objects/pack/tmp_pack_1", folder / "objects/pack/pack-1.idx", folder / "objects/ab/tmp_obj_1",
               folder / "refs/heads/main.lock", folder.parent / f"store.git.{'0' * 32}/HEAD", folder / f"workspace.json.{'a' * 32}"]
        young = folder / "objects/pack/tmp_pack_2"
        for path in (*old, young):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x")
        for path in (*old, folder.parent / f"store.git.{'0' * 32}"):
            os.utime(path, (1, 1))
        found = check(built.root)
        assert found.is_whole and len([each for each in found.findings if each.kind == "rubbish"]) == len(old)
        check(built.root, is_repairing=True)
        assert [path for path in old if path.exists()] == [] and young.exists()
        assert check(built.root).findings == ()


def test_a_session_that_is_not_over_is_no_difference(built: History) -> None:
    built.index.feed([execution(50, session="k-00000000000000ff", id="k-00000000000000ff:m1", outcome="running")])
    assert check(built.root).findings == ()


def test_a_history_that_does_not_open_is_checked_all_the_same(built: History) -> None:
    built.close()
    (repository(built) / "workspace.json").write_text("{")
    (repository(built) / "config").write_text("[core")
    found = check(built.root)
    assert {each.kind for each in found.findings} >= {"workspace"} and found.n_objects > 50


def test_memory_does_not_grow_with_the_history(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Peak of what Python holds while 10 and while 60 more snapshots are checked, but for the folders kept on purpose."""
    monkeypatch.setattr("dotscience_jlab.store.git.TREE_ITEMS_KEPT", 1000)
    store = open_store(root, create=True)
    peaks = []
    for n_snapshots in (10, 60):
        for n in range(n_snapshots):
            edits = draft(store, {f"f{n % 5}": b"%d" % n * 25_000}).edits
            store.publish(SnapshotDraft("s", AT % 0, edits), [execution(n % 60)])  # type: ignore[arg-type]
        tracemalloc.start()
        assert check(root).findings == ()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2_000_000

"""What holds only on disk: plain git reads it, housekeeping spares it, processes share it, crashes do not harm it."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotscience_jlab.errors import Conflict, NotFound, StoreDamaged, StoreFull, StoreReadOnly, StoreTooNew
from dotscience_jlab.model.ids import new_run_id
from dotscience_jlab.model.run import Annotation
from dotscience_jlab.model.snapshot import SnapshotDraft, TreeEntry
from dotscience_jlab.model.workspace import FORMAT_VERSION
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.fork_store import copy_history
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import memory_store, open_store

from .contract import AT, NOTEBOOK, draft, execution, publish, run, scan_and_publish

PROCESSES = multiprocessing.get_context("spawn")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def repository(store: History) -> Path:
    return store.root / ".dotscience" / "store.git"


@pytest.fixture
def store(root: Path) -> History:
    return open_store(root, create=True)


def reopened(store: History) -> History:
    store.close()
    return open_store(store.root)


class TestPlainGit:
    def test_fsck_is_clean_and_a_clone_has_the_files(self, store: History, tmp_path: Path) -> None:
        (store.root / "sub").mkdir()
        (store.root / "sub/a").write_text("1")
        (store.root / "sub.x").write_text("2")
        (store.root / "sub-").write_text("3")
        scan_and_publish(store)
        store.append([run(1), execution(1, outputs_blob=store.put_bytes(b"[]"))])
        assert git(repository(store), "fsck", "--strict", "--no-dangling") == ""
        git(tmp_path, "clone", "-q", str(repository(store)), "clone")
        assert sorted(each.name for each in (tmp_path / "clone").rglob("*") if each.is_file() and ".git" not in each.parts) == [
            "a", "sub-", "sub.x"]

    def test_the_log_reads_like_a_notebook(self, store: History) -> None:
        message = "train.ipynb In [3]: fit()"
        made = publish(store, {"a": b"1"}, message, execution=execution(1).id, notebook=NOTEBOOK, run=new_run_id())
        assert git(repository(store), "log", "--format=%s").strip() == message
        assert git(repository(store), "log", "--format=%an <%ae>").strip() == "dotscience <dotscience@localhost>"
        told = git(repository(store), "log", "--format=%(trailers:key=Ds-Snapshot,valueonly)%(trailers:key=Ds-Execution,valueonly)"
                   "%(trailers:key=Ds-Notebook,valueonly)%(trailers:key=Ds-Run,valueonly)").split()
        assert told == [made.id, made.execution, NOTEBOOK, made.run]

    def test_the_author_is_the_settings(self, store: History) -> None:
        store.save_workspace(replace(store.workspace, settings={"author": "Ada <ada@example.org>"}))
        publish(store, {"a": b"1"})
        assert git(repository(store), "log", "--format=%an %ae").strip() == "Ada ada@example.org"
        store.save_workspace(replace(store.workspace, settings={"author": "no\naddress"}))
        publish(store, {"a": b"2"})
        assert git(repository(store), "log", "-1", "--format=%an").strip() == "dotscience"

    def test_bytes_that_records_name_survive_gits_own_gc(self, store: History) -> None:
        outputs, environment = store.put_bytes(b"outputs"), store.put_bytes(b"environment")
        rubbish = store.put_bytes(b"named by nobody")
        store.append([execution(1, outputs_blob=outputs, environment=environment)])
        git(repository(store), "gc", "-q", "--prune=now")
        again = reopened(store)
        assert [again.read_blob(each) for each in (outputs, environment)] == [b"outputs", b"environment"]
        with pytest.raises(NotFound):
            again.read_blob(rubbish)
        publish(again, {"a": b"outputs"})
        assert git(repository(again), "fsck", "--strict", "--no-dangling") == ""

    def test_a_history_packed_by_git_under_an_open_store_is_read_on(self, store: History) -> None:
        made = publish(store, {"a": b"1"})
        git(repository(store), "gc", "-q", "--prune=now")
        assert store.read_blob(store.tree(made.id)["a"].digest) == b"1"  # type: ignore[index]
        assert publish(store, {"a": b"2"}).parents == (made.id,)

    def test_a_commit_that_another_git_made_is_a_snapshot(self, store: History, tmp_path: Path) -> None:
        publish(store, {"a": b"1"})
        git(tmp_path, "clone", "-q", str(repository(store)), "clone")
        (tmp_path / "clone/b").write_text("2")
        git(tmp_path / "clone", "add", "b")
        git(tmp_path / "clone", "-c", "user.name=x", "-c", "user.email=y", "commit", "-qm", "by hand")
        git(tmp_path / "clone", "push", "-q", "origin", "HEAD:main")
        head = store.head()
        assert head is not None and head.message == "by hand"
        assert sorted(store.tree(head.id)) == ["a", "b"]
        assert publish(store, {"c": b"3"}).parents == (head.id,)
        assert [each.id for each in reopened(store).snapshots()][1] == head.id

    @pytest.mark.parametrize("name", [".GIT", "git~1", ".g\u200cit"])
    def test_names_that_git_refuses_are_left_out(self, store: History, name: str) -> None:
        (store.root / name).mkdir()
        (store.root / name / "x").write_text("1")
        (store.root / "a").write_text("1")
        assert list(store.tree(scan_and_publish(store).id)) == ["a"]
        assert git(repository(store), "fsck", "--strict", "--no-dangling") == ""


class TestFolder:
    def test_the_users_repository_does_not_see_it_and_its_housekeeping_spares_it(self, root: Path) -> None:
        git(root, "init", "-q")
        git(root, "-c", "user.name=x", "-c", "user.email=y", "commit", "-q", "--allow-empty", "-m", "0")
        before = git(root, "status", "--porcelain", "--ignored=no")
        store = open_store(root, create=True)
        made = publish(store, {"a": b"1"})
        assert git(root, "status", "--porcelain", "--ignored=no") == before
        for name, words in (("a", ("clean", "-fdxq")), ("b", ("-c", "user.name=x", "-c", "user.email=y", "stash", "-aq"))):
            (root / name).write_text("untracked")
            git(root, *words)
            assert not (root / name).exists()
        assert reopened(store).head() == made
        assert (root / ".dotscience/.gitignore").read_text() == "*\n"

    def test_it_is_the_users_alone(self, store: History) -> None:
        assert (store.root / ".dotscience").stat().st_mode & 0o777 == 0o700

    def test_a_copy_of_the_folder_gets_an_id_of_its_own(self, store: History, tmp_path: Path) -> None:
        made = publish(store, {"a": b"1"})
        shutil.copytree(store.root, tmp_path / "copy")
        copy = open_store(tmp_path / "copy")
        assert copy.workspace.id != store.workspace.id
        assert copy.head() == made
        assert open_store(tmp_path / "copy").workspace.id == copy.workspace.id
        assert reopened(store).workspace.id == store.workspace.id

    def test_a_moved_folder_and_one_by_another_name_keep_their_id(self, store: History, tmp_path: Path) -> None:
        (tmp_path / "alias").symlink_to(store.root)
        assert open_store(tmp_path / "alias").workspace.id == store.workspace.id
        store.close()
        store.root.rename(tmp_path / "moved")
        assert open_store(tmp_path / "moved").workspace.id == store.workspace.id

    def test_a_history_of_a_later_format_is_refused_in_words(self, store: History) -> None:
        path = repository(store) / "workspace.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": FORMAT_VERSION + 1}))
        with pytest.raises(StoreTooNew, match="newer"):
            open_store(store.root)

    def test_no_history_is_not_found(self, root: Path) -> None:
        with pytest.raises(NotFound, match="no history"):
            open_store(root)
        assert os.listdir(root) == []

    def test_a_removed_history_is_noticed(self, store: History) -> None:
        assert store.is_there()
        shutil.rmtree(store.root / ".dotscience")
        assert not store.is_there()
        open_store(store.root, create=True)
        assert not store.is_there()

    def test_forgetting_all_leaves_the_users_files(self, store: History) -> None:
        (store.root / "a").write_text("1")
        scan_and_publish(store)
        assert store.forget_all() > 0
        assert os.listdir(store.root) == ["a"]

    def test_a_lost_workspace_file_costs_the_settings_and_nothing_else(self, store: History) -> None:
        made = publish(store, {"a": b"1"})
        store.close()
        (repository(store) / "workspace.json").unlink()
        assert open_store(store.root, create=True).head() == made


class TestIndex:
    @pytest.mark.parametrize("damage", ["gone", "rubbish", "old"])
    def test_it_is_rebuilt_from_git(self, store: History, damage: str) -> None:
        made = run(1)
        points = [(n, "loss", n, 1.0 * n, 1.0 * n) for n in range(2000)]
        store.index.add_points(made.id, points)
        shots = [publish(store, {"a": b"%d" % n}, line=line) for n, line in enumerate(["main", "main", "try"])]
        store.append([made, execution(1)])
        store.append([Annotation("w1", made.id, "note", "kept", AT % 3)])  # type: ignore[arg-type]
        told = store.index.run(made.id), store.index.series(made.id), store.snapshots(), store.head("try")
        if damage == "old":
            store.index.pragma("schema", "0")
        store.close()
        for path in repository(store).glob("state.db*"):
            if damage == "gone":
                path.unlink()
            elif damage == "rubbish":
                path.write_bytes(b"rubbish" * 1000)
        again = open_store(store.root)
        assert (again.index.run(made.id), again.index.series(made.id), again.snapshots(), again.head("try")) == told
        assert [each.id for each in again.snapshots()] == [shots[1].id, shots[0].id]
        assert again.index.executions().total == 1

    def test_another_process_s_work_is_seen(self, store: History) -> None:
        other = open_store(store.root)
        made = publish(other, {"a": b"1"})
        other.append([run(1)])
        assert store.head() == made
        assert store.index.runs().total == 1
        assert publish(store, {"b": b"2"}).parents == (made.id,)


def _publish_many(root: str, name: str, n: int) -> None:
    store = open_store(Path(root))
    for each in range(n):
        data = f"{name} {each}".encode()
        entry = TreeEntry(store.put_bytes(data), len(data))
        ran = replace(execution(1), id=f"k-{int(name):016x}:m{each}")  # type: ignore[arg-type]
        store.publish(SnapshotDraft(f"{name}.{each}", AT % 0, {f"{name}/{each}": entry}), [ran])  # type: ignore[arg-type, dict-item]
    store.close()


def _publish_for_ever(root: str, begun: str) -> None:
    store = open_store(Path(root))
    n = 0
    while True:
        publish(store, {f"f{n % 10}": b"%d" % n})
        n += 1
        if n == 3:
            Path(begun).touch()


class TestManyProcesses:
    @pytest.mark.parametrize(
        ("n_processes", "n_each"),
        [(4, 20), pytest.param(8, 500, marks=[pytest.mark.slow(share=0), pytest.mark.timeout(3600)])],
    )
    def test_nothing_is_lost_and_nothing_doubled(self, store: History, n_processes: int, n_each: int) -> None:
        processes = [PROCESSES.Process(target=_publish_many, args=(str(store.root), str(n), n_each)) for n in range(n_processes)]
        for each in processes:
            each.start()
        while any(each.is_alive() for each in processes):  # a reader in the middle of it always sees one whole chain
            told = store.snapshots(limit=10)
            for younger, older in zip(told, told[1:]):
                assert younger.parents == (older.id,)
            time.sleep(0.02)
        for each in processes:
            each.join()
            assert each.exitcode == 0
        total = n_processes * n_each
        shots = store.snapshots(limit=total + 1)
        assert sorted(each.message for each in shots) == sorted(f"{n}.{m}" for n in range(n_processes) for m in range(n_each))
        assert [each.parents for each in shots] == [*((each.id,) for each in shots[1:]), ()]
        head = store.head()
        assert head is not None and len(store.tree(head.id)) == total
        assert store.index.executions().total == total
        assert git(repository(store), "rev-list", "--count", "main").strip() == str(total)
        assert reopened(store).index.executions().total == total

    def test_two_that_begin_a_history_at_once_share_it(self, root: Path) -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            stores = list(pool.map(lambda _: open_store(root, create=True), range(8)))
        assert len({each.workspace.id for each in stores}) == 1
        assert sorted(os.listdir(root / ".dotscience")) == [".gitignore", "store.git"]


class TestCrashes:
    @pytest.mark.parametrize("delay_s", [0.0, 0.003, 0.007, 0.013, 0.029])
    def test_a_killed_writer_leaves_a_whole_history(self, store: History, tmp_path: Path, delay_s: float) -> None:
        begun = tmp_path / "begun"
        process = PROCESSES.Process(target=_publish_for_ever, args=(str(store.root), str(begun)))
        process.start()
        while not begun.exists():
            time.sleep(0.001)
        time.sleep(delay_s)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        again = reopened(store)
        shots = again.snapshots(limit=10_000)
        assert len(shots) >= 3
        assert [each.parents for each in shots] == [*((each.id,) for each in shots[1:]), ()]
        for entry in again.tree(shots[0].id).values():
            again.read_blob(entry.digest)
        assert publish(again, {"after": b"1"}).parents == (shots[0].id,)
        assert git(repository(again), "fsck", "--strict", "--no-dangling") == ""

    def test_a_lock_that_a_killed_process_left_is_swept(self, store: History) -> None:
        publish(store, {"a": b"1"})
        for name in ("refs/heads/main.lock", "refs/ds/records.lock"):
            path = repository(store) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (1, 1))
        store.append([run(1)])
        publish(store, {"a": b"2"})
        assert not list(repository(store).rglob("*.lock"))

    def test_a_failure_between_records_and_line_leaves_the_old_line(self, store: History, monkeypatch: pytest.MonkeyPatch) -> None:
        old = publish(store, {"a": b"1"})
        real = store.objects.move_ref

        def fail(name: str, before: str | None, after: str) -> bool:
            if name == "refs/heads/main":
                raise OSError(errno.EIO, "Input/output error")
            return real(name, before, after)

        with monkeypatch.context() as broken:
            broken.setattr(store.objects, "move_ref", fail)
            with pytest.raises(OSError):
                publish(store, {"a": b"2"})
        assert store.head() == old
        assert store.read_blob(store.tree(old.id)["a"].digest) == b"1"  # type: ignore[index]
        assert publish(store, {"a": b"2"}).parents == (old.id,)

    def test_bytes_lost_with_the_power_are_read_again(self, store: History) -> None:
        path = store.root / "a"
        path.write_text("1")
        os.utime(path, (1, 1))
        time.sleep(0.05)
        digest = store.scan(KeepRules()).edits["a"].digest  # type: ignore[union-attr, index]
        (repository(store) / "objects" / digest[:2] / digest[2:]).unlink()
        made = scan_and_publish(store)
        assert store.read_blob(store.tree(made.id)["a"].digest) == b"1"  # type: ignore[index]

    def test_damaged_bytes_are_never_handed_out(self, store: History) -> None:
        digest = store.put_bytes(b"good")
        path = repository(store) / "objects" / digest[:2] / digest[2:]
        other = store.put_bytes(b"evil")
        shutil.copyfile(repository(store) / "objects" / other[:2] / other[2:], path.with_name("x"))
        path.with_name("x").replace(path)
        with pytest.raises(StoreDamaged):
            reopened(store).read_blob(digest)


class TestRefusals:
    @pytest.mark.parametrize(
        ("number", "named"), [(errno.ENOSPC, StoreFull), (errno.EDQUOT, StoreFull), (errno.EROFS, StoreReadOnly)]
    )
    def test_a_disk_that_refuses_is_named_and_nothing_published_is_harmed(
        self, store: History, monkeypatch: pytest.MonkeyPatch, number: int, named: type[Exception]
    ) -> None:
        old = publish(store, {"a": b"1"})
        waiting = draft(store, {"a": b"2"})

        def refuse(*_: object, **__: object) -> int:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as broken:
            broken.setattr("dotscience_jlab.store.git.os.open", refuse)
            with pytest.raises(named):
                store.publish(waiting)
            with pytest.raises(named):
                store.append([run(1)])
        assert store.head() == old
        assert store.publish(waiting).parents == (old.id,)
        assert git(repository(store), "fsck", "--strict", "--no-dangling") == ""

    def test_a_real_full_disk(self, tmp_path: Path) -> None:
        """A small file system of its own, where this machine lets us make one."""
        folder = tmp_path / "small"
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True).returncode:
            pytest.skip("no right to mount a file system here")
        try:
            store = open_store(folder, create=True)
            old = publish(store, {"a": b"1"})
            with pytest.raises(StoreFull):
                for _ in range(40):
                    publish(store, {"b": os.urandom(100_000)})
                    old = store.head() or old
            assert store.head() == old
            for entry in store.tree(old.id).values():
                store.read_blob(entry.digest)
            store.close()
        finally:
            subprocess.run(["umount", str(folder)], check=True)

    def test_a_folder_that_cannot_be_written_has_its_history_elsewhere(self, root: Path, tmp_path: Path) -> None:
        script = (
            "import os, sys; from pathlib import Path; from dotscience_jlab.store.open import open_store\n"
            "from dotscience_jlab.errors import StoreReadOnly\n"
            "open_store(Path(sys.argv.pop()), create=True).close()  # loads all modules: nobody may not read them\n"
            "os.setuid(65534) if os.getuid() == 0 else None\n"
            "root, fallback = map(Path, sys.argv[1:])\n"
            "first = open_store(root, create=True, fallback_dir=fallback); first.append([])\n"
            "again = open_store(root, fallback_dir=fallback)\n"
            "assert again.workspace.id == first.workspace.id and not list(root.iterdir())\n"
            "try: open_store(root, create=True)\n"
            "except StoreReadOnly as error: print(error)\n"
        )
        fallback = Path("/tmp") / f"ds-fallback-{os.getpid()}"
        elsewhere = Path("/tmp") / f"ds-root-{os.getpid()}"
        elsewhere.mkdir()
        fallback.mkdir()
        fallback.chmod(0o777)
        elsewhere.chmod(0o555)
        try:
            command = [sys.executable, "-c", script, str(elsewhere), str(fallback), str(root)]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert "cannot be written" in done.stdout
        finally:
            elsewhere.chmod(0o755)
            shutil.rmtree(elsewhere)
            shutil.rmtree(fallback)


class TestFork:
    def test_it_begins_where_the_origin_stood_and_shares_its_objects(self, store: History, tmp_path: Path) -> None:
        first = publish(store, {"a": b"1"})
        publish(store, {"a": b"2"})
        made = run(1)
        store.append([made])
        fork = copy_history(store, tmp_path, first.id)
        assert fork.workspace.id != store.workspace.id
        origin = fork.workspace.origin
        assert origin is not None
        assert (origin.store, origin.snapshot, origin.disk_path) == (store.workspace.id, first.id, str(store.root))
        assert fork.head() == first
        assert fork.index.run(made.id) == made
        digest = store.tree(first.id)["a"].digest  # type: ignore[index]
        shared = [folder / "objects" / digest[:2] / digest[2:] for folder in (repository(store), repository(fork))]
        assert shared[0].samefile(shared[1])
        store.forget_all()
        assert fork.read_blob(digest) == b"1"
        assert publish(fork, {"b": b"3"}).parents == (first.id,)
        assert git(repository(fork), "fsck", "--strict", "--no-dangling") == ""

    def test_what_either_writes_later_the_other_does_not_see(self, store: History, tmp_path: Path) -> None:
        first = publish(store, {"a": b"1"})
        fork = copy_history(store, tmp_path, first.id)
        store.append([run(1)])
        fork.append([execution(1)])
        assert (fork.index.runs().total, store.index.executions().total) == (0, 0)

    def test_a_folder_with_a_history_is_refused(self, store: History) -> None:
        first = publish(store, {"a": b"1"})
        with pytest.raises(Conflict):
            copy_history(store, store.root, first.id)
        assert store.head() == first


NAME = st.binary(min_size=1, max_size=20).filter(lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b".."))
Files = dict[tuple[bytes, ...], bytes]
TREES = st.dictionaries(st.lists(NAME, min_size=1, max_size=3).map(tuple), st.binary(max_size=200), max_size=8)


@given(TREES, TREES)
def test_trees_of_any_names_and_bytes_come_back(before: Files, after: Files) -> None:
    """Over memory, from one random tree to another, folders and files taking each other's places."""
    store = memory_store(Path("/nowhere"))
    known: set[str] = set()
    for chosen in (before, after):
        # A path that is a folder of another cannot be a file as well.
        folders = {parts[:n] for parts in chosen for n in range(1, len(parts))}
        files = {os.fsdecode(b"/".join(parts)): data for parts, data in chosen.items() if parts not in folders}
        made = publish(store, {**dict.fromkeys(known - files.keys()), **files})
        assert {path: store.read_blob(each.digest) for path, each in store.tree(made.id).items()} == files
        known = set(files)
    store.close()

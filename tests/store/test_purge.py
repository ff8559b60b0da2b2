"""Purging on disk: the bytes are nowhere, whatever was killed when, and everything else is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from dotscience_jlab.errors import Forgotten
from dotscience_jlab.store.fork_store import copy_history
from dotscience_jlab.store.git import GitObjects
from dotscience_jlab.store.history import History
from dotscience_jlab.store.lock import StoreLock
from dotscience_jlab.store.maintenance import tidy
from dotscience_jlab.store.open import open_store

from .contract import AT, execution, publish
from .test_on_disk import git, repository

SECRET = b"-----BEGIN PRIVATE KEY----- hunter2"


@pytest.fixture
def store(root: Path) -> History:
    return open_store(root, create=True)


def with_a_secret(store: History) -> list[str]:
    made = [publish(store, {"key.pem": SECRET, "n": b"%d" % n}, f"cell {n}") for n in range(4)]
    made.append(publish(store, {"key.pem": None, "copy/key.pem": SECRET}, "moved"))
    made.append(publish(store, {"copy/key.pem": None}, "gone"))
    store.append([execution(1, outputs_text="fine", outputs_blob=store.put_bytes(b'["fine"]'))])
    return [each.id for each in made]


def holds(store: History, data: bytes) -> bool:
    """True if any object of the repository holds these bytes, asked of git itself."""
    listed = git(repository(store), "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").split("\n")
    names = [line.split()[0] for line in listed if line.endswith(" blob")]
    command = ["git", "-C", str(repository(store)), "cat-file", "--batch"]
    shown = subprocess.run(command, input="\n".join(names).encode(), capture_output=True, check=True)
    return data in shown.stdout


def purged(store: History, path: str = "key.pem") -> None:
    store.purge(store.plan_purge(store.digests_at(path)), "a private key", AT % 9, "ann")  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", ["loose", "our pack", "git's pack", "loose and packed"])
def test_the_bytes_are_nowhere_however_they_lay(store: History, layout: str) -> None:
    ids = with_a_secret(store)
    if layout == "our pack":
        tidy(GitObjects(repository(store)), StoreLock(repository(store)), now=0, many_loose=1)
    elif layout == "git's pack":
        git(repository(store), "repack", "-a", "-d", "-q")
    elif layout == "loose and packed":
        git(repository(store), "repack", "-q")
    assert holds(store, SECRET)
    purged(store)
    assert not holds(store, SECRET)
    assert git(repository(store), "fsck", "--strict", "--no-dangling") == ""
    assert git(repository(store), "log", "--all", "--format=%H", "--", "key.pem", "copy/key.pem") == ""
    store.close()
    again = open_store(store.root)
    assert [each.id for each in reversed(again.snapshots())] == ids
    assert [again.read_blob(again.tree(each)["n"].digest) for each in ids[:4]] == [b"0", b"1", b"2", b"3"]  # type: ignore
    assert again.index.execution(execution(1).id).outputs_text == "fine"


def test_a_purged_execution_is_not_in_the_index_s_file(store: History) -> None:
    publish(store, {"a": b"1"})
    store.append([execution(n, source=f"login({SECRET!r}, {n})", outputs_text="x" * 300) for n in range(50)])
    store.append([execution(59)])
    assert SECRET[:20] in b"".join(path.read_bytes() for path in repository(store).glob("state.db*"))
    store.purge(store.plan_purge([], [execution(n).id for n in range(50)]), "a password", AT % 9)
    store.close()
    assert SECRET[:20] not in b"".join(path.read_bytes() for path in repository(store).glob("state.db*"))
    again = open_store(store.root)
    assert not holds(again, SECRET)
    assert [each.order for each in again.index.executions().items] == [59]
    (repository(again) / "state.db").unlink()
    rebuilt = open_store(store.root)
    assert [each.order for each in rebuilt.index.executions().items] == [59]
    with pytest.raises(Forgotten):
        rebuilt.index.execution(execution(7).id)


def test_a_fork_keeps_its_own(store: History, tmp_path: Path) -> None:
    ids = with_a_secret(store)
    (tmp_path / "fork").mkdir()
    fork = copy_history(store, tmp_path / "fork", ids[-1])  # type: ignore[arg-type]
    purged(store)
    assert not holds(store, SECRET)
    assert holds(fork, SECRET)
    assert git(repository(fork), "fsck", "--strict", "--no-dangling") == ""
    purged(fork)
    assert not holds(fork, SECRET)


def test_marks_of_remotes_and_tags_do_not_keep_the_bytes(store: History) -> None:
    with_a_secret(store)
    git(repository(store), "update-ref", "refs/ds/remotes/origin/heads/main", "main~2")
    git(repository(store), "tag", "light", "main~3")
    git(repository(store), "-c", "user.name=x", "-c", "user.email=y", "tag", "-a", "-m", "words", "heavy", "main~1")
    purged(store)
    assert not holds(store, SECRET)
    assert git(repository(store), "for-each-ref", "--format=%(refname)").split() == [
        "refs/ds/records", "refs/heads/main", "refs/tags/heavy", "refs/tags/light"]
    assert git(repository(store), "ls-tree", "-r", "--name-only", "light") == "n\n"


def test_another_open_history_sees_it(store: History) -> None:
    ids = with_a_secret(store)
    other = open_store(store.root)
    digest = other.tree(ids[0])["key.pem"].digest  # type: ignore
    purged(store)
    assert other.head() is not None
    with pytest.raises(Forgotten):
        other.read_blob(digest)
    with pytest.raises(Forgotten):
        other.put_bytes(SECRET)
    assert list(other.tree(ids[0])) == ["n"]  # type: ignore[arg-type]
    assert publish(other, {"n": b"9"}).parents == (ids[-1],)


KILLED_AT = """
import os, sys
from dataclasses import replace
from pathlib import Path
from dotscience_jlab.store import purge as module
from dotscience_jlab.store.open import open_store

store = open_store(Path(sys.argv[1]))
left = int(sys.argv[2])

def counted(act):
    def once(*arguments, **options):
        global left
        if left == 0:
            os.kill(os.getpid(), 9)
        left -= 1
        return act(*arguments, **options)
    return once

for name in ("put_commit", "put_tree", "move_ref", "sync"):
    setattr(store.objects, name, counted(getattr(store.objects, name)))
store.upkeep = replace(store.upkeep, expire=counted(store.upkeep.expire))
for name in ("unlink", "rename", "replace"):
    setattr(os, name, counted(getattr(os, name)))
store.purge(store.plan_purge(store.digests_at("key.pem")), "a private key", "2026-11-21T10:00:00.000000Z", "ann")
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", range(0, 112, 4))
def test_killed_before_any_step_it_is_either_not_begun_or_finished_by_the_next_opening(store: History, step: int) -> None:
    ids = with_a_secret(store)
    store.close()
    done = subprocess.run([sys.executable, "-c", KILLED_AT, str(store.root), str(step)], capture_output=True)
    assert done.returncode in (0, -9), done.stderr
    again = open_store(store.root)
    assert [each.id for each in reversed(again.snapshots())] == ids
    is_begun = again.index.tombstone(hashlib.sha1(b"blob %d\0" % len(SECRET) + SECRET).hexdigest()) is not None
    assert holds(again, SECRET) is not is_begun
    assert is_begun is (sorted(again.tree(ids[0])) == ["n"])  # type: ignore[arg-type]
    assert git(repository(again), "fsck", "--strict", "--no-dangling") == ""


def test_no_copy_stays_in_a_file_of_ours(store: History) -> None:
    """Not even compressed in a leftover."""
    with_a_secret(store)
    purged(store)
    blob = b"blob %d\0" % len(SECRET) + SECRET
    name = hashlib.sha1(blob).hexdigest()
    for folder, _, files in os.walk(store.root / ".dotscience"):
        for file in files:
            data = Path(folder, file).read_bytes()
            assert SECRET not in data and zlib.compress(blob, 1) not in data, file
            assert file != name[2:]
    shutil.rmtree(store.root / ".dotscience")

"""What a power cut, a damaged file or a lost ref may not do: stand in for something, hide what is whole, begin a second history."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from dotscience_jlab.errors import StoreDamaged, StoreFull
from dotscience_jlab.model.frames import json_frame
from dotscience_jlab.recording import inbox as inboxes
from dotscience_jlab.recording.inbox import Inbox
from dotscience_jlab.store.history import History
from dotscience_jlab.store.open import open_store

from .contract import execution, publish, run
from .test_on_disk import git, reopened, repository


@pytest.fixture
def store(root: Path) -> History:
    return open_store(root, create=True)


def object_path(store: History, name: str) -> Path:
    return repository(store) / "objects" / name[:2] / name[2:]


@pytest.mark.parametrize("left", [b"", b"half of it", None])
def test_an_object_whose_bytes_the_power_took_is_written_again(store: History, left: bytes | None) -> None:
    digest = store.put_bytes(b"model")
    path = object_path(store, digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-4] if left is None else left)
    again = reopened(store)
    made = publish(again, {"model.pkl": b"model"})
    assert again.read_blob(again.tree(made.id)["model.pkl"].digest) == b"model"  # type: ignore[index]
    assert git(repository(again), "fsck", "--strict", "--no-dangling") == ""


def test_one_damaged_pack_hides_no_other_and_no_loose_object(store: History) -> None:
    first = publish(store, {"a": b"1"})
    store.close()
    git(repository(store), "gc", "-q", "--prune=now")
    store = open_store(store.root)
    digest = store.tree(publish(store, {"b": b"2"}).id)["b"].digest  # type: ignore[index]
    for path in (repository(store) / "objects/pack").glob("*.idx"):
        path.chmod(0o644)
        path.write_bytes(b"rubbish" * 300)
    again = reopened(store)
    assert again.read_blob(digest) == b"2"
    with pytest.raises(StoreDamaged):
        again.tree(first.id)
    assert again.put_bytes(b"1") and again.read_blob(again.put_bytes(b"1")) == b"1", "what it held is not written anew"


@pytest.mark.parametrize("name", ["refs/heads/main", "refs/ds/records"])
@pytest.mark.parametrize("damage", ["gone", "empty", "rubbish"])
def test_a_ref_that_says_nothing_is_damage_and_no_new_beginning(store: History, name: str, damage: str) -> None:
    made = publish(store, {"a": b"1"})
    store.append([run(1)])
    path = repository(store) / name
    tip = path.read_text()
    path.unlink() if damage == "gone" else path.write_text("" if damage == "empty" else "x" * 40 + "\n")
    for act in (lambda: publish(store, {"b": b"2"}), lambda: store.append([run(2)]), store.head):
        with pytest.raises(StoreDamaged, match="ds check"):
            act()
    path.write_text(tip)
    assert store.head() == made
    assert publish(store, {"b": b"2"}).parents == (made.id,)


def test_a_ref_that_the_disk_refused_leaves_no_lock(store: History, monkeypatch: pytest.MonkeyPatch) -> None:
    made = publish(store, {"a": b"1"})
    real = os.replace

    def refuse(source: str | Path, target: str | Path) -> None:
        if str(target).endswith("main"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    with monkeypatch.context() as full:
        full.setattr("dotscience_jlab.store.refs.os.replace", refuse)
        with pytest.raises(StoreFull):
            publish(store, {"b": b"2"})
    assert not list(repository(store).rglob("*.lock"))
    began = time.monotonic()
    assert publish(store, {"b": b"2"}).parents == (made.id,)
    assert time.monotonic() - began < 4, "it waited for a lock that nobody holds"


def test_what_is_kept_is_told_though_the_index_refuses_it(store: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refs have moved: to say that it failed would have it done twice."""
    publish(store, {"a": b"1"})

    def full(*_: object) -> None:
        raise StoreFull("There is no space left for the history's index.", "Free some disk space.")

    with monkeypatch.context() as refusing:
        refusing.setattr(store.index, "feed_lines", full)
        store.append([execution(1)])
    assert store.index.executions().total == 0
    made = publish(store, {"b": b"2"})
    assert store.index.execution(execution(1).id) == execution(1)
    assert store.head() == made


def test_a_wrong_length_in_a_large_spool_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads like a frame still being written, longer than one read: what follows it is read all the same."""
    monkeypatch.setattr(inboxes, "MAX_READ_BYTES", 500)
    folder = tmp_path / "k-00000000000000aa"
    folder.mkdir()
    frames = [json_frame({"event": "output_seen", "n": n, "text": "x" * 100}) for n in range(30)]
    data = bytearray(b"".join(frames))
    data[len(frames[0]) * 2 + 2] = 0x10  # of the third one: a megabyte
    (folder / f"{0:016d}.spool").write_bytes(data)
    inbox = Inbox(folder)
    assert inbox.take()
    read = []
    while received := inbox.read():
        read += [each.frame["n"] for each in received]  # type: ignore[call-overload]
    assert read == [0, 1, *range(3, 30)]
    assert len(inbox.faults) == 1 and "damaged" in inbox.faults[0]

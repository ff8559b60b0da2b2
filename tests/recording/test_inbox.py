"""The spool as the recorder reads it: torn ends, damage, rotation, and who writes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from dotscience_jlab.model.frames import json_frame
from dotscience_jlab.recording.inbox import Inbox, Process, current_boot_id, is_alive

SESSION = "k-0123456789abcdef"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / SESSION
    folder.mkdir()
    return folder


def put(folder, start, data):
    with open(folder / f"{start:016d}.spool", "ab") as file:
        file.write(data)


def read_all(inbox):
    found = []
    while received := inbox.read():
        found += [item.frame for item in received]
    return found


def test_frames_are_read_in_order_across_files_and_as_they_come(folder):
    first, second, third = ({"event": "x", "n": n} for n in range(3))
    inbox = Inbox(folder)
    assert inbox.take() and inbox.read() == []
    put(folder, 0, json_frame(first))
    size = len(json_frame(first))
    assert read_all(inbox) == [first] and inbox.position == size
    put(folder, 0, json_frame(second)[:5])
    assert inbox.read() == []
    put(folder, 0, json_frame(second)[5:])
    put(folder, 2 * size, json_frame(third))
    assert inbox.has_more()
    assert read_all(inbox) == [second, third] and not inbox.has_more()


def test_a_spool_is_taken_by_one_recorder_only(folder):
    one, two = Inbox(folder), Inbox(folder)
    assert one.take() and not two.take()
    one.release(is_stored=False)
    assert two.take()
    two.release(is_stored=True)
    assert not folder.exists()


def test_damage_ends_its_file_and_reading_goes_on_with_the_next(folder):
    good, last = {"event": "good"}, {"event": "last"}
    broken = bytearray(json_frame({"event": "broken"}))
    broken[-1] ^= 1
    put(folder, 0, json_frame(good) + bytes(broken))
    put(folder, len(json_frame(good)) + len(broken), json_frame(last))
    inbox = Inbox(folder)
    assert inbox.take()
    assert read_all(inbox) == [good, last]
    assert len(inbox.faults) == 1 and "damaged" in inbox.faults[0]


def test_a_frame_larger_than_one_read_is_read_whole(folder, monkeypatch):
    monkeypatch.setattr("dotscience_jlab.recording.inbox.MAX_READ_BYTES", 100)
    events = [{"event": "small"}, {"event": "large", "text": "x" * 1000}, {"event": "after"}]
    put(folder, 0, b"".join(map(json_frame, events)))
    inbox = Inbox(folder)
    assert inbox.take() and read_all(inbox) == events


def test_a_process_is_told_from_a_later_one_with_its_number():
    ticks = int(open(f"/proc/{os.getpid()}/stat").read().rsplit(")", 1)[1].split()[19])
    me = Process(os.getpid(), ticks, current_boot_id())
    assert is_alive(me)
    assert not is_alive(Process(me.pid, ticks - 1, me.boot_id))
    assert not is_alive(Process(me.pid, ticks, "another boot"))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert not is_alive(Process(gone.pid, None, None))


def test_a_spool_that_names_no_process_is_abandoned_after_a_while(folder):
    put(folder, 0, json_frame({"event": "late"}))
    inbox = Inbox(folder)
    assert not inbox.is_abandoned(time.time()) and inbox.is_abandoned(time.time() + 100)
    (folder / "session.json").write_text(json.dumps({"pid": os.getpid()}))
    assert not inbox.is_abandoned(time.time() + 100)


def test_a_report_from_another_computer_is_left_to_that_one_while_it_is_fresh(folder):
    put(folder, 0, json_frame({"event": "late"}))
    now = time.time()
    for host, is_for_us in (("here", True), ("there", False), (None, True)):
        (folder / "session.json").write_text(json.dumps({"pid": os.getpid(), "host": host}))
        assert Inbox(folder).is_for("here", now) is is_for_us
    (folder / "session.json").write_text(json.dumps({"pid": os.getpid(), "host": "there"}))
    assert Inbox(folder).is_for("here", now + 100), "its recorder is gone: nobody else would store it"

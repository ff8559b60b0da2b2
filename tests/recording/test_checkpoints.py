"""Snapshots in the middle of a cell: when they are taken, of what, and what a cut-off cell goes on from."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid

import pytest

from dotscience_jlab.recording.checkpoints import Checkpoints
from dotscience_jlab.recording.resume import plan_resume, session_of_run

from .spool import Bench


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def checkpoints(bench):
    return [each for each in bench.store.snapshots() if each.reason == "checkpoint"]


def begin_run(bench):
    execution = bench.begin("train()")
    run = str(uuid.uuid4())
    bench.write("run_opened", run=run, opened_by="implicit", execution=execution)
    return execution, run


def declare(bench, execution, run, name):
    bench.write("run_recorded", run=run, what="output", items={str(bench.root / name): None}, execution=execution)


def ask(bench, execution, run, items=None):
    bench.write("run_recorded", run=run, what="checkpoint", items=items or {"": None}, execution=execution)
    bench.recorder.take_in()


def test_a_checkpoint_holds_what_the_run_declared_and_nothing_else(bench):
    execution, run = begin_run(bench)
    (bench.root / "models").mkdir()
    for name in ("last.pt", "other.txt", "models/a.pt", "models/b.pt"):
        (bench.root / name).write_text(name)
    declare(bench, execution, run, "last.pt")
    declare(bench, execution, run, "models")
    declare(bench, execution, run, "not-there-yet.pt")
    ask(bench, execution, run, {"": 20})
    (taken,) = checkpoints(bench)
    assert set(bench.store.tree(taken.id)) == {"last.pt", "models/a.pt", "models/b.pt"}
    assert (taken.message, taken.run, taken.execution) == ("train.ipynb In [1] checkpoint at step 20", run, None)


def test_a_file_kept_by_a_checkpoint_is_an_output_of_its_cell_all_the_same(bench):
    execution, run = begin_run(bench)
    (bench.root / "last.pt").write_text("good")
    declare(bench, execution, run, "last.pt")
    ask(bench, execution, run)
    bench.end(execution)
    bench.recorder.take_in()
    (use,) = bench.store.index.execution(execution).files
    assert (use.path, use.role, use.evidence, use.kept) == ("last.pt", "output", "declared", "stored")


def test_only_the_named_files_are_kept_where_some_are_named(bench):
    execution, run = begin_run(bench)
    for name in ("a.pt", "b.pt"):
        (bench.root / name).write_text(name)
        declare(bench, execution, run, name)
    ask(bench, execution, run, {str(bench.root / "a.pt"): 3})
    assert [set(bench.store.tree(each.id)) for each in checkpoints(bench)] == [{"a.pt"}]


def test_many_checkpoints_in_a_second_become_one_and_the_last_state_is_kept_in_the_end(bench):
    execution, run = begin_run(bench)
    bench.recorder._checkpoints = Checkpoints(0, clock := Clock())
    declare(bench, execution, run, "last.pt")
    for number in range(50):
        (bench.root / "last.pt").write_text(str(number))
        ask(bench, execution, run, {"": number})
    assert [each.message[-1] for each in checkpoints(bench)] == ["0"]
    clock.now += 60
    bench.recorder.take_in()
    assert [each.message.split()[-1] for each in checkpoints(bench)] == ["49", "0"]


def test_what_a_long_cell_declared_or_was_seen_writing_is_kept_every_ten_minutes(bench):
    execution, run = begin_run(bench)
    bench.recorder._checkpoints = Checkpoints(600, clock := Clock())
    declare(bench, execution, run, "declared.pt")
    bench.write("file_opened", disk_path=str(bench.root / "seen.csv"), role="output", execution=execution)
    bench.recorder.take_in()
    seen = []
    for minute in range(25):
        for name in ("declared.pt", "seen.csv", "neither.txt"):
            (bench.root / name).write_text(f"{name} {minute}")
        clock.now += 60
        bench.recorder.take_in()
        seen.append(len(checkpoints(bench)))
    assert seen[8] == 0 and seen[9] == 1 and seen[18] == 1 and seen[-1] == 2
    assert {path for each in checkpoints(bench) for path in bench.store.tree(each.id)} == {"declared.pt", "seen.csv"}


def test_a_file_that_is_being_written_waits_for_the_next_turn(bench):
    execution, run = begin_run(bench)
    bench.recorder._checkpoints = Checkpoints(600, clock := Clock())
    for name in ("whole.pt", "half.pt"):
        (bench.root / name).write_text("x")
        declare(bench, execution, run, name)
    bench.recorder.take_in()
    hold = f"f = open({str(bench.root / 'half.pt')!r}, 'a'); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        clock.now += 600
        bench.recorder.take_in()
        writer.communicate(b"\n")
    assert [set(bench.store.tree(each.id)) for each in checkpoints(bench)] == [{"whole.pt"}]
    clock.now += 600
    bench.recorder.take_in()
    assert set(bench.store.tree(checkpoints(bench)[0].id)) == {"whole.pt", "half.pt"}


def cut_off(bench, *, restart=False):
    """A cell that is killed after a checkpoint, when it had half written its file again; its run."""
    execution, run = begin_run(bench)
    (bench.root / "last.pt").write_text("good")
    (bench.root / "log.txt").write_text("line")
    declare(bench, execution, run, "last.pt")
    bench.write("file_opened", disk_path=str(bench.root / "log.txt"), role="output", execution=execution)
    ask(bench, execution, run, {"": 7})
    if restart:
        bench.restart()
        bench.recorder.take_in()
    (bench.root / "last.pt").write_text("torn")
    assert bench.recorder.finish()
    return bench.store.index.run(run)


@pytest.mark.parametrize("restart", [False, True])
def test_a_killed_cell_is_gone_on_with_from_its_last_checkpoint(bench, restart):
    run = cut_off(bench, restart=restart)
    session = session_of_run(bench.store, run)
    assert session.certificate.resume_from == checkpoints(bench)[0].id
    plan = plan_resume(bench.store, session, run, bench.workspaces.rules(bench.store))
    assert plan["paths"] == ["last.pt"], "the log was not kept then, and is left as it is"
    assert [(step["path"], step["act"]) for step in plan["plan"]["steps"]] == [("last.pt", "write")]


def test_a_recorder_that_comes_after_the_death_takes_no_checkpoint_of_what_it_left(bench):
    execution, run = begin_run(bench)
    (bench.root / "last.pt").write_text("torn")
    declare(bench, execution, run, "last.pt")
    dead = {"pid": 1, "start_ticks": -1, "boot_id": None, "host": bench.settings.node}
    (bench.spool / "session.json").write_text(json.dumps(dead))
    ask(bench, execution, run)
    assert bench.store.head() is None
    assert bench.recorder.finish()
    assert checkpoints(bench) == [] and bench.store.index.session(bench.session).certificate.resume_from is not None


def test_without_a_checkpoint_the_state_at_its_end_is_what_there_is(bench):
    execution, run = begin_run(bench)
    (bench.root / "last.pt").write_text("good")
    declare(bench, execution, run, "last.pt")
    bench.recorder.take_in()
    assert bench.recorder.finish()
    session = bench.store.index.session(bench.session)
    assert session.certificate.resume_from == bench.store.index.execution(execution).snapshot
    (bench.root / "last.pt").write_text("changed since")
    plan = plan_resume(bench.store, session, None, bench.workspaces.rules(bench.store))
    assert [(step["path"], step["act"]) for step in plan["plan"]["steps"]] == [("last.pt", "write")]

"""What child processes tell is put in order with the kernel's reports, and belongs to the cell that they work for."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from dotscience_jlab.model.frames import json_frame
from dotscience_jlab.recording.child_look import ChildLook, children_of
from dotscience_jlab.recording.side_reports import SideReports

from .spool import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


NOW = time.time() + 3600


def later(seconds: float) -> float:
    """Of one clock for all tests here, ahead of the file system's: what a test writes is older than its cells."""
    return NOW + seconds


def files(bench: Bench, *names: str) -> None:
    for name in names:
        (bench.root / name).write_text(name)


def told_by_child(bench: Bench, name: str = "999999-1", *, path: str, torn: int = 0, **fields: object) -> None:
    (bench.spool / "children").mkdir(exist_ok=True)
    told = {"role": "input", "seen_by": "child process", "disk_path": str(bench.root / path), **fields}
    frame = json_frame({"event": "file_opened", **told})
    with open(bench.spool / "children" / f"{name}.spool", "ab") as file:
        file.write(frame[: len(frame) - torn])


def uses(bench: Bench, execution: str) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(use.role, use.path, use.seen_by) for use in bench.store.index.execution(execution).files}


def test_a_forked_worker_works_for_its_cell(bench: Bench) -> None:
    files(bench, "a.csv")
    execution = bench.begin("pool.map(f, x)", at=later(1))
    told_by_child(bench, execution=execution, path="a.csv", at=later(1.1))
    told_by_child(bench, execution=execution, path="b.csv", role="output", at=later(1.2))
    files(bench, "b.csv")
    bench.end(execution, at=later(1.3))
    bench.recorder.take_in()
    assert uses(bench, execution) == {("input", "a.csv", ("child process",)), ("output", "b.csv", ("child process", "scan"))}


def test_one_that_knows_only_since_when_it_works(bench: Bench) -> None:
    """Two cells, and a worker that is fed by both: what it does is work of the one that runs at that moment."""
    files(bench, "a.csv", "b.csv")
    first = bench.begin("pool.map(f, x)", at=later(1))
    told_by_child(bench, since=later(1.1), path="a.csv", at=later(1.1))
    bench.end(first, at=later(1.2))
    second = bench.begin("pool.map(g, x)", "c2", at=later(2))
    told_by_child(bench, since=later(2.1), path="b.csv", at=later(2.1))
    bench.end(second, at=later(2.2))
    bench.recorder.take_in()  # all of it at once, as after a start
    assert uses(bench, first) == {("input", "a.csv", ("child process",))}
    assert uses(bench, second) == {("input", "b.csv", ("child process",))}


def test_what_a_child_does_after_its_cell_belongs_to_the_session(bench: Bench) -> None:
    files(bench, "late.csv", "more.csv", "read.csv")
    first = bench.begin("Popen(…)", at=later(1))
    bench.end(first, at=later(1.2))
    second = bench.begin("x = 1", "c2", at=later(2))
    told_by_child(bench, since=later(1.1), path="late.csv", role="output", at=later(2.1))
    told_by_child(bench, execution=first, path="more.csv", role="both", at=later(2.1))
    told_by_child(bench, execution=first, path="read.csv", at=later(2.1))
    bench.end(second, at=later(2.2))
    bench.write("session_finished", reason="exit", at=later(3))
    bench.recorder.take_in()
    assert uses(bench, first) == uses(bench, second) == set()
    assert bench.recorder.finish()
    session = bench.store.index.session(bench.session)
    assert session.details == {"written_outside_cells": [str(bench.root / "late.csv"), str(bench.root / "more.csv")]}


def test_what_a_worker_wrote_for_the_next_cell_is_not_the_first_ones(bench: Bench) -> None:
    """Both ran before the recorder came to stage the first: it finds the second one's file, and knows whose it is."""
    now = time.time()
    first = bench.begin("pool.map(f, x)", at=now - 0.2)
    bench.end(first, at=now - 0.1)
    second = bench.begin("pool.map(g, x)", "c2", at=now - 0.1)
    told_by_child(bench, since=now - 0.05, path="b.csv", role="output", at=now - 0.05)
    files(bench, "b.csv")
    bench.end(second, at=time.time())
    bench.recorder.take_in()
    assert uses(bench, first) == set()
    assert {(role, path) for role, path, _ in uses(bench, second)} == {("output", "b.csv")}


def test_nothing_is_taken_for_a_private_cell(bench: Bench) -> None:
    files(bench, "a.csv")
    execution = bench.begin("", is_private=True, at=later(1))
    told_by_child(bench, since=later(1.1), path="a.csv", at=later(1.1))
    bench.end(execution, at=later(1.2))
    bench.recorder.take_in()
    assert uses(bench, execution) == set()


def test_a_killed_child_costs_its_last_word_and_no_other_child_anything(bench: Bench) -> None:
    files(bench, "a.csv", "b.csv", "c.csv")
    execution = bench.begin("pool.map(f, x)", at=later(1))
    told_by_child(bench, execution=execution, path="a.csv", at=later(1.1))
    told_by_child(bench, execution=execution, path="b.csv", at=later(1.1), torn=3)
    told_by_child(bench, "999998-1", execution=execution, path="c.csv", at=later(1.1))
    bench.end(execution, at=later(1.2))
    bench.recorder.take_in()
    assert {path for _, path, _ in uses(bench, execution)} == {"a.csv", "c.csv"}


def test_a_recorder_that_starts_in_the_middle_hears_it_all(bench: Bench) -> None:
    files(bench, "a.csv")
    execution = bench.begin("pool.map(f, x)", at=later(1))
    told_by_child(bench, execution=execution, path="a.csv", at=later(1.1))
    bench.recorder.take_in()
    bench.restart()
    bench.end(execution, at=later(1.2))
    bench.recorder.take_in()
    assert {path for _, path, _ in uses(bench, execution)} == {"a.csv"}


def test_files_of_ended_children_go_once_no_cell_runs(bench: Bench) -> None:
    execution = bench.begin("pool.map(f, x)")
    told_by_child(bench, execution=execution, path="a.csv", at=later(0))
    told_by_child(bench, f"{os.getpid()}-0", execution=execution, path="b.csv", at=later(0))
    bench.recorder.take_in()
    assert len(list((bench.spool / "children").iterdir())) == 2
    bench.end(execution)
    bench.recorder.take_in()
    assert [each.name for each in (bench.spool / "children").iterdir()] == [f"{os.getpid()}-0.spool"]


def test_a_remote_read_is_an_input_with_its_version(bench: Bench) -> None:
    execution = bench.begin("pandas.read_csv(url)")
    told = {"event": "remote_opened", "execution": execution, "role": "input", "seen_by": "library"}
    bench.write(**told, url="https://host/a.csv", etag='"1"', size_bytes=10)
    bench.write(**told, url="https://host/a.csv", etag='"2"')
    bench.write(**told, url="s3://data/b.csv", version="3HL4", etag="9b")
    bench.write(**told, url="https://host/c.csv")
    bench.end(execution)
    bench.recorder.take_in()
    found = {use.disk_path: use for use in bench.store.index.execution(execution).files}
    assert all((use.kept, use.path, use.seen_by, use.role) == ("remote", None, ("library",), "input") for use in found.values())
    assert found["https://host/a.csv"].size_bytes == 10
    assert {use.kept_reason for use in found.values()} == {
        'It lies elsewhere and is not copied: ETag "2". It changed while this cell ran.',
        'It lies elsewhere and is not copied: version 3HL4, ETag "9b".',
        "It lies elsewhere and is not copied: its server names no version of it.",
    }


class Kernel:
    """What ChildLook asks of a session's recorder, with this test as the kernel."""

    is_running = True

    def __init__(self, folder: Path) -> None:
        self.inbox = self
        self.session = folder.name
        self.folder = folder / "spool" / folder.name
        self.children = SideReports(folder)

    def process(self) -> "Kernel":
        return self

    pid = os.getpid()


def test_a_program_is_looked_at_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "ours").write_text("")
    lines = "exec 7< spool/ours", "exec 3< a.csv 4> b.csv 5<> c.csv 6< /etc/hostname", "echo ready", "read line", ""
    (tmp_path / "work.sh").write_text("\n".join(lines))
    kernel = Kernel(tmp_path)
    began = time.time()
    program = subprocess.Popen(["sh", "work.sh"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None and program.stdout.readline() == "ready\n"
        look = ChildLook(lambda: [kernel])  # type: ignore[list-item]
        assert look.look() and look.look()
        kernel.children.read()
        told = kernel.children.until(time.time())
        (child,) = [each for each in children_of(os.getpid()) if each.pid == program.pid]
    finally:
        program.communicate("\n")
    assert {(Path(each.disk_path).name, each.role) for each in told} == {
        ("a.csv", "input"), ("b.csv", "output"), ("c.csv", "both"), ("work.sh", "input")
    }  # fmt: skip
    assert len(told) == 4 and abs(child.begun_at - began) < 1

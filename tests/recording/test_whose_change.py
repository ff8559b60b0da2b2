"""Changes that meet in one folder, over a real store: each is laid at the door of who made it, or at nobody's."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dotscience_jlab.model.execution import Execution
from dotscience_jlab.recording.claims import Claims
from dotscience_jlab.recording.inbox import Inbox

from .spool import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.cell("1")
    return bench


def of(bench: Bench, execution: str) -> Execution:
    return bench.store.index.execution(execution)


def roles(execution: Execution) -> set[tuple[str, str | None]]:
    return {(use.role, use.path) for use in execution.files}


def test_a_file_that_was_uploaded_while_a_cell_trained_is_nobodys(bench: Bench) -> None:
    execution = bench.begin("model.fit()")
    bench.recorder.take_in()
    (bench.root / "uploaded.csv").write_bytes(os.urandom(200_000))
    bench.end(execution, n_written_bytes=30_000, n_children=0)
    bench.recorder.take_in()
    found = of(bench, execution)
    assert roles(found) == set() and found.unexplained == ("uploaded.csv",)
    assert found.capture == "complete"


def test_what_a_browser_saved_is_explained(bench: Bench) -> None:
    execution = bench.begin("model.fit()")
    bench.recorder.take_in()
    (bench.root / "notes.md").write_text("x")
    bench.activities[bench.store.workspace.id].saves.note(str(bench.root / "notes.md"))
    bench.end(execution, n_written_bytes=10**9, n_children=1)
    bench.recorder.take_in()
    assert (roles(of(bench, execution)), of(bench, execution).unexplained) == (set(), ())


def test_what_a_library_wrote_unseen_is_the_cells(bench: Bench) -> None:
    execution = bench.begin("library.save()")
    bench.recorder.take_in()
    (bench.root / "model.bin").write_bytes(os.urandom(200_000))
    bench.end(execution, n_written_bytes=300_000, n_children=0)
    bench.recorder.take_in()
    (use,) = of(bench, execution).files
    assert (use.role, use.path, use.evidence, use.seen_by) == ("output", "model.bin", "observed", ("scan",))


def test_a_base_that_was_only_read_is_no_output_and_a_file_made_and_removed_is_none(bench: Bench) -> None:
    base = bench.root / "a.db"
    base.write_bytes(b"rows")
    os.utime(base, (1, 1))
    bench.cell("look")
    execution = bench.begin("read('a.db')")
    seen = (("a.db", "both", True), ("draft", "output", False), ("made", "output", False), ("made", "input", True))
    for name, role, was_there in seen:
        bench.write("file_opened", disk_path=str(bench.root / name), role=role, execution=execution, was_there=was_there)
    (bench.root / "made").write_text("x")
    bench.end(execution)
    bench.recorder.take_in()
    assert roles(of(bench, execution)) == {("input", "a.db"), ("output", "made")}


def test_an_input_that_is_changed_while_the_cell_runs_is_named_as_it_was_read(bench: Bench) -> None:
    data = bench.root / "data.csv"
    data.write_text("first")
    os.utime(data, (1, 1))
    bench.cell("2")
    was = bench.store.entry(bench.store.head().id, "data.csv")
    execution = bench.begin("read('data.csv')")
    bench.write("file_opened", disk_path=str(data), role="input", execution=execution, was_there=True)
    bench.recorder.take_in()
    data.write_text("second, by somebody else")
    bench.end(execution, n_written_bytes=0)
    bench.recorder.take_in()
    found = of(bench, execution)
    (use,) = found.files
    assert (use.role, use.digest, use.kept, use.kept_reason) == ("input", was.digest, "stored", "It was changed while it was read.")
    assert found.capture == "partial" and "data.csv: it was changed while it was read." in found.capture_reasons
    assert found.unexplained == ("data.csv",)


def test_a_file_from_outside_is_kept_where_that_was_asked_for(bench: Bench, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.csv"
    outside.write_text("a,b")
    execution = bench.begin("ds.input(path, copy=True)")
    run = "0b8a5f0e-0000-4000-8000-000000000001"
    bench.write("run_opened", run=run, opened_by="implicit", execution=execution)
    bench.write("run_recorded", run=run, what="input", items={str(outside): {"copy": True}}, execution=execution)
    bench.end(execution)
    bench.recorder.take_in()
    (use,) = of(bench, execution).files
    assert (use.path, use.kept, use.size_bytes) == (None, "stored", 3)
    assert use.blob is not None and bench.store.read_blob(use.blob) == b"a,b"


def test_what_another_session_has_reported_is_read_ahead_and_stays_its_own(bench: Bench) -> None:
    claims, mine = Claims(), "k-ffffffffffffffff"
    inbox = Inbox(bench.spool)
    execution = bench.begin("save()")
    claims.taken_in(inbox.session, inbox.folder, 0)
    bench.write("file_opened", disk_path=str(bench.root / "theirs.txt"), role="output", execution=execution)
    bench.write("file_opened", disk_path=str(bench.root / "read.txt"), role="input", execution=execution)
    theirs = {str(bench.root / "theirs.txt")}
    assert claims.of_others(mine, time.time() - 60) == theirs
    assert claims.of_others(inbox.session, time.time() - 60) == frozenset()
    assert claims.of_others(mine, time.time() + 60) == frozenset()
    assert claims.of_others(mine, time.time() + 60, (execution,)) == theirs

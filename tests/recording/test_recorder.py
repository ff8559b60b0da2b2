"""The main story, over a real spool, a real folder and a real git store."""

from __future__ import annotations

import json
import math
import os
import time
import uuid
from dataclasses import replace

import pytest

from dotscience_jlab.errors import StoreFull
from dotscience_jlab.model.marker import format_marker
from dotscience_jlab.recording.annotate import rename_notebooks

from .spool import Bench


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def notebook_at(bench, execution):
    snapshot = bench.store.index.execution(execution).snapshot
    return json.loads(bench.store.read_blob(bench.store.entry(snapshot, "train.ipynb").digest))


def sources(document):
    return ["".join(cell["source"]) for cell in document["cells"]]


def new_run(bench, execution, **fields):
    run = str(uuid.uuid4())
    bench.write("run_opened", run=run, opened_by="implicit", execution=execution, **fields)
    return run


def test_an_execution_is_recorded_with_source_outputs_and_snapshot(bench):
    execution = bench.cell("print('hi')", prints="hi\n")
    found = bench.store.index.execution(execution)
    assert (found.source, found.outcome, found.outputs_text, found.path) == ("print('hi')", "ok", "hi", "train.ipynb")
    assert found.capture == "complete" and found.notebook is not None
    assert sources(notebook_at(bench, execution)) == ["print('hi')"]
    assert ("execution", bench.store.workspace.id, [execution], "train.ipynb") in bench.told


def test_what_was_executed_is_the_record_not_the_file_on_disk(bench):
    saved = {"cells": [{"cell_type": "code", "id": "c1", "metadata": {}, "source": "x = 'saved'", "outputs": [],
                        "execution_count": None}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (bench.root / "train.ipynb").write_text(json.dumps(saved))
    execution = bench.cell("x = 'edited, not saved'")
    assert bench.store.index.execution(execution).source == "x = 'edited, not saved'"
    assert bench.store.index.execution(execution).notebook_from == "disk"
    assert sources(notebook_at(bench, execution)) == ["x = 'edited, not saved'"]
    other = bench.cell("y = 1", "c2")
    assert sources(notebook_at(bench, other)) == ["x = 'edited, not saved'", "y = 1"]


def test_another_notebook_does_not_put_an_unsaved_one_back_to_its_file(bench):
    empty = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    (bench.root / "train.ipynb").write_text(empty)
    bench.cell("x = 'not saved'")
    bench.new_session("k-fedcba9876543210")
    bench.write("session_started", session=bench.session, kind="kernel", pid=1, host="h", python="3", executable="p",
                cwd=str(bench.root), package_version="0", notebook_disk_path=str(bench.root / "other.ipynb"))
    other = bench.cell("y = 1")
    assert bench.store.index.execution(other).path == "other.ipynb"
    assert sources(notebook_at(bench, other)) == ["x = 'not saved'"]


def test_a_fault_of_ours_keeps_what_was_executed_and_says_so(bench, monkeypatch):
    bench.cell("a = 1")
    monkeypatch.setattr(bench.store, "scan", lambda *_, **__: 1 / 0)
    execution = bench.cell("b = 2")
    found = bench.store.index.execution(execution)
    assert found.source == "b = 2" and found.outcome == "ok" and found.snapshot is None
    assert "ZeroDivisionError" in found.capture_reasons[0]


def test_run_all_gives_one_snapshot_a_cell_with_exactly_the_cells_finished_by_then(bench):
    executions = []
    for n in range(3):
        execution = bench.begin(f"x = {n}", f"c{n}")
        bench.end(execution)
        executions.append(execution)
    bench.recorder.take_in()
    assert [len(notebook_at(bench, each)["cells"]) for each in executions] == [1, 2, 3]
    assert [bench.store.index.execution(each).is_overlapped for each in executions] == [True, True, False]


def test_an_output_seen_being_written_and_one_only_found_are_both_the_cells(bench):
    execution = bench.begin("save()")
    (bench.root / "seen.csv").write_text("a")
    (bench.root / "found.csv").write_text("b")
    bench.write("file_opened", disk_path=str(bench.root / "seen.csv"), role="output", execution=execution)
    bench.end(execution)
    bench.recorder.take_in()
    uses = {use.path: use for use in bench.store.index.execution(execution).files}
    assert uses["seen.csv"].seen_by == ("audit", "scan") and uses["found.csv"].seen_by == ("scan",)
    assert {use.evidence for use in uses.values()} == {"observed"}


def test_a_file_that_was_there_before_is_nobodys_output(bench):
    path = bench.root / "uploaded.csv"
    path.write_text("a")
    os.utime(path, (1, 1))
    while os.stat(path).st_ctime > time.time() - 0.2:
        pass
    execution = bench.cell("1")
    assert bench.store.index.execution(execution).files == ()
    assert "uploaded.csv" in bench.store.tree(bench.store.head().id)


def test_a_file_written_while_another_session_ran_is_ambiguous_with_its_candidates(bench):
    mine = bench.begin("slow()")
    bench.recorder.take_in()
    mine_recorder = bench.recorder
    bench.new_session("k-fedcba9876543210")
    bench.order = 0
    other = bench.begin("also slow()")
    bench.recorder.take_in()
    (bench.root / "whose.csv").write_text("?")
    bench.end(other)
    bench.recorder.take_in()
    use = next(use for use in bench.store.index.execution(other).files if use.path == "whose.csv")
    assert use.evidence == "ambiguous" and set(use.candidates) == {mine, other}
    assert mine_recorder is not bench.recorder


def test_a_cell_whose_end_is_reported_after_the_next_one_began_says_that_they_overlap(bench):
    first = bench.begin("1")
    second = bench.begin("2")
    (bench.root / "whose.csv").write_text("?")
    bench.end(first)
    bench.end(second)
    bench.recorder.take_in()
    before, after = bench.store.index.execution(first), bench.store.index.execution(second)
    assert before.is_overlapped and not after.is_overlapped
    (use,) = (use for use in before.files if use.path == "whose.csv")
    assert use.evidence == "ambiguous" and set(use.candidates) == {first, second}


def test_an_input_names_the_snapshot_that_last_wrote_it(bench):
    writer = bench.begin("write()")
    (bench.root / "raw.csv").write_text("1")
    bench.end(writer)
    bench.recorder.take_in()
    reader = bench.begin("read()", "c2")
    bench.write("file_opened", disk_path=str(bench.root / "raw.csv"), role="input", execution=reader)
    bench.end(reader)
    bench.recorder.take_in()
    use = next(use for use in bench.store.index.execution(reader).files if use.path == "raw.csv")
    assert use.role == "input" and use.version == bench.store.index.execution(writer).snapshot


def test_a_run_gathers_parameters_points_and_its_state_is_true_all_along(bench):
    execution = bench.begin("train()")
    run = new_run(bench, execution, carried_over={"parameters": {"lr": 0.1}})
    bench.write("run_recorded", run=run, what="parameter", items={"depth": 3}, execution=execution)
    bench.write("names_declared", name_set=1, run=run, names=["loss", "acc"], execution=execution)
    for step in range(3):
        bench.points(1, step, (1.0 / (step + 1), math.nan if step == 1 else step / 10))
    bench.recorder.take_in()
    live = bench.store.index.run(run)
    assert live.state == "running" and live.metrics["loss"].n_points == 3 and live.finished_at is None
    bench.end(execution)
    bench.recorder.take_in()
    done = bench.store.index.run(run)
    assert done.state == "finished" and done.name == "train · 1"
    assert done.parameters == {"lr": 0.1, "depth": 3} and done.carried_over == ("lr",)
    assert (done.metrics["acc"].min, done.metrics["acc"].max, done.metrics["acc"].n_non_finite) == (0.0, 0.2, 1)
    assert done.snapshot == bench.store.index.execution(execution).snapshot
    loss = bench.store.index.series(run, ["loss"])[0]
    assert loss.steps == (0, 1, 2) and loss.values == (1.0, 0.5, 1 / 3)


def test_an_implicit_run_ended_with_its_last_cell_not_when_the_next_one_began(bench):
    execution = bench.begin("train()", at=1000.0)
    run = new_run(bench, execution, at=1000.5)
    bench.end(execution, at=1002.0)
    again = bench.begin("train()", at=2000.0)
    bench.write("run_closed", run=run, state="finished", execution=again, at=2000.1)
    bench.end(again, at=2001.0)
    bench.recorder.take_in()
    assert bench.store.index.run(run).duration_s == 1.5


@pytest.mark.parametrize("outcome, state", [("ok", "finished"), ("error", "failed"), ("interrupted", "interrupted")])
def test_a_run_ends_as_its_cell_ended(bench, outcome, state):
    execution = bench.begin("train()")
    run = new_run(bench, execution)
    bench.end(execution, outcome)
    bench.recorder.take_in()
    assert bench.store.index.run(run).state == state


def test_a_notebook_renamed_while_its_cell_runs_is_recorded_under_its_new_name(bench):
    old, new = bench.root / "train.ipynb", bench.root / "better.ipynb"
    old.write_text("{}")
    bench.kernels.report("kid", "started", str(old))
    first = bench.cell("a = 1")
    second = bench.begin("slow()", "c2")
    bench.recorder.take_in()
    old.rename(new)
    bench.kernels.rename(str(old), str(new))
    rename_notebooks(bench.store, "train.ipynb", "better.ipynb", time.time())
    bench.end(second)
    bench.recorder.take_in()
    found = [bench.store.index.execution(each) for each in (first, second)]
    assert [each.path for each in found] == ["train.ipynb", "better.ipynb"]
    assert found[0].notebook == found[1].notebook is not None
    assert bench.store.index.notebook_for("train.ipynb") is None, "a new notebook of the old name begins anew"


def test_a_killed_kernel_leaves_nothing_running(bench):
    execution = bench.begin("train()")
    run = new_run(bench, execution)
    bench.recorder.take_in()
    bench.kernels.report("kid", "died", exit_status=-9)
    assert bench.recorder.finish()
    assert bench.store.index.execution(execution).outcome == "killed"
    found = bench.store.index.run(run)
    assert found.state == "killed" and found.state_reason


def test_a_restarted_recorder_reads_the_spool_again_and_doubles_nothing(bench):
    first = bench.cell("a = 1", "c1")
    second = bench.begin("train()", "c2")
    run = new_run(bench, second)
    bench.write("names_declared", name_set=1, run=run, names=["acc"], execution=second)
    bench.points(1, 0, (0.5,))
    bench.recorder.take_in()
    n_snapshots = len(bench.store.snapshots())
    bench.restart()
    bench.recorder.take_in()
    bench.points(1, 1, (0.6,))
    bench.end(second)
    bench.recorder.take_in()
    index = bench.store.index
    assert [each.id for each in index.executions().items] == [second, first]
    assert index.series(run)[0].values == (0.5, 0.6) and index.run(run).number == 1
    assert len(bench.store.snapshots()) == n_snapshots + 1


def test_a_full_disk_loses_nothing_and_says_so(bench, monkeypatch):
    bench.cell("a = 1", "c1")
    store = bench.store
    real = store.publish

    def full(*_):
        raise StoreFull("There is no space left on the disk.", "Free some space.")

    monkeypatch.setattr(store, "publish", full)
    lost = bench.cell("b = 2", "c2")
    assert bench.activities[store.workspace.id].problem is not None
    monkeypatch.setattr(store, "publish", real)
    bench.recorder.take_in()
    assert store.index.execution(lost).outcome == "ok" and store.index.execution(lost).snapshot
    assert bench.activities[store.workspace.id].problem is None


def test_a_marker_in_the_output_registers_that_run_once(bench):
    run = str(uuid.uuid4())
    body = {"version": "1", "parameters": {"lr": "0.1"}, "summary": {"acc": "0.9"}, "labels": {}, "input": [], "output": []}
    bench.cell("ds.publish()", prints=format_marker(run, body))
    found = bench.store.index.run(run)
    assert found.opened_by == "marker" and found.parameters == {"lr": 0.1} and found.metrics["acc"].last == 0.9
    bench.cell("ds.publish()", prints=format_marker(run, {**body, "summary": {"acc": "0.1"}}))
    assert bench.store.index.run(run).metrics["acc"].last == 0.9


def test_an_executor_that_names_no_cell_is_matched_by_source(bench):
    cells = [{"cell_type": "code", "id": name, "metadata": {}, "source": source, "outputs": [], "execution_count": None}
             for name, source in (("c1", "x = 1"), ("c2", "x += 1"), ("c3", "x += 1"))]
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (bench.root / "train.ipynb").write_text(json.dumps(document))
    found = [bench.store.index.execution(bench.cell(source, None)) for source in ("x = 1", "x += 1", "x += 1", "y")]
    assert [each.cell_id for each in found] == ["c1", "c2", "c3", None]
    assert [each.cell_id_from for each in found] == ["matched", "matched", "matched", "unknown"]
    assert found[3].capture == "partial"


def test_a_private_cell_leaves_no_source_and_no_output(bench):
    execution = bench.cell("", is_private=True)
    found = bench.store.index.execution(execution)
    assert found.source == "" and found.outputs == () and found.capture_reasons == ("The cell is private.",)


def test_nothing_is_recorded_while_the_folder_is_paused(bench):
    bench.cell("a = 1")
    bench.store.save_workspace(replace(bench.store.workspace, is_paused=True))
    bench.cell("b = 2")
    assert bench.store.index.executions().total == 1


def test_large_outputs_lie_in_a_blob_that_a_clone_has(bench):
    execution = bench.cell("print('x' * 10000)", prints="x" * 10000)
    found = bench.store.index.execution(execution)
    assert found.outputs == () and found.outputs_blob and bench.store.is_named(found.outputs_blob)
    assert json.loads(bench.store.read_blob(found.outputs_blob))[0]["text"] == "x" * 10000


def test_outputs_read_as_the_notebook_shows_them(bench):
    execution = bench.begin("show()")
    stream = {"output_type": "stream", "name": "stdout"}
    display = {"output_type": "display_data", "data": {"text/plain": "first"}, "metadata": {}}
    bench.write("output_seen", execution=execution, output={**stream, "text": "gone"})
    bench.write("output_cleared", execution=execution, wait=True)
    bench.write("output_seen", execution=execution, output={**stream, "text": "a"})
    bench.write("output_seen", execution=execution, output={**stream, "text": "b"})
    bench.write("output_seen", execution=execution, output=display, display_id="d")
    updated = {**display, "data": {"text/plain": "second"}}
    bench.write("output_seen", execution=execution, output=updated, display_id="d", is_update=True)
    bench.end(execution)
    bench.recorder.take_in()
    outputs = bench.store.index.execution(execution).outputs
    assert [output.get("text") or output["data"]["text/plain"] for output in outputs] == ["ab", "second"]


def test_a_damaged_report_is_named_and_the_rest_is_kept(bench):
    bench.cell("a = 1")
    with open(bench.file, "ab") as file:
        file.write(b"\x05\x00\x00\x00garbage that is no frame")
    bench.recorder.take_in()
    assert bench.store.index.executions().total == 1


def test_the_history_is_clean_for_git(bench):
    import subprocess

    for n in range(3):
        (bench.root / "data.csv").write_text(str(n))
        bench.cell(f"x = {n}")
    git = ["git", "-C", str(bench.root / ".dotscience" / "store.git")]
    checked = subprocess.run([*git, "fsck", "--strict"], capture_output=True, text=True)
    assert checked.returncode == 0 and not checked.stdout.strip()
    log = subprocess.run([*git, "log", "--format=%s", "main"], capture_output=True, text=True, check=True).stdout
    assert log.splitlines() == [f"train.ipynb In [{n}]: x = {n - 1}" for n in (3, 2, 1)]


def test_a_file_that_outgrows_the_limit_is_known_by_its_fingerprint(bench):
    bench.store.save_workspace(replace(bench.store.workspace, settings={"limits": {"touched_file_bytes": 1000}}))

    def write(size):
        execution = bench.begin("save()")
        (bench.root / "big.bin").write_bytes(b"x" * size)
        bench.write("file_opened", disk_path=str(bench.root / "big.bin"), role="output", execution=execution)
        bench.end(execution)
        bench.recorder.take_in()
        return next(use for use in bench.store.index.execution(execution).files if use.path == "big.bin")

    assert write(10).kept == "stored"
    grown = write(2000)
    assert (grown.kept, grown.size_bytes) == ("fingerprint", 2000) and grown.digest and "arger" in grown.kept_reason
    assert "big.bin" not in bench.store.tree(bench.store.head().id)


def test_a_large_file_written_unseen_is_kept_and_its_next_version_too_large_is_named(bench):
    bench.store.save_workspace(replace(
        bench.store.workspace, settings={"limits": {"small_file_bytes": 100, "touched_file_bytes": 1000}}
    ))
    (bench.root / "archive.bin").write_bytes(b"x" * 500)
    time.sleep(0.2)

    def write(size):
        execution = bench.begin("c_library()")
        (bench.root / "big.bin").write_bytes(b"x" * size)
        bench.end(execution)
        bench.recorder.take_in()
        (use,) = bench.store.index.execution(execution).files
        return use

    kept = write(500)
    assert (kept.path, kept.role, kept.kept, kept.evidence) == ("big.bin", "output", "stored", "observed")
    assert "archive.bin" not in bench.store.tree(bench.store.head().id)
    for size in (2000, 3000):  # the second time the head does not have it any more
        grown = write(size)
        assert (grown.kept, grown.size_bytes) == ("fingerprint", size) and grown.digest
        assert grown.kept_reason == "It is larger than 1 kB. Only its fingerprint is kept."


def test_a_version_overwritten_before_it_was_kept_is_said_to_be(bench):
    bench.store.save_workspace(replace(bench.store.workspace, settings={"limits": {"small_file_bytes": 100}}))
    path = bench.root / "big.bin"
    path.write_bytes(b"x" * 500)
    execution = bench.begin("change()")
    path.write_bytes(b"y" * 500)
    for role in ("input", "output"):
        bench.write("file_opened", disk_path=str(path), role=role, execution=execution)
    bench.end(execution)
    bench.recorder.take_in()
    read, written = bench.store.index.execution(execution).files
    assert (written.kept, read.kept) == ("stored", "missing")
    assert read.kept_reason == "It was changed by this cell, and what was there before had not been kept."


def test_a_removed_file_is_an_output_that_is_gone(bench):
    (bench.root / "old.csv").write_text("1")
    bench.cell("x = 1")
    execution = bench.begin("remove()")
    (bench.root / "old.csv").unlink()
    bench.end(execution)
    bench.recorder.take_in()
    use = next(use for use in bench.store.index.execution(execution).files if use.path == "old.csv")
    assert (use.role, use.kept) == ("output", "missing")


def test_what_a_thread_prints_after_its_cell_is_the_cells(bench):
    execution = bench.cell("start_thread()", prints="now\n")
    before = bench.store.index.execution(execution)
    late = {"output_type": "stream", "name": "stdout", "text": "later\n"}
    bench.write("output_seen", execution=execution, output=late)
    bench.recorder.take_in()
    after = bench.store.index.execution(execution)
    assert after.outputs_text == "now\nlater" and after.snapshot == before.snapshot
    bench.restart()
    bench.recorder.take_in()
    assert bench.store.index.execution(execution).outputs_text == "now\nlater"


def test_what_is_written_outside_any_cell_is_no_cells_output(bench):
    execution = bench.begin("slow()")
    (bench.root / "log.txt").write_text("by a background thread")
    bench.write("file_opened", disk_path=str(bench.root / "log.txt"), role="output", execution=None)
    bench.end(execution)
    bench.recorder.take_in()
    assert bench.store.index.execution(execution).files == ()
    assert "log.txt" in bench.store.tree(bench.store.head().id)
    bench.recorder.finish()
    assert bench.store.index.sessions()[0].details == {"written_outside_cells": [str(bench.root / "log.txt")]}


def test_a_script_is_its_own_input(bench):
    (bench.root / "train.py").write_text("print(1)")
    bench.write("session_started", session=bench.session, kind="script", pid=1, host="h", python="3", executable="p",
                cwd=str(bench.root), package_version="0", script_disk_path=str(bench.root / "train.py"))
    execution = bench.begin("print(1)", None, kind="script")
    bench.write("file_opened", disk_path=str(bench.root / "train.py"), role="input", execution=execution)
    bench.end(execution)
    bench.recorder.take_in()
    found = bench.store.index.execution(execution)
    assert found.path == "train.py" and found.notebook is None
    assert [(use.role, use.kept) for use in found.files] == [("input", "stored")] and found.files[0].digest


def test_what_was_never_saved_of_a_private_cell_is_not_kept(bench):
    bench.cell("x = 1", "c1")
    private = {"cell_type": "code", "metadata": {"tags": ["ds-private"]}, "source": "token = 'hunter2'", "outputs": [
        {"output_type": "stream", "name": "stdout", "text": "hunter2"}], "execution_count": 2}
    shown = {"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": [], "execution_count": 1}
    documents = bench.activities[bench.store.workspace.id].documents
    assert documents.report(str(bench.root / "train.ipynb"), "d", None, 1, {"c1": shown, "p": private}, ["c1", "p"], {})
    execution = bench.cell("y = 2", "c3")
    document = notebook_at(bench, execution)
    assert "hunter2" not in json.dumps(document)
    assert sources(document) == ["x = 1", "y = 2", ""]


def test_a_store_broken_in_any_way_loses_nothing(bench):
    import shutil

    bench.cell("a = 1", "c1")
    objects = bench.root / ".dotscience" / "store.git" / "objects"
    shutil.move(objects, bench.root / ".dotscience" / "aside")
    objects.write_text("not a folder")
    during = bench.cell("b = 2", "c2")
    assert bench.activities[bench.store.workspace.id].problem is not None
    objects.unlink()
    shutil.move(bench.root / ".dotscience" / "aside", objects)
    bench.recorder.take_in()
    found = bench.store.index.execution(during)
    assert found.outcome == "ok" and found.snapshot
    assert bench.activities[bench.store.workspace.id].problem is None

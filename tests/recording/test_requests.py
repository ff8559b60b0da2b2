"""The recorder's answers about a real recorded morning: right, and of exactly the shape that the server publishes."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import jsonschema
import pytest

from dotscience_jlab.errors import Conflict, InvalidRequest, NeedsConsent, NotFound, UnsafePath
from dotscience_jlab.recording.activity import Activity
from dotscience_jlab.recording.requests import Desk
from dotscience_jlab.recording.uses import CLOCK_SLACK_S
from dotscience_jlab.server.operations import OPERATIONS
from dotscience_jlab.server.record_schemas import component_schemas

from .spool import Bench

ANSWERS = {operation.method: operation.answer for operation in OPERATIONS}
COMPONENTS = {**component_schemas(), "WorkspaceRow": {"type": "object"}}
RUNS = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002")


class Morning:
    """Two runs of one training cell, each overwriting model.bin; the file on disk is the second."""

    def __init__(self, folder):
        self.bench = bench = Bench(folder)
        self.told = []
        self.desk = Desk(
            bench.workspaces, bench.kernels, lambda store: bench.activities.setdefault(store.workspace.id, Activity()),
            lambda *told: self.told.append(told), bench.settings,
        )
        (bench.root / "raw.csv").write_text("raw")
        time.sleep(2 * CLOCK_SLACK_S)  # else the first cell may have made it
        self.executions = []
        for number, (run, lr, acc) in enumerate(zip(RUNS, (0.1, 0.01), (0.9, 0.95)), 1):
            execution = bench.begin(f"train(lr={lr})", "c1")
            bench.write("run_opened", run=run, opened_by="start", execution=execution)
            bench.write("run_recorded", run=run, what="parameter", items={"lr": lr}, execution=execution)
            bench.write("names_declared", name_set=number, run=run, names=["acc"], execution=execution)
            bench.points(number, 1, (acc,))
            bench.write("file_opened", disk_path=str(bench.root / "raw.csv"), role="input", execution=execution)
            (bench.root / "model.bin").write_text(f"model {number}")
            bench.write("file_opened", disk_path=str(bench.root / "model.bin"), role="output", execution=execution)
            text = f"accuracy: {acc}\n"
            bench.write("output_seen", execution=execution, output={"output_type": "stream", "name": "stdout", "text": text})
            bench.write("run_closed", run=run, state="finished", execution=execution)
            bench.end(execution)
            bench.recorder.take_in()
            self.executions.append(execution)
        self.workspace = bench.store.workspace.id

    def ask(self, method, **params):
        answer = self.desk.answer(method, {"workspace": self.workspace, **params}, lambda *_: None)
        answer = json.loads(json.dumps(answer, allow_nan=False))
        if method in ANSWERS:
            jsonschema.validate(answer, {**ANSWERS[method], "components": {"schemas": COMPONENTS}})
        return answer

    def model(self):
        return (self.bench.root / "model.bin").read_text()


@pytest.fixture
def morning(tmp_path):
    return Morning(tmp_path)


def test_a_restore_is_planned_done_and_undone(morning):
    asked = {"snapshot": morning.executions[0], "paths": ["model.bin"]}
    plan = morning.ask("restore.plan", **asked)
    assert [(step["path"], step["act"]) for step in plan["steps"]] == [("model.bin", "write")]
    done = morning.ask("restore.apply", **asked, plan_digest=plan["plan_digest"])
    assert morning.model() == "model 1" and done["written"] == ["model.bin"]
    undo = {"snapshot": done["snapshot_before"], "paths": ["model.bin"]}
    morning.ask("restore.apply", **undo, plan_digest=morning.ask("restore.plan", **undo)["plan_digest"])
    assert morning.model() == "model 2"
    assert morning.told[-1][0] == "snapshot"
    reasons = [each["reason"] for each in morning.ask("snapshots.list", limit=4)["items"]]
    assert reasons == ["restore", "restore", "before restore", "execution"]  # the first restore's own is what the undo undoes


def test_a_file_that_somebody_writes_is_replaced_only_after_a_yes(morning):
    """A child of ours: our own files are not held against us."""
    asked = {"snapshot": morning.executions[0], "paths": ["model.bin"]}
    code = "import sys; file = open(sys.argv[1], 'ab'); print(flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", code, morning.bench.root / "model.bin"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        plan = morning.ask("restore.plan", **asked)
        assert plan["steps"][0]["writer"].endswith(f"(pid {writer.pid})")
        with pytest.raises(NeedsConsent):
            morning.ask("restore.apply", **asked, plan_digest=plan["plan_digest"])
        assert morning.model() == "model 2"
        morning.ask("restore.apply", **asked, plan_digest=plan["plan_digest"], even_open=True)
        assert morning.model() == "model 1"
        writer.stdin.close()


def test_files_are_written_into_a_new_folder(morning, tmp_path):
    told = morning.ask("restore.into", snapshot=RUNS[0], paths=["model.bin"], disk_path=str(tmp_path / "other"))
    assert told == {"disk_path": str(tmp_path / "other"), "n_files": 1, "bytes": 7, "missing": []}
    assert (tmp_path / "other/model.bin").read_text() == "model 1" and morning.model() == "model 2"


def test_a_cell_that_ran_since_the_plan_stops_the_restore(morning):
    asked = {"snapshot": RUNS[0]}
    plan = morning.ask("restore.plan", **asked)
    (morning.bench.root / "model.bin").write_text("model 3")
    with pytest.raises(Conflict):
        morning.ask("restore.apply", **asked, plan_digest=plan["plan_digest"])
    assert morning.model() == "model 3"


def test_a_fork_of_an_old_execution_is_a_project_of_its_own(morning, tmp_path):
    asked = {"snapshot": morning.executions[0], "disk_path": str(tmp_path / "fork")}
    assert morning.ask("fork.plan", **asked)["n_files"] == 3  # raw.csv, model.bin, train.ipynb
    row = morning.ask("fork", **asked)["workspace"]
    assert (tmp_path / "fork" / "model.bin").read_text() == "model 1"
    assert row["root"] == str(tmp_path / "fork") and row["origin"]["store"] == morning.workspace
    assert morning.desk.answer("executions.list", {"workspace": row["id"]}, lambda *_: None)["total"] == 2


def test_runs_are_compared_and_exported(morning):
    found = morning.ask("runs.compare", runs=list(RUNS))
    different = {(row["group"], row["name"]): row["values"] for row in found["rows"] if row["is_different"]}
    assert different == {("parameters", "lr"): [0.1, 0.01], ("metrics", "acc"): [0.9, 0.95]}
    assert [(each["before"], each["after"]) for each in found["code"]] == [("train(lr=0.1)", "train(lr=0.01)")]
    assert [(each["path"], each["is_different"]) for each in found["files"]] == [("model.bin", True), ("raw.csv", False)]
    lines = morning.ask("runs.export", ids=list(RUNS), format="tsv")["text"].splitlines()
    assert [line.split("\t")[4:6] for line in lines] == [["lr", "acc"], ["0.1", "0.9"], ["0.01", "0.95"]]


def test_a_printed_number_becomes_a_run(morning):
    [number] = morning.ask("executions.numbers", execution=morning.executions[0])["items"]
    assert (number["name"], number["value"]) == ("accuracy", 0.9)
    run = morning.ask("executions.keep", execution=morning.executions[0], metrics={"accuracy": 0.9}, name="kept")
    assert morning.ask("runs.get", run="kept")["id"] == run["id"]
    assert morning.ask("runs.list")["total"] == 3
    changed = morning.ask("runs.change", run="kept", name="best", is_starred=True, labels={"a": 1})
    assert (changed["name"], changed["is_starred"], changed["labels"]) == ("best", True, {"a": 1})
    [series] = morning.ask("runs.series", run="best")["items"]
    assert series["values"] == [0.9]


@pytest.mark.parametrize("of, direction, files", [
    ("file:model.bin", "up", {"model.bin", "raw.csv"}),
    ("file:raw.csv", "up", {"raw.csv"}),
    ("file:raw.csv", "down", {"model.bin", "raw.csv"}),
    (f"run:{RUNS[0]}", "both", {"model.bin", "raw.csv"}),
    ("notebook:train.ipynb", "both", {"model.bin", "raw.csv"}),
])
def test_lineage_from_anything(morning, of, direction, files):
    found = morning.ask("lineage", of=of, direction=direction)
    assert {node["path"] for node in found["nodes"] if node["kind"] == "file"} == files
    assert found["focus"] in {node["id"] for node in found["nodes"]}


def test_why_is_answered(morning):
    why = morning.ask("executions.why", execution=morning.executions[1])
    assert [use["path"] for use in why["inputs"]] == ["raw.csv"]


def test_two_snapshots_side_by_side(morning):
    found = morning.ask("snapshots.diff", before=RUNS[0], after=RUNS[1])
    unified = {each["path"]: each["unified"] for each in found["items"]}
    assert "-model 1" in unified["model.bin"] and "+train(lr=0.01)" in unified["train.ipynb"]


def test_forgetting_needs_the_id(morning):
    plan = morning.ask("workspaces.forget_plan")
    assert (plan["n_executions"], plan["n_runs"]) == (2, 2)
    with pytest.raises(NeedsConsent):
        morning.ask("workspaces.forget", confirm="yes")
    assert morning.ask("workspaces.forget", confirm=morning.workspace)["freed_bytes"] > 0
    assert morning.model() == "model 2"
    with pytest.raises(NotFound):
        morning.ask("runs.list")


@pytest.mark.parametrize("method, params, error", [
    ("restore.plan", {"snapshot": "@", "paths": ["../x"]}, UnsafePath),
    ("restore.plan", {"snapshot": "@{99}"}, NotFound),
    ("restore.plan", {}, InvalidRequest),
    ("restore.apply", {"snapshot": "@", "plan_digest": "0"}, Conflict),
    ("fork.plan", {"snapshot": "@", "disk_path": "relative"}, InvalidRequest),
    ("runs.compare", {"runs": [RUNS[0]]}, InvalidRequest),
    ("runs.export", {"format": "xlsx"}, InvalidRequest),
    ("lineage", {"of": "file:x", "direction": "sideways"}, InvalidRequest),
    ("executions.keep", {"execution": "../../x"}, InvalidRequest),
    ("snapshots.file", {"snapshot": "@", "path": ".dotscience/store.git/HEAD"}, UnsafePath),
])
def test_a_senseless_question_is_answered_by_name(morning, method, params, error):
    with pytest.raises(error):
        morning.ask(method, **params)


@pytest.mark.parametrize(
    ("told", "more", "is_recorded"),
    [
        ({"n_unheard": 0}, {"only_if_unheard": True}, False),  # it reports itself
        ({"n_unheard": 2}, {"only_if_unheard": True, "execution_count": 2}, True),  # loaded behind that cell
        ({"n_unheard": 2}, {"only_if_unheard": True, "execution_count": 3}, False),
        ({"n_unheard": None}, {"only_if_unheard": True}, True),  # nothing could be loaded into it
        (None, {"only_if_unheard": True}, True),  # no server here knows it
        ({"n_unheard": 0}, {}, True),  # another language
        ({"n_unheard": None}, {"only_if_unheard": True, "msg_id": "m1"}, False),  # it did report that one
    ],
)
def test_a_browsers_word_counts_where_the_kernel_has_none(morning, told, more, is_recorded):
    if told is not None:
        morning.bench.kernels.report("ab12", "started", capture_reason="It is old.", **told)
    answer = morning.ask(
        "foreign.execution", disk_path=str(morning.bench.root / "train.ipynb"), kernel_name="old",
        **{"kernel_id": "ab12", "msg_id": "m99", "source": "x", "cell_id": "c1", "execution_count": 1, "outcome": "ok",
           "started_at": "2026-11-21T12:00:00.000000Z", "finished_at": "2026-11-21T12:00:01.000000Z", "outputs": [], **more},
    )
    assert (answer["execution"] is not None) == is_recorded
    if is_recorded:
        found = morning.bench.store.index.execution(answer["execution"])
        assert found.capture == "partial" and ("%pip install" in found.capture_reasons[-1]) == ("only_if_unheard" in more)


def test_a_browsers_word_that_nobody_needs_begins_no_history(morning):
    """It may arrive after the folder's history was forgotten."""
    other = morning.bench.root.parent / "other"
    other.mkdir()
    (other / "requirements.txt").write_text("")
    morning.bench.kernels.report("ab12", "started", n_unheard=0)
    answer = morning.ask(
        "foreign.execution", disk_path=str(other / "train.ipynb"), kernel_name="python3", kernel_id="ab12", msg_id="m99",
        source="x", cell_id="c1", execution_count=1, outcome="ok", started_at="2026-11-21T12:00:00.000000Z",
        finished_at="2026-11-21T12:00:01.000000Z", outputs=[], only_if_unheard=True,
    )
    assert answer["execution"] is None
    assert not (other / ".dotscience").exists()

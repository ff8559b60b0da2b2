"""Numbers found in printed output, and an old execution that becomes a run without being executed again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotscience_jlab.errors import InvalidRequest, NotFound
from dotscience_jlab.model.execution import Failure
from dotscience_jlab.recording.keep import keep_execution_as_run, printed_numbers

from .folder import Project


def printed(text):
    return [{"output_type": "stream", "name": "stdout", "text": text}]


@pytest.mark.parametrize("text, numbers", [
    ("acc: 0.93", [("acc", 0.93)]),
    ("loss=0.2", [("loss", 0.2)]),
    ("loss -0.5", [("loss", -0.5)]),
    ("the loss is 1e-3", [("the loss", 0.001)]),
    ("Accuracy 93.1 %", [("Accuracy (%)", 93.1)]),
    ("R2 = .85", [("R2", 0.85)]),
    ("rows: 1,234,567.5", [("rows", 1234567.5)]),
    ("Epoch 3/10 loss: 0.5 - acc: 0.9", [("loss", 0.5), ("acc", 0.9)]),
    ("accuracy              0.93       100", [("accuracy", 0.93)]),
    ("loss: 0.9\nacc: 0.1\nloss: 0.2", [("acc", 0.1), ("loss", 0.2)]),
    ("step 1\rstep 2\rstep 3", [("step", 3.0)]),
    ("\x1b[32macc\x1b[0m: 0.93", [("acc", 0.93)]),
    ("[7] train-auc:0.91 eval-auc:0.88", [("train-auc", 0.91), ("eval-auc", 0.88)]),
    ("0.93", [("value", 0.93)]),
    ("Saved at 14:03:22 on 2026-11-21 by 1.2.3", []),
    ("100%|████| 10/10 [00:03<00:00, 3.2it/s]", []),
    ("shape: (100, 3) 0x1f loss: nan big: 1e999", []),
    ("", []),
])
def test_what_is_found_in_a_line(text, numbers):
    assert [(each["name"], each["value"]) for each in printed_numbers(printed(text))] == numbers


def test_a_result_and_a_list_of_lines_are_read_too():
    outputs = [
        {"output_type": "execute_result", "data": {"text/plain": ["0.", "75"], "text/html": "<b>9</b>"}},
        {"output_type": "error", "ename": "E", "evalue": "acc: 1"},
    ]
    assert [(each["name"], each["value"]) for each in printed_numbers(outputs)] == [("value", 0.75)]


@given(st.text(alphabet="a 1.,:=-/%e\n", max_size=300))
def test_whatever_is_printed_gives_named_finite_numbers(text):
    for each in printed_numbers(printed(text)):
        assert each["name"].strip() == each["name"] != "" and isinstance(each["value"], float) and each["text"]


def test_a_huge_output_is_read_from_its_end():
    found = printed_numbers(printed("early: 1\n" + "a" + " " * 500_000 + "\nlate: 2"))
    assert [each["name"] for each in found] == ["late"]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "churn")


def test_an_old_execution_becomes_a_run_with_its_files_and_snapshot(project):
    project.write("a.txt", "a")
    then = project.snapshot()
    used = (project.use("a.txt", "input", "d" * 40), project.use("m.bin", "output", "e" * 40))
    execution = project.executed(1, "print(acc)", path="sub/train.ipynb", snapshot=then.id, files=used)
    run = keep_execution_as_run(
        project.store, execution.id, metrics={"acc": 0.93}, parameters={"lr": 0.1}, labels={"why": "best"}
    )
    kept = project.store.index.find_run(run.id)
    assert (kept.name, kept.opened_by, kept.state, kept.number) == ("train · 1", "kept", "finished", 1)
    assert (kept.started_at, kept.finished_at) == (execution.started_at, execution.finished_at)
    assert (kept.metrics["acc"].last, kept.parameters, kept.labels) == (0.93, {"lr": 0.1}, {"why": "best"})
    assert [use.path for use in (*kept.inputs, *kept.outputs)] == ["a.txt", "m.bin"] and kept.snapshot == then.id
    assert project.store.index.execution(execution.id).runs == (run.id,)
    assert project.store.head() == then
    [series] = project.store.index.series(run.id)
    assert (series.name, series.values) == ("acc", (0.93,))


def test_a_failed_execution_is_kept_as_failed(project):
    execution = project.executed(1, outcome="error", error=Failure("ValueError", "no"))
    run = keep_execution_as_run(project.store, execution.id, name="  the   bad one ")
    assert (run.state, run.state_reason, run.name) == ("failed", "ValueError: no", "the bad one")


def test_what_cannot_be_kept_is_said(project):
    with pytest.raises(NotFound):
        keep_execution_as_run(project.store, "k-0123456789abcdef:m1")
    running = project.executed(1, outcome="running", finished_at=None)
    with pytest.raises(InvalidRequest, match="still running"):
        keep_execution_as_run(project.store, running.id)
    done = project.executed(2)
    with pytest.raises(InvalidRequest, match="not a number"):
        keep_execution_as_run(project.store, done.id, metrics={"acc": "high"})
    assert project.store.index.runs().total == 0

"""Runs side by side, snapshots side by side, and runs as a table."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from dotscience_jlab.errors import InvalidRequest, NotFound
from dotscience_jlab.model.run import MetricSummary
from dotscience_jlab.recording.compare import compare_runs, diff_snapshots
from dotscience_jlab.recording.export import export_runs

from .folder import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "churn")


def metric(value):
    return MetricSummary(value, value, value, 1)


def notebook(*cells):
    made = [{"cell_type": "code", "id": name, "source": source, "outputs": []} for name, source in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


def test_what_differs_stands_first_and_values_stand_in_the_order_asked_for(project):
    project.ran(1, parameters={"same": 1, "lr": 0.1}, metrics={"acc": metric(0.9)}, labels={"by": "ann"})
    project.ran(2, parameters={"same": 1.0, "lr": 0.01, "new": "x"}, metrics={"acc": metric(math.nan)}, labels={"by": "ann"})
    rows = compare_runs(project.store, ["2", "1"])["rows"]
    assert [(row["group"], row["name"], row["values"], row["is_different"]) for row in rows] == [
        ("parameters", "lr", [0.01, 0.1], True),
        ("parameters", "new", ["x", None], True),
        ("parameters", "same", [1.0, 1], False),
        ("metrics", "acc", ["NaN", 0.9], True),
        ("labels", "by", ["ann", "ann"], False),
    ]


@pytest.mark.parametrize("first, second, is_different", [
    (1, 1.0, False), (1, True, True), (0, False, True), ("1", 1, True), (math.nan, math.nan, False), (None, 0, True),
    ("", None, True),
])
def test_when_two_values_are_the_same(project, first, second, is_different):
    project.ran(1, parameters={"p": first})
    project.ran(2, parameters={"p": second})
    [row] = compare_runs(project.store, ["1", "2"])["rows"]
    assert row["is_different"] is is_different


def test_only_packages_that_differ_are_rows(project):
    def environment(**versions):
        packages = [{"name": name, "version": version} for name, version in versions.items()]
        return project.store.put_bytes(json.dumps({"python": "3.11.7", "packages": packages}).encode())

    project.ran(1, environment=environment(numpy="2.1", pandas="2.2"))
    project.ran(2, environment=environment(numpy="2.2", pandas="2.2"))
    rows = compare_runs(project.store, ["1", "2"])["rows"]
    assert [(row["group"], row["name"], row["values"]) for row in rows] == [("environment", "numpy", ["2.1", "2.2"])]


def test_code_is_matched_by_cell_and_unexecuted_changes_count(project):
    made = []
    for n, (lr, fit) in enumerate([("lr = 0.1", "fit(lr)\ndone()"), ("lr = 0.01", "fit(lr, n=2)\ndone()")], 1):
        project.write("train.ipynb", notebook(("a", "same = 1"), ("b", lr), ("c", "never saved")))
        snapshot = project.snapshot()
        execution = project.executed(n, fit, cell_id="c", path="train.ipynb")
        made.append(project.ran(n, path="train.ipynb", snapshot=snapshot.id, executions=(execution.id,)))
    code = compare_runs(project.store, [run.id for run in made])["code"]
    assert [(each["before"], each["after"]) for each in code] == [
        ("lr = 0.1", "lr = 0.01"), ("fit(lr)\ndone()", "fit(lr, n=2)\ndone()"),
    ]
    assert code[0]["title"] == "train · 1 → train · 2: lr = 0.01"
    assert code[1]["unified"].splitlines()[2:] == ["@@ -1,2 +1,2 @@", "-fit(lr)", "+fit(lr, n=2)", " done()"]


def test_files_are_compared_by_content(project):
    def uses(model, *more):
        return {"inputs": (project.use("raw.csv", "input", "a" * 40), *more), "outputs": (project.use("m", "output", model * 40),)}

    project.ran(1, **uses("b"))
    project.ran(2, **uses("c", project.use("extra.csv", "input", "d" * 40)))
    files = compare_runs(project.store, ["1", "2"])["files"]
    assert [(row["path"], row["kind"], row["is_different"]) for row in files] == [
        ("extra.csv", "added", True), ("m", "updated", True), ("raw.csv", "same", False),
    ]


@pytest.mark.parametrize("references, error", [(["1"], InvalidRequest), ([], InvalidRequest), (["1", "nothing"], NotFound)])
def test_a_comparison_needs_two_runs_that_are_there(project, references, error):
    project.ran(1)
    with pytest.raises(error):
        compare_runs(project.store, references)


def test_snapshots_side_by_side_show_sources_of_notebooks_and_text(project):
    project.write("train.ipynb", notebook(("a", "x = 1\ny = 2")))
    project.write("gone.txt", "bye\n")
    project.write("pic.png", b"\x00\x01")
    before = project.snapshot()
    project.write("train.ipynb", notebook(("a", "x = 1\ny = 3")))
    (project.root / "gone.txt").unlink()
    project.write("pic.png", b"\x00\x02")
    items = {each["path"]: each for each in diff_snapshots(project.store, before.id, project.snapshot().id)["items"]}
    assert {path: each["kind"] for path, each in items.items()} == {
        "train.ipynb": "updated", "gone.txt": "removed", "pic.png": "updated",
    }
    changed = [line for line in items["train.ipynb"]["unified"].splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert changed == ["-y = 2", "+y = 3"]
    assert "-bye" in items["gone.txt"]["unified"] and items["pic.png"]["unified"] == ""


def test_a_huge_text_is_not_compared_line_by_line(project):
    project.write("a.txt", "x\n" * 20_000)
    before = project.snapshot()
    project.write("a.txt", "y\n" * 20_000)
    [item] = diff_snapshots(project.store, before.id, project.snapshot().id)["items"]
    assert item["unified"] == "" and item["kind"] == "updated"


# -- export --------------------------------------------------------------------------------------------


def table(project, form, delimiter=","):
    text = export_runs(project.store.index.runs(sort="number").items, form)["text"]
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


@pytest.mark.parametrize("form, delimiter", [("csv", ","), ("tsv", "\t")])
def test_headers_are_names_and_numbers_are_numbers(project, form, delimiter):
    project.ran(1, parameters={"lr": 0.1, "n": 3}, metrics={"acc": metric(1e-7)}, duration_s=1.5)
    project.ran(2, parameters={"lr": True}, metrics={"acc": metric(math.nan)}, labels={"team": "a,b"})
    header, first, second = table(project, form, delimiter)
    assert header == ["run", "started_at", "duration_s", "state", "lr", "n", "acc", "team", "note"]
    assert first[2:] == ["1.5", "finished", "0.1", "3", "1e-07", "", ""]
    assert second[2:] == ["", "finished", "True", "", "NaN", "a,b", ""]


def test_a_name_of_two_groups_says_which(project):
    project.ran(1, parameters={"loss": "mse", "state": 1}, metrics={"loss": metric(0.5)})
    assert table(project, "csv")[0][4:-1] == ["parameters.loss", "parameters.state", "metrics.loss"]


@pytest.mark.parametrize("text, cell, pasted", [
    ("=HYPERLINK(1)", "'=HYPERLINK(1)", "'=HYPERLINK(1)"),
    ("+1+1", "'+1+1", "'+1+1"),
    ("@SUM(A1)", "'@SUM(A1)", "'@SUM(A1)"),
    ("-1", "-1", "-1"),
    ("+1.5e3", "+1.5e3", "+1.5e3"),
    (" =1+1", "' =1+1", "'=1+1"),
    ("\t=1", "'\t=1", "'=1"),
    ("\n=1", "'\n=1", "'=1"),
    ("＝1+1", "'＝1+1", "'＝1+1"),
    ("plain", "plain", "plain"),
])
def test_no_text_becomes_a_formula(project, text, cell, pasted):
    project.ran(1, parameters={"p": text, text: 1})
    for form, delimiter, expected in (("csv", ",", cell), ("tsv", "\t", pasted)):
        header, row = table(project, form, delimiter)
        assert header[5] == row[4] == expected


def test_a_pasted_row_is_one_row_whatever_its_texts_hold(project):
    project.ran(1, parameters={"p": "two\nlines\tand a tab", "q": '"quoted'}, note="last")
    text = export_runs(project.store.index.runs().items, "tsv")["text"]
    assert len(text.splitlines()) == 2
    assert table(project, "tsv", "\t")[1][4:] == ["two lines and a tab", '"quoted', "last"]


def test_markdown_cells_stay_in_their_cells(project):
    project.ran(1, parameters={"p": "a|b <script>\nx"})
    lines = export_runs(project.store.index.runs().items, "markdown")["text"].splitlines()
    assert len(lines) == 3 and r"a\|b \<script\> x" in lines[2]


def test_json_is_whole_runs(project):
    run = project.ran(1, parameters={"p": math.inf})
    exported = export_runs([run], "json")
    assert json.loads(exported["text"])[0]["parameters"] == {"p": "Infinity"} and exported["media_type"] == "application/json"


def test_an_unknown_format_is_said():
    with pytest.raises(InvalidRequest, match="xlsx"):
        export_runs([], "xlsx")

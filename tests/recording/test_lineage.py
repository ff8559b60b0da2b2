"""From the model back to the raw file, across two notebooks, over a real store."""

from __future__ import annotations

import pytest

from dotscience_jlab.errors import InvalidRequest, NotFound
from dotscience_jlab.recording.lineage import trace_lineage
from dotscience_jlab.recording.why import explain_execution

from .spool import Bench


@pytest.fixture
def bench(tmp_path):
    """clean.ipynb: raw.csv -> clean.csv; train.ipynb: clean.csv -> (in memory) -> model.bin"""
    bench = Bench(tmp_path)

    def step(source, cell, reads=(), writes=()):
        execution = bench.begin(source, cell)
        for name in reads:
            bench.write("file_opened", disk_path=str(bench.root / name), role="input", execution=execution)
        for name in writes:
            (bench.root / name).write_text(f"{name} by {cell}")
            bench.write("file_opened", disk_path=str(bench.root / name), role="output", execution=execution)
        bench.end(execution)
        bench.recorder.take_in()
        return execution

    bench.step = step
    (bench.root / "raw.csv").write_text("raw")
    step("df = read('raw.csv')", "load", reads=["raw.csv"])
    step("df['x'] = 1", "fix")
    step("save(df, 'clean.csv')", "save", writes=["clean.csv"])
    step("unrelated = 1", "aside")
    bench.new_session("k-fedcba9876543210")
    step("data = read('clean.csv')", "load2", reads=["clean.csv"])
    step("model = Model()", "make")
    step("model.fit(data)", "fit")
    bench.last = step("dump(model, 'model.bin')", "dump", writes=["model.bin"])
    return bench


def labels(lineage, kind):
    return {node.label for node in lineage.nodes if node.kind == kind}


def test_the_way_up_from_a_model_leads_to_the_raw_file_and_leaves_out_what_has_no_part(bench):
    lineage = trace_lineage(bench.store, "file:model.bin", "up")
    assert labels(lineage, "file") == {"model.bin", "clean.csv", "raw.csv"}
    assert "[4] unrelated = 1" not in labels(lineage, "execution")
    assert len(labels(lineage, "execution")) == 7
    assert lineage.focus == next(node.id for node in lineage.nodes if node.label == "model.bin")
    known = {node.id for node in lineage.nodes}
    assert all({edge.source, edge.target} <= known for edge in lineage.edges)


def test_the_way_down_from_a_raw_file_leads_to_what_was_made_of_it(bench):
    lineage = trace_lineage(bench.store, "file:raw.csv", "down")
    assert labels(lineage, "file") == {"raw.csv", "clean.csv", "model.bin"}
    assert "[4] unrelated = 1" not in labels(lineage, "execution")


def test_the_limit_leaves_out_and_counts(bench):
    lineage = trace_lineage(bench.store, "file:model.bin", "up", limit=4)
    assert len(lineage.nodes) == 4 and lineage.n_hidden > 0


def test_a_changed_file_breaks_the_chain_rather_than_guessing(bench):
    (bench.root / "clean.csv").write_text("edited by hand")
    reader = bench.step("data = read('clean.csv')", "load2", reads=["clean.csv"])
    assert [row for row in explain_execution(bench.store, reader)["upstream"] if "clean.csv" in row["because"]] == []


def test_why_names_the_cells_and_what_they_gave(bench):
    why = explain_execution(bench.store, bench.last)
    assert [(row["execution"]["source"], row["because"]) for row in why["upstream"]] == [("model.fit(data)", ["model"])]


@pytest.mark.parametrize("of, error", [("file:nowhere", NotFound), ("cell:x", InvalidRequest), ("file:", InvalidRequest)])
def test_a_question_about_nothing_is_answered_in_words(bench, of, error):
    with pytest.raises(error):
        trace_lineage(bench.store, of)

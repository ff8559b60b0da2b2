"""Which version of a file is meant, who made it, and what is a model: from records alone."""

from __future__ import annotations

import pytest

from dotscience_jlab.model.execution import FileUse
from dotscience_jlab.model.run import Artifact
from dotscience_jlab.recording.lineage import trace_lineage

from .folder import Project

A, B, C = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "churn")


def executed(project, n, reads=(), writes=(), **fields):
    """reads, writes: (path, digest)"""
    files = [project.use(path, "input", digest) for path, digest in reads]
    files += [project.use(path, "output", digest) for path, digest in writes]
    return project.executed(n, "pass", session=f"k-{n:016x}", id=f"k-{n:016x}:m1", files=tuple(files), **fields)


def ids(lineage, kind=None):
    return {node.id for node in lineage.nodes if kind in (None, node.kind)}


def edges(lineage):
    return {(edge.source, edge.target, edge.kind) for edge in lineage.edges}


def test_a_version_leads_to_who_made_these_bytes_not_to_who_wrote_last(project):
    first = executed(project, 1, writes=[("x.csv", A)])
    executed(project, 2, writes=[("x.csv", B)])
    reader = executed(project, 3, reads=[("x.csv", A)], writes=[("out.csv", C)])  # x.csv was restored in between
    lineage = trace_lineage(project.store, "file:out.csv", "up")
    assert ids(lineage, "execution") == {f"execution:{first.id}", f"execution:{reader.id}"}
    assert (f"file:x.csv@{A}", f"execution:{reader.id}", "used") in edges(lineage)


def test_where_no_digest_is_known_the_last_writer_is_taken(project):
    executed(project, 1, writes=[("x.csv", None)])
    last = executed(project, 2, writes=[("x.csv", None)])
    executed(project, 4, writes=[("x.csv", None)])
    reader = executed(project, 3, reads=[("x.csv", None)])
    lineage = trace_lineage(project.store, f"execution:{reader.id}", "up")
    assert ids(lineage, "execution") == {f"execution:{last.id}", f"execution:{reader.id}"}


def test_a_raw_file_has_nothing_above_it(project):
    executed(project, 1, reads=[("raw.csv", A), ("other.csv", B)], writes=[("x.csv", C)])
    lineage = trace_lineage(project.store, "file:raw.csv", "up")
    assert ids(lineage) == {f"file:raw.csv@{A}"} and lineage.focus == f"file:raw.csv@{A}" and lineage.edges == ()


def test_the_way_down_is_that_of_the_newest_version(project):
    executed(project, 1, reads=[("raw.csv", A)], writes=[("old.csv", B)])
    new = executed(project, 2, reads=[("raw.csv", C)], writes=[("new.csv", B)])
    lineage = trace_lineage(project.store, "file:raw.csv", "down")
    assert ids(lineage, "execution") == {f"execution:{new.id}"} and f"file:new.csv@{B}" in ids(lineage)


def test_a_file_that_a_run_called_a_model_is_one(project):
    run = project.ran(1, artifacts=(Artifact("m", "model", path="m.bin"),))
    execution = executed(project, 1, writes=[("m.bin", A), ("log.txt", B)], runs=(run.id,))
    lineage = trace_lineage(project.store, "file:m.bin")
    assert ids(lineage, "model") == {f"file:m.bin@{A}"} and ids(lineage, "file") == {f"file:log.txt@{B}"}
    assert (f"execution:{execution.id}", f"run:{run.id}", "part_of") in edges(lineage)


def test_files_outside_and_doubt_are_kept_as_they_are(project):
    outside = FileUse("/data/big.parquet", "input", None, "ambiguous", ("scan",), "outside")
    execution = project.executed(1, files=(outside,), capture="partial", capture_reasons=("no hook",))
    lineage = trace_lineage(project.store, f"execution:{execution.id}")
    [edge] = lineage.edges
    assert (edge.source, edge.evidence) == ("outside:/data/big.parquet", "ambiguous")
    assert lineage.is_partial and lineage.partial_reasons == ("no hook",)


def test_cells_that_feed_each_other_over_and_over_end(project):
    for n in range(1, 30):
        executed(project, n, reads=[("state.bin", A)], writes=[("state.bin", A)])
    lineage = trace_lineage(project.store, "file:state.bin", "both", limit=1000)
    assert 2 <= len(lineage.nodes) <= 30


def test_more_uses_than_a_page_still_find_the_newest(project):
    for n in range(1, 1103):
        executed(project, n, writes=[("x.csv", f"{n:040x}")])
    lineage = trace_lineage(project.store, "file:x.csv", "up")
    assert lineage.focus == f"file:x.csv@{1102:040x}"

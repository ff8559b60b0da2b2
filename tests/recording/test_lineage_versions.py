"""Which version of a file is meant, who made it, and what is a model: from records alone."""

from __future__ import annotations

import time

import pytest

from dotscience_jlab.model.execution import FileUse
from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.run import Artifact
from dotscience_jlab.recording.foreign import record_foreign
from dotscience_jlab.recording.fork import apply_fork
from dotscience_jlab.recording.lineage import trace_lineage
from dotscience_jlab.recording.restore import apply_restore
from dotscience_jlab.recording.restore_plan import plan_restore
from dotscience_jlab.recording.snapshots import take_snapshot
from dotscience_jlab.recording.upstream import FileFlow
from dotscience_jlab.store.open import open_store

from .folder import Project
from .spool import Bench

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


class Work(Bench):
    """Cells that read and write `data.csv`."""

    def writes(self, text: str) -> str:
        execution = self.begin(f"write({text!r})")
        (self.root / "data.csv").write_text(text)
        return self._used(execution, "output")

    def reads(self) -> str:
        return self._used(self.begin("read('data.csv')"), "input")

    def _used(self, execution: str, role: str) -> str:
        self.write("file_opened", disk_path=str(self.root / "data.csv"), role=role, execution=execution)
        self.end(execution)
        self.recorder.take_in()
        return execution

    def snapshot_of(self, execution: str) -> str:
        return self.store.index.execution(execution).snapshot

    def input_of(self, execution: str) -> FileUse:
        return next(use for use in self.store.index.execution(execution).files if use.role == "input")

    def restore(self, snapshot: str) -> str:
        activity = self.activities[self.store.workspace.id]
        rules = self.workspaces.rules(self.store)

        def guard(message, reason, touched=()):
            return take_snapshot(self.store, self.workspaces, activity, message, reason, time.time(), touched)

        plan = plan_restore(self.store, snapshot, ["data.csv"], rules=rules)
        done = apply_restore(self.store, snapshot, ["data.csv"], plan.plan_digest, take_snapshot=guard, rules=rules)
        return done["snapshot_after"]


def test_an_input_names_the_snapshot_that_last_wrote_it_over_restores_foreign_kernels_and_forks(tmp_path):
    work = Work(tmp_path)
    first = work.writes("one")
    assert work.input_of(work.reads()).version == work.snapshot_of(first)
    second = work.writes("two")
    assert work.input_of(work.reads()).version == work.snapshot_of(second)
    restored = work.restore(work.snapshot_of(first))
    reader = work.reads()
    assert work.input_of(reader).version == restored
    writer = FileFlow(work.store).writer_before(work.input_of(reader), work.store.index.execution(reader))
    assert writer.id == first, "who made these bytes, before they were restored"

    (work.root / "data.csv").write_text("three, by a kernel of R")
    now = time.time()
    told = {"kernel_id": "ab" * 8, "msg_id": "r1", "source": "write.csv(x)", "started_at": instant(now - 1), "outcome": "ok",
            "finished_at": instant(now), "kernel_name": "ir", "disk_path": str(work.root / "r.ipynb"), "cell_id": "c1"}
    foreign = record_foreign(work.store, work.workspaces, work.activities[work.store.workspace.id], told, now, "")
    assert work.input_of(work.reads()).version == foreign.snapshot

    apply_fork(work.store, foreign.snapshot, tmp_path / "try", progress=lambda *_: None)
    fork = open_store(tmp_path / "try", create=False)
    assert fork.last_change(fork.head().id, "data.csv") == foreign.snapshot, "in a fork it is the same snapshot"
    fork.close()

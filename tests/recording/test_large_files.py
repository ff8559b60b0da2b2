"""Files over 4 MiB: restored, forked, compared and handed out like any other, a piece at a time."""

from __future__ import annotations

import base64
import json
import random
import tracemalloc

import pytest

from dotscience_jlab.errors import StoreDamaged
from dotscience_jlab.recording.answers.snapshots import MAX_PART_BYTES
from dotscience_jlab.recording.compare import diff_snapshots
from dotscience_jlab.recording.fork import apply_fork
from dotscience_jlab.recording.fork_files import write_rest
from dotscience_jlab.store.chunks import SIZES
from dotscience_jlab.store.fingerprint import fingerprint
from dotscience_jlab.store.open import opened_store

from .folder import Project
from .test_fork import notebook
from .test_requests import Morning

NOISE = random.Random(1).randbytes(12_000_000)


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path / "churn", in_memory=False)
    yield project
    project.store.close()


def test_a_restore_brings_a_large_file_back_and_is_undone(project):
    project.write("data/raw.bin", NOISE, executable=True)
    then = project.snapshot(touched=["data/raw.bin"])
    project.write("data/raw.bin", NOISE[:6_000_000] + b"changed" + NOISE[6_000_000:])
    changed = project.files()
    result = project.restore(then)
    assert result["written"] == ["data/raw.bin"]
    assert (project.root / "data/raw.bin").read_bytes() == NOISE
    assert (project.root / "data/raw.bin").stat().st_mode & 0o111
    project.restore(project.store.snapshot(result["snapshot_before"]))
    assert project.files() == changed


def test_restore_and_fork_hold_no_large_file_in_memory(project, tmp_path):
    project.write("raw.bin", NOISE)
    then = project.snapshot(touched=["raw.bin"])
    (project.root / "raw.bin").unlink()
    plan = project.plan(then)
    tracemalloc.start()
    try:
        project.restore(then, digest=plan.plan_digest)
        apply_fork(project.store, then.id, tmp_path / "fork", progress=lambda *_: None)
        complete(tmp_path / "fork")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (project.root / "raw.bin").read_bytes() == (tmp_path / "fork/raw.bin").read_bytes() == NOISE
    assert peak < len(NOISE) * 0.9 + 8 * SIZES.most


def test_a_fork_outlives_its_origin_with_its_large_files(project, tmp_path):
    project.write("raw.bin", NOISE)
    then = project.snapshot(touched=["raw.bin"])
    told = apply_fork(project.store, then.id, tmp_path / "fork", progress=lambda *_: None)
    assert told == {"n_files": 1, "bytes": len(NOISE), "n_later": 1, "later_bytes": len(NOISE)}
    project.store.forget_all()
    complete(tmp_path / "fork")
    assert (tmp_path / "fork/raw.bin").read_bytes() == NOISE


def complete(fork):
    """As the recorder does behind: the files that did not come first."""
    with opened_store(fork) as store:
        assert write_rest(store, lambda: False, lambda *_: None)


def test_a_large_file_that_is_damaged_is_not_restored(project):
    project.write("raw.bin", NOISE)
    then = project.snapshot(touched=["raw.bin"])
    project.write("raw.bin", "now")
    project.snapshot(touched=["raw.bin"])
    (pack,) = (project.root / ".dotscience/store.git/objects/pack").glob("*.pack")
    data = bytearray(pack.read_bytes())
    data[5_000_000] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(data)
    with pytest.raises(StoreDamaged):
        project.restore(then)
    assert project.files() == {"raw.bin": b"now"}


def test_two_versions_of_a_large_notebook_are_one_change(project):
    outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * 5_000_000}]
    shots = []
    for source in ("fit(1)", "fit(2)"):
        document = json.loads(notebook(source))
        document["cells"][0]["outputs"] = outputs
        entry = project.store.put_file_bytes(json.dumps(document).encode())
        assert entry.is_chunked
        project.write("train.ipynb", json.dumps(document))
        shots.append(project.snapshot(touched=["train.ipynb"]))
    (item,) = diff_snapshots(project.store, shots[0].id, shots[1].id)["items"]
    assert item["kind"] == "updated" and item["before"]["is_chunked"]


@pytest.fixture
def trained(tmp_path):
    """(morning, execution that wrote raw.bin)"""
    morning = Morning(tmp_path)
    bench = morning.bench
    execution = bench.begin("make()", "c2")
    (bench.root / "raw.bin").write_bytes(NOISE)
    bench.write("file_opened", disk_path=str(bench.root / "raw.bin"), role="output", execution=execution)
    text = random.Random(2).randbytes(3_000_000).hex()
    bench.write("output_seen", execution=execution, output={"output_type": "stream", "name": "stdout", "text": text})
    bench.end(execution)
    bench.recorder.take_in()
    return morning, execution


def test_a_large_file_is_handed_out_in_parts(trained):
    morning, execution = trained
    parts, offset = [], 0
    while offset is not None:
        told = morning.desk.answer(
            "snapshots.file", {"workspace": morning.workspace, "snapshot": execution, "path": "raw.bin", "offset": offset},
            lambda *_: None,
        )
        parts.append(base64.b64decode(told["content_base64"]))
        assert (told["size_bytes"], told["mode"]) == (len(NOISE), "file")
        assert len(parts[-1]) <= MAX_PART_BYTES
        offset = told["next"]
    assert len(parts) > 1 and b"".join(parts) == NOISE


def test_what_a_cell_wrote_is_named_as_the_snapshot_names_it(trained):
    morning, execution = trained
    record = morning.ask("executions.get", execution=execution)
    (use,) = [each for each in record["files"] if each["path"] == "raw.bin"]
    (entry,) = [each for each in morning.ask("snapshots.tree", snapshot=execution)["items"] if each["path"] == "raw.bin"]
    assert (use["kept"], use["digest"], use["size_bytes"]) == ("stored", entry["digest"], len(NOISE))
    assert entry["is_chunked"]
    assert fingerprint(str(morning.bench.root / "raw.bin")) == entry["digest"]


def test_a_notebook_with_much_output_is_kept_in_pieces_too(trained):
    morning, execution = trained
    store = morning.bench.store
    snapshot = store.index.execution(execution).snapshot
    entry = store.entry(snapshot, "train.ipynb")
    assert entry.is_chunked
    document = json.loads(b"".join(store.read_file(entry.digest)))
    assert sum(len("".join(each["text"])) for cell in document["cells"] for each in cell["outputs"]) > 5_000_000

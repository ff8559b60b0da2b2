"""What another computer may hand us as a record: all that ours write, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dotscience_jlab.model.codec import from_stored, to_stored
from dotscience_jlab.model.execution import Execution, Failure, FileUse, Session
from dotscience_jlab.model.run import Annotation, Artifact, MetricSummary, Run, Tombstone
from dotscience_jlab.model.wellformed import flaw_of

AT = "2026-11-21T09:18:00.123456Z"
S, B = "k-0123456789abcdef", "a" * 40
EXECUTION = Execution(
    f"{S}:m1", S, "x = 1\udcff", 1, AT, "error", finished_at=AT, duration_s=1, notebook="n-0123456789abcdef", path="a/b.ipynb",
    error=Failure("E", "v", ("t",)), outputs=({"output_type": "stream", "text": ["a"]},), outputs_blob=B,
    files=(FileUse("/d/x", "input", "x", version="s-0123456789abcdef", size_bytes=3, digest=B, candidates=(f"{S}:m0",)),),
)
RUN = Run(
    "7d444840-9dc0-41d1-b245-5ffdce74fad2", "train · 1", 1, None, "finished", AT,
    parameters={"lr": 0.1, "big": 10**400, "on": True},
    metrics={"loss": MetricSummary(float("nan"), 0, float("inf"), 3, 10**30)}, labels={"x": None}, executions=(f"{S}:m1",),
    artifacts=(Artifact("a", "image", blob=B, details={"n": 1}),), series_blob=B,
)
OTHERS = (
    Session(S, "kernel", AT, pid=7, details={"x": [1]}), Annotation("a1", RUN.id, "label", 3, AT, "n"),
    Tombstone("t1", (RUN.id,), "why", AT),
)


@pytest.mark.parametrize("record", [EXECUTION, RUN, *OTHERS], ids=lambda each: type(each).__name__)
def test_what_our_programs_write_is_well_formed(record: object) -> None:
    assert flaw_of(record) == ""
    assert flaw_of(from_stored(to_stored(record))) == ""


def deep(n: int) -> dict:
    made: dict = {}
    for _ in range(n):
        made = {"x": made}
    return made


@pytest.mark.parametrize("record, told", [
    (replace(EXECUTION, id="../../x"), "Execution.id: '../../x' is not the id"),
    (replace(EXECUTION, path="../secret"), "Execution.path"),
    (replace(EXECUTION, path="/etc/passwd"), "Execution.path"),
    (replace(EXECUTION, path=".dotscience/store.git/config"), "Execution.path"),
    (replace(EXECUTION, source=7), "Execution.source: a int"),
    (replace(EXECUTION, started_at="yesterday"), "is no instant"),
    (replace(EXECUTION, started_at=5), "Execution.started_at: a int"),
    (replace(EXECUTION, order=2**70), "Execution.order: too large"),
    (replace(EXECUTION, order=True), "Execution.order: a bool"),
    (replace(EXECUTION, outputs=({"x": deep(200)},)), "nested too deep"),
    (replace(EXECUTION, outputs=("x",)), "Execution.outputs: a str"),
    (replace(EXECUTION, files=(FileUse("/d/x", "input", "a/../../x"),)), "Execution.files: FileUse.path"),
    (replace(EXECUTION, files=(FileUse("/d/x", "input", digest="HEAD"),)), "FileUse.digest"),
    (replace(RUN, parameters={"lr": [1]}), "Run.parameters: lr: a list"),
    (replace(RUN, number="7"), "Run.number: a str"),
    (replace(RUN, metrics={"loss": 3}), "Run.metrics: loss: a int"),
    (replace(RUN, snapshot="s-0"), "Run.snapshot"),
    (replace(OTHERS[1], value={"a": 1}), "Annotation.value"),
    (replace(OTHERS[2], ids="abc"), "Tombstone.ids: a str"),
], ids=lambda each: each if isinstance(each, str) else "")
def test_what_somebody_made_up_is_not(record: object, told: str) -> None:
    assert told in flaw_of(record)

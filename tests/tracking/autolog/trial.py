"""A notebook's code run in a process of its own, recorded or not, against the real library; what it recorded is read off its spool.

The code sets `result`, something JSON can hold: it must be the same with and without us.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotscience_jlab.settings import load_settings

from ..spool_reading import events_of, points_of

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = """
import json, os, sys
from dotscience_jlab.settings import load_settings
from dotscience_jlab.tracking import active
from dotscience_jlab.tracking.session import Session
from dotscience_jlab.tracking.autolog import listen_to_frameworks
import dotscience_jlab as ds

cells, is_recorded, before = json.loads(sys.argv[1]), sys.argv[2] == "recorded", sys.argv[4]
names = {"__name__": "notebook", "ds": ds}
exec(before, names)

class Stage:
    def __init__(self, is_recorded):
        self.session = Session(load_settings(), "kernel") if is_recorded else None
        self.n = 0
        if self.session is not None:
            active.set_session(self.session)
            listen_to_frameworks(self.session.settings.autolog)

    def cell(self, source, names, cell=None):
        self.n += 1
        if self.session is None:
            return exec(compile(source, f"<cell {self.n}>", "exec"), names)
        execution = self.session.start_execution(f"m{self.n}", source, cell=cell or f"cell {self.n}")
        try:
            exec(compile(source, f"<cell {self.n}>", "exec"), names)
        finally:
            self.session.leave(execution)
            self.session.finish_execution(execution)

    def end(self):
        if self.session is not None:
            self.session.finish()

stage = Stage(is_recorded)
failed = None
for each in cells:
    try:
        stage.cell(each["source"], names, each.get("cell"))
    except Exception as error:
        failed = f"{type(error).__name__}: {error}"
        break
stage.end()
with open(sys.argv[3], "w") as file:
    json.dump({"result": names.get("result"), "failed": failed}, file)
os._exit(0) if names.get("leave_at_once") else None
"""
"""`leave_at_once`: a tracker's own threads and child processes are not waited for."""


@dataclass
class RecordedRun:
    id: str
    opened_by: str
    parameters: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    points: dict[str, list[tuple[int | None, float]]] = field(default_factory=dict)


@dataclass
class Outcome:
    result: Any
    failed: str | None
    runs: list[RecordedRun]
    faults: list[str]
    log: str
    said: str

    @property
    def run(self) -> RecordedRun:
        (run,) = self.runs
        return run


def trial(*cells: str | tuple[str, str], is_recorded: bool = True, env: dict[str, str] | None = None,
          before: str = "") -> Outcome:
    """Each cell is its source, or (its id, its source). before: runs before anybody listens."""
    work = Path(os.environ["HOME"]) / ("recorded" if is_recorded else "alone")
    work.mkdir(exist_ok=True)
    spool = load_settings().spool_dir
    known = set(spool.iterdir()) if spool.is_dir() else set()
    answer = work / "answer.json"
    listed = [{"source": each} if isinstance(each, str) else {"cell": each[0], "source": each[1]} for each in cells]
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE, json.dumps(listed), "recorded" if is_recorded else "alone", str(answer),
         before],
        cwd=work, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", **(env or {})},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(answer.read_text())
    sessions = sorted(set(spool.iterdir()) - known) if spool.is_dir() else []
    log = load_settings().data_dir / "kernel.log"
    runs: dict[str, RecordedRun] = {}
    faults: list[str] = []
    for session in sessions:
        _read(session, runs, faults)
    said = log.read_text() if log.exists() else ""
    return Outcome(told["result"], told["failed"], list(runs.values()), faults, said, done.stderr)


def both(*cells: str | tuple[str, str], env: dict[str, str] | None = None) -> Outcome:
    """The recorded one, after its result was found to be that of the same code alone."""
    alone, recorded = (trial(*cells, env=env, is_recorded=each) for each in (False, True))
    assert alone.failed is None and recorded.failed is None
    assert alone.result is not None, "the code sets `result`"
    assert recorded.result == alone.result
    assert not recorded.faults and "internal error" not in recorded.log, recorded.log
    return recorded


def _read(session: Path, runs: dict[str, RecordedRun], faults: list[str]) -> None:
    for event in events_of(session):
        if event["event"] == "run_opened":
            carried = event["carried_over"]
            runs[event["run"]] = RecordedRun(event["run"], event["opened_by"], dict(carried.get("parameters", {})),
                                             dict(carried.get("labels", {})))
        elif event["event"] == "run_recorded":
            run = runs[event["run"]]
            into = {"parameter": run.parameters, "label": run.labels, "summary": run.summary, "metric_text": run.texts}
            if event["what"] in into:
                into[event["what"]].update(event["items"])
            elif event["what"] == "table":
                run.tables.update({name: Path(item["disk_path"]).read_text() for name, item in event["items"].items()})
            elif event["what"] == "output":
                run.outputs += list(event["items"])
        elif event["event"] == "capture_fault":
            faults.append(event["reason"])
    for run_id, name, step, value in points_of(session):
        runs[run_id].points.setdefault(name, []).append((step, value))
